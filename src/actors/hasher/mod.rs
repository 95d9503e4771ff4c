//! The hasher: a fixed pool of threads that own the memory in which passwords are hashed.
//!
//! Memory is threads times cost, by construction. The threads run at a lower priority than those that answer
//! requests, a panic kills none of them, and who comes when the queue is full is told so at once.

mod cost;
mod failure_time;
pub mod foreign;
pub mod scheme;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Handler, Message, SyncArbiter, SyncContext};
use metrics::histogram;
use secrecy::{ExposeSecret, SecretString};

pub use cost::{CostLimits, Costs};
use failure_time::FailureTime;
pub use scheme::Unsound;
use scheme::{Memory, Scheme};

use super::gate::{Gate, Permit, Refused};
use super::gated::Gated;
use super::handle::{Handle, Patience};
use crate::config;
use crate::domain::clock::Stopwatch;
use crate::domain::entropy::Entropy;
use crate::domain::password::Password;

/// A password hash in its scheme's own string form. It does not print.
pub type StoredHash = SecretString;

/// How a password compares with a stored hash.
#[derive(Debug)]
pub enum PasswordVerification {
    /// It is the password.
    Match {
        /// The same password under the configured parameters, where the stored ones differ: to be stored.
        upgrade: Option<StoredHash>,
    },
    /// It is not.
    Mismatch,
    /// Nobody can say: the stored hash is of an unknown scheme, malformed, or dearer than this server allows.
    Unusable,
}

/// What a comparison came to, and when its work began.
#[derive(Debug)]
pub struct Verified {
    /// How the password compares.
    pub outcome: PasswordVerification,
    begun: Begun,
}

/// When work on a password began.
#[derive(Debug)]
pub struct Begun(Stopwatch);

/// A place in the pool.
#[derive(Debug)]
pub struct Place(Permit);

#[derive(Debug, Message)]
#[rtype(result = "(StoredHash, Begun)")]
struct HashPassword(Password);

#[derive(Debug, Message)]
#[rtype(result = "Verified")]
struct VerifyPassword {
    candidate: Password,
    stored: Option<StoredHash>,
}

/// Runs arbitrary code on one of the threads; for tests of the pool itself.
#[derive(Message)]
#[rtype(result = "()")]
struct Errand(Box<dyn FnOnce() + Send>);

/// One thread of the pool.
struct Hasher {
    scheme: Arc<Scheme>,
    memory: Memory,
    niceness: i32,
    failures: Arc<FailureTime>,
}

impl Actor for Hasher {
    type Context = SyncContext<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        // On Linux a thread has a priority of its own; elsewhere refusing is no reason not to hash.
        if let Err(error) = rustix::process::nice(self.niceness) {
            tracing::warn!(%error, niceness = self.niceness, "the hash threads keep the ordinary priority");
        }
        if let Err(error) = rustix::thread::set_name(c"hasher") {
            tracing::debug!(%error, "the hash threads stay without a name");
        }
    }
}

impl Hasher {
    /// Without a stored hash the work was that of the configured scheme.
    fn note(&self, operation: &'static str, stored: Option<&str>, begun: &Begun) {
        let scheme = stored.map_or(self.scheme.name(), |stored| foreign::name(stored).unwrap_or("unknown"));
        histogram!("guardhouse_hash_seconds", "operation" => operation, "scheme" => scheme)
            .record(begun.0.elapsed());
    }
}

impl Handler<Gated<HashPassword>> for Hasher {
    type Result = ();

    fn handle(&mut self, message: Gated<HashPassword>, _: &mut Self::Context) {
        message.serve(|HashPassword(password)| {
            let begun = Begun(Stopwatch::start());
            let hash = self.failures.measure(|| self.scheme.hash(&password, &mut self.memory));
            self.note("hash", None, &begun);
            (hash, begun)
        });
    }
}

impl Handler<Gated<VerifyPassword>> for Hasher {
    type Result = ();

    fn handle(&mut self, message: Gated<VerifyPassword>, _: &mut Self::Context) {
        message.serve(|VerifyPassword { candidate, stored }| {
            let stored = stored.as_ref().map(ExposeSecret::expose_secret);
            let begun = Begun(Stopwatch::start());
            let outcome = self.failures.measure(|| self.scheme.verify(&candidate, stored, &mut self.memory));
            self.note("verify", stored, &begun);
            Verified { outcome, begun }
        });
    }
}

impl Handler<Gated<Errand>> for Hasher {
    type Result = ();

    fn handle(&mut self, message: Gated<Errand>, _: &mut Self::Context) {
        message.serve(|Errand(run)| run());
    }
}

/// What an operator sees of the pool.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct HasherSnapshot {
    /// Hash threads.
    pub threads: usize,
    /// Requests waiting or being hashed.
    pub inside: usize,
    /// Most requests that may be.
    pub capacity: usize,
    /// The configured scheme and cost.
    pub scheme: String,
    /// How long a failed sign-in takes from the beginning of its work, in milliseconds.
    pub failure_millis: u128,
}

/// The hash pool, as flows see it.
#[derive(Debug, Clone)]
pub struct Hashers {
    handle: Handle<Hasher>,
    scheme: Arc<Scheme>,
    threads: usize,
    deadline: Duration,
    failures: Arc<FailureTime>,
}

impl Hashers {
    /// Starts the threads. Must be called inside an actix system.
    pub fn start(settings: &config::Hashing, entropy: Arc<dyn Entropy>) -> Self {
        let threads = settings.threads.get();
        // One memory for both, given back to the system: a second one would stay with the process.
        let mut memory = Memory::default();
        let (costs, limits) = (Costs::from(settings), CostLimits::from(settings));
        let scheme = Arc::new(Scheme::made_in(&mut memory, costs, limits, entropy));
        let failures = Arc::new(FailureTime::new(settings.failure_time));
        failures.measure(|| scheme.rehearse(&mut memory));
        drop(memory);
        let (shared, noting, niceness) = (scheme.clone(), failures.clone(), settings.niceness);
        let address = SyncArbiter::start(threads, move || Hasher {
            scheme: shared.clone(),
            memory: Memory::default(),
            niceness,
            failures: noting.clone(),
        });
        let gate = Gate::new("hasher", threads + settings.queue, threads);
        Self { handle: Handle::new(address, gate), scheme, threads, deadline: settings.deadline, failures }
    }

    /// Hashes a new password under the configured scheme.
    ///
    /// # Errors
    ///
    /// [`Refused`]: at once when the queue is full.
    pub async fn hash(&self, password: Password) -> Result<StoredHash, Refused> {
        self.hash_timed(password).await.map(|(hash, _)| hash)
    }

    /// As [`Self::hash`], and when the work began: for [`Self::hold`].
    ///
    /// # Errors
    ///
    /// [`Refused`]
    pub async fn hash_timed(&self, password: Password) -> Result<(StoredHash, Begun), Refused> {
        self.handle.ask(HashPassword(password), self.patience()).await
    }

    /// A place for a comparison to come: who finds none is refused before anything else is asked or counted. It ends
    /// with its drop.
    ///
    /// # Errors
    ///
    /// [`Refused::Full`]: at once when the queue is full, or so long that the deadline might pass in it.
    pub async fn place(&self) -> Result<Place, Refused> {
        self.handle.enter(self.patience()).await.map(Place)
    }

    /// As [`Self::verify`], at a place that was taken before.
    ///
    /// # Errors
    ///
    /// [`Refused`]
    pub async fn verify_at(
        &self,
        place: Place,
        candidate: Password,
        stored: Option<StoredHash>,
    ) -> Result<Verified, Refused> {
        self.handle.ask_with(place.0, VerifyPassword { candidate, stored }, self.deadline).await
    }

    /// Compares `candidate` with the `stored` hash. Without one the work of a hash of the configured cost is done
    /// against a decoy, so that the work does not tell whether there is a user. A stored hash of another cost takes
    /// its own time until its user's next login replaces it: hence [`Self::hold_failure`].
    ///
    /// # Errors
    ///
    /// [`Refused`]: at once when the queue is full, or so long that the deadline would pass in it.
    pub async fn verify(&self, candidate: Password, stored: Option<StoredHash>) -> Result<Verified, Refused> {
        self.verify_at(self.place().await?, candidate, stored).await
    }

    /// Whether `stored` could be verified here, without its work: for hashes that are to be imported.
    ///
    /// # Errors
    ///
    /// [`Unsound`]
    pub fn look_at(&self, stored: &str) -> Result<(), Unsound> {
        self.scheme.look_at(stored)
    }

    /// Waits until every failed comparison would be answered, however dear it was. Who answers anything but a success
    /// waits here last, so that what was done in between does not show either.
    pub async fn hold_failure(&self, verified: &Verified) {
        self.hold(&verified.begun).await;
    }

    /// As [`Self::hold_failure`], for work that makes a hash.
    pub async fn hold(&self, begun: &Begun) {
        tokio::time::sleep(self.failures.remaining(begun.0.elapsed())).await;
    }

    /// Runs `errand` on one of the threads, through the same gate as every password; for tests and benches of the
    /// pool itself.
    ///
    /// # Errors
    ///
    /// [`Refused`]: [`Refused::Crashed`] when the errand panicked.
    pub async fn errand(&self, errand: impl FnOnce() + Send + 'static) -> Result<(), Refused> {
        self.handle.ask(Errand(Box::new(errand)), self.patience()).await
    }

    /// The pool's state.
    pub fn observe(&self) -> HasherSnapshot {
        let gate = self.handle.gate();
        HasherSnapshot {
            threads: self.threads,
            inside: gate.inside(),
            capacity: gate.capacity(),
            scheme: self.scheme.to_string(),
            failure_millis: self.failures.slot().as_millis(),
        }
    }

    fn patience(&self) -> Patience {
        Patience { entry: Duration::ZERO, queue: self.deadline }
    }
}
