//! PACES: who waits, how many, how often. The only folder that names actix and the hashing crates.
//!
//! Every actor owns something that a function could not: threads, counters, a batch, a feed. Correctness belongs to
//! the stores; an actor is never the reason why a refresh token is used once. The parts they share:
//!
//! ```text
//! flow ──► facade ──► Handle ──► Gate ──► mailbox ──► actor ──► ticket ──► flow
//!          (Hashers,   ask or     counted   Gated<M>    under a    answers,
//!           Limits …)  commit     permit                Keeper     frees the permit
//! ```
//!
//! An actor never waits for another actor. To add one: say what it owns, write its messages and its methods as plain
//! code, and give it a facade, so that flows see neither addresses nor messages.

pub mod audit;
pub mod gate;
pub mod gated;
pub mod handle;
pub mod hasher;
pub mod keeper;
pub mod limiter;
pub mod sessions;

pub use audit::Audit;
pub use gate::{Gate, Refused};
pub use hasher::Hashers;
pub use limiter::Limits;
pub use sessions::Sessions;
