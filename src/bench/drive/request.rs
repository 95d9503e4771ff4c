//! The requests, as octets.

use std::io::Write;

use serde::Deserialize;

use super::target::Target;

/// What every request of one target begins and ends with; made once, since a request is written many thousand times a
/// second.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    base_path: String,
    headers: String,
}

impl Requests {
    pub(super) fn to(target: &Target) -> Self {
        let headers = format!("host: {}\r\nuser-agent: guardhouse bench\r\n", target.host);
        Self { base_path: target.base_path.clone(), headers }
    }

    pub(super) fn register(&self, into: &mut Vec<u8>, email: &str, password: &str) {
        self.post(into, "/auth/register", &credentials(email, password));
    }

    pub(super) fn login(&self, into: &mut Vec<u8>, email: &str, password: &str) {
        self.post(into, "/auth/login", &credentials(email, password));
    }

    pub(super) fn refresh(&self, into: &mut Vec<u8>, token: &str) {
        self.post(into, "/auth/refresh", &format!(r#"{{"refresh_token":"{token}"}}"#));
    }

    pub(super) fn me(&self, into: &mut Vec<u8>, token: &str) {
        self.bearer(into, "GET", "/auth/me", token, "");
    }

    pub(super) fn logout(&self, into: &mut Vec<u8>, token: &str) {
        self.bearer(into, "POST", "/auth/logout", token, "content-length: 0\r\n");
    }

    fn bearer(&self, into: &mut Vec<u8>, method: &str, path: &str, token: &str, more: &str) {
        let Self { base_path, headers } = self;
        let written = write!(
            into,
            "{method} {base_path}{path} HTTP/1.1\r\n{headers}{more}authorization: Bearer {token}\r\n\r\n"
        );
        written.expect("memory takes everything");
    }

    fn post(&self, into: &mut Vec<u8>, path: &str, json: &str) {
        let (Self { base_path, headers }, length) = (self, json.len());
        let written = write!(
            into,
            "POST {base_path}{path} HTTP/1.1\r\n{headers}content-type: application/json\r\n\
             content-length: {length}\r\n\r\n{json}"
        );
        written.expect("memory takes everything");
    }
}

/// Both are of our own making, without anything that JSON would escape.
fn credentials(email: &str, password: &str) -> String {
    format!(r#"{{"email":"{email}","password":"{password}"}}"#)
}

/// What is needed of a token reply.
#[derive(Debug, Deserialize)]
pub(super) struct Tokens<'a> {
    pub(super) access_token: &'a str,
    pub(super) refresh_token: Option<&'a str>,
    pub(super) expires_in: u64,
}

/// What is needed of a problem (RFC 9457).
#[derive(Debug, Deserialize)]
pub(super) struct Problem<'a> {
    pub(super) code: Option<&'a str>,
}

/// The public code of a problem, where `body` is one.
pub(super) fn code(body: &[u8]) -> Option<&str> {
    serde_json::from_slice::<Problem<'_>>(body).ok()?.code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_whole_and_as_long_as_they_say() {
        let mut target = Target::here("127.0.0.1:80".parse().unwrap());
        target.base_path = "/identity".to_owned();
        let requests = Requests::to(&target);
        let mut text = Vec::new();
        requests.login(&mut text, "a@bench.invalid", "secret");
        let text = String::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /identity/auth/login HTTP/1.1\r\nhost: 127.0.0.1:80\r\n"), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body, serde_json::json!({ "email": "a@bench.invalid", "password": "secret" }));
        let mut text = Vec::new();
        requests.me(&mut text, "abc");
        assert!(text.ends_with(b"authorization: Bearer abc\r\n\r\n"));
    }

    #[test]
    fn a_code_is_read_where_there_is_one() {
        assert_eq!(
            code(br#"{"errors":[{"code":"x"}],"status":503,"code":"overloaded"}"#),
            Some("overloaded")
        );
        assert_eq!(code(b"<html>"), None);
        assert_eq!(code(b"{}"), None);
    }
}
