//! DECIDES: plain values and pure functions. No async, no I/O, no framework.
//!
//! Everything here can be tested by calling it. What needs the time or chance gets it as an argument; the only
//! places that read the real ones are [`clock`] and [`entropy`].

pub mod account;
pub mod address;
pub mod audit;
pub mod claims;
pub mod clock;
pub mod duration;
pub mod email;
pub mod entropy;
pub mod id;
pub mod limit;
pub mod password;
pub mod random;
pub mod refresh;
pub mod revocation;
pub mod role;
pub mod secret;
pub mod session;
pub mod webhook;
