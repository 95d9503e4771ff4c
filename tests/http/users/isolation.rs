//! Who may see and touch which account.

use serde_json::{Value, json};

use crate::http::{anonymous, refresh, rows, try_login};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Answer, Kind, TestHouse};

on_every_database!(
    an_owner_reaches_their_account_by_its_id,
    anybody_elses_id_is_refused_whether_it_exists_or_not,
    only_administrators_reach_the_collection_and_its_measures,
    an_owner_deletes_themselves_only_with_the_password,
);

const MISSING: &str = "01944000-0000-7000-8000-000000000000";

fn an_owner_reaches_their_account_by_its_id(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let path = format!("/users/{}", ada.id);
    assert_eq!(house.get_as(&ada.access, &path).ok(200), house.get_as(&ada.access, "/auth/me").ok(200));
    let changed = house.call("PATCH", &path, Some(&ada.access), Some(&json!({ "name": "Countess" }))).ok(200);
    assert_eq!(changed["name"], "Countess");
    let roles = json!({ "name": "Queen", "roles": ["admin"] });
    house.call("PATCH", &path, Some(&ada.access), Some(&roles)).is_problem(403, "role_required");
    let me = house.get_as(&ada.access, "/auth/me").ok(200);
    assert_eq!((&me["name"], &me["roles"]), (&json!("Countess"), &json!(["user"])), "nothing of it was done");
}

fn anybody_elses_id_is_refused_whether_it_exists_or_not(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, mallory) = (house.user("ada"), house.user("mallory"));
    let before = rows(&house);
    let calls: [(&str, Option<Value>); 3] = [
        ("GET", None),
        ("PATCH", Some(json!({ "name": "owned" }))),
        ("DELETE", Some(json!({ "password": PASSWORD }))),
    ];
    for (method, body) in &calls {
        let ask =
            |id: &str| house.call(method, &format!("/users/{id}"), Some(&mallory.access), body.as_ref());
        let (existing, missing): (Answer, Answer) = (ask(&ada.id), ask(MISSING));
        existing.is_problem(403, "not_yours");
        missing.is_problem(403, "not_yours");
        assert_eq!(anonymous(&existing).replace(&ada.id, "X"), anonymous(&missing).replace(MISSING, "X"));
        house
            .call(method, &format!("/users/{}", ada.id), None, body.as_ref())
            .is_problem(401, "token_missing");
    }
    assert_eq!(rows(&house), before);
    assert_eq!(house.get_as(&ada.access, "/auth/me").ok(200)["name"], "ada");

    let admin = house.admin("root");
    house.get_as(&admin.access, &format!("/users/{MISSING}")).is_problem(404, "not_found");
    house.get_as(&admin.access, "/users/not-an-id").is_problem(404, "not_found");
    assert_eq!(
        house.get_as(&admin.access, &format!("/users/{}", ada.id)).ok(200)["email"],
        "ada@example.org"
    );

    let denied = house.events("access_denied");
    assert_eq!(denied.len(), 6);
    assert!(denied.iter().all(|event| event.user_id.map(|id| id.to_string()) == Some(mallory.id.clone())));
    assert!(denied.iter().any(|event| event.detail.as_deref() == Some(&*format!("user {}", ada.id))));
}

fn only_administrators_reach_the_collection_and_its_measures(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, mallory) = (house.user("ada"), house.user("mallory"));
    let before = rows(&house);
    let create = json!({ "email": "new@example.org", "password": PASSWORD, "roles": ["admin"] });
    for target in [&ada.id, &mallory.id, MISSING] {
        for measure in ["disable", "enable", "sessions/revoke"] {
            let path = format!("/users/{target}/{measure}");
            house.post_as(&mallory.access, &path, json!({})).is_problem(403, "role_required");
            house.post(&path, json!({})).is_problem(401, "token_missing");
        }
    }
    house.get_as(&mallory.access, "/users").is_problem(403, "role_required");
    house.get_as(&mallory.access, "/users?limit=0").is_problem(403, "role_required");
    house.post_as(&mallory.access, "/users", create.clone()).is_problem(403, "role_required");
    house.get("/users").is_problem(401, "token_missing");
    house.post("/users", create).is_problem(401, "token_missing");
    assert_eq!(rows(&house), before);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
}

fn an_owner_deletes_themselves_only_with_the_password(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, admin) = (house.user("ada"), house.admin("root"));
    for user in [&ada, &admin] {
        let path = format!("/users/{}", user.id);
        let delete = |body: Option<Value>| house.call("DELETE", &path, Some(&user.access), body.as_ref());
        delete(Some(json!({ "password": "Wrong-horse-9-battery" }))).is_problem(401, "invalid_credentials");
        delete(Some(json!({}))).is_problem(400, "invalid_request");
        delete(None).is_problem(415, "unsupported_media_type");
        let request = house
            .request("DELETE", &path)
            .header("authorization", format!("Bearer {}", user.access))
            .header("content-type", "text/plain");
        house
            .send(request, json!({ "password": PASSWORD }).to_string().into_bytes())
            .is_problem(415, "unsupported_media_type");
        assert_eq!(house.get_as(&user.access, "/auth/me").status, 200);
        assert_eq!(delete(Some(json!({ "password": PASSWORD }))).status, 204);
        house.get_as(&user.access, "/auth/me").is_problem(401, "token_revoked");
        refresh(&house, &user.refresh).is_problem(401, "refresh_invalid");
        try_login(&house, &user.email, PASSWORD).is_problem(401, "invalid_credentials");
    }
    assert_eq!(rows(&house).users, 0);
}
