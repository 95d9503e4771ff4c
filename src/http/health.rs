//! `/health`: whether the process lives, and whether it should get requests.

use std::sync::atomic::Ordering;

use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Front, Problem};
use crate::flows::readiness::{Condition, Readiness, readiness};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Readiness")]
pub(super) struct Answer {
    #[schemars(extend("enum" = ["ready", "not_ready"]))]
    status: &'static str,
    checks: Checks,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Checks {
    database: Condition,
    sessions: Condition,
    #[schemars(extend("enum" = ["ready", "draining"]))]
    lifecycle: &'static str,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Life {
    #[schemars(extend("const" = "alive"))]
    status: &'static str,
}

/// `GET /health/live`
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Life { status: "alive" })
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
