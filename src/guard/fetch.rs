//! Asks a server over HTTP.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, http};
use url::{Host, Url, form_urlencoded};

use super::GuardFault;
use super::source::{EndingsPage, PublishedKeys, Source, SourceFault};

/// The longest that one answer may take.
const LONGEST: Duration = Duration::from_secs(5);

/// The largest set of keys, and the largest page of endings, that is read.
const KEYS_BYTES: u64 = 64 * 1024;
const PAGE_BYTES: u64 = 1024 * 1024;

/// A server at its address.
pub(super) struct Server {
    agent: Agent,
    base: String,
    /// The value of `Authorization`.
    credentials: Option<SecretString>,
}

impl Server {
    pub(super) fn new(
        address: &str,
        client: Option<(String, SecretString)>,
        allow_http: bool,
    ) -> Result<Self, GuardFault> {
        let fault =
            |reason: &str| GuardFault::Address { address: address.to_owned(), reason: reason.to_owned() };
        let url = Url::parse(address).map_err(|error| fault(&error.to_string()))?;
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(fault("it names no host")),
        };
        match url.scheme() {
            "https" => {}
            "http" if allow_http || is_here => {}
            "http" => return Err(fault("plain HTTP could be changed on its way")),
            _ => return Err(fault("it is not the address of a web server")),
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(fault("it holds more than a host and a path"));
        }
        let credentials = client.map(|(id, secret)| basic(&id, &secret));
        Ok(Self { agent: agent(), base: url.as_str().trim_end_matches('/').to_owned(), credentials })
    }

    fn get(
        &self,
        path: &str,
        credentials: Option<&SecretString>,
    ) -> Result<http::Response<Body>, SourceFault> {
        let address = format!("{}{path}", self.base);
        let mut request =
            self.agent.get(&address).header("accept", "application/json, application/jwk-set+json");
        if let Some(credentials) = credentials {
            request = request.header("authorization", credentials.expose_secret());
        }
        let answer = request.call().map_err(|error| SourceFault(format!("{address}: {error}")))?;
        match answer.status().as_u16() {
            200 => Ok(answer),
            401 | 403 => Err(SourceFault(format!(
                "{address}: {}; check the client's name and secret, and that it may follow `revocations`",
                answer.status()
            ))),
            _ => Err(SourceFault(format!("{address}: {}", answer.status()))),
        }
    }
}

/// RFC 6749 section 2.3.1: name and secret are form-encoded first.
fn basic(id: &str, secret: &SecretString) -> SecretString {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let both = format!("{}:{}", encoded(id), encoded(secret.expose_secret()));
    format!("Basic {}", STANDARD.encode(both)).into()
}

fn agent() -> Agent {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // Those of this system, or of the file that SSL_CERT_FILE names.
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .build();
    let config = Agent::config_builder()
        .timeout_global(Some(LONGEST))
        .http_status_as_error(false)
        // A key that was found elsewhere is not the server's.
        .max_redirects(0)
        .tls_config(tls)
        .build();
    config.into()
}

fn json<T: DeserializeOwned>(answer: http::Response<Body>, most: u64) -> Result<T, SourceFault> {
    let body = answer.into_body().into_with_config().limit(most).read_to_vec();
    let body = body.map_err(|error| SourceFault(format!("the answer could not be read: {error}")))?;
    serde_json::from_slice(&body)
        .map_err(|error| SourceFault(format!("the answer is not understood: {error}")))
}

fn max_age(answer: &http::Response<Body>) -> Duration {
    let told =
        answer.headers().get("cache-control").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let seconds = told.split(',').find_map(|part| part.trim().strip_prefix("max-age="));
    Duration::from_secs(seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(0))
}

impl Source for Server {
    fn keys(&self) -> Result<PublishedKeys, SourceFault> {
        let (jwks, paserks) =
            (self.get("/.well-known/jwks.json", None)?, self.get("/.well-known/paserk.json", None)?);
        let max_age = max_age(&jwks).min(max_age(&paserks));
        Ok(PublishedKeys { jwks: json(jwks, KEYS_BYTES)?, paserks: json(paserks, KEYS_BYTES)?, max_age })
    }

    fn endings(&self, after: Option<&str>) -> Result<EndingsPage, SourceFault> {
        let query = after.map(|cursor| {
            let cursor: String = form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
            format!("?after={cursor}")
        });
        let path = format!("/oauth2/revocations{}", query.unwrap_or_default());
        json(self.get(&path, self.credentials.as_ref())?, PAGE_BYTES)
    }
}
