//! The bearer token of a request (RFC 6750 section 2.1: in the `Authorization` header, nowhere else).

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use super::problem::{Code, Problem, told};
use super::{Front, visit};
use crate::domain::clock::Timestamp;
use crate::flows::authenticate::{AuthenticateError, authenticate, is_stale};
use crate::flows::{Caller, Fault};

/// The token of `request`, if there is exactly one well-formed credential.
pub(super) fn token(request: &HttpRequest) -> Result<&str, Problem> {
    let mut credentials = request.headers().get_all(AUTHORIZATION);
    let credential = credentials.next().ok_or_else(|| Problem::new(Code::TokenMissing))?;
    if credentials.next().is_some() {
        return Err(Problem::new(Code::TokenInvalid));
    }
    let text = credential.to_str().map_err(|_| Problem::new(Code::TokenInvalid))?;
    let (scheme, token) = text.split_once(' ').ok_or_else(|| Problem::new(Code::TokenInvalid))?;
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        Ok(token)
    } else {
        Err(Problem::new(Code::TokenMissing))
    }
}

/// Who presents `token`.
pub(super) async fn verify(front: &Front, token: &str, now: Timestamp) -> Result<Caller, Problem> {
    if !is_stale(&front.desk, now) {
        // On this thread: no store is asked and nothing is waited for.
        return Ok(authenticate(&front.desk, token, now).await?);
    }
    let (desk, token) = (front.desk.clone(), token.to_owned());
    front.detached.reading("authenticate", async move { authenticate(&desk, &token, now).await }).await
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let front = request.app_data::<web::Data<Front>>().ok_or_else(|| Problem::new(Code::Internal))?;
            let now = visit::of(&request)?.now;
            verify(front, token(&request)?, now).await
        })
    }
}

told!(AuthenticateError { Invalid => TokenInvalid, Expired => TokenExpired, Revoked => TokenRevoked } {
    Fault: Fault,
});
