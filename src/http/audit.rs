//! The audit log: all of it for operators, `/admin/audit`, and their own part for users, `/auth/me/activity`.

use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Front;
use super::body::Query;
use super::ops::let_in;
use super::problem::{Code, Problem};
use crate::domain::audit::octets::{Hash, PublicKey};
use crate::domain::clock::Timestamp;
use crate::domain::id::InstanceId;
use crate::flows::Caller;
use crate::flows::audit_log::{self, Found, Search};

/// Most records on one page, and how many when nobody asks for a number.
const MOST_ON_PAGE: u64 = 500;
const ON_PAGE: u64 = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchQuery {
    /// How many at most.
    #[schemars(range(min = 1, max = MOST_ON_PAGE), extend("default" = ON_PAGE))]
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<Uuid>,
    /// About this account.
    user: Option<Uuid>,
    /// Done by this account.
    actor: Option<Uuid>,
    kind: Option<String>,
    outcome: Option<String>,
    /// From this time on.
    from: Option<Timestamp>,
    /// Before this time.
    to: Option<Timestamp>,
}

/// A record as operators see it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditRecord")]
pub(super) struct RecordView {
    id: Uuid,
    at: Timestamp,
    kind: String,
    outcome: String,
    user: Option<Uuid>,
    actor: Option<Uuid>,
    session: Option<Uuid>,
    detail: Option<String>,
    /// Absent, with the two that follow, once it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    instance: InstanceId,
    /// Absent, with the two that follow, for the moment until it has its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<InstanceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<Hash>,
}

impl From<Found> for RecordView {
    fn from((record, place): Found) -> Self {
        let personal = record.personal;
        Self {
            id: record.id,
            at: record.at,
            kind: record.kind,
            outcome: record.outcome,
            user: record.user,
            actor: record.actor,
            session: record.session,
            detail: record.detail,
            address: personal.as_ref().map(|personal| personal.address.clone()),
            user_agent: personal.as_ref().and_then(|personal| personal.user_agent.clone()),
            request_id: personal.map(|personal| personal.request_id),
            instance: record.instance,
            chain: place.map(|(chain, _)| chain),
            seq: place.map(|(_, head)| head.seq),
            link: place.map(|(_, head)| head.link),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct Page<T> {
    events: Vec<T>,
    /// To be given as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Uuid>,
}

impl<T: From<Found>> Page<T> {
    /// Of what was found when one more than `limit` was asked for.
    fn of(mut found: Vec<Found>, limit: u64) -> Self {
        let more = found.len() as u64 > limit;
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = found.last().filter(|_| more).map(|(record, _)| record.id);
        Self { events: found.into_iter().map(T::from).collect(), next }
    }
}

fn limit(asked: Option<u64>) -> Result<u64, Problem> {
    let limit = asked.unwrap_or(ON_PAGE);
    if (1..=MOST_ON_PAGE).contains(&limit) {
        Ok(limit)
    } else {
        let detail = format!("limit must be between 1 and {MOST_ON_PAGE}");
        Err(Problem::new(Code::InvalidRequest).detail(detail))
    }
}

/// `GET /admin/audit`
pub(super) async fn search(
    front: web::Data<Front>,
    request: HttpRequest,
    Query(query): Query<SearchQuery>,
) -> Result<HttpResponse, Problem> {
    let_in(&front, &request).await?;
    let limit = limit(query.limit)?;
    let SearchQuery { after, user, actor, kind, outcome, from, to, .. } = query;
    let wanted =
        Search { user, actor, kind, outcome, from, to, before: after, after: None, limit: limit + 1 };
    let desk = front.desk.clone();
    let flow = async move { audit_log::search(&desk, &wanted).await };
    let found = front.detached.reading("search_audit_log", flow).await?;
    Ok(HttpResponse::Ok().json(Page::<RecordView>::of(found, limit)))
}

/// What verifies the signatures of one key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditKey")]
struct KeyView<'a> {
    kid: String,
    public: &'a PublicKey,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditKeys")]
pub(super) struct KeysReply<'a> {
    keys: Vec<KeyView<'a>>,
}

/// `GET /admin/audit/keys`: what verifies the signatures under the log.
pub(super) async fn keys(front: web::Data<Front>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let_in(&front, &request).await?;
    let public = front.audit_keys.load();
    let keys = public.iter().map(|public| KeyView { kid: public.kid(), public }).collect();
    Ok(HttpResponse::Ok().json(KeysReply { keys }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivityQuery {
    /// How many at most.
    #[schemars(range(min = 1, max = MOST_ON_PAGE), extend("default" = ON_PAGE))]
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<Uuid>,
}

/// A record as its user sees it: not who else acted from where, and not the inner reason of a failure.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Activity")]
pub(super) struct ActivityView {
    id: Uuid,
    at: Timestamp,
    kind: String,
    outcome: String,
    session: Option<Uuid>,
    ip: Option<String>,
    user_agent: Option<String>,
    /// Whether an administrator did it.
    by_administrator: bool,
}

impl From<Found> for ActivityView {
    fn from((record, _): Found) -> Self {
        let by_administrator = record.actor.is_some();
        let own = record.personal.filter(|_| !by_administrator);
        Self {
            id: record.id,
            at: record.at,
            kind: record.kind,
            outcome: record.outcome,
            session: record.session,
            ip: own.as_ref().map(|personal| personal.address.clone()),
            user_agent: own.and_then(|personal| personal.user_agent),
            by_administrator,
        }
    }
}

/// `GET /auth/me/activity`
pub(super) async fn activity(
    front: web::Data<Front>,
    caller: Caller,
    Query(query): Query<ActivityQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let wanted = Search { before: query.after, limit: limit + 1, ..Search::default() };
    let desk = front.desk.clone();
    let flow = async move { audit_log::activity(&desk, &caller, wanted).await };
    let found = front.detached.reading("list_activity", flow).await?;
    Ok(HttpResponse::Ok().json(Page::<ActivityView>::of(found, limit)))
}
