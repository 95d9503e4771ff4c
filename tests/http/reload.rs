//! A configuration that is loaded again while people use the house.

use guardhouse::config::Change;
use guardhouse::house::ReloadFault;
use serde_json::{Value, json};

use crate::http::{login_from, registration};
use crate::on_every_database;
use crate::support::house::{PASSWORD, Plan};
use crate::support::{Kind, TestHouse};

on_every_database!(what_is_loaded_again_holds_at_once_and_is_on_record,);

const WRONG: &str = "Wrong-horse-9-battery";
const TOKEN: &str = "an-ops-token-of-at-least-32-characters";
const NEXT: &str = "the-next-token-of-at-least-32-characters";

/// Nothing is limited but logins from one address.
fn limited(kind: Kind) -> Plan {
    TestHouse::on(kind)
        .set("limits.enabled", true)
        .set("limits.login.account", "")
        .set("limits.login.network", "")
        .set("limits.login.anywhere", "")
        .set("limits.login.first_delay", "0s")
        .set("limits.login.address", "2/15m")
        .set("server.trusted_proxies", "127.0.0.1")
}

fn keys(changes: &[Change], taken: bool) -> Vec<&str> {
    changes.iter().filter(|change| change.taken == taken).map(|change| change.key.as_str()).collect()
}

fn what_is_loaded_again_holds_at_once_and_is_on_record(kind: Kind) {
    let house = TestHouse::on(kind).set("server.ops_token", TOKEN).start();
    let (ada, admin) = (house.user("ada"), house.admin("root"));
    let settings = |token: &str| house.ops("/admin/config", Some(token));
    let before = settings(&admin.access).ok(200);

    house.advance(1);
    let changes = house.reload_with(&[
        ("registration.mode", "closed"),
        ("passwords.min_length", "30"),
        ("server.ops_token", NEXT),
        ("keys.poll_interval", "1s"),
        ("server.body_limit", "32KiB"),
    ]);
    let changes = changes.unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(keys(&changes, false), ["server.body_limit"]);
    assert_eq!(
        keys(&changes, true),
        ["server.ops_token", "keys.poll_interval", "passwords.min_length", "registration.mode"]
    );

    house.post("/auth/register", registration("bob")).is_problem(403, "registration_closed");
    let change = json!({ "current_password": PASSWORD, "new_password": "Another-horse-7-battery" });
    house.post_as(&ada.access, "/auth/password", change).is_problem(422, "validation_failed");
    house.ops("/admin/actors", Some(TOKEN)).is_problem(401, "token_invalid");
    house.ops("/admin/actors", Some(NEXT)).ok(200);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200, "nobody was signed out");
    let now = guardhouse::domain::clock::Clock::now(&*house.clock);
    assert!(house.desk().keys.pause(now).as_secs() <= 1, "the keys are looked at more often");

    let after = settings(&admin.access).ok(200);
    let value = |told: &Value, key: &str| {
        let settings = told["settings"].as_array().expect("a list");
        settings.iter().find(|setting| setting["key"] == key).expect("it is there")["value"].clone()
    };
    assert_eq!(value(&after, "registration.mode"), "\"closed\"");
    assert_eq!(value(&after, "server.body_limit"), "\"16KiB\"", "what holds is told, not what is written");
    assert_ne!(before["sha256"], after["sha256"]);
    let recorded: Vec<_> =
        house.events("configuration_loaded").into_iter().filter_map(|event| event.detail).collect();
    let digest = |told: &Value| format!("sha256 {}", told["sha256"].as_str().expect("a text"));
    assert_eq!(recorded, [digest(&before), digest(&after)]);
}

#[test]
fn limits_change_under_the_counters_and_no_attempt_is_forgotten() {
    let house = limited(Kind::Sqlite).start();
    house.user("ada");
    let attempt = || login_from(&house, "192.0.2.1", "ada@example.org", WRONG);
    let refused = || _ = attempt().is_problem(429, "rate_limited");
    let granted = || _ = attempt().is_problem(401, "invalid_credentials");
    let reload = |limit| {
        house.reload_with(&[("limits.login.address", limit)]).unwrap_or_else(|fault| panic!("{fault}"))
    };
    granted();
    granted();
    refused();
    // Two more, not four: the first two still count.
    reload("4/15m");
    granted();
    granted();
    refused();
    reload("3/15m");
    refused();
    // Four lie in the last minute. A shorter window forgets them as soon as it is over.
    reload("3/1m");
    refused();
    house.advance(60);
    granted();
    // A longer one knows of those that the one before had to remember: three of the last five.
    reload("4/1h");
    granted();
    refused();
    reload("");
    for _ in 0..6 {
        granted();
    }
}

#[test]
fn the_limiter_goes_on_with_another_budget_and_all_its_counters() {
    let house = limited(Kind::Sqlite).set("server.ops_token", TOKEN).start();
    house.user("ada");
    let attempt = |address: &str| login_from(&house, address, "ada@example.org", WRONG);
    attempt("192.0.2.1").is_problem(401, "invalid_credentials");
    attempt("192.0.2.1").is_problem(401, "invalid_credentials");
    let seen = || house.ops("/admin/actors", Some(TOKEN)).ok(200)["limiter"].clone();
    let before = seen();
    house.reload_with(&[("limits.memory", "1KiB")]).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!((&seen()["budget"], &seen()["keys"]), (&json!(1024), &before["keys"]));
    attempt("192.0.2.1").is_problem(429, "rate_limited");
    // There is no room for strangers, and nobody's count makes room for them.
    for number in 2..9 {
        attempt(&format!("192.0.2.{number}"));
    }
    attempt("192.0.2.9").is_problem(503, "overloaded");
    attempt("192.0.2.1").is_problem(429, "rate_limited");
}

#[test]
fn a_faulty_configuration_changes_nothing() {
    let house = limited(Kind::Sqlite).start();
    let admin = house.admin("root");
    let digest = || house.ops("/admin/config", Some(&admin.access)).ok(200)["sha256"].clone();
    let before = digest();
    let Err(ReloadFault::Configuration(faults)) = house.reload_with(&[
        ("limits.login.address", "9/15x"),
        ("registration.mode", "closed"),
        ("log.filter", "x=loud"),
    ]) else {
        panic!("it was taken over")
    };
    let told: Vec<_> = faults.all().iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(told, ["limits.login.address", "log.filter"]);
    let missing =
        house.reload_with(&[("registration.mode", "closed"), ("passwords.breach_filter", "/nowhere")]);
    assert!(matches!(missing, Err(ReloadFault::Breached(_))), "{missing:?}");
    assert_eq!(digest(), before);
    house.post("/auth/register", registration("bob")).ok(201);
}

#[test]
fn what_holds_is_told_to_administrators_and_no_secret_to_anybody() {
    let mark = "Xq7";
    let secret = |tail: &str| format!("{mark}T4Zr8mK1vXc7Bn2Lw9Hd5Gs3Jf6Py0A{tail}");
    let secrets = [
        ("server.ops_token", secret("1")),
        ("tokens.hs256_secret", secret("2")),
        ("tokens.hs256_former_secret", secret("3")),
        ("keys.master_key", "Xq7CAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".to_owned()),
        ("redis.url", "redis://user:Xq7pass@cache.example".to_owned()),
    ];
    let plan = secrets.iter().fold(TestHouse::on(Kind::Sqlite), |plan, (key, value)| plan.set(key, value));
    let house = plan.start();
    let (ada, admin) = (house.user("ada"), house.admin("root"));
    house.ops("/admin/config", None).is_problem(401, "token_missing");
    house.ops("/admin/config", Some(&secrets[0].1)).is_problem(401, "token_invalid");
    house.ops("/admin/config", Some(&ada.access)).is_problem(403, "role_required");
    house.get_as(&admin.access, "/admin/config").is_problem(404, "not_found");
    let told = house.ops("/admin/config", Some(&admin.access));
    assert_eq!(told.status, 200);
    assert!(!told.text.contains(mark), "{}", told.text);
    let redacted =
        told.json["settings"].as_array().unwrap().iter().filter(|it| it["value"] == "(redacted)").count();
    assert_eq!(redacted, secrets.len() - 1, "of Redis, the host is told");
    assert_eq!(told.json["settings"].as_array().unwrap().len(), house.front().config.load().explain().len());
}
