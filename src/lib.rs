//! The map of the house.
//!
//! > **domain decides · store remembers · actors pace · flows order · http speaks**
//!
//! ```text
//!   request                                                            response
//!      │                                                                  ▲
//!      ▼                                                                  │
//!   http ──────► flows ──────► actors ──────► store ──────► PostgreSQL / MySQL / MariaDB / SQLite
//!  parse,        one use       who waits,     what is
//!  render        case each     how many,      durable, and
//!                + the txn     how often      atomic
//!      └──────────────┴─────────────┴─────────────┴──► domain (values, rules, Clock, Entropy)
//! ```
//!
//! | room | what happens there |
//! | --- | --- |
//! | [`domain`] | values and rules, without I/O: start here to learn what a session, a limit or a refresh token is |
//! | [`store`] | users, credentials, sessions, keys, revocations, audit events; the only place that knows SQL |
//! | [`tokens`] | access tokens (JWT, PASETO), refresh tokens, keys, the view of what was revoked |
//! | [`keyring`] | which key signs, which ones verify, and when that changes |
//! | [`actors`] | the hash pool, the limiter, the session keeper, the audit writer, and the parts they share |
//! | [`delivery`] | where the audit log's records are sent: web servers, files, standard output |
//! | [`breach`] | whether a password is on a list of stolen ones, without asking anybody |
//! | [`transfer`] | files of accounts: those of other systems, and our own |
//! | [`copy`], [`archive`] | rows as every database means them, and their digest; the file of a back-up |
//! | [`seeding`] | made-up accounts and sessions, the same ones for the same seed |
//! | `bench` | how fast a running server answers, and whether that changed |
//! | [`selftest`], [`calibrate`] | what a running server tells by its times; what this machine can carry |
//! | [`flows`] | one use case a file: register, log in, refresh, log out, change the password … |
//! | [`http`] | the routes, the handlers, problems, the front door |
//! | [`config`] | from layers of text to checked values; `config/guardhouse.toml` is the manual |
//! | [`house`] | puts all of it together, from top to bottom |
//! | [`lifecycle`] | runtimes, signals, the ladder down |
//! | `guard` | for other services: verifies our tokens there; the only room that a service needs (feature `guard`) |
//! | [`telemetry`] | the catalogue of metrics, logs, and spans for a collector of traces |
//! | [`doctor`] | what is wrong with an installation, or will be |
//! | [`cli`] | the commands of the binary |
//!
//! Data flows one way; nobody calls back up. `tests/house_rules.rs` reads the source and holds it to that.

#[cfg(feature = "server")]
pub mod actors;
#[cfg(feature = "server")]
pub mod archive;
#[cfg(all(feature = "server", target_os = "linux"))]
pub mod bench;
#[cfg(feature = "server")]
pub mod breach;
#[cfg(feature = "server")]
pub mod calibrate;
#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod copy;
#[cfg(feature = "server")]
pub mod delivery;
#[cfg(feature = "server")]
pub mod doctor;
pub mod domain;
#[cfg(feature = "server")]
pub mod flows;
#[cfg(feature = "guard")]
pub mod guard;
#[cfg(feature = "server")]
pub mod house;
#[cfg(feature = "server")]
pub mod http;
#[cfg(feature = "server")]
pub mod keyring;
#[cfg(feature = "server")]
pub mod lifecycle;
#[cfg(feature = "server")]
pub mod seeding;
#[cfg(feature = "server")]
pub mod selftest;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod telemetry;
pub mod tokens;
#[cfg(feature = "server")]
pub mod transfer;
