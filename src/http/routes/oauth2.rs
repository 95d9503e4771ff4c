//! `/oauth2` and `/.well-known`: what other services ask and need.

use super::{Access, Endpoint, Place, at, get, post};
use crate::flows::Fault;
use crate::flows::limited::Limited;
use crate::http::oauth2::form::Shape as TokenForm;
use crate::http::oauth2::introspect::{Answer as Introspection, introspect};
use crate::http::oauth2::revocations::{Answer as Revocations, revocations};
use crate::http::oauth2::revoke::revoke;
use crate::http::well_known::{jwks, paserk};
use crate::tokens::published::{JwkSet, PaserkSet};

const SERVICES: &str = "For other services";
const KEYS: &str = "Keys";

pub(super) fn places() -> Vec<Place> {
    vec![
        at(
            "/oauth2/introspect",
            SERVICES,
            [client(post("introspect", "What a token is good for (RFC 7662)", introspect))
                .about("Of a token that is good for nothing: `{\"active\":false}` and nothing more.")
                .form::<TokenForm>()
                .gives::<Introspection<'_>>(200, "What it is good for.")],
        ),
        at(
            "/oauth2/revoke",
            SERVICES,
            [client(post("revoke", "End the session of a token (RFC 7009)", revoke))
                .access(Access::ClientOrAnyone)
                .form::<TokenForm>()
                .done(200, "It has ended, if there was one.")],
        ),
        at(
            "/oauth2/revocations",
            SERVICES,
            [client(get("revocations", "What this node refuses before its time", revocations))
                .gives::<Revocations>(200, "One page.")],
        ),
        at(
            "/.well-known/jwks.json",
            KEYS,
            [get("jwks", "The public keys for JWTs (RFC 7517)", jwks)
                .about("Keep them for as long as `Cache-Control` says.")
                .gives_as::<JwkSet>(200, "application/jwk-set+json", "The keys.")],
        ),
        at(
            "/.well-known/paserk.json",
            KEYS,
            [get("paserks", "The public keys for PASETO, as PASERK", paserk)
                .about("Keep them for as long as `Cache-Control` says.")
                .gives::<PaserkSet>(200, "The keys.")],
        ),
    ]
}

/// Asked by configured clients.
fn client(endpoint: Endpoint) -> Endpoint {
    endpoint.access(Access::Client).fails::<Limited>().fails::<Fault>().with(|operation| {
        operation.may_oauth([
            (400, "invalid_request"),
            (401, "invalid_client"),
            (403, "unauthorized_client"),
        ]);
    })
}
