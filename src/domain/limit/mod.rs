//! Rate limits, exactly: in no window of the given length are more than `max` attempts granted, whatever the timing.
//!
//! ```text
//! mod    a window: `5/15m`
//! log    the granted times of one key; what an attempt would meet there
//! cell   an attempt takes a place in several keys, all or nothing; what became of it
//! ```
//!
//! What an attempt meets is decided here and nowhere else, from what each window sees of a log. A store keeps the
//! logs, tells what the windows see, and makes the look and the grant one step.

mod cell;
mod log;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use cell::{Cell, Delays, Home, Manner, Outlook, Place, Rule, Verdict};
pub use log::{GrantLog, Standing, View};

use super::duration::{format_duration, parse_duration};

/// `max` grants in every interval of length `per`; written `5/15m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Most grants in the interval.
    pub max: u32,
    /// The interval's length.
    pub per: Duration,
}

impl Window {
    /// Attempts that are not delayed where the window counts for delays: people mistype.
    pub fn undelayed(self) -> u32 {
        self.max.div_ceil(2).max(5)
    }
}

impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (max, per) =
            text.split_once('/').ok_or("a limit is written count/duration, such as \"5/15m\"")?;
        let max = max.trim().parse().map_err(|_| format!("{max:?} is not a whole number of attempts"))?;
        let per = parse_duration(per.trim())?;
        if max == 0 {
            return Err("a limit of 0 would refuse everybody; the smallest is 1".into());
        }
        if per.is_zero() {
            return Err("a window of no length limits nothing".into());
        }
        Ok(Self { max, per })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.max, format_duration(self.per))
    }
}
