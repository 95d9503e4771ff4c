//! A request that takes its time is overtaken by one that must win.

use std::sync::mpsc;

use guardhouse::domain::audit::Origin;
use guardhouse::domain::clock::Clock;
use guardhouse::flows::Visit;
use guardhouse::flows::users::{Measure, take_measure};
use serde_json::json;

use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

on_every_database!(
    a_ban_stands_though_a_password_change_was_under_way,
    a_login_under_way_does_not_survive_a_ban,
);

fn visit(house: &TestHouse) -> Visit {
    let origin = Origin { address: [127, 0, 0, 1].into(), user_agent: None, request_id: "test".into() };
    Visit { now: house.clock.now(), origin }
}

/// Keeps the only hash thread busy until the returned sender is dropped.
fn hold_the_hasher(house: &TestHouse) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (started, wait) = mpsc::channel();
    let desk = house.desk();
    house.spawn(async move {
        let _ = desk
            .hashers
            .errand(move || {
                let _ = started.send(());
                let _ = held.recv();
            })
            .await;
    });
    wait.recv().expect("the errand begins");
    release
}

/// Waits until one request stands behind the errand.
fn wait_for_company(house: &TestHouse) {
    let hashers = house.desk().hashers;
    while hashers.observe().inside < 2 {
        std::thread::yield_now();
    }
}

fn ban(house: &TestHouse, id: &str) {
    let (desk, visit, id) = (house.desk(), visit(house), id.parse().expect("an id"));
    house.io(async move {
        take_measure(&desk, id, Measure::Disable, None, &visit).await.expect("the ban takes place");
    });
}

fn enable(house: &TestHouse, id: &str) {
    let (desk, visit, id) = (house.desk(), visit(house), id.parse().expect("an id"));
    house.io(async move {
        take_measure(&desk, id, Measure::Enable, None, &visit).await.expect("the account is enabled");
    });
}

fn a_ban_stands_though_a_password_change_was_under_way(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let release = hold_the_hasher(&house);
    let change = json!({ "current_password": PASSWORD, "new_password": "the-thief's-own-9-Password" });
    let answer = std::thread::scope(|scope| {
        let changing = scope.spawn(|| house.post_as(&ada.access, "/auth/password", change));
        wait_for_company(&house);
        ban(&house, &ada.id);
        drop(release);
        changing.join().expect("no panic")
    });
    answer.is_problem(401, "invalid_credentials");
    assert!(house.events("password_changed").is_empty());
    enable(&house, &ada.id);
    house.login(&ada.email);
}

fn a_login_under_way_does_not_survive_a_ban(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    let release = hold_the_hasher(&house);
    let answer = std::thread::scope(|scope| {
        let credentials = json!({ "email": ada.email, "password": PASSWORD });
        let signing_in = scope.spawn(|| house.post("/auth/login", credentials));
        wait_for_company(&house);
        ban(&house, &ada.id);
        drop(release);
        signing_in.join().expect("no panic")
    });
    // The account was read before the ban, so tokens may have been given out; they are worth nothing.
    if answer.status == 200 {
        let text = |name: &str| answer.json[name].as_str().expect("a token").to_owned();
        house.get_as(&text("access_token"), "/auth/me").is_problem(401, "token_revoked");
        let refresh = json!({ "refresh_token": text("refresh_token") });
        house.post("/auth/refresh", refresh).is_problem(401, "refresh_invalid");
    }
}
