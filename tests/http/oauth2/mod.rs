//! `/oauth2/…`

mod client;
mod introspect;
mod outage;
mod revocations;
mod revoke;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use guardhouse::domain::secret::Sha256Digest;
use serde_json::Value;

use crate::support::house::Plan;
use crate::support::{Answer, TestHouse};

/// Id and secret of a client.
pub type Credentials = (&'static str, &'static str);

/// May introspect.
pub const SHOP: Credentials = ("shop", "ghc_the-secret-of-the-shop");
/// May follow the revocations.
pub const GUARD: Credentials = ("guard", "ghc_the-secret-of-the-guard");

/// `plan` with both clients.
pub fn with_clients(plan: Plan) -> Plan {
    let plan = with_client(plan, SHOP, "introspect, introspect_refresh");
    with_client(plan, GUARD, "revocations")
}

/// `plan` with one more client.
pub fn with_client(plan: Plan, (id, secret): Credentials, may: &str) -> Plan {
    plan.set(&format!("clients.{id}.secret_sha256"), Sha256Digest::of(secret))
        .set(&format!("clients.{id}.may"), may)
}

/// The value of `Authorization`, id and secret as they are.
pub fn basic((id, secret): (&str, &str)) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The octets of a form.
pub fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// `POST` of a form, as `client`.
pub fn post(house: &TestHouse, path: &str, client: Option<Credentials>, fields: &[(&str, &str)]) -> Answer {
    post_octets(house, path, client, &form(fields))
}

/// `POST` of a form as it is.
pub fn post_octets(house: &TestHouse, path: &str, client: Option<Credentials>, body: &str) -> Answer {
    let mut request = house.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
    if let Some(client) = client {
        request = request.header("authorization", basic(client));
    }
    house.send(request, body.as_bytes().to_vec())
}

/// What the shop is told of `token`.
#[track_caller]
pub fn introspect(house: &TestHouse, token: &str) -> Value {
    let answer = post(house, "/oauth2/introspect", Some(SHOP), &[("token", token)]);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.ok(200)
}

/// `POST /oauth2/revoke` without credentials.
#[track_caller]
pub fn revoke(house: &TestHouse, token: &str) {
    let answer = post(house, "/oauth2/revoke", None, &[("token", token)]);
    assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{answer:?}");
}

/// Asserts that this is the OAuth error with this status and code, whole and well-formed.
#[track_caller]
pub fn is_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, &answer.json["error"]), (status, &Value::from(error)), "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let members: Vec<_> = answer.json.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["error", "error_description"]);
    let description = answer.json["error_description"].as_str().expect("a text");
    let allowed = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    assert!(!description.is_empty() && description.chars().all(allowed), "{description:?}");
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge.starts_with("Basic realm=\"guardhouse\""), status == 401, "{answer:?}");
}
