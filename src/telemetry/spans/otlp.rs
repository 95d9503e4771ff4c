//! Spans as OTLP/HTTP takes them, in its JSON form (OTLP specification 1.x, "JSON Protobuf Encoding").

use std::borrow::Cow;

use serde_json::{Value as Json, json};

/// A span that has ended.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) trace: u128,
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    pub(super) kind: Kind,
    pub(super) name: Cow<'static, str>,
    pub(super) begun: u64,
    pub(super) ended: u64,
    pub(super) attributes: Vec<(&'static str, Value)>,
    pub(super) failed: bool,
}

/// What a span is to others; the numbers are the protocol's.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Internal = 1,
    Server = 2,
}

/// What an attribute says.
#[derive(Debug, Clone)]
pub enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// A whole number.
    Whole(i64),
    /// Seconds, for example.
    Real(f64),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Whole(number.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

fn attribute(key: &str, value: &Value) -> Json {
    let value = match value {
        Value::Text(text) => json!({ "stringValue": text }),
        // 64 bits are texts in this form.
        Value::Whole(number) => json!({ "intValue": number.to_string() }),
        Value::Real(number) => json!({ "doubleValue": number }),
    };
    json!({ "key": key, "value": value })
}

fn attributes(pairs: &[(&'static str, Value)]) -> Vec<Json> {
    pairs.iter().map(|(key, value)| attribute(key, value)).collect()
}

fn span(span: &Span) -> Json {
    let mut json = json!({
        "traceId": format!("{:032x}", span.trace),
        "spanId": format!("{:016x}", span.id),
        "name": span.name,
        "kind": span.kind as u8,
        "startTimeUnixNano": span.begun.to_string(),
        "endTimeUnixNano": span.ended.to_string(),
        "attributes": attributes(&span.attributes),
    });
    if let Some(parent) = span.parent {
        json["parentSpanId"] = format!("{parent:016x}").into();
    }
    if span.failed {
        json["status"] = json!({ "code": 2 });
    }
    json
}

/// The body of a request that hands `spans` over, of which `resource` says whose they are.
pub(super) fn body(resource: &[(&'static str, Value)], spans: &[Span]) -> Vec<u8> {
    let scope = json!({ "name": "guardhouse", "version": env!("CARGO_PKG_VERSION") });
    let spans: Vec<_> = spans.iter().map(span).collect();
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": attributes(resource) },
        "scopeSpans": [{ "scope": scope, "spans": spans }],
    }] });
    body.to_string().into_bytes()
}
