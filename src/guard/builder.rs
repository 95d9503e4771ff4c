//! What there is to set about a guard, and its making.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use secrecy::SecretString;

use super::fetch::{Line, Server};
use super::source::{Source, SourceFault};
use super::{Endings, Guard, Inner, Rounds, watch};
use crate::domain::clock::{Clock, SystemClock};
use crate::tokens::TokenRules;
use crate::tokens::revocations::Revocations;
use crate::tokens::rules::{InvalidRules, ROLES};

/// What becomes of requests while nothing is heard of endings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStale {
    /// Each is refused with 503.
    Refuse,
    /// Each passes: an ended session may go on until its token expires. Only once something was heard at all.
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
    /// A time that makes no sense.
    #[error("{0}")]
    Interval(String),
    /// The certificates that should vouch for the server.
    #[error("the certificates that vouch for the server cannot be used: {0}")]
    Authorities(String),
    /// Nothing to begin with.
    #[error("what a guard needs could not be fetched: {0}")]
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
    refresh: (Duration, Duration),
    timeout: Duration,
    authorities: Option<PathBuf>,
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
            refresh: (Duration::from_secs(5), Duration::from_secs(300)),
            timeout: Duration::from_secs(5),
            authorities: None,
            allow_http: false,
            clock: Arc::new(SystemClock),
            source: None,
        }
    }

    /// The server's `tokens.issuer`; its address without a slash at the end, if not set.
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

    /// The pause between two questions about endings, 1 s by default and 1 ms at least: how long an ended session may go on
    /// here.
    #[must_use]
    pub fn poll_interval(self, pause: Duration) -> Self {
        Self { poll_interval: pause, ..self }
    }

    /// For how long nothing may be heard of endings (30 s by default), and what then becomes of requests.
    #[must_use]
    pub fn when_stale(self, after: Duration, then: OnStale) -> Self {
        Self { max_staleness: after, on_stale: then, ..self }
    }

    /// Keys are fetched again when their `Cache-Control` says so, but no sooner than `least` after the last time (5 s by
    /// default), even when a token names an unknown one, and no later than `most` (5 min).
    #[must_use]
    pub fn refresh_interval(self, least: Duration, most: Duration) -> Self {
        Self { refresh: (least, most), ..self }
    }

    /// How long one answer may take, from the look-up of the server's name to the last byte: 5 s by default.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The PEM file with the certificates of those who may vouch for the server, and nobody else. By default those that
    /// this system trusts.
    #[must_use]
    pub fn authorities(self, path: impl Into<PathBuf>) -> Self {
        Self { authorities: Some(path.into()), ..self }
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

    /// Where keys and endings come from, instead of the server at the address; endings are followed then in any case.
    #[must_use]
    pub fn source(self, source: impl Source) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    /// The guard, once it has the keys and has heard of endings: waits for both.
    ///
    /// # Errors
    ///
    /// [`GuardFault`]
    pub fn build(self) -> Result<Guard, GuardFault> {
        let (guard, mut rounds) = self.build_with_rounds()?;
        rounds.begin(&guard)?;
        watch::start(rounds)?;
        Ok(guard)
    }

    /// The guard at once; until the first fetch has worked, it answers [`super::Refusal::Unknown`].
    ///
    /// # Errors
    ///
    /// [`GuardFault`] for what cannot become right by itself.
    pub fn build_lazily(self) -> Result<Guard, GuardFault> {
        let (guard, rounds) = self.build_with_rounds()?;
        watch::start(rounds)?;
        Ok(guard)
    }

    /// The guard, and what its thread would do, for a thread of one's own or a clock that stands still.
    ///
    /// # Errors
    ///
    /// [`GuardFault`]
    pub fn build_with_rounds(self) -> Result<(Guard, Rounds), GuardFault> {
        let (guard, woken) = self.assemble()?;
        let rounds = Rounds::of(&guard, woken);
        Ok((guard, rounds))
    }

    /// The guard without its thread: whoever holds it fetches.
    ///
    /// # Errors
    ///
    /// [`GuardFault`]
    pub fn build_without_thread(self) -> Result<Guard, GuardFault> {
        Ok(self.assemble()?.0)
    }

    fn check_intervals(&self) -> Result<(), GuardFault> {
        let ((least, most), poll) = (self.refresh, self.poll_interval);
        let fault = |text: String| Err(GuardFault::Interval(text));
        if least.is_zero() || least > most {
            return fault(format!(
                "keys cannot be fetched every {least:?} to {most:?}: more than 0, the shorter one first"
            ));
        }
        if poll < Duration::from_millis(1) {
            return fault(format!("endings cannot be asked for every {poll:?}: 1 ms is the least"));
        }
        if self.client.is_some() && self.on_stale == OnStale::Refuse && self.max_staleness < poll {
            let after = self.max_staleness;
            return fault(format!(
                "endings are asked for every {poll:?}, and after {after:?} everybody is refused"
            ));
        }
        if self.timeout.is_zero() {
            return fault("within a timeout of 0 nobody can answer".into());
        }
        Ok(())
    }

    fn assemble(self) -> Result<(Guard, std::sync::mpsc::Receiver<()>), GuardFault> {
        self.check_intervals()?;
        let issuer = self.issuer.unwrap_or_else(|| self.address.trim_end_matches('/').to_owned());
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
            None => {
                let line = Line {
                    timeout: self.timeout,
                    authorities: self.authorities,
                    allow_http: self.allow_http,
                };
                Box::new(Server::new(&self.address, self.client, &line)?)
            }
        };
        Ok(Guard::new(|wake| Inner {
            rules,
            source,
            clock: self.clock,
            reader: ArcSwapOption::empty(),
            endings,
            max_age: AtomicU64::new(0),
            refresh: self.refresh,
            wanted: AtomicBool::new(false),
            wake,
        }))
    }
}
