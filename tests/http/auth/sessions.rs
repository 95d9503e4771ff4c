//! `/auth/sessions`

use serde_json::{Value, json};

use crate::http::{refresh, rows};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse, User};

on_every_database!(
    a_user_sees_their_own_sessions,
    a_user_ends_one_of_their_own_sessions,
    somebody_elses_session_does_not_exist_and_lives_on,
    the_oldest_session_makes_room_for_the_next,
    a_new_session_is_never_the_one_that_makes_room,
    a_use_is_noted,
);

fn a_user_sees_their_own_sessions(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    house.user("bob");
    house.advance(30);
    let request = house
        .request("POST", "/auth/login")
        .header("content-type", "application/json")
        .header("user-agent", "Lynx/2.9 (ada's terminal)");
    let body = json!({ "email": ada.email, "password": PASSWORD }).to_string();
    let phone = User::from(ada.email.clone(), &house.send(request, body.into_bytes()));
    let list = house.get_as(&phone.access, "/auth/sessions").ok(200);
    let agent = list[0]["user_agent"].as_str().unwrap();
    assert!(agent.starts_with("ureq/"), "{agent}");
    assert_eq!(
        list,
        json!([
            {
                "id": ada.session,
                "created_at": "2027-01-15T08:00:00Z",
                "last_seen_at": "2027-01-15T08:00:00Z",
                "expires_at": "2027-02-14T08:00:00Z",
                "ip": "127.0.0.1",
                "user_agent": agent,
                "current": false,
            },
            {
                "id": phone.session,
                "created_at": "2027-01-15T08:00:30Z",
                "last_seen_at": "2027-01-15T08:00:30Z",
                "expires_at": "2027-02-14T08:00:30Z",
                "ip": "127.0.0.1",
                "user_agent": "Lynx/2.9 (ada's terminal)",
                "current": true,
            },
        ])
    );
    house.get("/auth/sessions").is_problem(401, "token_missing");
}

fn a_user_ends_one_of_their_own_sessions(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (here, there) = (house.user("ada"), house.login("ada@example.org"));
    let end = |id: &str| house.call("DELETE", &format!("/auth/sessions/{id}"), Some(&here.access), None);
    assert_eq!(end(&there.session).status, 204);
    house.get_as(&there.access, "/auth/me").is_problem(401, "token_revoked");
    refresh(&house, &there.refresh).is_problem(401, "refresh_invalid");
    end(&there.session).is_problem(404, "not_found");
    end("00000000-0000-7000-8000-000000000000").is_problem(404, "not_found");
    end("not-an-id").is_problem(404, "not_found");
    assert_eq!(end(&here.session).status, 204, "one's own is one of them");
    house.get_as(&here.access, "/auth/me").is_problem(401, "token_revoked");
    assert_eq!(rows(&house).sessions, 0);
    let ended: Vec<_> =
        house.events("session_ended").iter().map(|e| e.session_id.unwrap().to_string()).collect();
    assert_eq!(ended.len(), 2);
    assert!(ended.contains(&there.session) && ended.contains(&here.session));
}

fn somebody_elses_session_does_not_exist_and_lives_on(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, mallory) = (house.user("ada"), house.user("mallory"));
    let path = format!("/auth/sessions/{}", ada.session);
    let theirs = house.call("DELETE", &path, Some(&mallory.access), None);
    theirs.is_problem(404, "not_found");
    let missing = house.call(
        "DELETE",
        "/auth/sessions/00000000-0000-7000-8000-000000000000",
        Some(&mallory.access),
        None,
    );
    assert_eq!(theirs.json["detail"], missing.json["detail"]);
    house.poll_revocations();
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
    assert_eq!(refresh(&house, &ada.refresh).status, 200);
    let admin = house.admin("root");
    house.call("DELETE", &path, Some(&admin.access), None).is_problem(404, "not_found");
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

fn the_oldest_session_makes_room_for_the_next(kind: Kind) {
    let house = TestHouse::on(kind).set("sessions.max_per_user", 3).start();
    let mut sessions = vec![house.user("ada")];
    let bob = house.user("bob");
    for _ in 0..2 {
        house.advance(1);
        sessions.push(house.login("ada@example.org"));
    }
    // That it was just used does not save the oldest.
    house.advance(1);
    assert_eq!(refresh(&house, &sessions[0].refresh).status, 200);
    house.advance(1);
    let newest = house.login("ada@example.org");
    let left = ids(&house.get_as(&newest.access, "/auth/sessions").ok(200));
    assert_eq!(left, [&sessions[1].session, &sessions[2].session, &newest.session].map(String::clone));
    house.get_as(&sessions[0].access, "/auth/me").is_problem(401, "token_revoked");
    refresh(&house, &sessions[0].refresh).is_problem(401, "refresh_invalid");
    assert_eq!(house.get_as(&bob.access, "/auth/me").status, 200, "each user has their own limit");
}

fn a_new_session_is_never_the_one_that_makes_room(kind: Kind) {
    // All within one millisecond, in which the order of ids is that of chance.
    let house = TestHouse::on(kind).set("sessions.max_per_user", 2).start();
    house.user("ada");
    for round in 0..12 {
        let ada = house.login("ada@example.org");
        assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200, "login {round} was ended by itself");
        assert_eq!(rows(&house).sessions, 2);
    }
}

fn a_use_is_noted(kind: Kind) {
    let house = TestHouse::on(kind).set("sessions.idle_timeout", "1h").start();
    let ada = house.user("ada");
    house.advance(600);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
    let desk = house.desk();
    house.io(async move { desk.sessions.drain().await });
    let list = house.get_as(&ada.access, "/auth/sessions").ok(200);
    assert_eq!(list[0]["last_seen_at"], "2027-01-15T08:10:00Z");
    // Half an hour before the first hour is over it was used: now it lives longer.
    house.advance(3_599);
    assert_eq!(refresh(&house, &ada.refresh).status, 200);
}
