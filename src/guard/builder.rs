//! What there is to set about a guard, and its making.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use secrecy::SecretString;

use super::fetch::Server;
use super::source::{Source, SourceFault};
use super::{Endings, Guard, Inner, watch};
use crate::domain::clock::{Clock, SystemClock};
use crate::tokens::TokenRules;
use crate::tokens::revocations::Revocations;
use crate::tokens::rules::{InvalidRules, ROLES};

/// What becomes of requests while nothing is heard of endings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStale {
    /// Each is refused with 503.
    Refuse,
    /// Each passes: an ended session may go on until its token expires.
    Allow,
}

/// A guard cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardFault {
    /// An address that cannot be trusted, or is none.
    #[error(
        "{address:?} cannot be the address of a server: {reason}; use https://…, or danger_allow_http() for a network that \
         nobody else can write to"
    )]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Issuer or audience, or the leeway.
    #[error(transparent)]
    Rules(#[from] InvalidRules),
    /// The keys could not be fetched.
    #[error("the published keys could not be fetched: {0}")]
    Source(#[from] SourceFault),
    /// The system refuses a thread.
    #[error("the system refuses a thread: {0}")]
    Thread(String),
}

/// Sets up a [`Guard`].
pub struct GuardBuilder {
    address: String,
    issuer: Option<String>,
    audience: String,
    leeway: Duration,
    roles_claim: String,
    client: Option<(String, SecretString)>,
    poll_interval: Duration,
    max_staleness: Duration,
    on_stale: OnStale,
    allow_http: bool,
    clock: Arc<dyn Clock>,
    source: Option<Box<dyn Source>>,
}

impl GuardBuilder {
    pub(super) fn new(address: String) -> Self {
        Self {
            address,
            issuer: None,
            audience: "guardhouse".into(),
            leeway: Duration::from_secs(5),
            roles_claim: ROLES.into(),
            client: None,
            poll_interval: Duration::from_secs(1),
            max_staleness: Duration::from_secs(30),
            on_stale: OnStale::Refuse,
            allow_http: false,
            clock: Arc::new(SystemClock),
            source: None,
        }
    }

    /// The server's `tokens.issuer`; its address, if not set.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: Some(issuer.into()), ..self }
    }

    /// The server's `tokens.audience`, by default `guardhouse`.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        Self { audience: audience.into(), ..self }
    }

    /// By how much the clocks of the two machines may differ: 5 s by default, 60 s at most.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway, ..self }
    }

    /// The server's `tokens.roles_claim`.
    #[must_use]
    pub fn roles_claim(self, name: impl Into<String>) -> Self {
        Self { roles_claim: name.into(), ..self }
    }

    /// Follows what is ended before its time, as the client `id` that may follow `revocations`. Without it an ended
    /// session goes on until its token expires.
    #[must_use]
    pub fn follow(self, id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self { client: Some((id.into(), secret.into())), ..self }
    }

    /// The pause between two questions about endings, 1 s by default: how long an ended session may go on here.
    #[must_use]
    pub fn poll_interval(self, pause: Duration) -> Self {
        Self { poll_interval: pause, ..self }
    }

    /// For how long nothing may be heard of endings (30 s by default), and what then becomes of requests.
    #[must_use]
    pub fn when_stale(self, after: Duration, then: OnStale) -> Self {
        Self { max_staleness: after, on_stale: then, ..self }
    }

    /// Lets keys be fetched over plain HTTP from other machines. Dangerous: whoever can write to the network in between
    /// can sign people in. (To this machine itself it is allowed anyway.)
    #[must_use]
    pub fn danger_allow_http(self) -> Self {
        Self { allow_http: true, ..self }
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Where keys and endings come from, instead of the server at the address.
    #[must_use]
    pub fn source(self, source: impl Source) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    /// The guard, once it has the keys.
    ///
    /// # Errors
    ///
    /// [`GuardFault`]
    pub fn build(self) -> Result<Guard, GuardFault> {
        let (guard, woken) = self.assemble()?;
        guard.fetch_keys()?;
        guard.fetch_endings()?;
        watch::start(&guard, woken, true)?;
        Ok(guard)
    }

    /// The guard at once; until it has the keys, it answers [`super::Refusal::Unknown`].
    ///
    /// # Errors
    ///
    /// [`GuardFault`] for what cannot become right by itself.
    pub fn build_lazily(self) -> Result<Guard, GuardFault> {
        let (guard, woken) = self.assemble()?;
        watch::start(&guard, woken, false)?;
        Ok(guard)
    }

    /// The guard without its thread: whoever holds it fetches.
    ///
    /// # Errors
    ///
    /// [`GuardFault`]
    pub fn build_without_thread(self) -> Result<Guard, GuardFault> {
        Ok(self.assemble()?.0)
    }

    fn assemble(self) -> Result<(Guard, std::sync::mpsc::Receiver<()>), GuardFault> {
        let issuer = self.issuer.unwrap_or_else(|| self.address.clone());
        let rules = TokenRules::new(issuer, self.audience, self.leeway)?;
        let rules = rules.saying(&self.roles_claim, serde_json::Map::new())?;
        let endings = (self.client.is_some() || self.source.is_some()).then(|| Endings {
            view: Revocations::new(),
            cursor: Mutex::default(),
            access_lifetime: AtomicU64::new(0),
            poll_interval: self.poll_interval,
            max_staleness: self.max_staleness,
            on_stale: self.on_stale,
        });
        let source = match self.source {
            Some(source) => source,
            None => Box::new(Server::new(&self.address, self.client, self.allow_http)?),
        };
        Ok(Guard::new(|wake| Inner {
            rules,
            source,
            clock: self.clock,
            reader: ArcSwapOption::empty(),
            endings,
            max_age: AtomicU64::new(0),
            wake,
        }))
    }
}
