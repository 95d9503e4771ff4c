//! Request bodies: bounded in size and time, strictly JSON, unknown fields refused by the types they are read into.

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::Front;
use super::problem::{Code, FieldError, Problem};

/// A JSON body as a `T`, which should carry `#[serde(deny_unknown_fields)]`.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            if !is_json(&request) {
                return Err(not_json());
            }
            parse(&read(&request, payload).await?).map(Self)
        })
    }
}

/// Query parameters as a `T`.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(
            web::Query::<T>::from_query(request.query_string())
                .map(|query| Self(query.into_inner()))
                .map_err(|_| {
                    Problem::new(Code::InvalidRequest).detail("the query has unknown or malformed parameters")
                }),
        )
    }
}

/// An identifier in the path.
pub(super) fn id<T: std::str::FromStr>(request: &HttpRequest) -> Result<T, Problem> {
    request
        .match_info()
        .get("id")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Problem::new(Code::NotFound))
}

pub(super) fn not_json() -> Problem {
    Problem::new(Code::UnsupportedMediaType).detail("the body must be application/json")
}

/// A JSON body where there is one.
pub(super) async fn optional<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Option<T>, Problem> {
    let body = read(request, payload.into_inner()).await?;
    match (body.is_empty(), is_json(request)) {
        (true, false) => Ok(None),
        (_, true) => parse(&body).map(Some),
        (false, false) => Err(not_json()),
    }
}

pub(super) fn is_json(request: &HttpRequest) -> bool {
    request.content_type().eq_ignore_ascii_case("application/json")
}

/// The whole body, within the configured size and time.
pub(super) async fn read(request: &HttpRequest, mut payload: Payload) -> Result<web::BytesMut, Problem> {
    let front = request.app_data::<web::Data<Front>>().ok_or_else(|| Problem::new(Code::Internal))?;
    if request.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Problem::new(Code::UnsupportedMediaType).detail("compressed bodies are not accepted"));
    }
    let limit = front.body_limit;
    let too_large =
        || Problem::new(Code::BodyTooLarge).detail(format!("the body may have at most {limit} octets"));
    let reading = async {
        let mut body = web::BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk
                .map_err(|_| Problem::new(Code::InvalidRequest).detail("the body did not arrive whole"))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    };
    tokio::time::timeout(front.body_timeout, reading).await.map_err(|_| Problem::new(Code::RequestTimeout))?
}

/// `body` as JSON. What is told of a fault never quotes a value: it may be a password.
///
/// # Errors
///
/// [`Code::InvalidRequest`] for what is not JSON, not an object, or not a `T`.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde would read a struct from an array too, by the order of its fields.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(malformed("the body must be a JSON object".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let speaks_of_names_only =
            ["unknown field", "missing field", "duplicate field"].iter().any(|s| text.starts_with(s));
        let reason = match error.classify() {
            serde_json::error::Category::Data if speaks_of_names_only => text,
            serde_json::error::Category::Data => {
                format!("a value has the wrong type, near line {} column {}", error.line(), error.column())
            }
            _ => format!("the body is not JSON, near line {} column {}", error.line(), error.column()),
        };
        malformed(reason)
    })
}

fn malformed(reason: String) -> Problem {
    Problem::new(Code::InvalidRequest).detail(reason.clone()).errors(vec![FieldError {
        pointer: String::new(),
        code: "invalid_request",
        detail: reason,
    }])
}

/// More fields than any form of ours has: looking for doubled names takes time in their square.
pub(super) const MOST_FIELDS: usize = 32;

/// A form as its fields; each name once (RFC 6749 section 3.2), and not more than 32 of them.
///
/// # Errors
///
/// [`Code::InvalidRequest`] for a name that occurs twice, for too many, and for what is not UTF-8.
pub fn form(body: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    let malformed =
        || Problem::new(Code::InvalidRequest).detail("the form is malformed or names a field twice");
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        // The parser puts U+FFFD where the text is no UTF-8; a password must not be changed silently.
        let damaged = name.contains('\u{fffd}') || value.contains('\u{fffd}');
        if damaged || fields.len() == MOST_FIELDS || fields.iter().any(|(known, _)| *known == name) {
            return Err(malformed());
        }
        fields.push((name.into_owned(), value.into_owned()));
    }
    Ok(fields)
}
