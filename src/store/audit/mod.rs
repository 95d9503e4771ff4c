//! The audit log's tables.
//!
//! A bound event is inserted without a place, in the transaction of its change; a free one is inserted in its place.
//! [`append`] is the only function that gives places: the writer of each process calls it for its own chain, one
//! group after the other. The unique key (chain, seq) is what makes it impossible to give one twice.

mod append;
mod checkpoints;
mod deliveries;
mod prune;
mod query;
mod rows;
mod spool;
mod spools;

pub use append::{Appended, Group, Strays, append, insert_behind};
pub use checkpoints::{chains, insert_checkpoint, of_chain, pruned_or_reached};
pub use deliveries::{
    DeadLetter, Standing, by_id, cursors, dead_letters, forget, hold, next_chain, note_failure, raise,
    release, settle, standings,
};
pub use prune::{erase_personal_data, prune};
pub use query::{Search, at_places, in_chain, search, without_a_place};
pub use rows::{insert_bound, linked};
pub use spool::{NotSpooled, Spool};
pub use spools::Spools;
