//! `/health`: whether the process lives, and whether it should get requests.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::Front;
use crate::store::StoreError;

/// A probe must be answered before its own timeout, whatever the database does.
const LONGEST: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    checks: Checks,
}

#[derive(Serialize)]
struct Checks {
    database: &'static str,
    sessions: &'static str,
    lifecycle: &'static str,
}

/// `GET /health/live`
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "alive" }))
}

/// `GET /health/ready`
pub(super) async fn ready(front: web::Data<Front>) -> HttpResponse {
    let (database, sessions) = (front.desk.db.clone(), front.desk.sessions.clone());
    let checks = front.detached.reading("ready", async move {
        let check = |outcome: Result<Result<(), StoreError>, tokio::time::error::Elapsed>| match outcome {
            Ok(Ok(())) => "ready",
            Ok(Err(_)) => "unavailable",
            Err(_) => "slow",
        };
        let (database, sessions) = futures_util::future::join(
            tokio::time::timeout(LONGEST, database.ping()),
            tokio::time::timeout(LONGEST, sessions.ping()),
        )
        .await;
        Ok::<_, super::Problem>((check(database), check(sessions)))
    });
    let (database, sessions) = checks.await.unwrap_or(("unavailable", "unavailable"));
    let lifecycle = if front.draining.load(Ordering::SeqCst) {
        "draining"
    } else {
        "ready"
    };
    let ready = [database, sessions, lifecycle]
        .iter()
        .all(|check| *check == "ready");
    let body = Readiness {
        status: if ready { "ready" } else { "not_ready" },
        checks: Checks {
            database,
            sessions,
            lifecycle,
        },
    };
    if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}
