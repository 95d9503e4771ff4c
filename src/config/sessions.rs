//! `[sessions]`: where sessions live, how long, and how fast an ended one is refused everywhere.

use std::time::Duration;

use super::leaf::Complaint;
use super::reader::Reader;
use super::words::{word_leaf, words};
use crate::domain::duration::format_duration;

/// Sessions and refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// Where they are kept.
    pub store: SessionStoreKind,
    /// How clients hold their refresh token.
    pub transport: SessionTransport,
    /// Whether a login also hands out a refresh token.
    pub refresh_tokens: bool,
    /// The absolute life of a session.
    pub refresh_lifetime: Duration,
    /// How long the refresh token before the current one is still answered, with the same successor; zero is strict.
    pub refresh_grace: Duration,
    /// A session that was not refreshed for so long is over; at most `refresh_lifetime`.
    pub idle_timeout: Duration,
    /// The most live sessions of one user.
    pub max_per_user: usize,
    /// The pause between two removals of what has expired.
    pub sweep_interval: Duration,
    /// How ended sessions become known.
    pub revocation: Revocation,
    /// Starts even though Redis may throw sessions and revocations away when its memory is full.
    pub danger_allow_evicting_redis: bool,
}

/// The feed of ended sessions that every node follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The pause between two looks at the feed.
    pub poll_interval: Duration,
    /// For how long the feed may be out of reach before `on_stale` applies; longer than `poll_interval`.
    pub max_staleness: Duration,
    /// What happens then.
    pub on_stale: OnStale,
}

words! {
    /// Where sessions are kept.
    SessionStoreKind {
        /// In this process: lost at a restart, known to no other node.
        Memory = "memory",
        /// In the SQL database.
        Database = "database",
        /// In Redis.
        Redis = "redis",
    }
}
word_leaf!(SessionStoreKind, "a session store such as `database`");

words! {
    /// How clients hold their refresh token.
    SessionTransport {
        /// In the answers' bodies, for clients that keep it themselves.
        Bearer = "bearer",
        /// In a cookie, for browsers.
        Cookie = "cookie",
    }
}
word_leaf!(SessionTransport, "`bearer` or `cookie`");

words! {
    /// What becomes of verified requests while the feed of ended sessions is out of reach.
    OnStale {
        /// Each session is looked up in the store.
        CheckStore = "check_store",
        /// Each request is refused.
        Refuse = "refuse",
        /// Each request passes: an ended session may go on until its access token expires.
        Allow = "allow",
    }
}
word_leaf!(OnStale, "a word such as `check_store`");

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Sessions {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let second = Duration::from_secs(1);
        let sessions = Self {
            store: reader.take("sessions.store"),
            transport: reader.take("sessions.transport"),
            refresh_tokens: reader.take("sessions.refresh_tokens"),
            refresh_lifetime: reader.take_in("sessions.refresh_lifetime", 30 * second..=3650 * DAY),
            refresh_grace: reader.take_in("sessions.refresh_grace", Duration::ZERO..=300 * second),
            idle_timeout: reader.take_in("sessions.idle_timeout", second..=3650 * DAY),
            max_per_user: reader.take_in("sessions.max_per_user", 1..=100_000),
            sweep_interval: reader.take_in("sessions.sweep_interval", second / 10..=DAY),
            revocation: Revocation::read(reader),
            danger_allow_evicting_redis: reader.take("sessions.danger_allow_evicting_redis"),
        };
        if sessions.idle_timeout > sessions.refresh_lifetime
            && reader.sound(&["sessions.idle_timeout", "sessions.refresh_lifetime"])
        {
            let other = reader.origin("sessions.refresh_lifetime");
            reader.refuse(
                "sessions.idle_timeout",
                Complaint::with_help(
                    format!(
                        "{} can never be reached: a session ends after `sessions.refresh_lifetime` = {} ({other})",
                        format_duration(sessions.idle_timeout),
                        format_duration(sessions.refresh_lifetime)
                    ),
                    "make it at most as long as `sessions.refresh_lifetime`",
                ),
            );
        }
        sessions
    }
}

impl Revocation {
    fn read(reader: &mut Reader) -> Self {
        const KEYS: [&str; 2] = ["sessions.revocation.poll_interval", "sessions.revocation.max_staleness"];
        let second = Duration::from_secs(1);
        let revocation = Self {
            poll_interval: reader.take_in(KEYS[0], second / 100..=60 * second),
            max_staleness: reader.take_in(KEYS[1], second / 10..=3600 * second),
            on_stale: reader.take("sessions.revocation.on_stale"),
        };
        if revocation.max_staleness <= revocation.poll_interval && reader.sound(&KEYS) {
            let (poll, other) = (format_duration(revocation.poll_interval), reader.origin(KEYS[0]));
            let reason = format!(
                "{} is not longer than `{}` = {poll} ({other}): the feed would count as stale between two looks at it",
                format_duration(revocation.max_staleness),
                KEYS[0]
            );
            reader.refuse(KEYS[1], Complaint::with_help(reason, "allow for several looks, such as ten"));
        }
        revocation
    }
}
