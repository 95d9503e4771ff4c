//! Whom to load: an address that is resolved once, and only with consent one of another machine.

use std::net::{SocketAddr, ToSocketAddrs};

use url::Url;

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// What requests call it.
    pub host: String,
    /// What stands before each path; empty or without a slash at its end.
    pub base_path: String,
}

/// Why a server is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum NoTarget {
    /// Another scheme than http.
    #[error(
        "{0}: only http:// is measured: with https:// the client would spend more on encryption than the server on \
         most answers; give an address on which it listens without TLS, behind the proxy or without [server.tls]"
    )]
    Scheme(Url),
    /// No host, or no address for it.
    #[error("{0}: there is no address for that host")]
    NoAddress(Url),
    /// Somebody else's machine, for all we know.
    #[error(
        "{0} is another machine ({1}): a load is an attack to whoever does not expect it; if it is yours, and nothing \
         in between is anybody else's, add --i-may-load-this-server"
    )]
    Elsewhere(Url, SocketAddr),
}

impl Target {
    /// Resolves `url`; addresses other than loopback only if that `may` be.
    ///
    /// # Errors
    ///
    /// See [`NoTarget`].
    pub fn resolve(url: &Url, may_load_others: bool) -> Result<Self, NoTarget> {
        if url.scheme() != "http" {
            return Err(NoTarget::Scheme(url.clone()));
        }
        let none = || NoTarget::NoAddress(url.clone());
        let host = url.host_str().ok_or_else(none)?;
        let port = url.port_or_known_default().unwrap_or(80);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address = (bare, port).to_socket_addrs().map_err(|_| none())?.next().ok_or_else(none)?;
        if !address.ip().to_canonical().is_loopback() && !may_load_others {
            return Err(NoTarget::Elsewhere(url.clone(), address));
        }
        let base_path = url.path().trim_end_matches('/').to_owned();
        Ok(Self { address, host: format!("{host}:{port}"), base_path })
    }

    /// A server of this process's own.
    pub fn here(address: SocketAddr) -> Self {
        Self { address, host: address.to_string(), base_path: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(url: &str, may: bool) -> Result<Target, NoTarget> {
        Target::resolve(&url.parse().unwrap(), may)
    }

    #[test]
    fn only_this_machine_is_loaded_unless_somebody_says_so() {
        let target = resolve("http://127.0.0.1:8080/identity/", false).unwrap();
        assert_eq!((target.host.as_str(), target.base_path.as_str()), ("127.0.0.1:8080", "/identity"));
        assert!(resolve("http://[::1]:8080", false).is_ok());
        assert!(resolve("http://[::ffff:127.0.0.1]:8080", false).is_ok());
        assert!(matches!(resolve("http://192.0.2.1:8080", false), Err(NoTarget::Elsewhere(..))));
        assert!(matches!(resolve("http://0.0.0.0:8080", false), Err(NoTarget::Elsewhere(..))));
        assert_eq!(resolve("http://192.0.2.1:8080", true).unwrap().address.port(), 8080);
    }

    #[test]
    fn tls_is_refused_with_the_reason() {
        let why = resolve("https://127.0.0.1", true).unwrap_err().to_string();
        assert!(why.contains("only http://") && why.contains("behind the proxy"), "{why}");
        assert!(matches!(resolve("http://no-such-host.invalid", true), Err(NoTarget::NoAddress(_))));
    }
}
