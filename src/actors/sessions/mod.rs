//! The session keeper: one actor that owns the feed of revocations, the pending touches and the sweep.
//!
//! It bounds how much session work is under way and lets none of it be lost half-way: once let in, a request to end
//! a session is carried out whoever left meanwhile. That a refresh token is used once is not its doing; the store
//! guarantees that for the whole fleet.

mod follow;
mod keeper;
mod touches;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix::ArbiterHandle;
use metrics::counter;
use tokio::runtime::Handle as Runtime;
use tokio::sync::oneshot;

use keeper::{Call, Drain, Observe, Poll, SessionKeeper, Sweep, Timers, Touched};
use touches::RecentTouches;

pub use keeper::SessionsSnapshot;

use super::gate::{Gate, Refused};
use super::handle::{Handle, Patience};
use super::keeper::{Lifeline, keep};
use crate::config;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::id::{SessionId, UserId};
use crate::domain::refresh::RefreshGrant;
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::session::Session;
use crate::store::session::{Ending, Rotation, RotationTerms, SessionStore, Touch};
use crate::store::{Db, StoreError, revocations};
use crate::tokens::revocations::Revocations;

const CAPACITY: usize = 1_024;

const PATIENCE: Patience = Patience { entry: Duration::from_millis(100), queue: Duration::from_secs(5) };

/// What a request to the session keeper is answered.
pub type Answer<T> = Result<T, StoreError>;

/// What the keeper works with; shared with the work it starts.
#[derive(Clone)]
pub struct Parts {
    /// Where sessions live.
    pub store: Arc<dyn SessionStore>,
    /// The database, whose revocation feed every node follows whatever the session store.
    pub db: Db,
    /// The view that every verified request consults.
    pub view: Arc<Revocations>,
    /// For the timers; requests bring their own time.
    pub clock: Arc<dyn Clock>,
    /// The runtime that owns the connections.
    pub runtime: Runtime,
}

/// The sessions, as flows see them.
#[derive(Clone)]
pub struct Sessions {
    handle: Handle<SessionKeeper>,
    view: Arc<Revocations>,
    idle: Duration,
    recent: Arc<RecentTouches>,
}

impl Sessions {
    /// Reads the revocation feed and starts the keeper.
    ///
    /// # Errors
    ///
    /// When the feed cannot be read: without it, what was ended would be accepted.
    pub async fn start(
        settings: &config::Sessions,
        parts: Parts,
        arbiter: &ArbiterHandle,
        lifeline: Lifeline,
    ) -> Answer<Self> {
        let (view, now) = (parts.view.clone(), parts.clock.now());
        let mut cursor = revocations::Cursor::default();
        for revocation in cursor.read(parts.db.reader(), now).await? {
            view.insert(&revocation);
        }
        let store_feed = follow::follow(&parts).await?;
        view.mark_fresh(store_feed.and(now));
        let timers = Timers {
            poll: settings.revocation.poll_interval,
            flush: Duration::from_secs(1),
            sweep: settings.sweep_interval,
        };
        let make = move || SessionKeeper::new(parts, timers, cursor, store_feed);
        let address = keep(arbiter, "sessions", lifeline, make);
        let gate = Gate::new("sessions", CAPACITY, CAPACITY);
        let idle = settings.idle_timeout;
        // A use is worth writing down when it says something new: at most once a minute, and often enough that a
        // short idle timeout is not missed.
        let recent = Arc::new(RecentTouches::new((idle / 20).min(Duration::from_secs(60))));
        Ok(Self { handle: Handle::new(address, gate), view, idle, recent })
    }

    async fn call<T, F, W>(&self, work: F) -> Result<Answer<T>, Refused>
    where
        T: Send + 'static,
        F: FnOnce(Parts) -> W + Send + 'static,
        W: Future<Output = Answer<T>> + Send + 'static,
    {
        self.handle.commit(Call(Box::new(move |parts| Box::pin(work(parts)))), PATIENCE).await
    }

    /// Opens `session`; the oldest beyond `most` are ended.
    ///
    /// # Errors
    ///
    /// [`Refused`], or inside what the store says.
    pub async fn open(
        &self,
        session: Session,
        most: usize,
        ending: Ending,
    ) -> Result<Answer<Vec<SessionId>>, Refused> {
        self.call(move |parts| async move {
            let ended = parts.store.open(&session, most, ending).await?;
            counter!("guardhouse_sessions_opened_total").increment(1);
            announce(&parts.view, &ended, ending, "limit");
            Ok(ended)
        })
        .await
    }

    /// Exchanges a refresh token.
    ///
    /// # Errors
    ///
    /// [`Refused`], or inside what the store says.
    pub async fn rotate(
        &self,
        grant: RefreshGrant,
        terms: RotationTerms,
    ) -> Result<Answer<Rotation>, Refused> {
        self.call(move |parts| async move {
            let rotation = parts.store.rotate(&grant, &terms).await?;
            if rotation == Rotation::Replayed {
                let ending = Ending { at: terms.now, tokens_until: terms.tokens_until };
                announce(&parts.view, &[grant.session], ending, "replay");
            }
            Ok(rotation)
        })
        .await
    }

    /// The session, if it lives.
    ///
    /// # Errors
    ///
    /// [`Refused`], or inside what the store says.
    pub async fn find(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Answer<Option<Session>>, Refused> {
        self.call(move |parts| async move { parts.store.find(user, session, now).await }).await
    }

    /// The user's sessions, the oldest first.
    ///
    /// # Errors
    ///
    /// [`Refused`], or inside what the store says.
    pub async fn list(&self, user: UserId, now: Timestamp) -> Result<Answer<Vec<Session>>, Refused> {
        self.call(move |parts| async move { parts.store.list(user, now).await }).await
    }

    /// Ends a session. Whether there was one.
    ///
    /// # Errors
    ///
    /// [`Refused`], or inside what the store says.
    pub async fn revoke(
        &self,
        user: UserId,
        session: SessionId,
        ending: Ending,
    ) -> Result<Answer<bool>, Refused> {
        self.call(move |parts| async move {
            let ended = parts.store.revoke(user, session, ending).await?;
            // Announced even when there was none: its access tokens may outlive a session that was swept.
            announce(&parts.view, &[session], ending, "revoked");
            Ok(ended)
        })
        .await
    }

    /// Ends the user's sessions except `spare`; returns those it ended.
    ///
    /// # Errors
    ///
    /// [`Refused`], or inside what the store says.
    pub async fn revoke_all(
        &self,
        user: UserId,
        spare: Option<SessionId>,
        ending: Ending,
    ) -> Result<Answer<Vec<SessionId>>, Refused> {
        self.call(move |parts| async move {
            let ended = parts.store.revoke_all(user, spare, ending).await?;
            announce(&parts.view, &ended, ending, "revoked");
            Ok(ended)
        })
        .await
    }

    /// Notes that the user proved again who they are.
    ///
    /// # Errors
    ///
    /// [`Refused`], or inside what the store says.
    pub async fn reauthenticate(
        &self,
        user: UserId,
        session: SessionId,
        epoch: u32,
        now: Timestamp,
    ) -> Result<Answer<bool>, Refused> {
        self.call(move |parts| async move { parts.store.reauthenticate(user, session, epoch, now).await })
            .await
    }

    /// Notes that `session` was used at `now`; written to the store later, with others.
    pub fn touch(&self, user: UserId, session: SessionId, now: Timestamp) {
        if self.recent.is_news(session, now) {
            let touch = Touch { user, session, at: now, idle_expires_at: now.plus(self.idle) };
            self.handle.address().do_send(Touched(touch));
        }
    }

    /// Takes an announcement that was written with a change of the user into this node's view at once; the other
    /// nodes read it from the feed.
    pub fn announced(&self, revocation: &Revocation) {
        self.view.insert(revocation);
    }

    /// Reads the feed now instead of at the next tick of the timer; returns when what it said is known here.
    pub async fn poll(&self) {
        let (done, wait) = oneshot::channel();
        self.handle.address().do_send(Poll(Some(done)));
        let _ = wait.await;
    }

    /// Sweeps now instead of at the next tick of the timer.
    pub fn sweep(&self) {
        self.handle.address().do_send(Sweep);
    }

    /// Writes what is pending.
    pub async fn drain(&self) {
        let (done, wait) = oneshot::channel();
        self.handle.address().do_send(Drain(done));
        let _ = wait.await;
    }

    /// Whether the session store answers.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub async fn ping(&self) -> Answer<()> {
        match self.call(|parts| async move { parts.store.ping().await }).await {
            Ok(answer) => answer,
            Err(refused) => Err(StoreError::Unavailable(refused.to_string())),
        }
    }

    /// The keeper's state.
    ///
    /// # Errors
    ///
    /// [`Refused`]
    pub async fn observe(&self) -> Result<SessionsSnapshot, Refused> {
        self.handle.ask(Observe, PATIENCE).await
    }
}

fn announce(view: &Revocations, sessions: &[SessionId], ending: Ending, why: &'static str) {
    for session in sessions {
        let what = Revoked::Session(*session);
        view.insert(&Revocation { what, at: ending.at, expires_at: ending.tokens_until });
    }
    if !sessions.is_empty() {
        counter!("guardhouse_sessions_ended_total", "why" => why).increment(sessions.len() as u64);
    }
}
