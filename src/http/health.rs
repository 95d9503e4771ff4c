//! `/health`: whether the process lives, and whether it should get requests.

use std::sync::atomic::Ordering;

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::{Front, Problem};
use crate::flows::readiness::{Condition, Readiness, readiness};

#[derive(Serialize)]
struct Answer {
    status: &'static str,
    checks: Checks,
}

#[derive(Serialize)]
struct Checks {
    database: Condition,
    sessions: Condition,
    lifecycle: &'static str,
}

/// `GET /health/live`
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "alive" }))
}

/// `GET /health/ready`
pub(super) async fn ready(front: web::Data<Front>) -> Result<HttpResponse, Problem> {
    let desk = front.desk.clone();
    let asking = async move { Ok::<_, Problem>(readiness(&desk).await) };
    let Readiness { database, sessions } = front.detached.reading("ready", asking).await?;
    let draining = front.draining.load(Ordering::SeqCst);
    let ready = !draining && database == Condition::Ready && sessions == Condition::Ready;
    let body = Answer {
        status: if ready { "ready" } else { "not_ready" },
        checks: Checks { database, sessions, lifecycle: if draining { "draining" } else { "ready" } },
    };
    Ok(if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) })
}
