//! ORDERS: one use case a file. A flow reads like the policy it carries out.
//!
//! A flow owns its transaction and its audit decision, and reads no clock: the request's one `now` is an argument.
//! It asks actors and stores, never the other way round, and knows nothing of HTTP. Each has an error that lists
//! exactly what may happen; what may happen anywhere is a [`Fault`].
//!
//! To add one: a file with its request, its error and one function over [`Desk`]; a handler beside the others in
//! `http`; a row in the table of routes.

pub mod account;
pub mod audit_log;
pub mod authenticate;
pub mod change_password;
pub mod client;
mod ending;
pub mod export;
pub mod fault;
mod guess;
pub mod import;
pub mod introspect;
mod issue;
pub mod keys;
pub mod limited;
pub mod login;
pub mod logout;
mod prove;
pub mod readiness;
pub mod refresh;
pub mod register;
pub mod revoke;
pub mod sessions;
pub mod users;
pub mod validation;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
pub use authenticate::Caller;
pub use fault::Fault;
pub use issue::SignedIn;
pub use limited::{Limited, RateLimits};
pub use validation::{Invalid, Pointer};

use crate::actors::{Audit, Hashers, Limits, Sessions};
use crate::breach::Lists;
use crate::config::{Clients, OnStale};
use crate::domain::audit::Origin;
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::domain::password::Policy;
use crate::domain::session::Lifetimes;
use crate::keyring::KeyRing;
use crate::store::Db;
use crate::tokens::AccessTokens;
use crate::tokens::refresh::RefreshTokens;
use crate::tokens::revocations::Revocations;

/// One request as a flow sees it: when, and from where.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The request's only time.
    pub now: Timestamp,
    /// Where it came from.
    pub origin: Origin,
}

/// What every use case works with.
#[derive(Clone)]
pub struct Desk {
    /// Users, credentials, the revocation feed, bound audit events.
    pub db: Db,
    /// The hash pool.
    pub hashers: Hashers,
    /// The rate limiter.
    pub limits: Limits,
    /// The session keeper.
    pub sessions: Sessions,
    /// The audit writer.
    pub audit: Audit,
    /// Which keys there are.
    pub keys: Arc<KeyRing>,
    /// Seals and opens access tokens.
    pub access_tokens: AccessTokens,
    /// Mints and reads refresh tokens.
    pub refresh_tokens: RefreshTokens,
    /// What has been ended before its time.
    pub revocations: Arc<Revocations>,
    /// For identifiers.
    pub entropy: Arc<dyn Entropy>,
    /// What was configured; replaced as a whole when the configuration is reloaded.
    pub rules: Arc<ArcSwap<Rules>>,
}

impl Desk {
    /// The rules that hold at this moment. A flow that decides by several of them keeps what it got.
    pub fn rules(&self) -> Arc<Rules> {
        self.rules.load_full()
    }
}

/// The configured rules that flows follow.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What a new password must satisfy.
    pub passwords: Policy,
    /// Which new passwords are refused because others have them.
    pub lists: Lists,
    /// Whether people may register themselves.
    pub registration_open: bool,
    /// Whether registering also signs in.
    pub sign_in_after_registration: bool,
    /// Whether registering tells that an address is taken.
    pub reveal_taken: bool,
    /// How often somebody may try.
    pub limits: RateLimits,
    /// Services that may ask about tokens.
    pub clients: Arc<Clients>,
    /// How long an access token is valid.
    pub access_lifetime: Duration,
    /// Whether refresh tokens are given out.
    pub refresh_tokens: bool,
    /// How long sessions live.
    pub lifetimes: Lifetimes,
    /// How long a just exchanged refresh token still gets the same successor.
    pub refresh_grace: Duration,
    /// Most sessions of one user.
    pub most_sessions: usize,
    /// How old the view of revocations may be.
    pub max_staleness: Duration,
    /// What happens when it is older.
    pub on_stale: OnStale,
}
