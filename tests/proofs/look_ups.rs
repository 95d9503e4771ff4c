//! A verified request asks no store: counted at the store, while the timers are slow.
//!
//! `GUARDHOUSE_PROVE_REQUESTS` says how many requests are counted. That a session was used is written down later and
//! at most once a minute: that has happened before the counting begins.

use std::thread;
use std::time::Duration;

use super::home::Home;
use super::redis::Admin;
use super::site::{GOOD, Site};
use super::size;
use super::wire::Wire;
use crate::support::{Kind, PrivateServer};

#[test]
fn a_verified_request_asks_neither_postgres_nor_redis() {
    if !(Kind::Postgres.is_available() && Home::Redis.is_available()) {
        return;
    }
    let redis = PrivateServer::start("redis");
    let site = Site::on(Kind::Postgres).set("sessions.store", "redis").set("redis.url", &redis.url);
    let mut admin = Admin::connect(&redis.url);
    requests("Redis, accounts in PostgreSQL", site, || admin.questions());
}

#[test]
fn a_verified_request_asks_no_postgres() {
    if Kind::Postgres.is_available() {
        requests("PostgreSQL", Site::on(Kind::Postgres), || 0);
    }
}

#[test]
fn a_verified_request_asks_no_mysql() {
    if Kind::MySql.is_available() {
        requests("MariaDB or MySQL", Site::on(Kind::MySql), || 0);
    }
}

#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn requests(name: &str, site: Site, mut questions: impl FnMut() -> u64) {
    let requests: usize = size("GUARDHOUSE_PROVE_REQUESTS", 200);
    let (wire, url) = Wire::before(site.database_url());
    let site = site
        .set("database.url", url)
        .set("sessions.revocation.poll_interval", "50s")
        .set("sessions.revocation.max_staleness", "1h")
        .set("sessions.sweep_interval", "1h");
    let server = site.serve("one");
    let person = server.user("ada");
    // The wire counts: whoever asks for their account does ask the database.
    let before = wire.sent();
    assert_eq!(server.get_as(&person.access, "/auth/me").status, 200);
    assert!(wire.sent() > before);
    wire.wait_for_silence();
    let before = (wire.sent(), questions());
    for _ in 0..requests {
        assert_eq!(server.verdict(&person.access), GOOD);
    }
    // What is put off is put off by a second.
    thread::sleep(Duration::from_millis(1_200));
    let asked = (wire.sent() - before.0, questions() - before.1);
    assert_eq!(asked, (0, 0), "bytes to the database, commands to Redis");
    println!("{name}: {requests} verified requests, 0 bytes to the database, 0 look-ups in Redis");
}
