//! Extractors for actix-web. The guard comes from `App::app_data(web::Data::new(guard))`.
//!
//! | extractor | lets in |
//! | --- | --- |
//! | [`CurrentUser`] | whoever presents a good token, and says who it is |
//! | [`RequireAuth`] | the same, where nobody asks who it is |
//! | [`OptionalAuth`] | everybody; a token that is presented has to be good |
//! | [`RequireRole`] | whoever has a role |
//!
//! What is refused is answered with a problem document (RFC 9457) and the challenge of RFC 6750 section 3, as the server
//! itself does.

use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};

use super::{CurrentUser, Guard, Refusal};

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// No bearer token.
    Missing,
    /// A token that is refused.
    Refused(Refusal),
    /// A good token of somebody without the role.
    RoleRequired,
    /// The service has no guard: see the log.
    NoGuard,
}

impl NotAdmitted {
    /// Stable code, title, and the challenge.
    fn told(self) -> (&'static str, &'static str, Option<&'static str>) {
        // RFC 6750 section 3: the scheme alone is no challenge.
        const INVALID: Option<&str> = Some("Bearer realm=\"guardhouse\", error=\"invalid_token\"");
        match self {
            Self::Missing => {
                ("token_missing", "An access token is needed", Some("Bearer realm=\"guardhouse\""))
            }
            Self::Refused(Refusal::Invalid) => ("token_invalid", "The access token is not valid", INVALID),
            Self::Refused(Refusal::Expired) => ("token_expired", "The access token has expired", INVALID),
            Self::Refused(Refusal::Revoked) => {
                ("token_revoked", "The access token has been revoked", INVALID)
            }
            Self::Refused(Refusal::Unknown) => {
                ("storage_unavailable", "Whether the access token is good is not known at the moment", None)
            }
            Self::RoleRequired => (
                "role_required",
                "This needs a role that the account does not have",
                Some("Bearer realm=\"guardhouse\", error=\"insufficient_scope\""),
            ),
            Self::NoGuard => ("internal", "Something went wrong on the server", None),
        }
    }
}

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.told().1)
    }
}

impl ResponseError for NotAdmitted {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Refused(Refusal::Invalid | Refusal::Expired | Refusal::Revoked) => {
                StatusCode::UNAUTHORIZED
            }
            Self::RoleRequired => StatusCode::FORBIDDEN,
            Self::Refused(Refusal::Unknown) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoGuard => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let (code, title, challenge) = self.told();
        let status = self.status_code();
        let mut answer = HttpResponse::build(status);
        answer.insert_header((CACHE_CONTROL, "no-store")).content_type("application/problem+json");
        if let Some(challenge) = challenge {
            answer.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.insert_header((RETRY_AFTER, "5"));
        }
        let problem = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "code": code });
        answer.body(problem.to_string())
    }
}

impl CurrentUser {
    /// Lets pass whoever has the role called `name`.
    ///
    /// # Errors
    ///
    /// [`NotAdmitted::RoleRequired`]
    pub fn require_role(&self, name: &str) -> Result<(), NotAdmitted> {
        if self.has_role(name) { Ok(()) } else { Err(NotAdmitted::RoleRequired) }
    }
}

/// The token of `request` (RFC 6750 section 2.1), if there is one.
fn token(request: &HttpRequest) -> Result<Option<&str>, NotAdmitted> {
    const INVALID: NotAdmitted = NotAdmitted::Refused(Refusal::Invalid);
    let mut credentials = request.headers().get_all(AUTHORIZATION);
    let Some(credential) = credentials.next() else { return Ok(None) };
    // Which of two would count?
    if credentials.next().is_some() {
        return Err(INVALID);
    }
    let (scheme, token) = credential.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(INVALID)?;
    Ok(scheme.eq_ignore_ascii_case("bearer").then_some(token))
}

fn optional(request: &HttpRequest) -> Result<Option<CurrentUser>, NotAdmitted> {
    let Some(guard) = request.app_data::<web::Data<Guard>>() else {
        tracing::error!("there is no guard: add `.app_data(web::Data::new(guard))` to the App");
        return Err(NotAdmitted::NoGuard);
    };
    let Some(token) = token(request)? else { return Ok(None) };
    guard.verify(token).map(Some).map_err(NotAdmitted::Refused)
}

fn required(request: &HttpRequest) -> Result<CurrentUser, NotAdmitted> {
    optional(request)?.ok_or(NotAdmitted::Missing)
}

impl FromRequest for CurrentUser {
    type Error = NotAdmitted;
    type Future = Ready<Result<Self, NotAdmitted>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(required(request))
    }
}

/// Somebody with a good token.
#[derive(Debug, Clone, Copy)]
pub struct RequireAuth;

impl FromRequest for RequireAuth {
    type Error = NotAdmitted;
    type Future = Ready<Result<Self, NotAdmitted>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(required(request).map(|_| Self))
    }
}

/// Somebody with a good token, or somebody without any.
#[derive(Debug, Clone)]
pub struct OptionalAuth(pub Option<CurrentUser>);

impl FromRequest for OptionalAuth {
    type Error = NotAdmitted;
    type Future = Ready<Result<Self, NotAdmitted>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(optional(request).map(Self))
    }
}

/// The name of a role, as a type: `struct Admin; impl RoleName for Admin { const NAME: &'static str = "admin"; }`.
pub trait RoleName: 'static {
    /// The role's name in tokens.
    const NAME: &'static str;
}

/// Somebody with a good token and the role `R`.
#[derive(Debug, Clone)]
pub struct RequireRole<R: RoleName> {
    /// Who.
    pub user: CurrentUser,
    role: PhantomData<R>,
}

impl<R: RoleName> FromRequest for RequireRole<R> {
    type Error = NotAdmitted;
    type Future = Ready<Result<Self, NotAdmitted>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let admitted = required(request).and_then(|user| {
            user.require_role(R::NAME)?;
            Ok(Self { user, role: PhantomData })
        });
        ready(admitted)
    }
}
