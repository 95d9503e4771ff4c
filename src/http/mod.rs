//! SPEAKS: HTTP in, HTTP out. The only folder that names actix-web, besides the house that starts the server.
//!
//! A handler parses, calls one flow on the shared runtime, and renders what came of it; the match from a flow's
//! error to a problem stands beside it and is exhaustive. To add an endpoint: a handler, a row in `routes`, which also describes it
//! to clients.

mod accept;
mod account;
mod audit;
mod auth;
mod bearer;
pub mod body;
mod busiest;
mod caller_site;
mod detached;
mod front_door;
mod health;
mod impatience;
mod keys;
mod oauth2;
pub mod openapi;
pub mod ops;
pub mod problem;
pub mod proxy_protocol;
mod refresh_cookie;
mod routes;
mod sessions;
mod unread;
mod users;
mod views;
mod visit;
mod well_known;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use secrecy::SecretString;
use tokio::sync::watch;

pub use busiest::Dominance;
pub use caller_site::{CallerSites, caller_site};
pub use detached::Detached;
pub use front_door::front_door;
pub use impatience::{Impatience, remember};
pub use routes::{mount_operators, mount_public};

use crate::config::Config;
use crate::domain::audit::octets::PublicKey;
use crate::domain::clock::Clock;
use crate::flows::Desk;
use crate::telemetry::spans::Tracer;
use openapi::Docs;
use problem::{Code, Problem};

/// What every handler has at hand.
pub struct Front {
    /// What the flows work with.
    pub desk: Desk,
    /// Runs flows on the shared runtime.
    pub detached: Detached,
    /// Read once for each request.
    pub clock: Arc<dyn Clock>,
    /// Whether the public listener speaks TLS itself.
    pub tls: bool,
    /// The networks of trusted proxies.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Largest request body, in octets.
    pub body_limit: usize,
    /// How long a client may take to send a body.
    pub body_timeout: std::time::Duration,
    /// What opens the operations listener, besides an administrator's token.
    pub ops_token: ArcSwapOption<SecretString>,
    /// What holds, as it was loaded last.
    pub config: ArcSwap<Config>,
    /// From where requests are accepted.
    pub sites: CallerSites,
    /// Notices an address that sends most of the requests.
    pub dominance: Dominance,
    /// Holds the refusals of those who come back too soon.
    pub impatience: Impatience,
    /// What verifies the signatures under the audit log.
    pub audit_keys: Arc<ArcSwap<Vec<PublicKey>>>,
    /// Begins the traces of requests, where somebody collects them.
    pub tracer: Option<Tracer>,
    /// Whether answers say where their time went.
    pub server_timing: bool,
    /// The contract for clients, where it is shown.
    pub docs: Option<Docs>,
    /// Ends the deliveries; closed when each has ended.
    pub deliveries: watch::Sender<bool>,
    /// Set when the server is about to end.
    pub draining: AtomicBool,
}

impl Front {
    /// From now on this node says that it is not ready.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }
}

/// The answer to any other path.
pub async fn not_found() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::NotFound))
}
