//! `[limits]`: how often somebody may try.

use std::time::Duration;

use super::leaf::{Complaint, Leaf};
use super::leaves::ByteSize;
use super::reader::Reader;
use super::words::{word_leaf, words};
use crate::domain::limit::{Delays, Window};

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
    /// On exchanging refresh tokens.
    pub refresh: RefreshLimits,
    /// On proving again who one is.
    pub proof: ProofLimits,
    /// On asking about tokens.
    pub oauth2: OauthLimits,
    /// Octets that the counters of this node may take.
    pub memory: usize,
}

/// Limits on logging in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginLimits {
    /// For one client address (IPv6: one /64).
    pub address: Vec<Window>,
    /// Failures from one network (IPv4: /24, IPv6: /48), at whatever accounts.
    pub network: Vec<Window>,
    /// Failures at one account seen from one network.
    pub account: Vec<Window>,
    /// The delays before `account` is used up; none where `first` is zero.
    pub delays: Option<Delays>,
    /// Failures at one account from anywhere, beyond which attempts are slowed down.
    pub anywhere: Vec<Window>,
    /// The longest that such an attempt is held.
    pub longest_hold: Duration,
}

/// Limits on registering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterLimits {
    /// For one client address (IPv6: one /64).
    pub address: Vec<Window>,
    /// For one network (IPv4: /24, IPv6: /48).
    pub network: Vec<Window>,
}

/// Limits on exchanging refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshLimits {
    /// For one client address (IPv6: one /64).
    pub address: Vec<Window>,
    /// For one user, over all their sessions.
    pub user: Vec<Window>,
}

/// Limits on proving again who one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofLimits {
    /// Wrong passwords of one signed-in user, from anywhere.
    pub user: Vec<Window>,
}

/// Limits on asking about tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthLimits {
    /// For one client address (IPv6: one /64), whoever asks.
    pub address: Vec<Window>,
    /// For one configured client.
    pub client: Vec<Window>,
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
                address: windows(reader, "limits.login.address"),
                network: windows(reader, "limits.login.network"),
                account: windows(reader, "limits.login.account"),
                delays: delays(reader),
                anywhere: windows(reader, "limits.login.anywhere"),
                longest_hold: reader.take_in("limits.login.longest_hold", Duration::ZERO..=LONGEST_HOLD),
            },
            register: RegisterLimits {
                address: windows(reader, "limits.register.address"),
                network: windows(reader, "limits.register.network"),
            },
            refresh: RefreshLimits {
                address: windows(reader, "limits.refresh.address"),
                user: windows(reader, "limits.refresh.user"),
            },
            proof: ProofLimits { user: windows(reader, "limits.proof.user") },
            oauth2: OauthLimits {
                address: windows(reader, "limits.oauth2.address"),
                client: windows(reader, "limits.oauth2.client"),
            },
            memory: reader.take_in("limits.memory", ByteSize(1 << 10)..=ByteSize(1 << 40)).0 as usize,
        }
    }
}

/// No client waits much longer for an answer.
const LONGEST_HOLD: Duration = Duration::from_secs(30);

const DELAYS: [&str; 2] = ["limits.login.first_delay", "limits.login.longest_delay"];

fn delays(reader: &mut Reader) -> Option<Delays> {
    let hour = Duration::from_secs(3_600);
    let first: Duration = reader.take_in(DELAYS[0], Duration::ZERO..=hour);
    let longest = reader.take_in(DELAYS[1], Duration::from_millis(1)..=24 * hour);
    if first > longest && reader.sound(&DELAYS) {
        let other = reader.origin(DELAYS[1]);
        let reason =
            format!("{} is longer than `{}` = {} ({other})", first.show(), DELAYS[1], longest.show());
        reader.refuse(DELAYS[0], Complaint::with_help(reason, "lower the one or raise the other"));
    }
    (!first.is_zero()).then_some(Delays { first, longest })
}

fn windows(reader: &mut Reader, key: &'static str) -> Vec<Window> {
    reader.take_if(key, |list: &Vec<Window>| check_windows(list))
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
