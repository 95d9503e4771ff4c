//! REMEMBERS: what is durable and what is atomic. The only folder that names sea-orm and fred.
//!
//! Users, credentials and keys are plain functions over [`Connection`]: the same function runs on the pool or inside
//! a transaction, and sea-orm is the seam between SQL dialects. Sessions have a trait, because they live in a
//! database, in Redis or in memory; so have the counters of rate limits, in memory or in Redis.

pub mod audit;
pub mod bulk;
pub mod copy;
pub mod credentials;
mod db;
pub mod error;
pub mod installation;
pub mod keys;
pub mod limit;
pub mod redis;
pub mod revocations;
pub mod session;
pub mod users;

pub use db::{DatabaseVitals, Db, MigrationState, Txn};
pub use error::StoreError;
pub use sea_orm::ConnectionTrait as Connection;
