//! SPEAKS: HTTP in, HTTP out. The only folder that names actix-web, besides the house that starts the server.
//!
//! A handler parses, calls one flow on the shared runtime, and renders what came of it; the match from a flow's
//! error to a problem stands beside it and is exhaustive. To add an endpoint: a handler, a row in [`routes`].

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
pub mod ops;
pub mod problem;
pub mod proxy_protocol;
mod refresh_cookie;
mod sessions;
mod unread;
mod users;
mod views;
mod visit;
mod well_known;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::web::{self, ServiceConfig};
use actix_web::{Resource, Route, guard};
use arc_swap::{ArcSwap, ArcSwapOption};
use secrecy::SecretString;

pub use busiest::Dominance;
pub use caller_site::{CallerSites, caller_site};
pub use detached::Detached;
pub use front_door::front_door;
pub use impatience::{Impatience, remember};

use crate::config::Config;
use crate::domain::audit::octets::PublicKey;
use crate::domain::clock::Clock;
use crate::flows::Desk;
use problem::{Code, Problem};

/// What every handler has at hand.
pub struct Front {
    /// What the flows work with.
    pub desk: Desk,
    /// Runs flows on the shared runtime.
    pub detached: Detached,
    /// Read once for each request.
    pub clock: Arc<dyn Clock>,
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
    /// Whether answers say where their time went.
    pub server_timing: bool,
    /// Set when the server is about to end.
    pub draining: AtomicBool,
}

impl Front {
    /// From now on this node says that it is not ready.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }
}

/// The public routes, all of them.
pub fn routes(config: &mut ServiceConfig) {
    at(config, "/auth/register", [("POST", web::post().to(auth::register))]);
    at(config, "/auth/signup", [("POST", web::post().to(auth::register))]);
    at(config, "/auth/login", [("POST", web::post().to(auth::login))]);
    at(config, "/auth/refresh", [("POST", web::post().to(auth::refresh))]);
    at(config, "/auth/logout", [("POST", web::post().to(auth::logout))]);
    at(config, "/auth/password", [("POST", web::post().to(account::change_password))]);
    at(
        config,
        "/auth/me",
        [
            ("GET, HEAD", get().to(account::me)),
            ("PATCH", web::patch().to(account::edit)),
            ("DELETE", web::delete().to(account::delete)),
        ],
    );
    at(config, "/auth/me/activity", [("GET, HEAD", get().to(audit::activity))]);
    at(config, "/auth/sessions", [("GET, HEAD", get().to(sessions::list))]);
    at(config, "/auth/sessions/{id}", [("DELETE", web::delete().to(sessions::end))]);
    at(config, "/auth/whereami", [("GET, HEAD", get().to(visit::whereami))]);
    at(config, "/users", [("GET, HEAD", get().to(users::list)), ("POST", web::post().to(users::create))]);
    at(
        config,
        "/users/{id}",
        [
            ("GET, HEAD", get().to(users::find)),
            ("PATCH", web::patch().to(users::edit)),
            ("DELETE", web::delete().to(users::delete)),
        ],
    );
    at(config, "/users/{id}/disable", [("POST", web::post().to(users::disable))]);
    at(config, "/users/{id}/enable", [("POST", web::post().to(users::enable))]);
    at(config, "/users/{id}/unlock", [("POST", web::post().to(users::unlock))]);
    at(config, "/users/{id}/sessions/revoke", [("POST", web::post().to(users::revoke_sessions))]);
    at(config, "/oauth2/introspect", [("POST", web::post().to(oauth2::introspect::introspect))]);
    at(config, "/oauth2/revoke", [("POST", web::post().to(oauth2::revoke::revoke))]);
    at(config, "/oauth2/revocations", [("GET, HEAD", get().to(oauth2::revocations::revocations))]);
    at(config, "/.well-known/jwks.json", [("GET, HEAD", get().to(well_known::jwks))]);
    at(config, "/.well-known/paserk.json", [("GET, HEAD", get().to(well_known::paserk))]);
    health_routes(config);
}

/// The routes of the operations listener.
pub fn ops_routes(config: &mut ServiceConfig) {
    at(config, "/metrics", [("GET, HEAD", get().to(ops::metrics))]);
    at(config, "/admin/actors", [("GET, HEAD", get().to(ops::actors))]);
    at(config, "/admin/audit", [("GET, HEAD", get().to(audit::search))]);
    at(config, "/admin/audit/keys", [("GET, HEAD", get().to(audit::keys))]);
    at(config, "/admin/config", [("GET, HEAD", get().to(ops::config))]);
    at(config, "/admin/keys", [("GET, HEAD", get().to(keys::list))]);
    at(config, "/admin/keys/rotate", [("POST", web::post().to(keys::rotate))]);
    health_routes(config);
}

fn health_routes(config: &mut ServiceConfig) {
    at(config, "/health/live", [("GET, HEAD", get().to(health::live))]);
    at(config, "/health/ready", [("GET, HEAD", get().to(health::ready))]);
}

/// One path with its methods; any other method is answered with the list of those there are (RFC 9110 section
/// 15.5.6).
fn at<const N: usize>(config: &mut ServiceConfig, path: &str, routes: [(&str, Route); N]) {
    let allowed = routes.iter().map(|(methods, _)| *methods).collect::<Vec<_>>().join(", ");
    let mut resource = Resource::new(path);
    for (_, route) in routes {
        resource = resource.route(route);
    }
    config.service(resource.default_service(web::to(move || {
        let allowed = allowed.clone();
        async move { Err::<&str, _>(Problem::new(Code::MethodNotAllowed).header("allow", allowed)) }
    })));
}

/// What answers GET answers HEAD (RFC 9110 section 9.3.2); the server leaves the body out.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// The answer to any other path.
pub async fn not_found() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::NotFound))
}
