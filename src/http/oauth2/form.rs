//! The form that `/oauth2` reads: each parameter once, an empty one as if it were not there, unknown ones ignored
//! (RFC 6749 section 3.2).

use actix_web::{HttpMessage, HttpRequest, web};
use schemars::JsonSchema;
use secrecy::SecretString;

use super::error::OauthError;
use crate::flows::client::KnownClient;
use crate::http::body::{self, MOST_FIELDS};
use crate::http::openapi::Secret;
use crate::http::problem::{Code, Problem};

/// A token to be looked at.
#[derive(JsonSchema)]
#[schemars(rename = "TokenForm", extend("additionalProperties" = { "type": "string" }, "maxProperties" = MOST_FIELDS))]
#[expect(dead_code, reason = "the shape of what `Form` reads")]
pub(in crate::http) struct Shape {
    #[schemars(with = "Secret", extend("minLength" = 1))]
    token: String,
    /// Not looked at: a token shows what it is.
    #[schemars(default)]
    token_type_hint: String,
}

/// What the form says.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The body of `request`.
    pub(super) async fn read(request: &HttpRequest, payload: web::Payload) -> Result<Self, OauthError> {
        if !request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let problem = Problem::new(Code::UnsupportedMediaType)
                .detail("the body must be application/x-www-form-urlencoded");
            return Err(problem.into());
        }
        Ok(Self(body::form(&body::read(request, payload.into_inner()).await?)?))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// `token`.
    pub(super) fn token(&self) -> Result<SecretString, OauthError> {
        self.get("token").map(Into::into).ok_or_else(|| OauthError::invalid_request("the form needs a token"))
    }

    /// Refuses credentials in the form: a client authenticates in one way at a time (RFC 6749 section 2.3), and here
    /// that is HTTP Basic. A `client_id` alone may repeat who asks.
    pub(super) fn agrees_with(&self, client: Option<&KnownClient>) -> Result<(), OauthError> {
        match (self.get("client_secret"), self.get("client_id"), client) {
            (Some(_), _, Some(_)) => {
                Err(OauthError::invalid_request("the client authenticates in two ways at once"))
            }
            (Some(_), _, None) => {
                Err(OauthError::invalid_client("credentials go into the Authorization header, as HTTP Basic"))
            }
            (None, Some(id), Some(client)) if id != client.id => {
                Err(OauthError::invalid_request("client_id names another client than the one that asks"))
            }
            (None, ..) => Ok(()),
        }
    }
}
