//! `[limits]`: how often somebody may try.

use super::leaf::{Complaint, Leaf};
use super::reader::Reader;
use super::words::{word_leaf, words};
use crate::domain::limit::Window;

/// Rate limits. Where a list has several windows, all of them hold; an empty list limits nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Whether there are any.
    pub enabled: bool,
    /// Where they are counted.
    pub store: LimitStoreKind,
    /// What becomes of attempts while Redis is out of reach.
    pub on_backend_failure: OnBackendFailure,
    /// Starts even though Redis may throw counts away when its memory is full.
    pub danger_allow_evicting_redis: bool,
    /// On logging in.
    pub login: LoginLimits,
    /// On registering.
    pub register: RegisterLimits,
    /// The most addresses and accounts that this node counts at a time, which bounds the memory for it.
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

words! {
    /// Where attempts are counted.
    LimitStoreKind {
        /// In this process: each node for itself.
        Memory = "memory",
        /// In Redis: all nodes together.
        Redis = "redis",
    }
}
word_leaf!(LimitStoreKind, "a store of limits such as `memory`");

words! {
    /// What becomes of attempts while Redis is out of reach.
    OnBackendFailure {
        /// Each node counts for itself.
        Local = "local",
        /// None is granted.
        Deny = "deny",
        /// All are granted.
        Allow = "allow",
    }
}
word_leaf!(OnBackendFailure, "a word such as `local`");

impl Limits {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            enabled: reader.take("limits.enabled"),
            store: reader.take("limits.store"),
            on_backend_failure: reader.take("limits.on_backend_failure"),
            danger_allow_evicting_redis: reader.take("limits.danger_allow_evicting_redis"),
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
