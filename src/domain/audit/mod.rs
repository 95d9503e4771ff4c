//! What the audit log says. Two kinds of event, and the kind is part of the type.
//!
//! A [`Bound`] event records a change of state and is written in the transaction of that change: no change without
//! its record, no record without its change. A [`Free`] event records an observation and goes to the audit writer,
//! which commits it together with others. The writer gives both their places in the chain of its process.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`record`] | an event as it is stored, its hash, and what of it can be erased |
//! | [`chain`] | the links between records |
//! | [`checkpoint`] | signed statements about a chain |
//! | [`verify`] | whether all of it still holds, and what is wrong first |
//! | [`address`] | how much of a client's address is kept |
//! | [`lines`] | the log as a file |
//! | [`octets`] | hashes and keys as text, and the bytes that are hashed |

pub mod address;
pub mod chain;
pub mod checkpoint;
pub mod lines;
pub mod octets;
pub mod record;
#[cfg(test)]
mod tests;
pub mod verify;

use std::net::{IpAddr, Ipv4Addr};

use super::clock::Timestamp;
use super::id::{SessionId, UserId};

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, proxies accounted for.
    pub address: IpAddr,
    /// What the client called itself, shortened to [`USER_AGENT_LENGTH`] characters.
    pub user_agent: Option<String>,
    /// The request's id, in every log line and answer.
    pub request_id: String,
}

impl Origin {
    /// What the server does by itself; `task` says what.
    pub fn server(task: &str) -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: Some("guardhouse".into()),
            request_id: task.to_owned(),
        }
    }
}

/// The most characters of a `User-Agent` that are kept.
pub const USER_AGENT_LENGTH: usize = 256;

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in the log, stable.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

kinds!(
    /// Changes of state.
    BoundKind {
        /// A person registered.
        Registered = "registered",
        /// An administrator made an account.
        UserCreated = "user_created",
        /// An account was made from a file.
        UserImported = "user_imported",
        /// Name or address changed.
        ProfileChanged = "profile_changed",
        /// A new password was set.
        PasswordChanged = "password_changed",
        /// The roles changed.
        RolesChanged = "roles_changed",
        /// The account may not sign in any more.
        UserDisabled = "user_disabled",
        /// The account may sign in again.
        UserEnabled = "user_enabled",
        /// The account was deleted.
        UserDeleted = "user_deleted",
        /// What locked the account out of some networks does not count any more.
        UserUnlocked = "user_unlocked",
        /// Every session of the user was ended by an administrator.
        SessionsRevoked = "sessions_revoked",
        /// The address, user agent and request ids of everything the account did were erased from this log.
        PersonalDataErased = "personal_data_erased",
    }
);

kinds!(
    /// Observations.
    FreeKind {
        /// Signed in.
        LoginSucceeded = "login_succeeded",
        /// Tried to sign in; the reason is for the operator, the client is not told.
        LoginFailed = "login_failed",
        /// An attempt to sign in had to wait because many guess at the account.
        LoginSlowed = "login_slowed",
        /// So many wrong passwords that the account is locked for the network they came from.
        AccountLocked = "account_locked",
        /// So many wrong passwords from one network, at whatever accounts, that it is turned away.
        SprayingSuspected = "spraying_suspected",
        /// Somebody registered with the address of an account that is there already.
        RegistrationRefused = "registration_refused",
        /// Turned away by a rate limit.
        RateLimited = "rate_limited",
        /// Exchanged a refresh token.
        TokenRefreshed = "token_refreshed",
        /// Presented a refresh token that was not good for anything.
        RefreshRefused = "refresh_refused",
        /// Presented a refresh token that had long been exchanged: the session was ended.
        RefreshReplayed = "refresh_replayed",
        /// Signed out.
        LoggedOut = "logged_out",
        /// Ended one of their own sessions.
        SessionEnded = "session_ended",
        /// Gave a wrong current password for a sensitive change.
        ReauthenticationFailed = "reauthentication_failed",
        /// Asked for what is not theirs.
        AccessDenied = "access_denied",
        /// A file of accounts was imported, as far as it could be.
        UsersImported = "users_imported",
        /// Accounts were written into a file.
        UsersExported = "users_exported",
        /// A key was made, by the server itself or by an administrator.
        KeyGenerated = "key_generated",
        /// A key that was made elsewhere was added.
        KeyImported = "key_imported",
        /// A key is of no use any more.
        KeyRetired = "key_retired",
        /// A server started; its detail is the digest of the configuration it runs with, secrets not included.
        ConfigurationLoaded = "configuration_loaded",
        /// The first record of a chain; its detail names the newest checkpoint of another one.
        ChainBegun = "chain_begun",
        /// Old records were removed, up to a signed checkpoint.
        RecordsPruned = "records_pruned",
        /// So many events could be written nowhere.
        EventsLost = "events_lost",
    }
);

/// The name of every kind of event.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    let bound = BoundKind::ALL.iter().map(|kind| kind.as_str());
    bound.chain(FreeKind::ALL.iter().map(|kind| kind.as_str()))
}

/// Who, about whom, and why: what every event has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// Whom the event is about.
    pub user: Option<UserId>,
    /// Who did it, where that is somebody else.
    pub actor: Option<UserId>,
    /// In which session.
    pub session: Option<SessionId>,
    /// More for the operator: the inner reason of a failure, the scope of a logout. Never a secret.
    pub detail: Option<String>,
}

impl Subject {
    /// About `user`.
    pub fn user(user: UserId) -> Self {
        Self { user: Some(user), ..Self::default() }
    }

    /// Done by `actor`, where that is not the user.
    #[must_use]
    pub fn by(self, actor: UserId) -> Self {
        let actor = (self.user != Some(actor)).then_some(actor);
        Self { actor, ..self }
    }

    /// In `session`.
    #[must_use]
    pub fn session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// With `detail` for the operator.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Success,
    /// It was refused.
    Failure,
}

impl Outcome {
    /// The name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// An event ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When the flow happened.
    pub at: Timestamp,
    /// The kind's name.
    pub kind: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// Who and whom.
    pub subject: Subject,
    /// From where.
    pub origin: Origin,
}

/// An event that belongs into the transaction of the change it records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound(Event);

/// An event that the audit writer commits in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Free(Event);

impl Bound {
    /// A change of state at `at`.
    pub fn new(at: Timestamp, kind: BoundKind, subject: Subject, origin: &Origin) -> Self {
        Self(Event { at, kind: kind.as_str(), outcome: Outcome::Success, subject, origin: origin.clone() })
    }

    /// What to write.
    pub fn event(&self) -> &Event {
        &self.0
    }
}

impl Free {
    /// An observation at `at`.
    pub fn new(at: Timestamp, kind: FreeKind, subject: Subject, origin: &Origin) -> Self {
        let outcome = match kind {
            FreeKind::LoginSucceeded
            | FreeKind::TokenRefreshed
            | FreeKind::LoggedOut
            | FreeKind::SessionEnded
            | FreeKind::UsersImported
            | FreeKind::UsersExported
            | FreeKind::KeyGenerated
            | FreeKind::KeyImported
            | FreeKind::KeyRetired
            | FreeKind::ConfigurationLoaded
            | FreeKind::ChainBegun
            | FreeKind::RecordsPruned => Outcome::Success,
            FreeKind::LoginFailed
            | FreeKind::LoginSlowed
            | FreeKind::AccountLocked
            | FreeKind::SprayingSuspected
            | FreeKind::RegistrationRefused
            | FreeKind::RateLimited
            | FreeKind::RefreshRefused
            | FreeKind::RefreshReplayed
            | FreeKind::ReauthenticationFailed
            | FreeKind::AccessDenied
            | FreeKind::EventsLost => Outcome::Failure,
        };
        Self(Event { at, kind: kind.as_str(), outcome, subject, origin: origin.clone() })
    }

    /// What to write.
    pub fn event(&self) -> &Event {
        &self.0
    }
}
