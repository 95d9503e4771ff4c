//! Errors in the form of OAuth 2.0 (RFC 6749 section 5.2).

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::problem::{Code, Problem};

/// An error on its way to a client of `/oauth2`.
#[derive(Debug, Clone)]
pub(in crate::http) struct OauthError {
    status: StatusCode,
    error: &'static str,
    description: String,
    headers: Vec<(&'static str, String)>,
}

/// An error in the form of OAuth 2.0 (RFC 6749 section 5.2).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OauthError")]
pub(in crate::http) struct Body<'a> {
    error: &'static str,
    error_description: &'a str,
}

impl OauthError {
    fn new(status: StatusCode, error: &'static str, description: &str) -> Self {
        Self { status, error, description: printable(description), headers: Vec::new() }
    }

    /// The request is malformed.
    pub(super) fn invalid_request(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// The client did not prove who it is. The same for every reason that depends on a secret.
    pub(super) fn invalid_client(description: &str) -> Self {
        let mut error = Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description);
        error.headers.push(("www-authenticate", "Basic realm=\"guardhouse\", charset=\"UTF-8\"".to_owned()));
        error
    }

    /// The client is known, and not allowed to do this.
    pub(super) fn unauthorized_client(description: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "unauthorized_client", description)
    }

    /// The answer.
    pub(in crate::http) fn render(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.append_header((HeaderName::from_static(name), value));
            }
        }
        response.json(Body { error: self.error, error_description: &self.description })
    }
}

/// Section 5.2 allows neither quotes nor backslashes, nor anything beyond ASCII.
fn printable(description: &str) -> String {
    let allowed = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    description.chars().map(|c| if allowed(c) { c } else { '?' }).collect()
}

impl OauthError {
    /// What the whole house may answer, said in OAuth's words.
    pub(in crate::http) fn name(code: Code) -> &'static str {
        match code {
            Code::InvalidRequest
            | Code::NotFound
            | Code::MethodNotAllowed
            | Code::NotAcceptable
            | Code::RequestTimeout
            | Code::BodyTooLarge
            | Code::UnsupportedMediaType
            | Code::ValidationFailed
            | Code::EmailTaken
            | Code::MisdirectedRequest => "invalid_request",
            Code::InvalidCredentials
            | Code::TokenMissing
            | Code::TokenInvalid
            | Code::TokenExpired
            | Code::TokenRevoked
            | Code::RefreshInvalid
            | Code::RefreshReplayed => "invalid_grant",
            Code::NotYours | Code::RoleRequired | Code::RegistrationClosed | Code::CrossSite => {
                "access_denied"
            }
            Code::RateLimited | Code::Overloaded | Code::StorageUnavailable => "temporarily_unavailable",
            Code::Internal => "server_error",
        }
    }
}

/// Status and headers stay.
impl From<Problem> for OauthError {
    fn from(problem: Problem) -> Self {
        let error = Self::name(problem.code());
        let headers = problem.headers().to_vec();
        Self { headers, ..Self::new(problem.code().status(), error, &problem.to_string()) }
    }
}

impl fmt::Display for OauthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)
    }
}

impl std::error::Error for OauthError {}

impl ResponseError for OauthError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_only_the_characters_that_the_form_allows() {
        assert_eq!(printable("a \"b\" \\ ä\n~!#"), "a ?b? ? ??~!#");
        let error = OauthError::from(Problem::new(Code::StorageUnavailable).header("retry-after", "1"));
        assert_eq!((error.status.as_u16(), error.error), (503, "temporarily_unavailable"));
        assert_eq!(error.headers, [("retry-after", "1".to_owned())]);
    }
}
