//! The two systems that Guardhouse takes over from, task by task. `docs/profiles.md` has their lists and names the test
//! of each task; both are in one order, and [`documents`] holds them together.
//!
//! The profiles are loaded as they are shipped. [`houses`] is the one place that says what a test changes about them.

mod attacks;
mod documents;
mod forged;
mod houses;
mod hybrid_redis;
mod stateless;
mod steps;
