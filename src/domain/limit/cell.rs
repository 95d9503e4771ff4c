//! An attempt takes a place in several logs at once, the address's and the account's, or in none.

use std::sync::Arc;
use std::time::Duration;

use super::{Standing, Window};
use crate::domain::clock::Timestamp;

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal, $short:literal;)*) => {
        /// What is limited.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule { $($(#[$doc])* $rule,)* }

        impl Rule {
            /// Every rule there is.
            pub const ALL: &[Self] = &[$(Self::$rule,)*];

            /// The rule's name in answers, metrics and the configuration.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$rule => $name,)* }
            }

            /// A short name, for keys of which there is one for every address that tries.
            pub const fn short(self) -> &'static str {
                match self { $(Self::$rule => $short,)* }
            }
        }
    };
}

rules! {
    /// Sign-in attempts from one address.
    LoginAddress = "login.address", "la";
    /// Failed sign-in attempts from one network, at whatever accounts: who tries one password on many.
    LoginNetwork = "login.network", "ln";
    /// Failed sign-in attempts at one account from one network. Not at the account alone: then anybody could lock its
    /// owner out.
    LoginAccount = "login.account", "lc";
    /// Failed sign-in attempts at one account from anywhere: slowed down, never refused.
    LoginAnywhere = "login.anywhere", "lw";
    /// Registrations from one address.
    RegisterAddress = "register.address", "ra";
    /// Registrations from one network.
    RegisterNetwork = "register.network", "rn";
    /// Exchanges of refresh tokens from one address.
    RefreshAddress = "refresh.address", "fa";
    /// Exchanges of one user's refresh tokens.
    RefreshUser = "refresh.user", "fu";
    /// Wrong passwords given by one signed-in user, from anywhere.
    ProofUser = "proof.user", "pu";
    /// Requests about tokens from one address.
    OauthAddress = "oauth2.address", "oa";
    /// Requests about tokens by one client.
    OauthClient = "oauth2.client", "oc";
}

/// Delays that grow: after half of the attempts of the shortest window, five at least, each further one has to keep a distance from the
/// one before it that doubles every time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// The first distance.
    pub first: Duration,
    /// The greatest.
    pub longest: Duration,
}

/// What becomes of an attempt that finds no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// It is refused.
    #[default]
    Refuse,
    /// It is refused, and before that attempts have to keep growing distances.
    Delay(Delays),
    /// It goes on when there would be a place, or after `longest`, whichever comes first.
    Slow {
        /// The longest wait.
        longest: Duration,
    },
}

impl Manner {
    /// By how much the next attempt has to stay behind the last one, when `used` of the places of `shortest` are taken.
    pub(super) fn delay(self, shortest: Window, used: usize) -> Option<Duration> {
        let Self::Delay(Delays { first, longest }) = self else { return None };
        let doublings = used.checked_sub(shortest.undelayed() as usize)?;
        let factor = u32::try_from(doublings).ok().and_then(|doublings| 2_u32.checked_pow(doublings));
        Some(factor.and_then(|factor| first.checked_mul(factor)).unwrap_or(longest).min(longest))
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
    /// What becomes of attempts that find no place.
    pub manner: Manner,
}

impl Cell {
    /// Of `rule` for `subject`; who finds no place is refused.
    pub fn new(rule: Rule, subject: impl Into<String>, windows: impl Into<Arc<[Window]>>) -> Self {
        Self { rule, subject: subject.into(), windows: windows.into(), manner: Manner::Refuse }
    }

    /// With another manner.
    #[must_use]
    pub fn with(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// No window applies.
    Unlimited,
    /// There is room in every cell; told is the tightest one.
    Room {
        /// Whose limit is the tightest.
        rule: Rule,
        /// How it stands.
        standing: Standing,
        /// How long the attempt has to wait before it goes on.
        wait: Duration,
        /// The limits of which this is the last place.
        last: Vec<Rule>,
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
        let (mut tightest, mut full) = (None, None);
        let (mut slowed, mut last) = (Duration::ZERO, Vec::new());
        for (rule, standing) in standings {
            let Some(standing) = standing else { continue };
            let left = match standing {
                Standing::Full { window, retry_after } => {
                    if full.is_none_or(|(_, _, longest)| retry_after > longest) {
                        full = Some((rule, window, retry_after));
                    }
                    continue;
                }
                Standing::Over { wait, .. } => {
                    slowed = slowed.max(wait);
                    0
                }
                Standing::Room { remaining, .. } => {
                    if remaining == 0 {
                        last.push(rule);
                    }
                    remaining
                }
            };
            if tightest.is_none_or(|(_, _, least)| left < least) {
                tightest = Some((rule, standing, left));
            }
        }
        match (full, tightest) {
            (Some((rule, window, retry_after)), _) => Self::Full { rule, window, retry_after },
            (None, Some((rule, standing, _))) => Self::Room { rule, standing, wait: slowed, last },
            (None, None) => Self::Unlimited,
        }
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
        /// How long the attempt has to wait before it goes on.
        wait: Duration,
        /// The limits of which this was the last place.
        last: Vec<Rule>,
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
    /// The table has no memory left for this key, which would be new. Nobody's counter is thrown away for it: an attacker
    /// with many addresses could otherwise reset any.
    TableFull,
    /// The shared counters are out of reach, and without them nothing is granted.
    OutOfReach,
}

impl Verdict {
    /// What `outlook` comes to, once `places` were taken where it had room.
    pub fn of(outlook: Outlook, places: Vec<Place>) -> Self {
        match outlook {
            Outlook::Unlimited => Self::Unlimited,
            Outlook::Room { rule, standing, wait, last } => {
                Self::Granted { rule, standing, wait, last, places }
            }
            Outlook::Full { rule, window, retry_after } => Self::Limited { rule, window, retry_after },
        }
    }
}
