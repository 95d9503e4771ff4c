//! The document by itself: well-formed, and with every problem that there is. That answers are what it says is asserted
//! for every answer that any test gets: see `tests/support/conformity.rs`.

use std::collections::{BTreeMap, BTreeSet};

use guardhouse::http::problem::Code;
use serde_json::Value;

use crate::support::conformity::{document, resolved, validate};

pub const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

/// Every operation, as `get /path`.
pub fn operations() -> Vec<(&'static str, &'static str, &'static Value)> {
    let paths = document()["paths"].as_object().expect("there are paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            METHODS.iter().filter_map(move |method| Some((*method, path.as_str(), item.get(*method)?)))
        })
        .collect()
}

fn everywhere(value: &'static Value, see: &mut impl FnMut(&'static Value)) {
    see(value);
    match value {
        Value::Object(members) => members.values().for_each(|member| everywhere(member, see)),
        Value::Array(items) => items.iter().for_each(|item| everywhere(item, see)),
        _ => {}
    }
}

#[test]
fn the_committed_copy_is_what_the_program_says() {
    let committed = include_str!("../../docs/openapi.json");
    let made = format!("{:#}\n", document());
    assert!(
        committed == made,
        "docs/openapi.json is another; make it anew: cargo run -- openapi > docs/openapi.json"
    );
}

#[test]
fn every_reference_leads_somewhere_and_everything_that_is_shared_is_used() {
    let mut used = BTreeSet::new();
    everywhere(document(), &mut |value| {
        if let Some(target) = value["$ref"].as_str() {
            resolved(value);
            used.insert(target);
        }
    });
    for kind in ["schemas", "responses", "headers", "parameters"] {
        for name in document()["components"][kind].as_object().expect("there are some").keys() {
            let inline = kind == "headers" && ["Guardhouse-Refresh", "Set-Cookie"].contains(&name.as_str());
            assert!(
                inline || used.contains(format!("#/components/{kind}/{name}").as_str()),
                "{kind}/{name} is not used"
            );
        }
    }
}

#[test]
fn every_operation_says_what_openapi_wants_to_know() {
    let mut ids = BTreeSet::new();
    let schemes = &document()["components"]["securitySchemes"];
    for (method, path, operation) in operations() {
        let what = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or_default();
        assert!(!id.is_empty() && ids.insert(id), "{what}: another operation is called {id:?}");
        assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 8), "{what} has no summary");
        for way in operation["security"].as_array().unwrap_or_else(|| panic!("{what}: who may ask?")) {
            way.as_object()
                .unwrap()
                .keys()
                .for_each(|name| assert!(schemes[name].is_object(), "{what}: {name}"));
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{what} never ends well");
        for (status, response) in responses {
            let response = resolved(response);
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{what} {status}");
        }
        let item = &document()["paths"][path];
        let declared = item["parameters"].as_array().unwrap().iter().map(|parameter| resolved(parameter));
        let in_path = declared.filter(|parameter| parameter["in"] == "path").count();
        assert_eq!(in_path, path.matches('{').count(), "{what}");
    }
    assert!(ids.len() > 30, "{ids:?}");
}

/// The problems of an operation, by status.
fn problems(operation: &'static Value) -> BTreeMap<&'static str, Vec<&'static str>> {
    let responses = operation["responses"].as_object().unwrap();
    responses
        .iter()
        .filter_map(|(status, response)| {
            let schema = resolved(response)["content"]["application/problem+json"].get("schema")?;
            let codes = schema["allOf"][1]["properties"]["code"]["enum"].as_array()?;
            Some((status.as_str(), codes.iter().filter_map(Value::as_str).collect()))
        })
        .collect()
}

#[test]
fn every_problem_is_in_some_operation_under_its_status_and_no_other_is() {
    let known: BTreeMap<_, _> =
        Code::ALL.iter().map(|code| (code.as_str(), code.status().as_u16().to_string())).collect();
    let mut seen = BTreeSet::new();
    for (method, path, operation) in operations() {
        for (status, codes) in problems(operation) {
            for code in codes {
                assert_eq!(known.get(code).map(String::as_str), Some(status), "{method} {path}: {code}");
                seen.insert(code);
            }
        }
    }
    let missing: Vec<_> = known.keys().filter(|code| !seen.contains(*code)).collect();
    assert_eq!(missing, [&"method_not_allowed"], "which belongs to no operation, since it is of all others");
}

#[test]
fn what_a_handler_asks_for_is_read_from_its_arguments() {
    let codes = |path: &str, method: &str| -> BTreeSet<_> {
        let (_, _, operation) = *operations()
            .iter()
            .find(|(m, p, _)| *m == method && *p == path)
            .expect("there is such an operation");
        problems(operation).into_values().flatten().collect()
    };
    let bearer = ["token_missing", "token_invalid", "token_expired", "token_revoked"];
    let body = ["invalid_request", "unsupported_media_type", "body_too_large", "request_timeout"];
    for (method, path, operation) in
        operations().into_iter().filter(|(_, path, _)| !path.starts_with("/oauth2"))
    {
        let codes = codes(path, method);
        let wants_token =
            operation["security"].as_array().unwrap().iter().any(|way| way.get("accessToken").is_some());
        assert_eq!(wants_token, bearer.iter().all(|code| codes.contains(code)), "{method} {path}: {codes:?}");
        assert_eq!(
            operation.get("requestBody").is_some(),
            body.iter().all(|code| codes.contains(code)),
            "{method} {path}: {codes:?}"
        );
        assert!(
            operation.get("parameters").is_none() || codes.contains("invalid_request"),
            "{method} {path}"
        );
    }
}

#[test]
fn the_check_of_answers_notices_what_is_not_in_the_contract() {
    let schema = &document()["components"]["schemas"]["User"];
    let user = serde_json::json!({
        "id": "01a1fa13-7217-79aa-8cfd-5934d5c61b06", "email": "a@example.org", "email_verified": false, "name": null,
        "roles": ["user"], "created_at": "2026-11-20T16:50:29.25Z", "updated_at": "2026-11-20T16:50:29.25Z",
        "last_login_at": null,
    });
    let faults = |change: &dyn Fn(&mut Value)| {
        let (mut user, mut faults) = (user.clone(), Vec::new());
        change(&mut user);
        validate(schema, &user, "", &mut faults);
        faults.len()
    };
    assert_eq!(faults(&|_| ()), 0);
    assert_eq!(faults(&|user| user["hash"] = "x".into()), 1, "a member that is not in the contract");
    assert_eq!(
        faults(&|user| drop(user.as_object_mut().unwrap().remove("email"))),
        1,
        "a member that is missing"
    );
    assert_eq!(faults(&|user| user["roles"] = serde_json::json!([1])), 1, "another type");
    assert_eq!(faults(&|user| user["id"] = "x".into()), 1, "another format");
    assert_eq!(faults(&|user| user["disabled_at"] = Value::Null), 1, "what is absent is not null");
}
