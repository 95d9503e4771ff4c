//! Who may call from where: by which name this server is reached, and from which sites browsers may call it.

use actix_cors::Cors;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::{Condition, Next};
use actix_web::{Error, HttpResponse, web};

use super::Front;
use super::problem::{Code, Problem};
use super::visit::REQUEST_ID;

/// Which site made the browser send a request (W3C Fetch Metadata).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Answers to scripts of the configured origins carry these (Fetch standard, CORS-exposed).
const EXPOSED: [HeaderName; 5] = [
    header::RETRY_AFTER,
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("guardhouse-refresh"),
    REQUEST_ID,
];

/// From where requests are accepted.
#[derive(Debug, Clone, Default)]
pub struct CallerSites {
    /// The names under which this server may be reached, in lower case, without a port; any where there are none.
    pub hosts: Vec<String>,
    /// The origins whose scripts may read answers.
    pub origins: Vec<String>,
    /// Whether browsers send a cookie of ours by themselves.
    pub cookies: bool,
}

impl CallerSites {
    /// The cross-origin rules for browsers; none, so that nothing is open, where there are no origins.
    pub fn cors(&self) -> Condition<Cors> {
        Condition::new(!self.origins.is_empty(), self.rules())
    }

    fn rules(&self) -> Cors {
        let cors = self.origins.iter().fold(Cors::default(), |cors, origin| cors.allowed_origin(origin));
        let cors = cors
            .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE])
            .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT, REQUEST_ID])
            .allowed_header("traceparent")
            .expose_headers(EXPOSED)
            .block_on_origin_mismatch(false)
            .max_age(600);
        if self.cookies { cors.supports_credentials() } else { cors }
    }

    fn check(&self, request: &ServiceRequest) -> Result<(), Problem> {
        let host = host(request);
        if !self.hosts.is_empty() && !is_for_probes(request.path()) {
            let name = host.map(without_port).unwrap_or_default().to_ascii_lowercase();
            if !self.hosts.contains(&name) {
                return Err(Problem::new(Code::MisdirectedRequest));
            }
        }
        if self.cookies && !request.method().is_safe() && !self.is_from_here(request.headers(), host) {
            return Err(Problem::new(Code::CrossSite));
        }
        Ok(())
    }

    /// Whether no other site made a browser send this. Browsers say so in `Sec-Fetch-Site`, older ones in `Origin`; who
    /// sends neither is no browser, and has no cookie that it did not mean to send.
    fn is_from_here(&self, headers: &HeaderMap, host: Option<&str>) -> bool {
        let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
        if origin.is_some_and(|origin| self.origins.iter().any(|allowed| allowed.as_bytes() == origin)) {
            return true;
        }
        let mut sites = headers.get_all(&SEC_FETCH_SITE);
        match (sites.next().map(HeaderValue::as_bytes), sites.next(), origin) {
            (Some(b"same-origin" | b"none"), None, _) => true,
            (Some(_), _, _) => false,
            (None, _, None) => true,
            (None, _, Some(origin)) => {
                let origin = std::str::from_utf8(origin).unwrap_or_default();
                let of = |scheme: &str| origin.strip_prefix(scheme).is_some_and(|rest| Some(rest) == host);
                of("https://") || of("http://")
            }
        }
    }
}

/// Probes reach a node by its address, whatever it is called.
fn is_for_probes(path: &str) -> bool {
    path.ends_with("/health/live") || path.ends_with("/health/ready")
}

/// What the client asked for (RFC 9110 section 7.2): the target's authority, or the one `Host`.
fn host(request: &ServiceRequest) -> Option<&str> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str());
    }
    let mut hosts = request.headers().get_all(header::HOST);
    let host = hosts.next()?.to_str().ok();
    host.filter(|_| hosts.next().is_none())
}

fn without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    host.split(':').next().unwrap_or(host)
}

/// The middleware of the public listener.
///
/// # Errors
///
/// What is refused leaves as a problem.
pub async fn caller_site(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let front = request.app_data::<web::Data<Front>>().ok_or_else(|| Problem::new(Code::Internal))?;
    if let Err(problem) = front.sites.check(&request) {
        // Not `into_response`, which forgets the error that the front door renders.
        let (request, _) = request.into_parts();
        return Ok(ServiceResponse::new(request, HttpResponse::from_error(problem)));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Keeps what the cross-origin rules wrote into an answer that is replaced by `fresh`.
pub(super) fn keep_cors(from: &HeaderMap, fresh: &mut HeaderMap) {
    for (name, value) in from {
        if *name == header::VARY || name.as_str().starts_with("access-control-") {
            fresh.append(name.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_apart_from_its_port() {
        for (text, name) in [
            ("a.example", "a.example"),
            ("a.example:80", "a.example"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(without_port(text), name, "{text}");
        }
    }

    fn from_here(pairs: &[(&str, &str)]) -> bool {
        let sites = CallerSites { origins: vec!["https://app.example".into()], ..CallerSites::default() };
        let headers = pairs.iter().map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_str(value).expect("a value"))
        });
        sites.is_from_here(&headers.collect(), Some("auth.example:8443"))
    }

    #[test]
    fn what_another_site_made_a_browser_send_is_told_apart() {
        for good in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://app.example")],
            &[("origin", "https://auth.example:8443")],
            &[("origin", "https://app.example")],
        ] {
            assert!(from_here(good), "{good:?}");
        }
        for bad in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://auth.example:8443")],
            &[("sec-fetch-site", "Same-Origin")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[("origin", "null")],
            &[("origin", "https://auth.example")],
            &[("origin", "https://auth.example:8443.evil.example")],
            &[("origin", "https://app.example.evil.example")],
            &[("origin", "auth.example:8443")],
        ] {
            assert!(!from_here(bad), "{bad:?}");
        }
    }
}
