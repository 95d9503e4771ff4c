//! The audit log: every kind of event with its outcome, whom it is about, who did it, where, and why.

use guardhouse_entity::audit_events::Model;
use serde_json::json;

use crate::http::{audit_rows, post_with, refresh, try_login};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

on_every_database!(
    every_kind_of_event_says_who_what_when_and_from_where,
    an_answer_comes_after_its_record,
    operators_find_what_they_look_for_page_by_page,
    users_see_their_own_activity_and_nobody_s_address_but_their_own,
    an_address_is_kept_as_far_as_is_configured,
    deleting_an_account_erases_its_traces_where_that_is_configured_and_the_log_stays_provable,
    old_records_go_in_whole_pieces_and_the_rest_stays_provable,
);

/// Kind, outcome, user, actor, session, detail: the identifiers by name.
type Told = (String, String, Option<String>, Option<String>, Option<String>, Option<String>);

struct Names(Vec<(String, &'static str)>);

impl Names {
    fn of(&self, id: Option<uuid::Uuid>) -> Option<String> {
        let id = id?.to_string();
        Some(self.0.iter().find(|(known, _)| *known == id).map_or(id, |(_, name)| (*name).to_owned()))
    }

    fn told(&self, event: &Model) -> Told {
        let detail = event
            .detail
            .clone()
            .map(|detail| self.0.iter().fold(detail, |detail, (id, name)| detail.replace(id.as_str(), name)));
        (
            event.kind.clone(),
            event.outcome.clone(),
            self.of(event.user_id),
            self.of(event.actor_id),
            self.of(event.session_id),
            detail,
        )
    }
}

fn every_kind_of_event_says_who_what_when_and_from_where(kind: Kind) {
    let house = TestHouse::on(kind)
        .set("limits.enabled", true)
        .set("limits.login.account", "3/1h")
        .set("limits.login.address", "100/1h")
        .start();
    let (ada, root) = (house.user("ada"), house.admin("root"));
    let first_of_root = house.get_as(&root.access, "/auth/sessions").ok(200)[0]["id"].clone();
    let second = house.login(&ada.email);

    // The changes of state, and the observations, one after another.
    house.call("PATCH", "/auth/me", Some(&ada.access), Some(&json!({ "name": "Ada" }))).ok(200);
    let wrong =
        json!({ "current_password": "Wrong-horse-9-battery", "new_password": "Another-horse-7-battery" });
    house.post_as(&ada.access, "/auth/password", wrong).is_problem(401, "invalid_credentials");
    let right = json!({ "current_password": PASSWORD, "new_password": "Another-horse-7-battery" });
    assert_eq!(house.post_as(&ada.access, "/auth/password", right).status, 204);
    assert_eq!(refresh(&house, &ada.refresh).status, 200);
    house.advance(10);
    refresh(&house, &ada.refresh).is_problem(401, "refresh_replayed");
    refresh(&house, &ada.refresh).is_problem(401, "refresh_invalid");
    try_login(&house, &ada.email, PASSWORD).is_problem(401, "invalid_credentials");
    try_login(&house, "nobody@example.org", PASSWORD).is_problem(401, "invalid_credentials");
    let third = try_login(&house, &ada.email, "Another-horse-7-battery").ok(200);
    let access = third["access_token"].as_str().unwrap();
    house.get_as(access, &format!("/users/{}", root.id)).is_problem(403, "not_yours");
    house.get_as(access, "/users").is_problem(403, "role_required");
    try_login(&house, &ada.email, PASSWORD).is_problem(401, "invalid_credentials");
    try_login(&house, &ada.email, PASSWORD).is_problem(429, "rate_limited");
    let end = |id: &str| house.call("DELETE", &format!("/auth/sessions/{id}"), Some(access), None);
    assert_eq!(end(third["session_id"].as_str().unwrap()).status, 204);
    let eve = house.post_as(&root.access, "/users", json!({ "email": "eve@example.org" })).ok(201);
    let eve_id = eve["id"].as_str().unwrap();
    let path = format!("/users/{eve_id}");
    house
        .call("PATCH", &path, Some(&root.access), Some(&json!({ "name": "Eve", "roles": ["support"] })))
        .ok(200);
    for measure in ["disable", "enable", "sessions/revoke"] {
        assert_eq!(house.post_as(&root.access, &format!("{path}/{measure}"), json!({})).status, 204);
    }
    assert_eq!(house.call("DELETE", &path, Some(&root.access), None).status, 204);
    for scope in ["others", "global"] {
        assert_eq!(
            house.post_as(&root.access, &format!("/auth/logout?scope={scope}"), json!({})).status,
            204
        );
    }
    let bob = house.user("bob");
    assert_eq!(house.post_as(&bob.access, "/auth/logout", json!({})).status, 204);

    let names = Names(vec![
        (ada.id.clone(), "ada"),
        (root.id.clone(), "root"),
        (bob.id.clone(), "bob"),
        (eve_id.to_owned(), "eve"),
        (ada.session.clone(), "ada/1"),
        (second.session.clone(), "ada/2"),
        (third["session_id"].as_str().unwrap().to_owned(), "ada/3"),
        (first_of_root.as_str().unwrap().to_owned(), "root/?"),
        (root.session.clone(), "root/?"),
        (bob.session.clone(), "bob/1"),
    ]);
    let rows = audit_rows(&house);
    let mut told: Vec<Told> = rows.iter().map(|event| names.told(event)).collect();
    for event in &mut told {
        // Two sessions of root opened in one millisecond: which is which is chance.
        if event.0 == "login_succeeded" && event.2.as_deref() == Some("root") {
            event.4 = Some("root/?".into());
        }
        // Which keys those are is chance, and so are the ports that the house got.
        if event.0 == "key_generated" || event.0 == "configuration_loaded" {
            event.5 = event
                .5
                .as_deref()
                .and_then(|told| told.split_once(' '))
                .map(|(algorithm, _)| algorithm.into());
        }
    }
    let event =
        |kind: &str, outcome: &str, user: &str, actor: &str, session: &str, detail: Option<&str>| -> Told {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            (kind.into(), outcome.into(), some(user), some(actor), some(session), detail.map(str::to_owned))
        };
    let mut expected = vec![
        event("registered", "success", "ada", "", "", None),
        event("login_succeeded", "success", "ada", "", "ada/1", Some("after registration")),
        event("registered", "success", "root", "", "", None),
        event("login_succeeded", "success", "root", "", "root/?", Some("after registration")),
        event("roles_changed", "success", "root", "", "", Some("admin user")),
        event("login_succeeded", "success", "root", "", "root/?", None),
        event("login_succeeded", "success", "ada", "", "ada/2", None),
        event("profile_changed", "success", "ada", "", "", Some("name")),
        event("reauthentication_failed", "failure", "ada", "", "ada/1", None),
        event("password_changed", "success", "ada", "", "ada/1", None),
        event("token_refreshed", "success", "ada", "", "ada/1", None),
        event("refresh_replayed", "failure", "ada", "", "ada/1", None),
        event("refresh_refused", "failure", "ada", "", "ada/1", Some("session is over")),
        event("login_failed", "failure", "ada", "", "", Some("wrong password")),
        event("login_failed", "failure", "", "", "", Some("unknown user")),
        event("login_succeeded", "success", "ada", "", "ada/3", None),
        event("access_denied", "failure", "ada", "", "ada/3", Some("user root")),
        event("access_denied", "failure", "ada", "", "ada/3", Some("role admin")),
        event("login_failed", "failure", "ada", "", "", Some("wrong password")),
        event("account_locked", "failure", "ada", "", "", Some("for the network of 127.0.0.0")),
        event("rate_limited", "failure", "", "", "", Some("login.account")),
        event("session_ended", "success", "ada", "", "ada/3", None),
        event("user_created", "success", "eve", "root", "", None),
        event("profile_changed", "success", "eve", "root", "", Some("name")),
        event("roles_changed", "success", "eve", "root", "", Some("support")),
        event("user_disabled", "success", "eve", "root", "", None),
        event("user_enabled", "success", "eve", "root", "", None),
        event("sessions_revoked", "success", "eve", "root", "", None),
        event("user_deleted", "success", "eve", "root", "", None),
        event("logged_out", "success", "root", "", "root/?", Some("others")),
        event("logged_out", "success", "root", "", "root/?", Some("global")),
        event("sessions_revoked", "success", "root", "", "root/?", None),
        event("registered", "success", "bob", "", "", None),
        event("login_succeeded", "success", "bob", "", "bob/1", Some("after registration")),
        event("logged_out", "success", "bob", "", "bob/1", Some("local")),
        event("key_generated", "success", "", "", "", Some("EdDSA")),
        event("key_generated", "success", "", "", "", Some("refresh")),
        event("configuration_loaded", "success", "", "", "", Some("sha256")),
        event("chain_begun", "success", "", "", "", None),
    ];
    told.sort();
    expected.sort();
    assert_eq!(told, expected);

    for event in &rows {
        assert_eq!(event.address, "127.0.0.1");
        assert!(!event.request_id.is_empty());
        let seconds = event.at / 1_000_000;
        assert!(seconds == 1_800_000_000 || seconds == 1_800_000_010, "{}: {seconds}", event.kind);
        if ["key_generated", "configuration_loaded", "chain_begun"].contains(&event.kind.as_str()) {
            // By the server itself, at its start.
            assert_eq!(event.user_agent.as_deref(), Some("guardhouse"));
        } else if event.request_id != "test" {
            assert!(event.user_agent.as_deref().is_some_and(|agent| agent.starts_with("ureq/")), "{event:?}");
        }
    }
    // Observations and changes have their places in one chain, without a hole.
    let mut numbers: Vec<_> = rows.iter().map(|event| event.place).collect();
    numbers.sort_unstable();
    let count = i64::try_from(numbers.len()).unwrap();
    assert_eq!(numbers, (1..=count).map(Some).collect::<Vec<_>>());
    assert!(rows.iter().all(|event| event.chain == Some(event.instance)));
    house.proves_its_audit_log();
}

fn an_answer_comes_after_its_record(kind: Kind) {
    let house = TestHouse::on(kind).start();
    house.user("ada");
    for n in 0..5 {
        let id = format!("request-{n}");
        let body = json!({ "email": "ada@example.org", "password": "Wrong-horse-9-battery" });
        post_with(&house, "/auth/login", &[("x-request-id", &id)], &body)
            .is_problem(401, "invalid_credentials");
        // Read without draining the writer: what was answered is in the table by then.
        let desk = house.desk();
        let events = house.io(async move {
            use sea_orm::EntityTrait;
            guardhouse_entity::audit_events::Entity::find().all(desk.db.reader()).await.unwrap()
        });
        assert!(events.iter().any(|event| event.request_id == id), "{id}");
    }
}

fn operators_find_what_they_look_for_page_by_page(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, root) = (house.user("ada"), house.admin("root"));
    for _ in 0..5 {
        try_login(&house, &ada.email, "Wrong-horse-9-battery").is_problem(401, "invalid_credentials");
        house.advance(1);
    }
    house
        .call("PATCH", &format!("/users/{}", ada.id), Some(&root.access), Some(&json!({ "name": "A" })))
        .ok(200);
    audit_rows(&house);
    let search = |query: &str| house.ops(&format!("/admin/audit{query}"), Some(&root.access));
    let kinds = |reply: &serde_json::Value| -> Vec<String> {
        let events = reply["events"].as_array().unwrap();
        events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
    };

    let reply = search(&format!("?user={}&limit=3&outcome=failure", ada.id)).ok(200);
    assert_eq!(kinds(&reply), ["login_failed"; 3]);
    let next = reply["next"].as_str().unwrap();
    let rest = search(&format!("?user={}&limit=3&outcome=failure&after={next}", ada.id)).ok(200);
    assert_eq!((kinds(&rest), &rest["next"]), (vec!["login_failed".to_owned(); 2], &serde_json::Value::Null));
    let event = &rest["events"][0];
    assert_eq!(event["detail"], "wrong password");
    assert_eq!(event["address"], "127.0.0.1");
    assert!(event["seq"].is_u64() && event["chain"] == event["instance"], "{event}");

    let by_root = search(&format!("?actor={}", root.id)).ok(200);
    assert_eq!(kinds(&by_root), ["profile_changed"]);
    let at = |second: i64| format!("2027-01-15T08:00:{second:02}Z");
    let some = search(&format!("?kind=login_failed&from={}&to={}", at(1), at(3))).ok(200);
    assert_eq!(kinds(&some).len(), 2, "the end is not included: {some}");
    assert_eq!(kinds(&search("?kind=login_failed&from=2027-01-15T08:00:59Z").ok(200)).len(), 0);

    for bad in ["?limit=0", "?limit=501", "?user=x", "?unknown=1", "?from=yesterday"] {
        search(bad).is_problem(400, "invalid_request");
    }
    house.ops("/admin/audit", Some(&ada.access)).is_problem(403, "role_required");
    house.ops("/admin/audit", None).is_problem(401, "token_missing");
    let keys = house.ops("/admin/audit/keys", Some(&root.access)).ok(200);
    assert_eq!(keys["keys"][0]["public"].as_str().map(str::len), Some(64));
    house.ops("/admin/audit/keys", Some(&ada.access)).is_problem(403, "role_required");
    house.get("/admin/audit").is_problem(404, "not_found");
}

fn users_see_their_own_activity_and_nobody_s_address_but_their_own(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, root) = (house.user("ada"), house.admin("root"));
    try_login(&house, &ada.email, "Wrong-horse-9-battery").is_problem(401, "invalid_credentials");
    house.advance(1);
    house
        .call("PATCH", &format!("/users/{}", ada.id), Some(&root.access), Some(&json!({ "name": "A" })))
        .ok(200);
    audit_rows(&house);
    let reply = house.get_as(&ada.access, "/auth/me/activity").ok(200);
    let events = reply["events"].as_array().unwrap();
    let mut kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[0], "profile_changed", "the newest first");
    kinds.sort_unstable();
    assert_eq!(kinds, ["login_failed", "login_succeeded", "profile_changed", "registered"]);
    assert_eq!((&events[0]["by_administrator"], &events[0]["ip"]), (&json!(true), &json!(null)));
    let failed = events.iter().find(|event| event["kind"] == "login_failed").unwrap();
    assert_eq!((&failed["by_administrator"], &failed["ip"]), (&json!(false), &json!("127.0.0.1")));
    assert!(!reply.to_string().contains("wrong password"), "the inner reason is for operators");
    let page = house.get_as(&ada.access, "/auth/me/activity?limit=1").ok(200);
    let next = page["next"].as_str().unwrap();
    let page = house.get_as(&ada.access, &format!("/auth/me/activity?after={next}")).ok(200);
    assert_eq!(page["events"].as_array().unwrap().len(), 3);
    house.get("/auth/me/activity").is_problem(401, "token_missing");
    house.get_as(&ada.access, "/auth/me/activity?user=x").is_problem(400, "invalid_request");
}

fn an_address_is_kept_as_far_as_is_configured(kind: Kind) {
    for (policy, kept) in [("full", "127.0.0.1"), ("prefix", "127.0.0.0/24"), ("keyed-hash", "hmac:")] {
        let house = TestHouse::on(kind).set("audit.address", policy).start();
        house.user("ada");
        let rows = audit_rows(&house);
        assert!(rows.iter().all(|row| row.address.starts_with(kept)), "{policy}: {rows:?}");
        house.proves_its_audit_log();
    }
}

fn deleting_an_account_erases_its_traces_where_that_is_configured_and_the_log_stays_provable(kind: Kind) {
    for (policy, erases) in [("keep", false), ("pseudonymise", true)] {
        let house = TestHouse::on(kind).set("audit.on_erasure", policy).start();
        let (ada, root) = (house.user("ada"), house.admin("root"));
        house
            .call("PATCH", &format!("/users/{}", ada.id), Some(&root.access), Some(&json!({ "name": "A" })))
            .ok(200);
        house.events("profile_changed");
        let body = json!({ "password": PASSWORD });
        assert_eq!(house.call("DELETE", "/auth/me", Some(&ada.access), Some(&body)).status, 204);
        let rows = audit_rows(&house);
        for row in rows.iter().filter(|row| row.user_id.is_some_and(|id| id.to_string() == ada.id)) {
            let by_ada = row.actor_id.is_none() && row.kind != "personal_data_erased";
            let blank = row.address.is_empty() && row.user_agent.is_none() && row.request_id.is_empty();
            assert_eq!(blank, erases && by_ada, "{policy}: {row:?}");
            assert_eq!(row.salt.is_none(), blank, "nothing is left to try addresses against");
        }
        let told: Vec<_> = rows.iter().filter(|row| row.kind == "personal_data_erased").collect();
        assert_eq!(told.len(), usize::from(erases));
        house.proves_its_audit_log();
    }
}

fn old_records_go_in_whole_pieces_and_the_rest_stays_provable(kind: Kind) {
    use guardhouse::domain::audit::checkpoint::CheckpointKey;
    use guardhouse::flows::audit_log::prune;
    use std::time::Duration;

    let house = TestHouse::on(kind).start();
    house.user("ada");
    let first = audit_rows(&house).len();
    house.advance(7_200);
    house.user("bob");
    let all = audit_rows(&house).len();
    let (desk, now) = (house.desk(), guardhouse::domain::clock::Clock::now(&*house.clock));
    let (keys, signer) = house.audit_keys();
    let hour = Duration::from_secs(3_600);
    let pruned = house.io(async move {
        // With the key of somebody else nothing goes.
        let strange = CheckpointKey::generate(&guardhouse::domain::entropy::SystemEntropy);
        let nothing = prune(&desk.db, &desk.audit, &signer, &[*strange.public()], now, hour).await.unwrap();
        let removed = prune(&desk.db, &desk.audit, &signer, &keys, now, hour).await.unwrap();
        let again = prune(&desk.db, &desk.audit, &signer, &keys, now, hour).await.unwrap();
        [nothing, removed, again]
    });
    assert_eq!(pruned, [0, first as u64, 0]);
    let rows = audit_rows(&house);
    assert_eq!(rows.len(), all - first + 1, "one more tells of it");
    assert!(rows.iter().any(|row| row.kind == "records_pruned"));
    house.proves_its_audit_log();
    let mut house = house;
    house.expect_disorder = true;
}
