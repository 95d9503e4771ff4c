//! Errors as clients see them: problem details (RFC 9457).

mod code;
mod from_flows;
mod told;

use std::fmt;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use schemars::JsonSchema;
use serde::Serialize;

pub use code::Code;
pub(super) use told::{Told, told};

/// One thing that is wrong with the input.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FieldError {
    /// Which field, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Why, stable.
    pub code: &'static str,
    /// Why, in words.
    pub detail: String,
}

/// A problem on its way to the client. The front door adds what only it knows: the path and the request's id.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    errors: Vec<FieldError>,
    headers: Vec<(&'static str, String)>,
}

/// Why a request was refused (RFC 9457). Decide by `code`, which is stable.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Body<'a> {
    /// Where it is explained.
    #[serde(rename = "type")]
    #[schemars(extend("format" = "uri-reference"))]
    kind: String,
    /// What it means, for people.
    title: &'static str,
    /// As in the status line.
    status: u16,
    /// What it means in this case, for people.
    detail: &'a str,
    /// The path that was asked.
    instance: &'a str,
    /// What it is, for programs.
    code: &'static str,
    /// As in the header `X-Request-Id`.
    request_id: &'a str,
    /// What is wrong with the input, one entry each; absent where there is nothing to point at.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    /// A problem with the words that belong to its code.
    pub fn new(code: Code) -> Self {
        let challenge = code.challenge().map(|challenge| ("www-authenticate", challenge.to_owned()));
        Self { code, detail: None, errors: Vec::new(), headers: challenge.into_iter().collect() }
    }

    /// With words for this one case.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// With what is wrong about the input.
    #[must_use]
    pub fn errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// With a header; `name` in lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With `Retry-After` in whole seconds, rounded up so that nobody comes back too early.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        self.header("retry-after", whole_seconds(after).to_string())
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The headers beyond those of every problem.
    pub(super) fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// The answer, for the request with this path and id.
    pub fn render(&self, instance: &str, request_id: &str) -> HttpResponse {
        let body = Body {
            kind: format!("/docs/problems#{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: self.detail.as_deref().unwrap_or(self.code.title()),
            instance,
            code: self.code.as_str(),
            request_id,
            errors: &self.errors,
        };
        let mut response = HttpResponse::build(self.code.status());
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.append_header((HeaderName::from_static(name), value));
            }
        }
        response
            .content_type("application/problem+json")
            .body(serde_json::to_string(&body).unwrap_or_default())
    }
}

/// `duration` in whole seconds, rounded up, at least one.
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1_000).max(1).try_into().unwrap_or(u64::MAX)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail.as_deref().unwrap_or(self.code.title()))
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.render("", "")
    }
}
