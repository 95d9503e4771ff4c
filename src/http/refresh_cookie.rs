//! The refresh token of a browser, in a cookie that no script reads and no other site sends.
//!
//! `__Host-` binds it to this very host, over TLS, for every path (RFC 6265bis section 4.1.3.2): a sibling domain can
//! neither see it nor put one of its own in its place.

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::problem::{Code, Problem};

const NAME: &str = "__Host-guardhouse-refresh";

/// Longer is no refresh token of ours.
const LONGEST: usize = 1_024;

/// The token of `request`.
///
/// # Errors
///
/// [`Code::RefreshInvalid`] where there is none, or where there are two: nobody can say whose the second is.
pub(super) fn read(request: &HttpRequest) -> Result<SecretString, Problem> {
    let none = || Problem::new(Code::RefreshInvalid);
    let mut found = None;
    for header in request.headers().get_all(COOKIE) {
        for pair in header.to_str().map_err(|_| none())?.split(';') {
            let (name, value) = pair.trim().split_once('=').unwrap_or((pair.trim(), ""));
            // Browsers compare the prefix whatever the case; so does whoever counts.
            if name.trim().eq_ignore_ascii_case(NAME) {
                if found.is_some() || name != NAME || value.len() > LONGEST {
                    return Err(none());
                }
                found = Some(SecretString::from(value.to_owned()));
            }
        }
    }
    found.ok_or_else(none)
}

/// `Set-Cookie` for `token`, which expires unused after so many seconds.
pub(super) fn set(token: &SecretString, seconds: u64) -> Option<HeaderValue> {
    cookie(token.expose_secret(), seconds)
}

/// `Set-Cookie` that takes the token back.
pub(super) fn clear() -> Option<HeaderValue> {
    cookie("", 0)
}

fn cookie(value: &str, seconds: u64) -> Option<HeaderValue> {
    let text = format!("{NAME}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read_from(cookies: &[&str]) -> Option<String> {
        let request = cookies
            .iter()
            .fold(TestRequest::default(), |request, cookie| request.append_header((COOKIE, *cookie)));
        read(&request.to_http_request()).ok().map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn there_is_one_cookie_of_that_name_or_none_at_all() {
        assert_eq!(read_from(&["a=b; __Host-guardhouse-refresh=ghr_x; c"]).as_deref(), Some("ghr_x"));
        assert_eq!(read_from(&["a=b", "__Host-guardhouse-refresh=ghr_x"]).as_deref(), Some("ghr_x"));
        let long = format!("__Host-guardhouse-refresh={}", "x".repeat(4_096));
        for bad in [
            &[][..],
            &["guardhouse-refresh=ghr_x"],
            &["__host-guardhouse-refresh=ghr_x"],
            &["__Host-guardhouse-refresh=ghr_x; __Host-guardhouse-refresh=ghr_y"],
            &["__Host-guardhouse-refresh=ghr_x", "__HOST-guardhouse-refresh=ghr_y"],
            &[&long],
        ] {
            assert_eq!(read_from(bad), None, "{bad:?}");
        }
    }
}
