//! Asks a server over HTTP.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::{Agent, Body, http};
use url::{Host, Url, form_urlencoded};

use super::GuardFault;
use super::agent::agent;
use super::source::{EndingsPage, PublishedKeys, Source, SourceFault};
use crate::tokens::published::{JwkSet, PaserkSet};

/// The largest set of keys, and the largest page of endings, that is read.
const KEYS_BYTES: u64 = 64 * 1024;
const PAGE_BYTES: u64 = 1024 * 1024;

/// What the connection is like.
pub(super) struct Line {
    /// The longest that one answer may take.
    pub(super) timeout: Duration,
    /// Who vouches for the server, if not those whom this system trusts.
    pub(super) authorities: Option<PathBuf>,
    pub(super) allow_http: bool,
}

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
        line: &Line,
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
            "http" if line.allow_http || is_here => {}
            "http" => return Err(fault("plain HTTP could be changed on its way")),
            _ => return Err(fault("it is not the address of a web server")),
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(fault("it holds more than a host and a path"));
        }
        let credentials = client.map(|(id, secret)| basic(&id, &secret));
        let agent = agent(line.timeout, line.authorities.as_deref(), url.scheme() == "https");
        let agent = agent.map_err(GuardFault::Authorities)?;
        Ok(Self { agent, base: url.as_str().trim_end_matches('/').to_owned(), credentials })
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
            300..=399 => Err(SourceFault(format!(
                "{address}: {}; redirects are not followed, give the address that it leads to",
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

/// A published set as it arrives. A newer server may publish keys of kinds that are unknown here.
#[derive(Deserialize)]
struct AnySet {
    keys: Vec<Value>,
}

impl AnySet {
    fn known<T: DeserializeOwned>(self) -> Vec<T> {
        self.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect()
    }
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
        let set = |answer| json::<AnySet>(answer, KEYS_BYTES);
        let (jwks, paserks) = (set(jwks)?.known(), set(paserks)?.known());
        Ok(PublishedKeys { jwks: JwkSet { keys: jwks }, paserks: PaserkSet { keys: paserks }, max_age })
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
