//! How fast a running server answers, and whether that changed: what `guardhouse bench` computes.
//!
//! | file | what happens there |
//! | --- | --- |
//! | [`schedule`] | when each request is due; which rates a ramp tries; what is warm-up |
//! | [`recorder`] | what each answer adds up to, in a bounded amount of memory |
//! | [`latencies`] | one distribution of times, exact to three digits, as a value and as text |
//! | [`knee`] | the highest rate that was carried, and what the next one lacked |
//! | [`result`](mod@result) | what is written to a file and read again |
//! | [`compare`] | whether one result is better than another, or only looks so |
//! | [`report`] | the page for people |
//! | [`drive`] | sends the requests and takes the times: all that touches a socket, a process or a clock |
//! | [`format`](mod@format) | numbers as people read them |
//!
//! All of it but `drive` is values. Points in time are a [`Duration`](std::time::Duration) since the run began.
//!
//! A request in an open loop is late from the moment at which it was *due*, not from when a connection was free for
//! it: otherwise a server that stalls also stops the requests that would have shown it ("coordinated omission", Tene,
//! "How NOT to measure latency", 2013). Both times are kept apart here as *latency* (from due) and *service* (from
//! sent).

pub mod compare;
pub mod drive;
#[cfg(test)]
mod fixtures;
pub mod format;
pub mod knee;
pub mod latencies;
mod micros;
pub mod recorder;
pub mod report;
pub mod result;
pub mod schedule;
