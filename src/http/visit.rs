//! When and from where a request came: found out once, at the front door.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;

use super::Front;
use super::problem::{Code, Problem};
use crate::domain::address::{Route, parse_forwarded, parse_x_forwarded_for, walk};
use crate::domain::audit::{Origin, USER_AGENT_LENGTH};
use crate::domain::clock::Timestamp;
use crate::domain::id::uuid_v7;
use crate::flows::Visit;
use crate::telemetry::spans::TraceParent;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What the server saw of the way a request took, kept beside the visit for `whereami`.
#[derive(Clone)]
struct Seen(Route);

/// Makes the visit of `request` and leaves it for the handlers.
pub(super) fn arrive(front: &Front, request: &ServiceRequest) -> Visit {
    let now = front.clock.now();
    let route = route(front, request);
    let origin = Origin {
        address: route.client,
        user_agent: text(request.headers(), &header::USER_AGENT).map(|agent| shorten(&agent)),
        request_id: request_id(front, request.headers(), now),
    };
    // The client, and not a proxy that is known: that one is as busy as it should be.
    front.dominance.sample(route.client, || forwards_unbelieved(&route, request.headers()), now);
    let visit = Visit { now, origin };
    let mut extensions = request.extensions_mut();
    extensions.insert(Seen(route));
    extensions.insert(visit.clone());
    visit
}

/// Whether the peer tells of other clients, and nobody has said that it may.
fn forwards_unbelieved(route: &Route, headers: &HeaderMap) -> bool {
    route.proxies.is_empty()
        && [&header::FORWARDED, &X_FORWARDED_FOR].iter().any(|name| headers.contains_key(*name))
}

fn route(front: &Front, request: &ServiceRequest) -> Route {
    let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip());
    if front.trusted_proxies.is_empty() {
        return walk(peer, &[], &[]);
    }
    let values = |name: &HeaderName| {
        request.headers().get_all(name).map(|value| value.to_str().unwrap_or("unknown")).collect::<Vec<_>>()
    };
    let chains = [
        parse_forwarded(values(&header::FORWARDED).into_iter()),
        parse_x_forwarded_for(values(&X_FORWARDED_FOR).into_iter()),
    ];
    let told = chains.iter().filter(|chain| !chain.is_empty());
    let mut routes = told.map(|chain| walk(peer, chain, &front.trusted_proxies));
    match (routes.next(), routes.next()) {
        // A proxy that writes one of the two headers passes on what the client wrote into the other. Where they
        // differ one of them is an invention, and nobody can say which.
        (Some(one), Some(other)) if one.client != other.client => walk(peer, &[], &[]),
        (Some(route), _) => route,
        (None, _) => walk(peer, &[], &[]),
    }
}

/// The client's own id, if it is harmless in a log and a header; otherwise a fresh one.
fn request_id(front: &Front, headers: &HeaderMap, now: Timestamp) -> String {
    let harmless = |id: &String| {
        (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    text(headers, &REQUEST_ID)
        .filter(harmless)
        .unwrap_or_else(|| uuid_v7(now, &*front.desk.entropy).to_string())
}

/// The trace this request belongs to.
pub(super) fn trace_parent(headers: &HeaderMap) -> Option<TraceParent<'_>> {
    TraceParent::parse(headers.get("traceparent")?.to_str().ok()?)
}

/// Whether one of our proxies passed it on.
pub(super) fn came_by_proxy(request: &ServiceRequest) -> bool {
    request.extensions().get::<Seen>().is_some_and(|Seen(route)| !route.proxies.is_empty())
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn shorten(agent: &str) -> String {
    agent.chars().filter(|c| !c.is_control()).take(USER_AGENT_LENGTH).collect()
}

impl FromRequest for Visit {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(of(request))
    }
}

/// The visit that the front door left for `request`.
pub(super) fn of(request: &HttpRequest) -> Result<Visit, Problem> {
    request.extensions().get::<Visit>().cloned().ok_or_else(|| Problem::new(Code::Internal))
}

#[derive(Serialize, JsonSchema)]
pub(super) struct WhereAmI {
    /// The client's.
    address: IpAddr,
    #[schemars(extend("enum" = ["http", "https"]))]
    scheme: &'static str,
    /// The trusted proxies that were passed.
    proxies: Vec<IpAddr>,
}

/// `GET /auth/whereami`: what the server saw, for an operator who sets up proxies.
pub(super) async fn whereami(request: HttpRequest, front: web::Data<Front>) -> Result<HttpResponse, Problem> {
    let seen = request.extensions().get::<Seen>().cloned().ok_or_else(|| Problem::new(Code::Internal))?;
    Ok(HttpResponse::Ok().json(WhereAmI {
        address: seen.0.client,
        scheme: if front.tls { "https" } else { "http" },
        proxies: seen.0.proxies,
    }))
}
