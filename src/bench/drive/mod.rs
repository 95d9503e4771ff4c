//! Sends the requests and takes the times: all of `guardhouse bench` that touches a socket, a process or a clock.
//!
//! | file | what happens there |
//! | --- | --- |
//! | [`plan`] | from what was asked for to a result: the order of everything |
//! | [`engine`] | one run: sends what is due, reads what comes, ends in time |
//! | `reactor`, `connection`, `answer` | what it waits by, what it sends over, what it reads |
//! | [`asker`] | the line between the engine and those who know Guardhouse's requests |
//! | [`people`], [`arrival`], [`crew`], `request` | who asks, how they come, what they ask |
//! | [`sampler`] | what server and client use meanwhile |
//! | [`ceiling`] | what the client reaches where nothing is done |
//! | [`launch`] | a server of our own, for a while |
//! | [`target`], [`host`] | whom to load; the machine |
//!
//! To measure another request, write it in `request`, ask it in `crew` and name it in [`Action`](super::result::Action).
//! No number is computed here that the core computes. What is shown while it goes on is the command's business.
//!
//! Linux only: epoll, timerfd, `/proc`.

mod answer;
pub mod arrival;
pub mod asker;
pub mod ceiling;
mod connection;
pub mod crew;
pub mod engine;
pub mod host;
pub mod launch;
pub mod people;
pub mod plan;
mod reactor;
mod request;
pub mod sampler;
pub mod target;
