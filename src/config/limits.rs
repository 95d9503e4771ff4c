//! `[limits]`: how often somebody may try.

use super::leaf::{Complaint, Leaf};
use super::reader::Reader;
use crate::domain::limit::Window;

/// Rate limits. Where a list has several windows, all of them hold; an empty list limits nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Whether there are any.
    pub enabled: bool,
    /// On logging in.
    pub login: LoginLimits,
    /// On registering.
    pub register: RegisterLimits,
    /// The most addresses and accounts that are counted at a time, which bounds the memory for it.
    pub max_keys: usize,
}

/// Limits on logging in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginLimits {
    /// For one client address (IPv6: one /64).
    pub address: Vec<Window>,
    /// For one account seen from one network.
    pub account: Vec<Window>,
}

/// Limits on registering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterLimits {
    /// For one client address (IPv6: one /64).
    pub address: Vec<Window>,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            enabled: reader.take("limits.enabled"),
            login: LoginLimits {
                address: reader.take_if("limits.login.address", |list: &Vec<Window>| check_windows(list)),
                account: reader.take_if("limits.login.account", |list: &Vec<Window>| check_windows(list)),
            },
            register: RegisterLimits {
                address: reader.take_if("limits.register.address", |list: &Vec<Window>| check_windows(list)),
            },
            max_keys: reader.take_in("limits.max_keys", 1..=1_000_000_000),
        }
    }
}

/// The largest number a limit counts to: each grant is remembered with its time, which is what makes it exact.
const MOST_COUNTED: u32 = 10_000;

/// A list in which every window can be reached; that each allows something is its own affair.
fn check_windows(windows: &[Window]) -> Result<(), Complaint> {
    if let Some(large) = windows.iter().find(|window| window.max > MOST_COUNTED) {
        let reason = format!("{} counts further than {MOST_COUNTED}", large.show());
        return Err(Complaint::with_help(reason, "every attempt that counts is remembered with its time"));
    }
    let mut sorted = windows.to_vec();
    sorted.sort_by_key(|window| window.per);
    for pair in sorted.windows(2) {
        let (short, long) = (&pair[0], &pair[1]);
        if short.per == long.per {
            let reason = format!("{} and {} count over the same period", short.show(), long.show());
            return Err(Complaint::with_help(reason, "keep the one that is meant"));
        }
        if long.max <= short.max {
            let reason = format!("{} can never be reached: {} is used up first", short.show(), long.show());
            return Err(Complaint::with_help(
                reason,
                "give the longer window the larger number, or drop the shorter one",
            ));
        }
    }
    Ok(())
}
