//! `/admin/keys` on the operations listener.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::body::Json;
use super::ops::let_in;
use super::problem::{Code, Problem, Told};
use super::{Front, visit};
use crate::domain::clock::Timestamp;
use crate::flows::Fault;
use crate::flows::keys::{KeysError, rotate as rotate_key};
use crate::keyring::phases::Phase;
use crate::keyring::{KeyRingFault, Listed};
use crate::tokens::algorithm::KeyAlgorithm;

/// A key as administrators see it. Never a secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Key")]
pub(super) struct KeyView {
    kid: String,
    algorithm: String,
    #[schemars(extend("enum" = ["announced", "signing", "verifying", "retired"]))]
    phase: &'static str,
    created_at: Timestamp,
    signs_from: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    verifies_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired_at: Option<Timestamp>,
}

impl From<Listed> for KeyView {
    fn from(listed: Listed) -> Self {
        Self {
            phase: listed.phase_name(),
            verifies_until: match listed.phase {
                Phase::Verifying(until) => Some(until),
                Phase::Announced | Phase::Current | Phase::Over | Phase::Retired => None,
            },
            kid: listed.key.id,
            algorithm: listed.key.algorithm,
            created_at: listed.key.created_at,
            signs_from: listed.key.signs_from,
            retired_at: listed.key.retired_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Keys")]
pub(super) struct KeysReply {
    keys: Vec<KeyView>,
}

/// `GET /admin/keys`
pub(super) async fn list(front: web::Data<Front>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let_in(&front, &request).await?;
    let now = visit::of(&request)?.now;
    let keys = front.desk.keys.list(now).into_iter().map(KeyView::from).collect();
    Ok(HttpResponse::Ok().json(KeysReply { keys }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateBody {
    /// The configured one, if not given.
    #[schemars(extend("enum" = names()))]
    algorithm: Option<String>,
    #[serde(default)]
    at_once: bool,
}

fn names() -> Vec<Option<&'static str>> {
    let names = KeyAlgorithm::ALL.into_iter().map(|algorithm| Some(algorithm.as_str()));
    names.chain([None]).collect()
}

/// `POST /admin/keys/rotate`
pub(super) async fn rotate(
    front: web::Data<Front>,
    request: HttpRequest,
    Json(body): Json<RotateBody>,
) -> Result<HttpResponse, Problem> {
    let by = let_in(&front, &request).await?;
    let algorithm = body.algorithm.map(|name| name.parse()).transpose();
    let algorithm = algorithm.map_err(|unknown: crate::tokens::algorithm::UnknownAlgorithm| {
        Problem::new(Code::InvalidRequest).detail(unknown.to_string())
    })?;
    let (desk, visit) = (front.desk.clone(), visit::of(&request)?);
    let work = async move { rotate_key(&desk, algorithm, body.at_once, by, &visit).await };
    let made = front.detached.to_the_end("rotate_key", work).await?;
    Ok(HttpResponse::Created().json(KeyView::from(made)))
}

impl From<KeysError> for Problem {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Fault(fault) => fault.into(),
            KeysError::Refused(KeyRingFault::Store(error)) => Fault::Store(error).into(),
            KeysError::Refused(
                fault @ (KeyRingFault::Shared
                | KeyRingFault::Known(_)
                | KeyRingFault::Unknown(_)
                | KeyRingFault::InUse(_)),
            ) => Self::new(Code::InvalidRequest).detail(fault.to_string()),
            KeysError::Refused(fault) => {
                tracing::error!(%fault, "the keys could not be changed");
                Self::new(Code::Internal)
            }
        }
    }
}

impl Told for KeysError {
    fn codes(into: &mut BTreeSet<Code>) {
        into.insert(Code::InvalidRequest);
        Fault::codes(into);
    }
}
