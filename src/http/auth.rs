//! `/auth/register`, `/auth/login`, `/auth/refresh`, `/auth/logout`.

use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Front;
use super::body::{Json, Query, form, is_json, parse, read};
use super::openapi::Secret;
use super::problem::{Code, Problem, told};
use super::refresh_cookie;
use super::views::{TokenReply, UserView, token_reply};
use crate::flows::login::{Login, LoginError, login as login_flow};
use crate::flows::logout::{Scope, logout as logout_flow};
use crate::flows::refresh::{RefreshError, refresh as refresh_flow};
use crate::flows::register::{Register, RegisterError, Registered, register as register_flow};
use crate::flows::{Caller, Fault, Invalid, Limited, Visit};

/// A password for the description of bodies.
const EXAMPLE: &str = "Correct-horse-9-battery";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterBody {
    #[schemars(extend("format" = "email", "examples" = ["ada@example.org"]))]
    email: String,
    #[schemars(with = "Secret", extend("examples" = [EXAMPLE]))]
    password: SecretString,
    name: Option<String>,
}

/// With `registration.sign_in = true`, and without.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Registered")]
#[expect(dead_code, reason = "the shape of what `register` answers")]
pub(super) enum RegisterReply {
    SignedIn(TokenReply<'static>),
    Account(NotSignedIn),
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct NotSignedIn {
    user: UserView,
}

/// Whether the address was taken is not told.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct NothingTold {}

/// `POST /auth/register`, `POST /auth/signup`
pub(super) async fn register(
    front: web::Data<Front>,
    visit: Visit,
    Json(body): Json<RegisterBody>,
) -> Result<HttpResponse, Problem> {
    let request = Register { email: body.email, password: body.password, name: body.name };
    let desk = front.desk.clone();
    let flow = async move { register_flow(&desk, request, &visit).await };
    Ok(match front.detached.to_the_end("register", flow).await? {
        Registered::SignedIn(signed_in) => token_reply(&front, StatusCode::CREATED, *signed_in),
        Registered::Accepted => HttpResponse::Accepted().json(NothingTold {}),
        Registered::Account(user) => HttpResponse::Created().json(NotSignedIn { user: user.into() }),
    })
}

told!(RegisterError { Closed => RegistrationClosed, EmailTaken => EmailTaken } {
    Invalid: Vec<Invalid>,
    Limited: Limited,
    Fault: Fault,
});

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginBody {
    #[schemars(extend("format" = "email", "examples" = ["ada@example.org"]))]
    email: String,
    #[schemars(with = "Secret", extend("examples" = [EXAMPLE]))]
    password: SecretString,
}

/// `POST /auth/login`: JSON, or the OAuth 2.0 password form (RFC 6749 section 4.3.2).
pub(super) async fn login(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let is_form = request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if !is_form && !is_json(&request) {
        return Err(Problem::new(Code::UnsupportedMediaType)
            .detail("the body must be application/json or application/x-www-form-urlencoded"));
    }
    let body = read(&request, payload.into_inner()).await?;
    let LoginBody { email, password } = if is_form { login_form(&body)? } else { parse(&body)? };
    let desk = front.desk.clone();
    let flow = async move { login_flow(&desk, Login { email, password }, &visit).await };
    let signed_in = front.detached.to_the_end("login", flow).await?;
    Ok(token_reply(&front, StatusCode::OK, signed_in))
}

/// The OAuth 2.0 password form (RFC 6749 section 4.3.2).
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the shape of what `login_form` reads")]
pub(super) struct LoginForm {
    /// The e-mail address.
    username: String,
    #[schemars(with = "Secret")]
    password: String,
    #[schemars(default)]
    grant_type: GrantType,
    /// Not looked at, like the two that follow.
    #[schemars(default)]
    scope: String,
    #[schemars(default)]
    client_id: String,
    #[schemars(default)]
    client_secret: String,
}

#[derive(Default, Serialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "lowercase")]
enum GrantType {
    #[default]
    Password,
}

fn login_form(body: &[u8]) -> Result<LoginBody, Problem> {
    let (mut username, mut password) = (None, None);
    for (name, value) in form(body)? {
        match name.as_str() {
            "username" => username = Some(value),
            "password" => password = Some(SecretString::from(value)),
            "grant_type" if value == "password" => {}
            "scope" | "client_id" | "client_secret" => {}
            _ => {
                return Err(Problem::new(Code::InvalidRequest)
                    .detail("the form has a field other than username, password and grant_type=password"));
            }
        }
    }
    match (username, password) {
        (Some(email), Some(password)) => Ok(LoginBody { email, password }),
        _ => Err(Problem::new(Code::InvalidRequest).detail("the form needs username and password")),
    }
}

told!(LoginError { InvalidCredentials => InvalidCredentials } { Limited: Limited, Fault: Fault });

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshBody {
    #[schemars(with = "Secret")]
    refresh_token: SecretString,
}

/// `POST /auth/refresh`
pub(super) async fn refresh(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let token = presented(&front, &request, payload).await?;
    let desk = front.desk.clone();
    let flow = async move { refresh_flow(&desk, &token, &visit).await };
    let refreshed = front.detached.to_the_end("refresh", flow).await?;
    let mut response = token_reply(&front, StatusCode::OK, refreshed.signed_in);
    let how = if refreshed.replayed { "replayed" } else { "rotated" };
    response.headers_mut().insert(
        actix_web::http::header::HeaderName::from_static("guardhouse-refresh"),
        actix_web::http::header::HeaderValue::from_static(how),
    );
    Ok(response)
}

/// The refresh token of `request`: in the body, or where browsers keep it in a cookie, there and nowhere else.
async fn presented(
    front: &Front,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<SecretString, Problem> {
    if front.sites.cookies {
        return refresh_cookie::read(request);
    }
    let Json(body) = Json::<RefreshBody>::from_request(request, &mut payload.into_inner()).await?;
    Ok(body.refresh_token)
}

told!(RefreshError { Invalid => RefreshInvalid, Replayed => RefreshReplayed } { Limited: Limited, Fault: Fault });

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogoutQuery {
    #[serde(default)]
    scope: LogoutScope,
}

#[derive(Deserialize, Default, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "lowercase")]
enum LogoutScope {
    #[default]
    Local,
    Others,
    Global,
}

/// `POST /auth/logout`
pub(super) async fn logout(
    front: web::Data<Front>,
    visit: Visit,
    caller: Caller,
    Query(query): Query<LogoutQuery>,
) -> Result<HttpResponse, Problem> {
    let scope = match query.scope {
        LogoutScope::Local => Scope::Local,
        LogoutScope::Others => Scope::Others,
        LogoutScope::Global => Scope::Global,
    };
    let ends_this_session = matches!(scope, Scope::Local | Scope::Global);
    let desk = front.desk.clone();
    front
        .detached
        .to_the_end("logout", async move { logout_flow(&desk, &caller, scope, &visit).await })
        .await?;
    let mut response = HttpResponse::NoContent().finish();
    if front.sites.cookies
        && ends_this_session
        && let Some(cookie) = refresh_cookie::clear()
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
