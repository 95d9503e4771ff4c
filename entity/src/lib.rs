//! The tables of Guardhouse as sea-orm entities: columns and relations, nothing beyond.
//!
//! Times are `i64` microseconds since the epoch in UTC: one portable type whose order is the same in every database.
#![expect(
    missing_docs,
    reason = "columns are documented where they mean something: the migration and the domain"
)]

pub mod audit_checkpoints;
pub mod audit_events;
pub mod credentials;
pub mod dead_letters;
pub mod deliveries;
pub mod delivery_cursors;
pub mod installation;
pub mod revocations;
pub mod sessions;
pub mod signing_keys;
pub mod users;
