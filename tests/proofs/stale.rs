//! A node whose feed is out of reach while its stores still answer: what `sessions.revocation.on_stale` says happens
//! from the configured moment on, to the sessions that ended meanwhile as to all others, and stops when the feed is back.
//!
//! Redis is told to refuse the command that reads the feed, and nothing else.

use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;

use super::home::Home;
use super::redis::Admin;
use super::site::{GOOD, NO_SESSION, Site};
use crate::binary::process::{Server, until};
use crate::support::{Kind, PrivateServer};

/// `max_staleness`.
const MAX: Duration = Duration::from_millis(1_500);

/// How much younger than its reading the view may be when the feed goes: one wait of the feed, one tick of the timer.
const AGE: Duration = Duration::from_millis(800);

#[test]
fn check_store_finds_what_the_feed_could_not_tell() {
    stale("check_store", GOOD, 401);
}

#[test]
fn refuse_answers_nobody_whose_session_may_have_ended() {
    stale("refuse", 503, 503);
}

#[test]
fn allow_lets_everybody_pass_who_is_not_known_to_have_left() {
    stale("allow", GOOD, GOOD);
}

/// `living` and `ended`: what the node answers while it is stale to a live session and to one that ended on another node.
fn stale(mode: &str, living: u16, ended: u16) {
    if !Home::Redis.is_available() {
        return;
    }
    let redis = PrivateServer::start("redis");
    let site = Site::on(Kind::Sqlite)
        .set("sessions.store", "redis")
        .set("redis.url", &redis.url)
        .set("sessions.revocation.on_stale", mode)
        .set("sessions.revocation.max_staleness", format!("{}ms", MAX.as_millis()))
        .set("sessions.revocation.poll_interval", "100ms");
    let (one, two) = (site.serve("one"), site.serve("two"));
    let stays = one.user("ada");
    let (leaves, left) = (one.login(&stays.email), one.login(&stays.email));
    assert_eq!(one.call("POST", "/auth/logout", Some(&left.access), None).status, 204);
    until("the first logout is known", || two.verdict(&left.access) == 401);
    assert_eq!((two.verdict(&stays.access), two.verdict(&leaves.access)), (GOOD, GOOD));

    let mut admin = Admin::connect(&redis.url);
    admin.tell(&["ACL", "SETUSER", "default", "-xread"]);
    let gone = Stopwatch::start();
    // A reading that was under way may still bring news.
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(one.call("POST", "/auth/logout", Some(&leaves.access), None).status, 204);
    // The node where it ended knows it whatever the feed does.
    assert_eq!(one.verdict(&leaves.access), 401);

    let look = || (two.verdict(&stays.access), two.verdict(&leaves.access), two.verdict(&left.access));
    while gone.elapsed() < MAX - AGE {
        let seen = look();
        if gone.elapsed() < MAX - AGE {
            assert_eq!(seen, (GOOD, GOOD, 401), "{mode}, not yet stale after {:?}", gone.elapsed());
        }
    }
    while gone.elapsed() < MAX + AGE {
        std::thread::sleep(Duration::from_millis(5));
    }
    while gone.elapsed() < MAX + AGE + Duration::from_millis(500) {
        assert_eq!(look(), (living, ended, 401), "{mode}, stale");
        assert_eq!(one.verdict(&leaves.access), 401, "{mode}, on the node where it ended");
    }
    if living == 503 {
        refused(&two, &stays.access).is_problem(503, "storage_unavailable");
    }

    admin.tell(&["ACL", "SETUSER", "default", "+xread"]);
    let back = Stopwatch::start();
    until("the feed is read again", || look() == (GOOD, 401, 401));
    let took = back.elapsed();
    assert!(took < Duration::from_secs(2), "{mode}: fresh only after {took:?}");
}

fn refused(node: &Server, access: &str) -> crate::support::Answer {
    node.call("DELETE", NO_SESSION, Some(access), None)
}
