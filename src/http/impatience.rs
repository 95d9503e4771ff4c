//! Clients who are told when to come back, and come back at once.
//!
//! Refusing takes microseconds, so a few hundred of them keep the processors busy with refusals, and hardly a password is
//! hashed. A connection therefore remembers what its client was told: who asks again before that time and is refused
//! again gets the answer half a second later. It waits in a timer, so it takes no thread, and so many at most wait
//! that their memory does not matter; the others are answered at once. Who waits as told is never held.

use std::any::Any;
use std::cell::Cell;
use std::time::Duration;

use actix_web::dev::{Extensions, ServiceResponse};
use actix_web::http::header;
use metrics::counter;
use tokio::sync::Semaphore;

use crate::domain::clock::Stopwatch;

/// How long a refusal is held.
const HOLD: Duration = Duration::from_millis(500);

/// Most refusals that are held at a time.
const MOST: usize = 1_000;

/// What a connection's client was told last: wait for so long, from then on.
#[derive(Default)]
struct Told(Cell<Option<(Stopwatch, Duration)>>);

/// To be called for each new connection.
pub fn remember(_: &dyn Any, connection: &mut Extensions) {
    connection.insert(Told::default());
}

/// The places of those whose answers are held.
#[derive(Debug)]
pub struct Impatience(Semaphore);

impl Default for Impatience {
    fn default() -> Self {
        Self(Semaphore::new(MOST))
    }
}

impl Impatience {
    /// Waits before `response` goes out, which is a refusal because too much came at once, if its client was told to wait
    /// and did not.
    pub(super) async fn hold<B>(&self, response: &ServiceResponse<B>) {
        let Some(told) = response.request().conn_data::<Told>() else { return };
        let seconds =
            response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let wait = Duration::from_secs(seconds.unwrap_or(0));
        let before = told.0.replace(Some((Stopwatch::start(), wait)));
        let too_soon = before.is_some_and(|(since, wait)| since.elapsed() < wait);
        if too_soon && let Ok(_place) = self.0.try_acquire() {
            counter!("guardhouse_refusals_held_total").increment(1);
            tokio::time::sleep(HOLD).await;
        }
    }
}
