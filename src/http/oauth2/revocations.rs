//! `/oauth2/revocations`: the view of this node for guards in other services. No store is asked.

use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use super::error::OauthError;
use crate::config::ClientRight;
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::revocation::Revoked;
use crate::flows::Visit;
use crate::http::Front;
use crate::http::body::Query;
use crate::http::problem::Problem;
use crate::tokens::revocations::{Cursor, Page, forgotten_at};

/// Entries in one answer, some 100 octets each.
const MOST: usize = 1_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct After {
    #[serde(default)]
    /// The `cursor` of the answer before.
    after: String,
    /// How many entries at most.
    #[schemars(range(min = 1, max = MOST), extend("default" = MOST))]
    limit: Option<usize>,
}

/// `GET /oauth2/revocations`
pub(in crate::http) async fn revocations(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    query: Result<Query<After>, Problem>,
) -> Result<HttpResponse, OauthError> {
    client::with_right(&front.desk, &request, &visit, ClientRight::Revocations).await?;
    let Query(After { after, limit }) = query?;
    let limit = limit.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(OauthError::invalid_request("limit must lie between 1 and 1000"));
    }
    // What is no cursor may be one of another release: it is answered as that of another node is, with everything.
    let page = front.desk.revocations.page(Cursor::parse(&after), limit);
    let access_lifetime = front.desk.rules().access_lifetime.as_secs();
    Ok(HttpResponse::Ok().json(Answer::new(page, access_lifetime)))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Revocations")]
pub(in crate::http) struct Answer {
    cursor: String,
    complete: bool,
    more: bool,
    fresh_at: Option<Timestamp>,
    access_lifetime: u64,
    floor: u64,
    revocations: Vec<Entry>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Revocation")]
struct Entry {
    #[serde(flatten)]
    what: What,
    expires_at: Timestamp,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum What {
    Session {
        session: SessionId,
    },
    User {
        user: UserId,
        below_epoch: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        spare: Option<SessionId>,
    },
}

impl Answer {
    fn new(page: Page, access_lifetime: u64) -> Self {
        let Page { cursor, complete, more, fresh_at, floor, revocations } = page;
        let cursor = cursor.to_string();
        let revocations = revocations.into_iter().map(Entry::from).collect();
        Self { cursor, complete, more, fresh_at, access_lifetime, floor, revocations }
    }
}

impl From<(Revoked, Timestamp)> for Entry {
    fn from((what, expires_at): (Revoked, Timestamp)) -> Self {
        let what = match what {
            Revoked::Session(session) => What::Session { session },
            Revoked::User { user, below_epoch, spare } => What::User { user, below_epoch, spare },
        };
        Self { what, expires_at: forgotten_at(expires_at) }
    }
}
