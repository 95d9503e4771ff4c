//! Passwords, stored hashes, addresses.

use guardhouse::domain::clock::Stopwatch;
use serde_json::{Value, json};

use crate::http::{anonymous, rows, sql, stored_hash, try_login};
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

pub(super) fn l3_a_user_with_an_older_hash_looks_like_nobody() {
    let house =
        TestHouse::on(Kind::Sqlite).set("hashing.algorithm", "bcrypt").set("hashing.bcrypt.cost", 4).start();
    let ada = house.user("ada");
    let house = house.restart_with(&[("hashing.algorithm", "argon2id")]);
    let known = try_login(&house, &ada.email, "Wrong-horse-9-battery");
    let unknown = try_login(&house, "nobody@example.org", "Wrong-horse-9-battery");
    known.is_problem(401, "invalid_credentials");
    assert_eq!(
        anonymous(&known),
        anonymous(&unknown),
        "by what is said; by time: benches and the hasher's tests"
    );
}

pub(super) fn w8_fifty_parallel_logins_are_served_or_told_to_wait() {
    let house =
        TestHouse::on(Kind::Sqlite).set("hashing.queue", 5).set("hashing.argon2.memory", "4MiB").start();
    house.user("ada");
    let statuses: Vec<(u16, String)> = std::thread::scope(|scope| {
        let login = || {
            let answer = try_login(&house, "ada@example.org", PASSWORD);
            (answer.status, answer.header("retry-after").to_owned())
        };
        let threads: Vec<_> = (0..50).map(|_| scope.spawn(login)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(
        statuses.iter().all(|(status, retry)| *status == 200 || (*status == 503 && !retry.is_empty())),
        "{statuses:?}"
    );
    assert!(statuses.iter().any(|(status, _)| *status == 200));
    assert!(house.desk().hashers.observe().capacity == 6);
    assert_eq!(try_login(&house, "ada@example.org", PASSWORD).status, 200, "and afterwards all is as before");
}

pub(super) fn w9_both_normal_forms_of_a_password_work() {
    let house = TestHouse::new();
    house
        .post("/auth/register", json!({ "email": "a@example.org", "password": "p\u{e4}ssw\u{f6}rd-2027" }))
        .ok(201);
    for password in ["p\u{e4}ssw\u{f6}rd-2027", "pa\u{308}sswo\u{308}rd-2027"] {
        assert_eq!(try_login(&house, "a@example.org", password).status, 200);
    }
    try_login(&house, "a@example.org", "passw\u{f6}rd-2027").is_problem(401, "invalid_credentials");
}

pub(super) fn w11_a_hash_is_renewed_at_login() {
    let house =
        TestHouse::on(Kind::Sqlite).set("hashing.algorithm", "bcrypt").set("hashing.bcrypt.cost", 4).start();
    let ada = house.user("ada");
    let house = house.restart_with(&[("hashing.algorithm", "argon2id")]);
    std::thread::scope(|scope| {
        scope.spawn(|| house.login(&ada.email));
        scope.spawn(|| house.login(&ada.email));
    });
    assert!(stored_hash(&house, &ada.id).starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    house.login(&ada.email);
}

/// Puts `hash` in the place of ada's and tries to sign in with each password.
fn never_lets_in(house: &TestHouse, hash: &str, passwords: &[&str]) {
    sql(house, format!("UPDATE credentials SET hash = '{}'", hash.replace('\'', "''")));
    for password in passwords {
        let started = Stopwatch::start();
        try_login(house, "ada@example.org", password).is_problem(401, "invalid_credentials");
        assert!(started.elapsed().as_secs() < 1, "{hash:?}");
    }
}

pub(super) fn w12_a_tampered_hash_lets_nobody_in_and_costs_nothing() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    let genuine = stored_hash(&house, &ada.id);
    for hostile in [
        "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        "$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        "$argon2id$v=19$m=64,t=1,p=16777215$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        "$argon2id$v=19$m=0,t=0,p=0$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        "$argon2id$v=19$m=64,t=1,p=1$$",
        "$argon2id$v=99$m=64,t=1,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        "$argon2id$",
        "$argon2id",
        "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$04$CCCCCCCCCCCCCCCCCCCCC",
        "$2b$04$ÄÖÜ",
        "$2b$",
        "$",
    ] {
        never_lets_in(&house, hostile, &[PASSWORD]);
    }
    sql(&house, format!("UPDATE credentials SET hash = '{genuine}'"));
    assert_eq!(try_login(&house, "ada@example.org", PASSWORD).status, 200);
}

pub(super) fn w13_unusable_markers_never_match() {
    let house = TestHouse::new();
    house.user("ada");
    for marker in ["!", "*", "", "x", "!!", PASSWORD, "NULL"] {
        never_lets_in(&house, marker, &[PASSWORD, marker, "", "!"]);
    }
}

pub(super) fn e7_no_collation_takes_one_address_for_another() {
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::MySql] {
        if !kind.is_available() {
            continue;
        }
        let house = TestHouse::on(kind).start();
        let register =
            |email: &str| house.post("/auth/register", json!({ "email": email, "password": PASSWORD }));
        let pairs = [
            ("a@strasse.example", "a@straße.example"),
            ("a@ecole.example", "a@école.example"),
            ("o'b@example.org", "o`b@example.org"),
        ];
        for (one, other) in pairs {
            let (one, other) = (register(one).ok(201), register(other).ok(201));
            assert_ne!(one["user"]["id"], other["user"]["id"], "{kind:?}");
        }
        for blank in ["a@strasse.example ", " a@strasse.example", "a@strasse.example\t"] {
            register(blank).is_problem(422, "validation_failed");
            try_login(&house, blank, PASSWORD).is_problem(401, "invalid_credentials");
        }
        for (look_alike, of) in [("é@example.org", "e@example.org"), ("ß@example.org", "ss@example.org")] {
            register(of).ok(201);
            register(look_alike).is_problem(422, "validation_failed");
            try_login(&house, look_alike, PASSWORD).is_problem(401, "invalid_credentials");
        }
    }
}

pub(super) fn e8_nul_is_refused_before_the_database() {
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::MySql] {
        if !kind.is_available() {
            continue;
        }
        let house = TestHouse::on(kind).start();
        let admin = house.admin("root");
        let before = rows(&house);
        let nul: [Value; 3] = [
            json!({ "email": "a\0@example.org", "password": PASSWORD }),
            json!({ "email": "a@example.org", "password": "Correct\0horse-9" }),
            json!({ "email": "a@example.org", "password": PASSWORD, "name": "a\0b" }),
        ];
        for body in nul {
            house.post("/auth/register", body).is_problem(422, "validation_failed");
        }
        try_login(&house, "root@example.org\0", PASSWORD).is_problem(401, "invalid_credentials");
        try_login(&house, "root@example.org", "\0").is_problem(401, "invalid_credentials");
        house.get_as(&admin.access, "/users?email=a%00@example.org").is_problem(400, "invalid_request");
        let roles = json!({ "roles": ["a\0b"] });
        house
            .call("PATCH", &format!("/users/{}", admin.id), Some(&admin.access), Some(&roles))
            .is_problem(422, "validation_failed");
        assert_eq!(rows(&house), before, "{kind:?}");
    }
}

pub(super) fn w14_without_its_list_no_new_password_is_accepted_and_logins_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let filter = crate::http::passwords::stolen(directory.path());
    let house = TestHouse::on(Kind::Sqlite).set("passwords.breach_filter", &filter).start();
    let ada = house.user("ada");
    std::fs::OpenOptions::new().write(true).open(&filter).unwrap().set_len(0).unwrap();
    let registering = house.post("/auth/register", crate::http::registration("bob"));
    registering.is_problem(503, "storage_unavailable");
    assert_eq!(try_login(&house, &ada.email, PASSWORD).status, 200);
}
