//! `/.well-known`: the public keys.

use std::time::Duration;

use actix_web::{HttpResponse, web};

use super::Front;

/// Keys are for everybody; so is nothing else, and nothing else is harmed by it: other origins cannot read answers
/// without CORS.
pub(super) const RESOURCE_POLICY: &str = "same-origin";

/// `GET /.well-known/jwks.json` (RFC 7517 section 5)
pub(super) async fn jwks(front: web::Data<Front>) -> HttpResponse {
    let published = front.desk.keys.published();
    let body = serde_json::to_string(&published.jwks).unwrap_or_default();
    HttpResponse::Ok()
        .insert_header(cache(published.max_age))
        .content_type("application/jwk-set+json")
        .body(body)
}

/// `GET /.well-known/paserk.json`
pub(super) async fn paserk(front: web::Data<Front>) -> HttpResponse {
    let published = front.desk.keys.published();
    HttpResponse::Ok().insert_header(cache(published.max_age)).json(&published.paserks)
}

/// Short enough that a verifier learns a new key before it signs, long enough that nobody asks for every token.
fn cache(max_age: Duration) -> (&'static str, String) {
    let seconds = max_age.as_secs();
    let told = if seconds == 0 { "no-cache".to_owned() } else { format!("public, max-age={seconds}") };
    ("Cache-Control", told)
}
