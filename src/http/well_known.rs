//! `/.well-known`: the public keys.

use actix_web::{HttpResponse, web};

use super::Front;

/// Keys are for everybody; so is nothing else, and nothing else is harmed by it: other origins cannot read answers
/// without CORS.
pub(super) const RESOURCE_POLICY: &str = "same-origin";

/// Short enough that a verifier learns a new key before it signs, long enough that nobody asks for every token.
const CACHE: (&str, &str) = ("Cache-Control", "public, max-age=300");

/// `GET /.well-known/jwks.json` (RFC 7517 section 5)
pub(super) async fn jwks(front: web::Data<Front>) -> HttpResponse {
    let body = serde_json::to_string(&front.jwks).unwrap_or_default();
    HttpResponse::Ok().insert_header(CACHE).content_type("application/jwk-set+json").body(body)
}

/// `GET /.well-known/paserk.json`
pub(super) async fn paserk(front: web::Data<Front>) -> HttpResponse {
    HttpResponse::Ok().insert_header(CACHE).json(&front.paserks)
}
