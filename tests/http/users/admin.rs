//! The collection, for administrators: pages, filter, new accounts, changes.

use serde_json::{Value, json};

use crate::http::{faults, rows, try_login};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse, User};

on_every_database!(
    pages_show_everybody_once_in_the_order_of_their_making,
    a_filter_finds_exactly_one_address,
    an_administrator_makes_accounts,
    an_account_that_cannot_be_made_is_told_why,
    an_administrator_changes_name_and_roles,
    a_change_that_is_refused_in_part_is_refused_whole,
    more_roles_than_can_be_kept_are_refused,
);

fn pages_show_everybody_once_in_the_order_of_their_making(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let admin = house.admin("root");
    let mut made = vec![admin.id.clone()];
    for n in 0..6 {
        house.advance(1);
        made.push(house.user(&format!("user{n}")).id);
    }
    let page = |query: &str| house.get_as(&admin.access, &format!("/users{query}")).ok(200);
    let ids = |page: &Value| -> Vec<String> {
        page["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
    };
    let whole = page("");
    assert_eq!(ids(&whole), made);
    assert!(whole.get("next").is_none(), "there is no further page");
    assert_eq!(whole["users"][1], house.get_as(&admin.access, &format!("/users/{}", made[1])).ok(200));

    let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
    let mut sizes = Vec::new();
    loop {
        let page = page(&query);
        sizes.push(ids(&page).len());
        seen.extend(ids(&page));
        let Some(next) = page.get("next") else { break };
        assert_eq!(Some(next.as_str().unwrap()), seen.last().map(String::as_str));
        query = format!("?limit=3&after={}", next.as_str().unwrap());
        // Somebody who comes meanwhile shifts nothing.
        house.advance(1);
        made.push(house.user(&format!("late{}", made.len())).id);
    }
    assert_eq!(seen, made);
    assert_eq!(sizes, [3, 3, 3], "the last page is full and says that it is the last");

    assert_eq!(ids(&page(&format!("?after={}", made.last().unwrap()))), Vec::<String>::new());
    for bad in [
        "?limit=0",
        "?limit=201",
        "?limit=-1",
        "?limit=many",
        "?after=x",
        "?email=nobody",
        "?sort=email",
        "?limit=1&limit=2",
    ] {
        house.get_as(&admin.access, &format!("/users{bad}")).is_problem(400, "invalid_request");
    }
    assert_eq!(page("?limit=200")["users"].as_array().unwrap().len(), made.len());
}

fn a_filter_finds_exactly_one_address(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (admin, ada) = (house.admin("root"), house.user("ada"));
    house.user("adam");
    let find = |email: &str| house.get_as(&admin.access, &format!("/users?email={email}")).ok(200);
    for spelling in ["ada@example.org", "ADA%40Example.ORG"] {
        let found = find(spelling);
        assert_eq!((found["users"].as_array().unwrap().len(), &found["users"][0]["id"]), (1, &json!(ada.id)));
    }
    for none in ["ad_@example.org", "ada%25@example.org", "%25@example.org", "nobody@example.org"] {
        assert_eq!(find(none), json!({ "users": [] }), "{none}: nothing in it is a pattern");
    }
}

fn an_administrator_makes_accounts(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let admin = house.admin("root");
    house.advance(5);
    let body = json!({ "email": "Eve@Example.org", "password": PASSWORD, "name": "Eve", "roles": ["user", "billing", "user"] });
    let eve = house.post_as(&admin.access, "/users", body).ok(201);
    assert_eq!(
        eve,
        json!({
            "id": eve["id"],
            "email": "eve@example.org",
            "email_verified": false,
            "name": "Eve",
            "roles": ["billing", "user"],
            "created_at": "2027-01-15T08:00:05Z",
            "updated_at": "2027-01-15T08:00:05Z",
            "last_login_at": null,
        })
    );
    let signed_in = try_login(&house, "eve@example.org", PASSWORD);
    assert_eq!(signed_in.status, 200, "{signed_in:?}");

    let plain = house.post_as(&admin.access, "/users", json!({ "email": "plain@example.org" })).ok(201);
    assert_eq!((&plain["roles"], &plain["name"]), (&json!(["user"]), &Value::Null));
    for password in [PASSWORD, "", "x"] {
        try_login(&house, "plain@example.org", password).is_problem(401, "invalid_credentials");
    }
    let rows = rows(&house);
    assert_eq!((rows.users, rows.credentials), (3, 2), "without a password there is no credential");
    let events = house.events("user_created");
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.actor_id.map(|id| id.to_string()) == Some(admin.id.clone())));
}

fn an_account_that_cannot_be_made_is_told_why(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let admin = house.admin("root");
    let before = rows(&house);
    let create = |body: Value| house.post_as(&admin.access, "/users", body);
    let answer =
        create(json!({ "email": "x", "password": "short", "name": "", "roles": ["user", "Not A Role"] }));
    answer.is_problem(422, "validation_failed");
    let codes: Vec<_> = faults(&answer);
    let codes: Vec<_> = codes.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
    assert_eq!(
        codes,
        [
            ("/email", "email_invalid"),
            ("/password", "password_too_short"),
            ("/name", "name_invalid"),
            ("/roles", "role_invalid")
        ]
    );
    create(json!({ "email": "ROOT@example.org" })).is_problem(409, "email_taken");
    create(json!({ "email": "a@example.org", "email_verified": true })).is_problem(400, "invalid_request");
    create(json!({ "email": "a@example.org", "id": admin.id })).is_problem(400, "invalid_request");
    create(json!({})).is_problem(400, "invalid_request");
    assert_eq!(rows(&house), before);
}

fn patch(house: &TestHouse, admin: &User, id: &str, body: Value) -> crate::support::Answer {
    house.call("PATCH", &format!("/users/{id}"), Some(&admin.access), Some(&body))
}

fn an_administrator_changes_name_and_roles(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (admin, ada) = (house.admin("root"), house.user("ada"));
    house.advance(1);
    let changed =
        patch(&house, &admin, &ada.id, json!({ "name": null, "roles": ["support", "user"] })).ok(200);
    assert_eq!((&changed["name"], &changed["roles"]), (&Value::Null, &json!(["support", "user"])));
    assert_eq!(house.get_as(&admin.access, &format!("/users/{}", ada.id)).ok(200), changed);
    house.advance(1);
    assert_eq!(patch(&house, &admin, &ada.id, json!({ "roles": [] })).ok(200)["roles"], json!([]));
    patch(&house, &admin, "01944000-0000-7000-8000-000000000000", json!({ "roles": [] }))
        .is_problem(404, "not_found");
    patch(&house, &admin, "01944000-0000-7000-8000-000000000000", json!({ "name": "x" }))
        .is_problem(404, "not_found");
    let events = house.events("roles_changed");
    let details: Vec<_> = events.iter().filter_map(|event| event.detail.as_deref()).collect();
    assert_eq!(details, ["admin user", "support user", ""], "the first made the administrator");
    let actor = |index: usize| events[index].actor_id.map(|id| id.to_string());
    assert_eq!((actor(0), actor(1)), (None, Some(admin.id.clone())));
}

fn a_change_that_is_refused_in_part_is_refused_whole(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (admin, ada) = (house.admin("root"), house.user("ada"));
    let before = house.get_as(&admin.access, &format!("/users/{}", ada.id)).ok(200);
    let events = house.events("profile_changed").len() + house.events("roles_changed").len();
    for (body, code) in [
        (json!({ "name": "New", "roles": ["Not A Role"] }), "role_invalid"),
        (json!({ "name": "", "roles": ["support"] }), "name_invalid"),
    ] {
        let answer = patch(&house, &admin, &ada.id, body);
        answer.is_problem(422, "validation_failed");
        assert_eq!(faults(&answer)[0].1, code);
        assert_eq!(house.get_as(&admin.access, &format!("/users/{}", ada.id)).ok(200), before);
    }
    let both = patch(&house, &admin, &ada.id, json!({ "name": "", "roles": ["Not A Role"] }));
    both.is_problem(422, "validation_failed");
    assert_eq!(faults(&both).len(), 2, "and every fault is told at once");
    assert_eq!(house.events("profile_changed").len() + house.events("roles_changed").len(), events);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200, "no token was made void");
}

fn more_roles_than_can_be_kept_are_refused(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (admin, ada) = (house.admin("root"), house.user("ada"));
    let roles = |count: usize| (0..count).map(|n| format!("role-{n:0>27}")).collect::<Vec<_>>();
    let many = roles(200);
    patch(&house, &admin, &ada.id, json!({ "roles": many })).is_problem(422, "validation_failed");
    patch(&house, &admin, &ada.id, json!({ "roles": roles(17) })).is_problem(422, "validation_failed");
    let create = json!({ "email": "new@example.org", "roles": many });
    house.post_as(&admin.access, "/users", create).is_problem(422, "validation_failed");
    let some = roles(16);
    assert_eq!(patch(&house, &admin, &ada.id, json!({ "roles": some })).ok(200)["roles"], json!(some));
    let ada = house.login(&ada.email);
    assert_eq!(
        house.get_as(&ada.access, "/auth/me").status,
        200,
        "a token with all of them is still accepted"
    );
}
