//! SENDS the audit log's records on: to web servers, signed, and as lines to files and standard output.
//!
//! A delivery reads what is committed, chain by chain, and notes in the database how far it has come: nothing is
//! missing and nothing waits for it, least of all a login. Every record is delivered at least once; after a crash some
//! are delivered again, with the same id. One node at a time works on a delivery, and another takes over from it.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | [`Carrier`] and what came of a message |
//! | [`courier`] | one delivery: what is next, what failed, who works on it |
//! | `batch` | what is under way, and what came of each message |
//! | `route` | which chain has something for it |
//! | `backoff` | how long it waits after failures, and when it gives a message up |
//! | [`webhook`] | the carrier to web servers |
//! | [`lines`] | the carrier to files and standard output |

mod backoff;
mod batch;
pub mod courier;
pub mod lines;
mod route;
#[cfg(test)]
mod tests;
pub mod webhook;

use std::sync::Arc;

use crate::config::{Delivery, Target};
use crate::domain::audit::chain::Linked;
use crate::domain::clock::Timestamp;

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// The receiver does not want this message, whatever else it takes.
    Refused(String),
    /// The receiver takes nothing now.
    Later {
        /// What it said, or what is wrong with the way to it.
        reason: String,
        /// It is to be left alone for so long at least.
        pause: Option<std::time::Duration>,
    },
    /// The receiver asks for time. That says nothing about the message, so it does not count as a try.
    Busy {
        /// What it said.
        reason: String,
        /// For how long, where it said so.
        pause: Option<std::time::Duration>,
    },
    /// It was not tried.
    Untried,
}

/// What takes messages to a receiver.
pub trait Carrier: Send + Sync + std::fmt::Debug {
    /// The most messages it takes at once.
    fn most(&self) -> usize;

    /// Takes `messages` there and waits for what comes of each, in their order. Blocks, for 20 seconds at most.
    fn carry(&self, messages: &[Linked], now: Timestamp) -> Vec<Verdict>;
}

/// The carrier of a configured delivery.
///
/// # Errors
///
/// When this system trusts no web server at all.
pub fn carrier(delivery: &Delivery) -> Result<Arc<dyn Carrier>, String> {
    Ok(match (&delivery.to, &delivery.secret) {
        (Target::Webhook(url), Some(secrets)) => Arc::new(webhook::Webhook::new(url, secrets.clone())?),
        (Target::Webhook(_), None) => return Err("it has no secret".to_owned()),
        (Target::File(path), _) => Arc::new(lines::File::new(path.clone())),
        (Target::Stdout, _) => Arc::new(lines::Stdout),
    })
}
