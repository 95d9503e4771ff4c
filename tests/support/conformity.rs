//! Holds every answer that a test gets against the contract: its status, type, headers, body, and the code of a problem have to
//! be what the document says of that operation. So each test of the HTTP contract is one of the document too.

use std::sync::OnceLock;

use guardhouse::http::openapi;
use serde_json::Value;

use super::Answer;

/// What every answer may have and no document lists.
const USUAL: [&str; 9] = [
    "content-type",
    "content-length",
    "transfer-encoding",
    "connection",
    "date",
    "x-content-type-options",
    "referrer-policy",
    "content-security-policy",
    "cross-origin-resource-policy",
];

const UNKNOWN: &str = "is not in the contract";

pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| openapi::document(""))
}

/// `value`, or what it refers to.
pub fn resolved(value: &'static Value) -> &'static Value {
    let Some(target) = value["$ref"].as_str() else { return value };
    let pointer = target.strip_prefix('#').expect("references stay within the document");
    document().pointer(pointer).unwrap_or_else(|| panic!("{target} leads nowhere"))
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    Public { docs: bool },
    Operators,
}

impl Listener {
    fn has(self, path: &str, item: &Value) -> bool {
        let of_operators = item.get("servers").is_some();
        match self {
            _ if path.starts_with("/health/") => true,
            Self::Operators => of_operators,
            Self::Public { docs } => !of_operators && (docs || item["get"]["tags"][0] != "This contract"),
        }
    }
}

/// The path of the document that `path` is an instance of, with what is there.
fn place(path: &str) -> Option<(&'static str, &'static Value)> {
    let segments: Vec<_> = path.split('/').collect();
    let fits = |template: &str| {
        let wanted: Vec<_> = template.split('/').collect();
        wanted.len() == segments.len()
            && wanted.iter().zip(&segments).all(|(want, is)| want == is || *want == "{id}" && !is.is_empty())
    };
    let paths = document()["paths"].as_object().expect("there are paths");
    paths.iter().find(|(template, _)| fits(template)).map(|(template, item)| (template.as_str(), item))
}

/// Asserts that the contract knows `answer` to `method` of `path`, which is without `server.base_path` and query.
#[track_caller]
pub fn check(listener: Listener, method: &str, path: &str, answer: &Answer) {
    let Some((template, item)) = place(path).filter(|(template, item)| listener.has(template, item)) else {
        return;
    };
    let operation = match method {
        "HEAD" => item.get("get"),
        other => item.get(other.to_ascii_lowercase()),
    };
    let what = format!("{method} {template}");
    let Some(operation) = operation else {
        let preflight = method == "OPTIONS" && answer.headers.contains_key("vary");
        assert!(
            preflight || answer.status >= 400,
            "{what} is not in the contract and does something: {answer:?}"
        );
        return;
    };
    let response = &operation["responses"][answer.status.to_string()];
    assert!(!response.is_null(), "{what}: the contract has no {}: {answer:?}", answer.status);
    let response = resolved(response);
    check_headers(&what, response, answer);
    if method == "HEAD" {
        return;
    }
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answer.text, "", "{what}: the contract has no body for {}", answer.status);
        return;
    };
    let media = answer.header("content-type");
    if answer.text.is_empty() && answer.status < 300 {
        panic!("{what}: the contract has a body for {}: {answer:?}", answer.status);
    }
    let content =
        content.get(media).unwrap_or_else(|| panic!("{what}: the contract has no {media:?}: {answer:?}"));
    if media.contains("json") {
        let mut faults = Vec::new();
        validate(&content["schema"], &answer.json, "", &mut faults);
        assert!(faults.is_empty(), "{what} {}: {}\n{answer:?}", answer.status, faults.join("; "));
    }
}

#[track_caller]
fn check_headers(what: &str, response: &'static Value, answer: &Answer) {
    let documented = response["headers"].as_object().expect("every answer has headers");
    for (name, header) in documented {
        let header = resolved(header);
        let there = answer.headers.get(name.as_str());
        assert!(there.is_some() || header["required"] == false, "{what}: no {name}: {answer:?}");
    }
    for name in answer.headers.keys().map(|name| name.as_str()) {
        let known = USUAL.contains(&name)
            || name == "vary"
            || name.starts_with("access-control-")
            || documented.keys().any(|known| known.eq_ignore_ascii_case(name));
        assert!(known, "{what} {}: the contract does not know the header {name}: {answer:?}", answer.status);
    }
}

/// The part of JSON Schema that the document uses. A member that the schema does not know is a fault.
pub fn validate(schema: &'static Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let schema = resolved(schema);
    let mut fault = |why: String| faults.push(format!("{at:?} {why}"));
    match &schema["type"] {
        Value::Null => {}
        Value::Array(kinds) if kinds.iter().any(|kind| is(kind, value)) => {}
        kind if is(kind, value) => {}
        kind => fault(format!("is not {kind} but {value}")),
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        fault(format!("is {value} and not one of {values:?}"));
    }
    if let Some(only) = schema.get("const")
        && only != value
    {
        fault(format!("is {value} and not {only}"));
    }
    if let Some(text) = value.as_str() {
        let good = match schema["format"].as_str() {
            Some("uuid") => uuid::Uuid::try_parse(text).is_ok(),
            Some("date-time") => text.len() >= 20 && text.ends_with('Z'),
            _ => true,
        };
        if !good {
            fault(format!("is no {}: {text}", schema["format"]));
        }
    }
    if let Some(members) = value.as_object() {
        let properties = schema["properties"].as_object();
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                faults.push(format!("{at:?} lacks {name}"));
            }
        }
        for (name, member) in members {
            let at = format!("{at}/{name}");
            match (properties.and_then(|properties| properties.get(name)), &schema["additionalProperties"]) {
                (Some(of), _) => validate(of, member, &at, faults),
                (None, Value::Null)
                    if properties.is_some()
                        && schema["type"] == "object"
                        && alternatives(schema).is_none() =>
                {
                    faults.push(format!("{at:?} {UNKNOWN}"));
                }
                (None, _) => {}
            }
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(of) = schema.get("items") {
            validate(of, item, &format!("{at}/{index}"), faults);
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        validate(part, value, at, faults);
    }
    if let Some(parts) = alternatives(schema) {
        let tries: Vec<_> = parts
            .iter()
            .map(|part| {
                let mut faults = Vec::new();
                validate(part, value, at, &mut faults);
                // Members beside the alternatives belong to each.
                faults.retain(|fault| schema.get("properties").is_none() || !fault.ends_with(UNKNOWN));
                faults
            })
            .collect();
        if !tries.iter().any(Vec::is_empty) {
            faults.push(format!("{at:?} is none of these: {tries:?}"));
        }
    }
}

fn alternatives(schema: &'static Value) -> Option<&'static Vec<Value>> {
    ["anyOf", "oneOf"].iter().find_map(|of| schema[of].as_array())
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("null") => value.is_null(),
        _ => false,
    }
}
