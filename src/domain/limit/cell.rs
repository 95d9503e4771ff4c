//! An attempt takes a place in several logs at once, the address's and the account's, or in none.

use std::sync::Arc;
use std::time::Duration;

use super::{Standing, Window};
use crate::domain::clock::Timestamp;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Sign-in attempts from one address.
    LoginAddress,
    /// Sign-in attempts for one account from one neighbourhood. Not for the account alone: then anybody could lock
    /// its owner out.
    LoginAccount,
    /// Registrations from one address.
    RegisterAddress,
}

impl Rule {
    /// The rule's name in answers, metrics and the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginAddress => "login.address",
            Self::LoginAccount => "login.account",
            Self::RegisterAddress => "register.address",
        }
    }
}

/// One counter that an attempt takes a place in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The limit it belongs to.
    pub rule: Rule,
    /// Whom it counts for.
    pub subject: String,
    /// The limit's windows.
    pub windows: Arc<[Window]>,
}

/// Who keeps a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// This process alone.
    Process,
    /// The store that all nodes share.
    Shared,
}

/// A place that was taken; who gives it back says which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In which counter.
    pub cell: Cell,
    /// Under which time it is noted there.
    pub at: Timestamp,
    /// By whom.
    pub home: Home,
}

/// What an attempt would meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// No window applies.
    Unlimited,
    /// There is room in every cell; told is the tightest one.
    Room {
        /// Whose limit is the tightest.
        rule: Rule,
        /// How it stands.
        standing: Standing,
    },
    /// There is none in some cell; told is the one that is full for the longest time.
    Full {
        /// Whose limit is full.
        rule: Rule,
        /// The window that is full.
        window: Window,
        /// When there is room again.
        retry_after: Duration,
    },
}

impl Outlook {
    /// The decision over several cells, from how each of them stands.
    pub fn of(standings: impl IntoIterator<Item = (Rule, Option<Standing>)>) -> Self {
        standings.into_iter().fold(Self::Unlimited, |so_far, (rule, standing)| match standing {
            None => so_far,
            Some(Standing::Full { window, retry_after }) => match so_far {
                Self::Full { retry_after: longest, .. } if longest >= retry_after => so_far,
                _ => Self::Full { rule, window, retry_after },
            },
            Some(standing @ Standing::Room { remaining, .. }) => match so_far {
                Self::Full { .. } => so_far,
                Self::Room { standing: Standing::Room { remaining: least, .. }, .. }
                    if least <= remaining =>
                {
                    so_far
                }
                _ => Self::Room { rule, standing },
            },
        })
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No window applies.
    Unlimited,
    /// A place was taken in every cell that has windows; told is the tightest one.
    Granted {
        /// Whose limit is the tightest.
        rule: Rule,
        /// How it stood before.
        standing: Standing,
        /// What was taken, to give it back.
        places: Vec<Place>,
    },
    /// No place was taken in any cell; told is the one that is full for the longest time.
    Limited {
        /// Whose limit is full.
        rule: Rule,
        /// The window that is full.
        window: Window,
        /// When there is room again.
        retry_after: Duration,
    },
    /// The table holds as many keys as it may, and this one would be new. Nobody's counter is thrown away for it:
    /// an attacker with many addresses could otherwise reset any.
    TableFull,
    /// The shared counters are out of reach, and without them nothing is granted.
    OutOfReach,
}

impl Verdict {
    /// What `outlook` comes to, once `places` were taken where it had room.
    pub fn of(outlook: Outlook, places: Vec<Place>) -> Self {
        match outlook {
            Outlook::Unlimited => Self::Unlimited,
            Outlook::Room { rule, standing } => Self::Granted { rule, standing, places },
            Outlook::Full { rule, window, retry_after } => Self::Limited { rule, window, retry_after },
        }
    }
}
