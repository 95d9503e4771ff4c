//! How a client proves who it is: HTTP Basic with id and secret (RFC 6749 section 2.3.1), and no other way.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::OauthError;
use crate::config::ClientRight;
use crate::flows::client::{ClientError, Credentials, KnownClient, admit};
use crate::flows::{Desk, Visit};
use crate::http::problem::Problem;

/// The client that asks, which must have `right`.
pub(super) async fn with_right(
    desk: &Desk,
    request: &HttpRequest,
    visit: &Visit,
    right: ClientRight,
) -> Result<KnownClient, OauthError> {
    let Some(client) = presented(desk, request, visit).await? else {
        return Err(OauthError::invalid_client(
            "this is for configured clients: authenticate with HTTP Basic",
        ));
    };
    if client.may(right) {
        Ok(client)
    } else {
        let description = format!("the client lacks the right '{right}'; see clients.NAME.may");
        Err(OauthError::unauthorized_client(&description))
    }
}

/// The client that asks; `None` where nobody says who they are.
pub(super) async fn presented(
    desk: &Desk,
    request: &HttpRequest,
    visit: &Visit,
) -> Result<Option<KnownClient>, OauthError> {
    let credentials = credentials(request)?;
    admit(desk, credentials, visit).await.map_err(|error| match error {
        ClientError::Unknown => OauthError::invalid_client("no client has this id and secret"),
        ClientError::Limited(limited) => Problem::from(limited).into(),
        ClientError::Fault(fault) => Problem::from(fault).into(),
    })
}

fn credentials(request: &HttpRequest) -> Result<Option<Credentials>, OauthError> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(OauthError::invalid_request("there are two Authorization headers"));
    }
    let credentials = header.to_str().ok().and_then(basic);
    credentials.map(Some).ok_or_else(|| {
        OauthError::invalid_client("the Authorization header has no well-formed Basic credentials")
    })
}

/// The credentials in the value of an `Authorization` header (RFC 7617 section 2).
fn basic(header: &str) -> Option<Credentials> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim_start_matches(' ')).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some(Credentials { id: form_decoded(id)?, secret: form_decoded(secret)?.into() })
}

/// The text behind an `application/x-www-form-urlencoded` value (RFC 6749 appendix B); `None` where it is not one.
fn form_decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?].map(|digit| char::from(digit).to_digit(16));
                let [Some(high), Some(low)] = digits else { return None };
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(plain: &str) -> Option<(String, String)> {
        let credentials = basic(&format!("Basic {}", STANDARD.encode(plain)))?;
        Some((credentials.id, credentials.secret.expose_secret().to_owned()))
    }

    #[test]
    fn id_and_secret_are_decoded_as_form_values_after_the_colon_divided_them() {
        for (plain, id, secret) in [
            ("s6BhdRkqt3:gX1fBat3bV", "s6BhdRkqt3", "gX1fBat3bV"),
            ("a+b%20c:d%3Ae", "a b c", "d:e"),
            ("id:with:colons", "id", "with:colons"),
            ("%C3%A4:%e2%82%ac", "ä", "€"),
            (":", "", ""),
        ] {
            assert_eq!(read(plain), Some((id.to_owned(), secret.to_owned())), "{plain}");
        }
        for bad in ["no colon", "a:%", "a:%4", "a:%zz", "a:%+1", "%ff:a"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_whole_basic_credentials_are_any() {
        assert!(basic("bAsIc YTpi").is_some());
        for bad in
            ["Bearer YTpi", "Basic", "Basic ", "Basic YTpi=", "Basic YTp", "Basic YTpi YTpi", "BasicYTpi"]
        {
            assert!(basic(bad).is_none(), "{bad}");
        }
    }
}
