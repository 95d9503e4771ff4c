//! GUARDS OTHER SERVICES: verifies Guardhouse's access tokens from its published keys, without asking for each request.
//!
//! ```no_run
//! use guardhouse::guard::Guard;
//!
//! # fn main() -> Result<(), guardhouse::guard::GuardFault> {
//! let guard = Guard::builder("https://auth.example.org")
//!     .issuer("https://auth.example.org")
//!     .audience("notes")
//!     .follow("notes", "ghc_the-secret-of-this-service")
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! One thread of its own fetches the published keys and, where the guard [follows](GuardBuilder::follow) it, what was
//! ended before its time; [`Guard::verify`] asks nobody and never waits. The rules are the server's own: the algorithm
//! comes from the key and never from the token (RFC 8725 section 3.1), secrets are never taken from the network.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | [`Guard`]: verifying, and fetching once |
//! | `builder` | [`GuardBuilder`]: what there is to set |
//! | [`source`] | where keys and endings come from: the trait, and what is told |
//! | `fetch`, `agent` | the source that asks a server over HTTP |
//! | `watch`, `timetable` | [`Rounds`]: what is fetched when, and the thread |
//! | [`actix`] | extractors for actix-web |
//!
//! Nothing here knows the server's other rooms: with `default-features = false, features = ["guard"]` they are not built.

pub mod actix;
pub(crate) mod agent;
mod builder;
mod fetch;
pub mod source;
mod timetable;
mod watch;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;

pub use builder::{GuardBuilder, GuardFault, OnStale};
pub use watch::Rounds;

use crate::domain::claims::Claims;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::id::{SessionId, UserId};
use crate::domain::role::{Role, Roles};
use crate::domain::session::AuthMethod;
use crate::tokens::reader::UNKNOWN_KEY;
use crate::tokens::revocations::Revocations;
use crate::tokens::rules::MAX_LEEWAY;
use crate::tokens::{TokenFault, TokenReader, TokenRules};
use source::{EndingsPage, Source, SourceFault};

/// Somebody whose access token is good now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentUser {
    /// Who: `sub`.
    pub id: UserId,
    /// In which session: `sid`.
    pub session: SessionId,
    /// With which roles.
    pub roles: Roles,
    /// When the user last proved who they are: `auth_time`. Compare it where something needs a fresh proof.
    pub authenticated_at: Timestamp,
    /// How they did: `amr`.
    pub methods: Vec<AuthMethod>,
    /// When the token was made.
    pub issued_at: Timestamp,
    /// When the token expires.
    pub expires_at: Timestamp,
}

impl CurrentUser {
    /// Whether the user has the role called `name`.
    pub fn has_role(&self, name: &str) -> bool {
        self.roles.iter().any(|role: &Role| role.as_str() == name)
    }
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a token of that server, or not for this service.
    #[error("the access token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the access token has expired")]
    Expired,
    /// Its session was ended.
    #[error("the access token has been revoked")]
    Revoked,
    /// Nobody can say: keys or endings were never fetched yet, or nothing was heard of endings for too long.
    #[error("whether the access token is good is not known at the moment")]
    Unknown,
}

/// Verifies tokens; clones are the same guard. Its thread ends with the last of them.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    rules: TokenRules,
    source: Box<dyn Source>,
    clock: Arc<dyn Clock>,
    reader: ArcSwapOption<TokenReader>,
    /// Where endings are followed.
    endings: Option<Endings>,
    /// How long the published keys may be kept, as they say, in milliseconds.
    max_age: AtomicU64,
    /// The least and the longest time between two fetches of the keys.
    refresh: (Duration, Duration),
    /// Somebody met an unknown key since the last fetch began.
    wanted: AtomicBool,
    /// Wakes the thread, for `wanted`.
    wake: SyncSender<()>,
}

struct Endings {
    view: Revocations,
    cursor: Mutex<Option<String>>,
    /// Seconds; entries are kept for no longer than tokens live.
    access_lifetime: AtomicU64,
    poll_interval: Duration,
    max_staleness: Duration,
    on_stale: OnStale,
}

impl Guard {
    /// A guard for tokens of the server at `address`, such as `https://auth.example.org`.
    pub fn builder(address: impl Into<String>) -> GuardBuilder {
        GuardBuilder::new(address.into())
    }

    fn new(inner: impl FnOnce(SyncSender<()>) -> Inner) -> (Self, Receiver<()>) {
        let (wake, woken) = sync_channel(1);
        (Self(Arc::new(inner(wake))), woken)
    }

    /// Who presents `token`.
    ///
    /// # Errors
    ///
    /// [`Refusal`]
    pub fn verify(&self, token: &str) -> Result<CurrentUser, Refusal> {
        let (inner, now) = (&*self.0, self.0.clock.now());
        let reader = inner.reader.load();
        // The thread is at it already, and nobody who asks makes it hurry.
        let reader = reader.as_ref().ok_or(Refusal::Unknown)?;
        let claims = reader.open(token, now).map_err(|fault| match fault {
            TokenFault::Expired => Refusal::Expired,
            TokenFault::Invalid(reason) => {
                if fault == UNKNOWN_KEY {
                    self.fetch_soon();
                }
                tracing::debug!(reason, "an access token was refused");
                Refusal::Invalid
            }
        })?;
        if let Some(endings) = &inner.endings {
            endings.admit(&claims, now)?;
        }
        Ok(CurrentUser {
            id: claims.subject,
            session: claims.session,
            roles: claims.roles,
            authenticated_at: claims.authenticated_at,
            methods: claims.methods,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
        })
    }

    /// Fetches the keys now and waits for them. The guard's own thread does so by itself; this is for those who want to
    /// know at once, and for tests.
    ///
    /// # Errors
    ///
    /// [`SourceFault`]; what was known before stays known.
    pub fn fetch_keys(&self) -> Result<(), SourceFault> {
        let inner = &*self.0;
        let published = inner.source.keys()?;
        // What is not of our kinds, or not what it is called, is left out: a newer server may publish more.
        let keys: Vec<_> = published
            .jwks
            .keys
            .iter()
            .filter_map(|jwk| jwk.read())
            .chain(published.paserks.keys.iter().filter_map(|paserk| paserk.read()))
            .collect();
        let reader =
            TokenReader::of_keys(&inner.rules, &keys).map_err(|fault| SourceFault(fault.to_string()))?;
        // Another reader also forgets the tokens that the one before has verified: a retired key stops here.
        inner.reader.store(Some(Arc::new(reader)));
        inner
            .max_age
            .store(u64::try_from(published.max_age.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
        Ok(())
    }

    /// Hears of everything that was ended since the last time, and waits for it. See [`Self::fetch_keys`].
    ///
    /// # Errors
    ///
    /// [`SourceFault`]; the next call continues where this one began.
    pub fn fetch_endings(&self) -> Result<(), SourceFault> {
        let Some(endings) = &self.0.endings else { return Ok(()) };
        for _ in 0..MOST_PAGES {
            let after = endings.cursor.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let asked_at = self.0.clock.now();
            let page = self.0.source.endings(after.as_deref())?;
            endings.take(&page, asked_at);
            let leads_on = after.as_ref() != Some(&page.cursor);
            *endings.cursor.lock().unwrap_or_else(PoisonError::into_inner) = Some(page.cursor);
            if !page.more {
                return Ok(());
            }
            if !leads_on {
                return Err(SourceFault(
                    "there is more of what was ended, and its cursor leads nowhere".into(),
                ));
            }
        }
        Err(SourceFault(format!(
            "there is more of what was ended after {MOST_PAGES} pages; it goes on with the next"
        )))
    }

    fn fetch_soon(&self) {
        if self.0.wanted.swap(true, Ordering::SeqCst) {
            return;
        }
        // Full: the thread knows already. Disconnected: it has ended with the process.
        if let Err(TrySendError::Full(()) | TrySendError::Disconnected(())) = self.0.wake.try_send(()) {}
    }
}

/// Pages that are read at once: a million entries.
const MOST_PAGES: usize = 1_000;

impl Endings {
    /// Takes in what was told to a question of `asked_at`. Nothing of it is ever taken back before its end, from whichever
    /// node it came: a switch to another one lets nobody in again.
    fn take(&self, page: &EndingsPage, asked_at: Timestamp) {
        self.access_lifetime.store(page.access_lifetime, Ordering::SeqCst);
        self.view.refuse_sessions_opened_before(page.floor());
        page.revocations().for_each(|revocation| self.view.insert(&revocation));
        self.view.forget_expired(asked_at);
        // A server whose clock is ahead has not heard of the future.
        if let Some(fresh_at) = page.fresh_at.filter(|_| !page.more) {
            self.view.mark_fresh(fresh_at.min(asked_at));
        }
    }

    fn admit(&self, claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
        if self.view.fresh_at().is_none() {
            return Err(Refusal::Unknown);
        }
        // Entries are kept for as long as tokens live today: one that was given a longer life ends with them.
        let life = Duration::from_secs(self.access_lifetime.load(Ordering::SeqCst));
        if now >= claims.issued_at.plus(life).plus(MAX_LEEWAY) {
            return Err(Refusal::Expired);
        }
        if self.view.is_revoked(claims) {
            return Err(Refusal::Revoked);
        }
        if self.view.staleness(now) > self.max_staleness && self.on_stale == OnStale::Refuse {
            return Err(Refusal::Unknown);
        }
        Ok(())
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("issuer", &self.0.rules.issuer())
            .field("audience", &self.0.rules.audience())
            .finish_non_exhaustive()
    }
}
