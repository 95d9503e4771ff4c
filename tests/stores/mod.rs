//! The stores: what is durable and what is atomic, on every database; one contract for every home of sessions, and
//! one for every home of limits.

mod atomically;
pub mod audit_chain;
mod audit_events;
mod collation;
mod copy;
mod deliveries;
mod deliveries_under_strain;
mod group;
mod keys;
mod limits_backends;
mod limits_contract;
mod limits_model;
mod limits_redis;
mod revocations;
mod session_backends;
#[path = "session_contract.rs"]
mod session_store;
#[path = "session_model.rs"]
mod session_store_model;
#[path = "session_sweep.rs"]
mod session_store_sweep;
mod users;
