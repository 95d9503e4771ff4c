//! What the server finds out about itself: whether its answers take a time that depends on a secret.
//!
//! | file | what happens there |
//! | --- | --- |
//! | [`schedule`] | in which order the classes are measured, so that drift hits all alike |
//! | [`statistics`] | whether two classes can be told apart, by how much, and what would have gone unseen |
//! | [`report`] | the answer, for people and as JSON |
//!
//! All of it is values: who measures, with which clock and against which server, does not belong here. All times are
//! `f64` seconds.

pub mod report;
pub mod schedule;
pub mod statistics;
