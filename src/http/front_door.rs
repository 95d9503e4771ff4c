//! What every request passes on its way in and out: its visit, its id, its span, its problem rendered, its headers,
//! its line in the log and its place in the metrics.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{JsonPayloadError, PayloadError};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use metrics::{Counter, Histogram, counter, histogram};
use tracing::Instrument;

use super::accept::is_acceptable;
use super::caller_site::keep_cors;
use super::oauth2::{self, error::OauthError};
use super::openapi::is_page;
use super::problem::{Code, Problem};
use super::unread::{self, Holding};
use super::visit::{self, REQUEST_ID};
use super::{Front, well_known};
use crate::domain::clock::Stopwatch;
use crate::telemetry::spans::{self, OpenSpan, Tracer};
use crate::telemetry::stages::Stages;

/// The outermost middleware of both listeners.
///
/// # Errors
///
/// None of its own; what inner services refuse is an answer already.
pub async fn front_door(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Stopwatch::start();
    let front = request.app_data::<web::Data<Front>>().cloned();
    let Some(front) = front else {
        return Err(Problem::new(Code::Internal).into());
    };
    let visit = visit::arrive(&front, &request);
    let request_id = visit.origin.request_id;
    let caller = visit::trace_parent(request.headers());
    let span = tracing::info_span!("request", id = %request_id, trace = caller.map(|caller| caller.trace));
    let is_trusted = caller.is_some() && visit::came_by_proxy(&request);
    let begin = |tracer: &Tracer| tracer.begin(visit.now, caller.as_ref(), is_trusted);
    let open = front.tracer.as_ref().and_then(begin);

    let stages = front.server_timing.then(Arc::<Stages>::default);
    let unread = unread::share(&mut request);
    let response = if is_acceptable(request.headers(), is_page(request.path())) {
        let work = next.call(request).instrument(span.clone());
        let work = spans::within(open.as_ref().map(OpenSpan::place), work);
        Stages::within(stages.clone(), work).await?.map_into_boxed_body()
    } else {
        // Not `into_response`, which forgets the error that is rendered below.
        let (request, _) = request.into_parts();
        ServiceResponse::new(request, HttpResponse::from_error(Problem::new(Code::NotAcceptable)))
    };
    let overloaded = is_overloaded(&response);
    let mut response = with_problem_rendered(response, &request_id);
    dress(response.headers_mut(), &request_id);
    if let Some(told) = stages.and_then(|stages| HeaderValue::from_str(&stages.to_string()).ok()) {
        response.headers_mut().insert(HeaderName::from_static("server-timing"), told);
    }

    if front.draining.load(Ordering::Relaxed) {
        // Its next request had better go to another node.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }

    let elapsed = started.elapsed();
    let (method, status) = (response.request().method().clone(), response.status());
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    span.in_scope(|| {
        let millis = elapsed.as_micros() as f64 / 1e3;
        tracing::info!(target: "guardhouse::access", %method, route, status = status.as_u16(), millis, "answered");
    });
    if let Some(open) = open {
        describe(open, known(&method), &route, status, request_id);
    }
    meter(method, route, status, |(count, time)| {
        count.increment(1);
        time.record(elapsed);
    });
    if overloaded {
        front.impatience.hold(&response).await;
    }
    Ok(match unread {
        Some(request) => response.map_body(|_, body| Holding { body, _request: request }.boxed()),
        None => response,
    })
}

/// Whether the request was refused because too much came at once. A store that is away is nobody's impatience.
fn is_overloaded(response: &ServiceResponse<BoxBody>) -> bool {
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    problem.is_some_and(|problem| problem.code() == Code::Overloaded)
}

/// Every error leaves as a problem with its instance and request id, below `/oauth2` in the form of OAuth; also those that
/// actix-web itself made.
fn with_problem_rendered(response: ServiceResponse<BoxBody>, request_id: &str) -> ServiceResponse<BoxBody> {
    let Some(error) = response.response().error() else {
        return response;
    };
    let answer = match error.as_error::<OauthError>() {
        Some(error) => error.render(),
        None => {
            let problem =
                error.as_error::<Problem>().cloned().unwrap_or_else(|| foreign(error, response.status()));
            if oauth2::is_here(response.request().match_pattern().as_deref()) {
                OauthError::from(problem).render()
            } else {
                problem.render(response.request().path(), request_id)
            }
        }
    };
    let (request, replaced) = response.into_parts();
    let mut answer = answer;
    keep_cors(replaced.headers(), answer.headers_mut());
    ServiceResponse::new(request, answer)
}

fn foreign(error: &Error, status: StatusCode) -> Problem {
    let too_large = matches!(error.as_error(), Some(PayloadError::Overflow))
        || matches!(error.as_error(), Some(JsonPayloadError::Overflow { .. }));
    Problem::new(match status {
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        _ if too_large => Code::BodyTooLarge,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        status if status.is_client_error() => Code::InvalidRequest,
        _ => {
            tracing::error!(%error, "an unexpected error");
            Code::Internal
        }
    })
}

/// Headers of every answer: nothing here is for a cache, a frame, a script or a referrer.
fn dress(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), well_known::RESOURCE_POLICY),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// What the span of a request says when it has been answered, in the words of OpenTelemetry's semantic conventions.
fn describe(
    open: OpenSpan,
    method: Option<&'static str>,
    route: &str,
    status: StatusCode,
    request_id: String,
) {
    let mut open = open.named(format!("{} {route}", method.unwrap_or("HTTP")));
    open.add("http.request.method", method.unwrap_or("_OTHER"));
    open.add("http.route", route.to_owned());
    open.add("http.response.status_code", status.as_u16());
    open.add("guardhouse.request_id", request_id);
    open.fail_if(status.is_server_error());
}

/// Methods are made up by clients, and each would be a new time series, or name of a span.
fn known(method: &Method) -> Option<&'static str> {
    let known = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"];
    known.into_iter().find(|known| *known == method.as_str())
}

type Meters = (Counter, Histogram);

/// Looks the meters of a route up once for each worker; making them anew costs more than counting.
fn meter(method: Method, route: String, status: StatusCode, record: impl FnOnce(&Meters)) {
    thread_local! {
        static KNOWN: RefCell<HashMap<(Method, String, StatusCode), Meters>> = RefCell::default();
    }
    let method = known(&method).map_or(Method::TRACE, |_| method);
    KNOWN.with_borrow_mut(|known| {
        let meters = known.entry((method, route, status)).or_insert_with_key(|(method, route, status)| {
            let method = if *method == Method::TRACE { "other" } else { method.as_str() }.to_owned();
            let labels =
                [("method", method), ("route", route.clone()), ("status", status.as_u16().to_string())];
            (
                counter!("guardhouse_http_requests_total", &labels),
                histogram!("guardhouse_http_request_duration_seconds", &labels),
            )
        });
        record(meters);
    });
}
