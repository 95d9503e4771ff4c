//! Addresses of servers that hold a password: reading them without being fooled by it, and showing them without it.

use url::Url;

/// Reads an address of the form `scheme://user:password@host:port/path?parameters`.
///
/// A password with an unescaped `/`, `?` or `#` ends the host too early; the rest of the password would then be shown
/// as a host, a port or a path. Such an address is refused, by the `@` or `#` it leaves where none belongs.
///
/// # Errors
///
/// What is wrong, without any part of the address.
pub(super) fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let stray = |part: &str| part.contains('@');
    if url.fragment().is_some() || stray(url.path()) || url.query().is_some_and(stray) {
        return Err("it has a # or, after the host, an @".to_owned());
    }
    Ok(url)
}

/// Scheme, host, port and path: enough to recognise a server by, nothing that opens it.
pub(super) fn without_secrets(text: &str) -> String {
    if text.starts_with("sqlite:") {
        return text.to_owned();
    }
    let Ok(mut url) = parse(text) else {
        return "(redacted)".to_owned();
    };
    let has_user = !url.username().is_empty() || url.password().is_some();
    // Both fail for an address without a host, which can have no user either.
    let cleared = url.set_username("").is_ok() & url.set_password(None).is_ok();
    if has_user && !cleared {
        return "(redacted)".to_owned();
    }
    url.set_query(None);
    url.to_string()
}
