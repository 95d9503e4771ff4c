//! What the manual promises about sessions and imports, proven against every home of sessions and every database.
//!
//! Each proof is small by default and as large as its variables say; `scripts/prove` sets them. What a proof counts
//! and measures it prints, for docs/proofs.md. What belongs to one function of one store is tested elsewhere.

mod bad_tokens;
mod copy;
pub mod groups;
mod growth;
pub mod home;
mod import;
mod key_changes;
mod lag;
mod live_sessions;
mod look_ups;
mod lost_replies;
mod outage;
mod people;
pub mod redis;
mod refused;
mod rolling;
mod site;
mod stale;
mod storm;
mod switching;
mod tls;
mod wire;

use std::str::FromStr;

/// The size in the environment variable `name`, or the small one.
pub fn size<T: FromStr>(name: &str, small: T) -> T {
    let Ok(text) = std::env::var(name) else { return small };
    text.parse().unwrap_or_else(|_| panic!("{name} is not a whole number: {text}"))
}
