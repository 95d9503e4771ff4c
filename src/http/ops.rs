//! The operations listener: never public.

use actix_web::{HttpRequest, HttpResponse, web};
use metrics_exporter_prometheus::PrometheusHandle;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use subtle::ConstantTimeEq;

use super::bearer::{token, verify};
use super::problem::Problem;
use super::{Front, visit};
use crate::actors::audit::AuditSnapshot;
use crate::actors::hasher::HasherSnapshot;
use crate::actors::limiter::LimiterSnapshot;
use crate::actors::sessions::SessionsSnapshot;
use crate::domain::id::UserId;
use crate::flows::Fault;
use crate::flows::users::admin;

/// `GET /metrics`, in the Prometheus text format.
pub(super) async fn metrics(prometheus: web::Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(prometheus.render())
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Actors {
    hasher: HasherSnapshot,
    limiter: Option<LimiterSnapshot>,
    sessions: SessionsSnapshot,
    audit: AuditSnapshot,
}

/// `GET /admin/actors`: what every actor says of itself.
pub(super) async fn actors(front: web::Data<Front>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let_in(&front, &request).await?;
    let desk = front.desk.clone();
    let observe = async move {
        Ok::<_, Fault>(Actors {
            hasher: desk.hashers.observe(),
            limiter: desk.limits.observe().await?,
            sessions: desk.sessions.observe().await?,
            audit: desk.audit.observe().await?,
        })
    };
    Ok(HttpResponse::Ok().json(front.detached.reading("observe", observe).await?))
}

/// `GET /admin/config`: what holds, and where it was set; for administrators only, because it tells where secrets lie.
pub(super) async fn config(front: web::Data<Front>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    administrator(&front, &request).await?;
    Ok(HttpResponse::Ok().json(front.config.load().explanation()))
}

/// The ops token from the configuration, or the access token of an administrator, who is returned.
pub(super) async fn let_in(front: &Front, request: &HttpRequest) -> Result<Option<UserId>, Problem> {
    let presented = token(request)?;
    let is_ops_token =
        |token: &SecretString| presented.as_bytes().ct_eq(token.expose_secret().as_bytes()).into();
    if front.ops_token.load().as_deref().is_some_and(is_ops_token) {
        return Ok(None);
    }
    administrator(front, request).await.map(Some)
}

/// The access token of an administrator, and nothing else.
async fn administrator(front: &Front, request: &HttpRequest) -> Result<UserId, Problem> {
    let visit = visit::of(request)?;
    let caller = verify(front, token(request)?, visit.now).await?;
    admin(&front.desk, &caller, &visit)?;
    Ok(caller.user)
}
