//! How keys come and go on a running server: announced, signing, verifying, retired. Not one valid token is refused.

use guardhouse::domain::clock::Clock;
use guardhouse::tokens::algorithm::KeyAlgorithm;
use serde_json::{Value, json};

use crate::http::tokens::kid;
use crate::http::{refresh, sql, text};
use crate::on_every_database;
use crate::support::{Kind, TestHouse};

on_every_database!(
    a_key_is_announced_signs_verifies_and_is_retired_on_every_node,
    nodes_that_start_together_agree_on_their_keys,
    a_switch_of_format_is_announced_before_it_happens,
);

const OPS_TOKEN: &str = "an-ops-token-of-at-least-32-characters";
/// `tokens.access_lifetime` with the largest leeway and an hour of slack.
const LIFE: u64 = 900 + 60 + 3_600;

fn look(house: &TestHouse) {
    let (desk, now) = (house.desk(), house.clock.now());
    house.io(async move {
        guardhouse::flows::keys::look(&desk.keys, &desk.audit, now).await.unwrap();
        desk.audit.drain().await;
    });
}

fn rotate(house: &TestHouse, algorithm: KeyAlgorithm) -> String {
    let (desk, now) = (house.desk(), house.clock.now());
    house.io(async move { desk.keys.rotate(algorithm, false, now).await.unwrap() }).key.id
}

fn published(house: &TestHouse) -> Vec<String> {
    let keys = house.get("/.well-known/jwks.json").json["keys"].clone();
    keys.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn phases(house: &TestHouse) -> Vec<(String, String)> {
    let listed = house.ops("/admin/keys", Some(OPS_TOKEN)).ok(200);
    let told = |key: &Value, member: &str| key[member].as_str().unwrap().to_owned();
    let of_access = listed["keys"].as_array().unwrap().iter().filter(|key| key["algorithm"] != "refresh");
    of_access.map(|key| (told(key, "kid"), told(key, "phase"))).collect()
}

fn a_key_is_announced_signs_verifies_and_is_retired_on_every_node(kind: Kind) {
    let one =
        TestHouse::on(kind).set("server.ops_token", OPS_TOKEN).set("sessions.max_per_user", "100").start();
    let two = one.another_node_with(&[]);
    let mut tokens = vec![one.user("ada").access];
    let first = kid(&tokens[0]);
    let second = rotate(&one, KeyAlgorithm::EdDsa);
    look(&two);
    // 10 minutes of announcement, looked at in steps; each node signs with the one key until the very moment.
    for (seconds, signing) in [(1, &first), (598, &first), (1, &second), (60, &second)] {
        one.advance(seconds);
        for node in [&one, &two] {
            look(node);
            tokens.push(node.login("ada@example.org").access);
            assert_eq!(&kid(tokens.last().unwrap()), signing, "after {seconds} s more");
            for token in &tokens {
                assert_eq!(one.get_as(token, "/auth/me").status, 200);
                assert_eq!(two.get_as(token, "/auth/me").status, 200);
            }
            let mut known = published(node);
            known.sort();
            let mut both = [first.clone(), second.clone()];
            both.sort();
            assert_eq!(known, both);
        }
    }
    let signs = |id: &str, phase: &str| (id.to_owned(), phase.to_owned());
    assert_eq!(phases(&two), [signs(&second, "signing"), signs(&first, "verifying")]);
    one.advance(LIFE - 61);
    look(&one);
    assert_eq!(published(&one).len(), 2);
    one.advance(1);
    look(&one);
    look(&two);
    assert_eq!((published(&one), published(&two)), (vec![second.clone()], vec![second.clone()]));
    assert_eq!(phases(&two), [signs(&second, "signing"), signs(&first, "retired")]);
    // Its secret is kept for a month: another node may reckon with a longer life.
    one.advance(30 * 86_400 - 1);
    look(&one);
    assert_eq!(one.events("key_retired").len(), 0);
    one.advance(1);
    look(&one);
    look(&two);
    assert_eq!(one.events("key_retired").len(), 1, "by one of the nodes");
    let (desk, id) = (one.desk(), first);
    let rows = one.io(async move { guardhouse::store::keys::all(desk.db.reader()).await.unwrap() });
    assert!(rows.iter().find(|row| row.id == id).unwrap().wrapped.is_empty(), "its secret is still there");
}

fn nodes_that_start_together_agree_on_their_keys(kind: Kind) {
    let first = TestHouse::on(kind).start();
    let desk = first.desk();
    let count = |rows: Vec<guardhouse::store::keys::StoredKey>| rows.len();
    sql(&first, "DELETE FROM signing_keys".to_owned());
    // On an empty table both make the same slots, and one of them is too late.
    let nodes: Vec<TestHouse> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..3).map(|_| scope.spawn(|| first.another_node_with(&[]))).collect();
        starting.into_iter().map(|node| node.join().unwrap()).collect()
    });
    let rows = first.io(async move { guardhouse::store::keys::all(desk.db.reader()).await.unwrap() });
    assert_eq!(count(rows), 3, "one for access tokens, one for refresh tokens, one for the audit log");
    let ada = nodes[0].user("ada");
    for node in &nodes {
        assert_eq!(node.get_as(&ada.access, "/auth/me").status, 200);
    }
    assert_eq!(refresh(&nodes[1], &ada.refresh).status, 200);
}

fn a_switch_of_format_is_announced_before_it_happens(kind: Kind) {
    const PASETO: [(&str, &str); 2] = [("tokens.format", "paseto"), ("tokens.algorithm", "v4.public")];
    let old = TestHouse::on(kind).set("server.ops_token", OPS_TOKEN).start();
    let mut tokens = vec![old.user("ada").access];
    let new = old.another_node_with(&PASETO);
    look(&old);
    let both = [&old, &new];
    let mut everybody_knows = |when: &str, forms: [bool; 2]| {
        for (node, is_paseto) in both.iter().zip(forms) {
            tokens.push(node.login("ada@example.org").access);
            assert_eq!(tokens.last().unwrap().starts_with("v4.public."), is_paseto, "{when}");
        }
        for node in both {
            for token in &tokens {
                assert_eq!(node.get_as(token, "/auth/me").status, 200, "{when}: {token}");
            }
        }
    };
    everybody_knows("while it is announced", [false, false]);
    assert_eq!(new.get("/.well-known/paserk.json").json["keys"].as_array().map(Vec::len), Some(1));
    old.advance(599);
    both.iter().for_each(|node| look(node));
    everybody_knows("a second before", [false, false]);
    old.advance(1);
    both.iter().for_each(|node| look(node));
    everybody_knows("then", [false, true]);
    // And back, which needs no announcement: everybody has known that key all the time.
    let back = new.another_node_with(&[("tokens.format", "jwt"), ("tokens.algorithm", "EdDSA")]);
    assert!(!back.login("ada@example.org").access.starts_with("v4."));
}

#[test]
fn a_key_is_replaced_when_it_is_as_old_as_a_key_may_get() {
    let house =
        TestHouse::on(Kind::Sqlite).set("keys.lifetime", "30d").set("server.ops_token", OPS_TOKEN).start();
    let names = |house: &TestHouse| phases(house).into_iter().map(|(_, phase)| phase).collect::<Vec<_>>();
    house.advance(30 * 86_400 - 601);
    look(&house);
    assert_eq!(names(&house), ["signing"]);
    house.advance(1);
    look(&house);
    look(&house);
    assert_eq!(names(&house), ["announced", "signing"]);
    house.advance(600);
    look(&house);
    assert_eq!(names(&house), ["signing", "verifying"]);
    assert_eq!(house.events("key_generated").len(), 2 + 2, "for access tokens and for refresh tokens");

    let never =
        TestHouse::on(Kind::Sqlite).set("keys.lifetime", "0s").set("server.ops_token", OPS_TOKEN).start();
    never.advance(10 * 365 * 86_400);
    look(&never);
    assert_eq!(names(&never), ["signing"]);
}

#[test]
fn a_refresh_key_verifies_for_as_long_as_a_refresh_token_lives() {
    let house = TestHouse::on(Kind::Sqlite)
        .set("keys.lifetime", "0s")
        .set("sessions.idle_timeout", "30d")
        .set("sessions.refresh_lifetime", "30d")
        .start();
    let ada = house.user("ada");
    rotate(&house, KeyAlgorithm::Refresh);
    house.advance(600);
    look(&house);
    house.advance(30 * 86_400 - 601);
    look(&house);
    let again = refresh(&house, &ada.refresh);
    assert_eq!(again.status, 200, "{again:?}");
    assert_ne!(text(&again, "/refresh_token")[..12], ada.refresh[..12], "minted under the new key");
}

#[test]
fn administrators_see_the_keys_and_rotate_them() {
    let house = TestHouse::on(Kind::Sqlite).set("server.ops_token", OPS_TOKEN).start();
    let (ada, admin) = (house.user("ada"), house.admin("root"));
    for (token, code) in [(None, "token_missing"), (Some("x"), "token_invalid")] {
        house.ops("/admin/keys", token).is_problem(401, code);
        house.ops_post("/admin/keys/rotate", token, json!({})).is_problem(401, code);
    }
    house.ops("/admin/keys", Some(&ada.access)).is_problem(403, "role_required");
    house.ops_post("/admin/keys/rotate", Some(&ada.access), json!({})).is_problem(403, "role_required");
    assert_eq!(house.events("key_generated").len(), 2, "those of the start");

    let made = house.ops_post("/admin/keys/rotate", Some(&admin.access), json!({})).ok(201);
    assert_eq!((&made["algorithm"], &made["phase"]), (&json!("EdDSA"), &json!("announced")), "{made}");
    let at_once = json!({ "algorithm": "EdDSA", "at_once": true });
    let second = house.ops_post("/admin/keys/rotate", Some(OPS_TOKEN), at_once).ok(201);
    assert_eq!(second["phase"], "signing", "{second}");
    assert_eq!(kid(&house.login(&ada.email).access), second["kid"].as_str().unwrap());
    let unknown = house.ops_post("/admin/keys/rotate", Some(OPS_TOKEN), json!({ "algorithm": "none" }));
    unknown.is_problem(400, "invalid_request");
    let events = house.events("key_generated");
    assert_eq!(events.len(), 2 + 2);
    // In no order: they are of one moment.
    let of = |algorithm: &str| {
        let details = events.iter().filter_map(|event| event.detail.as_deref());
        details.filter(|detail| detail.starts_with(algorithm)).count()
    };
    assert_eq!((of("EdDSA "), of("refresh ")), (3, 1), "{events:?}");
    let listed = house.ops("/admin/keys", Some(&admin.access));
    assert!(!listed.text.contains("wrapped"), "{listed:?}");
    assert_eq!(listed.ok(200)["keys"].as_array().map(Vec::len), Some(4));
}

#[test]
fn the_published_keys_may_be_kept_for_less_than_the_announcement() {
    for (announcement, told) in
        [("10m", "public, max-age=300"), ("1m", "public, max-age=30"), ("0s", "no-cache")]
    {
        let house = TestHouse::on(Kind::Sqlite).set("keys.announcement", announcement).start();
        for path in ["/.well-known/jwks.json", "/.well-known/paserk.json"] {
            assert_eq!(house.get(path).header("cache-control"), told, "{announcement}");
        }
    }
}

#[test]
fn tokens_say_what_the_operator_wants_them_to_say() {
    let house = crate::http::oauth2::with_clients(TestHouse::on(Kind::Sqlite))
        .set("tokens.roles_claim", "https://example.org/groups")
        .set("tokens.claims", r#"{"tenant": "acme", "limits": {"a": 1}}"#)
        .start();
    let admin = house.admin("root");
    let claims = crate::http::tokens::segment(&admin.access, 1);
    assert_eq!(claims["https://example.org/groups"], json!(["admin", "user"]));
    assert_eq!((&claims["tenant"], &claims["limits"]), (&json!("acme"), &json!({ "a": 1 })));
    assert_eq!(claims.get("roles"), None);
    assert_eq!(house.get_as(&admin.access, "/users").status, 200, "the roles are read back");
    // What another service is told about it is the same.
    let told = crate::http::oauth2::introspect(&house, &admin.access);
    for claim in ["https://example.org/groups", "tenant", "limits"] {
        assert_eq!(told[claim], claims[claim], "{told}");
    }
}

#[test]
fn a_key_that_does_not_open_keeps_no_other_from_changing() {
    let house = TestHouse::on(Kind::Sqlite).set("keys.announcement", "0s").start();
    let ada = house.user("ada");
    let old = kid(&ada.access);
    rotate(&house, KeyAlgorithm::V4Public);
    sql(&house, "UPDATE signing_keys SET wrapped = x'00' WHERE algorithm = 'v4.public'".to_owned());
    house.advance(1);
    let new = rotate(&house, KeyAlgorithm::EdDsa);
    let (desk, now) = (house.desk(), house.clock.now());
    house.io(async move { desk.keys.retire(&old, now).await.unwrap() });
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_invalid");
    // A start is not prevented by it either.
    let house = house.restart();
    assert_eq!(kid(&house.login(&ada.email).access), new);
}

#[test]
fn the_last_key_of_an_algorithm_that_nobody_uses_ends_with_the_life_of_keys() {
    let settings = [("keys.lifetime", "30d"), ("keys.announcement", "0s"), ("server.ops_token", OPS_TOKEN)];
    let plan = settings.iter().fold(TestHouse::on(Kind::Sqlite), |plan, (key, value)| plan.set(key, value));
    let house = plan.start();
    let old = kid(&house.user("ada").access);
    house.advance(86_400);
    let house = house.restart_with(&[("tokens.algorithm", "ES256")]);
    house.advance(29 * 86_400 + LIFE - 1);
    look(&house);
    assert!(published(&house).contains(&old));
    house.advance(1);
    look(&house);
    assert!(!published(&house).contains(&old));
}

#[test]
fn the_secret_of_hs256_is_changed_without_refusing_a_token() {
    const FIRST: &str = "nine-wizards-quietly-juggled-64-frozen-lamps";
    const SECOND: &str = "seven-sailors-loudly-painted-31-hollow-drums";
    let house = TestHouse::on(Kind::Sqlite)
        .set("tokens.algorithm", "HS256")
        .set("tokens.hs256_secret", FIRST)
        .set("server.ops_token", OPS_TOKEN)
        .start();
    let old = house.user("ada");
    house.ops_post("/admin/keys/rotate", Some(OPS_TOKEN), json!({})).is_problem(400, "invalid_request");
    let house = house.restart_with(&[("tokens.hs256_secret", SECOND), ("tokens.hs256_former_secret", FIRST)]);
    let new = house.login(&old.email);
    assert_ne!(kid(&old.access), kid(&new.access));
    for token in [&old.access, &new.access] {
        assert_eq!(house.get_as(token, "/auth/me").status, 200);
    }
    let house = house.restart_with(&[("tokens.hs256_former_secret", "")]);
    house.get_as(&old.access, "/auth/me").is_problem(401, "token_invalid");
    assert_eq!(house.get_as(&new.access, "/auth/me").status, 200);
}
