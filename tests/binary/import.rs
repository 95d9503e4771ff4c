//! `guardhouse users import` and `export`: files of every source go in, the people sign in with their old passwords,
//! and what goes out comes in again.

use std::path::PathBuf;

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use super::process::{Installation, Server, until};
use crate::on_every_database;
use crate::support::Kind;

on_every_database!(
    people_of_other_systems_sign_in_with_their_old_passwords,
    what_is_exported_is_imported_again_as_it_was,
    an_import_that_was_killed_goes_on_where_it_was
);

const BCRYPT: &str = "$2y$04$mIJxfrCaEI3GukZe11CiXublhEFanu5.ododkll1WphfSp6pn4zIu";

/// One file of each source, with the words of the command, and who signs in with what.
fn sources() -> Vec<(&'static str, String, Vec<&'static str>, &'static str, &'static str)> {
    let django = json!([
        {"model": "auth.user", "pk": 1, "fields": {
            "password": "pbkdf2_sha256$10000$kjVJaVz6qsnJ$5yPHw3rwJGECpUf70daLGhOrQ5+AMxIJdz1c3bqK1Rs=",
            "email": "django@example.org", "is_active": true, "is_superuser": true, "username": "ada"}},
        {"model": "auth.user", "pk": 2, "fields": {"password": "!", "email": "unusable@example.org", "is_active": true}},
        {"model": "auth.user", "pk": 3, "fields": {"password": "!", "email": "", "username": "nobody"}},
    ]);
    let keycloak = json!({"realm": "x", "users": [{
        "id": "0a0a0a0a-0000-4000-8000-000000000001", "username": "kc", "email": "keycloak@example.org", "enabled": true,
        "emailVerified": true, "firstName": "Kay", "lastName": "Cloak", "credentials": [{"type": "password",
            "secretData": "{\"value\":\"Kcj/NLAl6EqspXUpEikoOvV9kJDqcze85qXNPwQVd8HmAfFmCgmL7YdTjC8OfXRWHCPWqm5/ztF7Ga08D/4TLA==\",\"salt\":\"ABEiM0RVZneImaq7zN3u/w==\"}",
            "credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"}]}]});
    let firebase = json!({"users": [{
        "localId": "f1", "email": "firebase@example.org", "emailVerified": true, "salt": "42xEC+ixf3L2lw==",
        "passwordHash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
        "createdAt": "1577836800000"}]});
    let auth0 = json!({"_id": {"$oid": "5e0000000000000000000000"}, "email": "auth0@example.org", "email_verified": true,
        "passwordHash": BCRYPT});
    let supabase = format!(
        "id,email,encrypted_password,created_at\n0a0a0a0a-0000-4000-8000-000000000002,supabase@example.org,{BCRYPT},2024-01-02 03:04:05.678+00\n"
    );
    let jsonl =
        json!({"email": "jsonl@example.org", "name": "Jay", "password_hash": BCRYPT, "roles": ["admin"]});
    let csv = format!("email,password_hash\ncsv@example.org,{}\n", "098f6bcd4621d373cade4e832627b4f6");
    vec![
        ("django", django.to_string(), vec![], "not a password", "1 with a hash of django-pbkdf2"),
        (
            "keycloak",
            keycloak.to_string(),
            vec![],
            "correct horse battery staple",
            "1 with a hash of keycloak",
        ),
        (
            "firebase",
            firebase.to_string(),
            vec![
                "--firebase-signer-key-file",
                "signer.key",
                "--firebase-salt-separator",
                "Bw==",
                "--firebase-rounds",
                "8",
                "--firebase-mem-cost",
                "14",
            ],
            "user1password",
            "1 with a hash of firebase-scrypt",
        ),
        ("auth0", auth0.to_string(), vec![], "test", "1 with a hash of bcrypt"),
        ("supabase", supabase, vec![], "test", "1 with a hash of bcrypt"),
        ("jsonl", jsonl.to_string(), vec![], "test", "1 with a hash of bcrypt"),
        ("csv", csv, vec!["--hash-dialect", "md5"], "test", "1 with a hash of md5"),
    ]
}

fn write(house: &Installation, name: &str, text: &str) -> PathBuf {
    let path = house.directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn login(server: &Server, email: &str, password: &str) -> crate::support::Answer {
    server.post("/auth/login", &json!({ "email": email, "password": password }))
}

fn people_of_other_systems_sign_in_with_their_old_passwords(kind: Kind) {
    let house = Installation::on(kind);
    write(
        &house,
        "signer.key",
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==\n",
    );
    for (format, text, options, _, told) in sources() {
        let name = format!("{format}.users");
        write(&house, &name, &text);
        let command = [&["users", "import", &name, "--format", format][..], &options].concat();
        let done = house.run(&command);
        // The user of Django without an address is rejected.
        let said = if format == "django" { done.exits(3) } else { done.ok() };
        let made = if format == "django" { 2 } else { 1 };
        assert!(said.starts_with(&format!("{made} imported, 0 there already")), "{format}: {said}");
        assert!(said.contains(told), "{format}: {said}");
        let again = house.run(&command);
        let said = if format == "django" { again.exits(3) } else { again.ok() };
        assert!(said.starts_with(&format!("0 imported, {made} there already")), "{format} again: {said}");
    }
    let rejects = std::fs::read_to_string(house.directory.path().join("django.users.rejects")).unwrap();
    let reject: Value = serde_json::from_str(rejects.trim_end()).expect("one line");
    assert_eq!(reject["record"], 3, "{rejects}");
    assert!(reject["reason"].as_str().is_some_and(|reason| reason.contains("mail")), "{rejects}");
    assert!(!house.directory.path().join("csv.users.rejects").exists());

    let server = house.serve();
    for (format, _, _, password, _) in sources() {
        let email = format!("{format}@example.org");
        login(&server, &email, "another password").is_problem(401, "invalid_credentials");
        let first = login(&server, &email, password).ok(200);
        login(&server, &email, password).ok(200);
        let admin = first["user"]["roles"] == json!(["admin"]);
        assert_eq!(admin, format == "jsonl", "only our own file makes administrators: {first}");
    }
    login(&server, "unusable@example.org", "!").is_problem(401, "invalid_credentials");
    let kay = login(&server, "keycloak@example.org", "correct horse battery staple").ok(200);
    assert_eq!(kay["user"]["id"], "0a0a0a0a-0000-4000-8000-000000000001", "what others know the user by");
    assert_eq!((&kay["user"]["name"], &kay["user"]["email_verified"]), (&json!("Kay Cloak"), &json!(true)));
    server.terminate();

    let exported = house.run(&["users", "export", "--with-hashes"]).ok();
    let renewed = exported.lines().filter(|line| line.contains("$argon2id$v=19$m=64,t=1,p=1$")).count();
    assert_eq!(renewed, sources().len(), "each login has renewed its hash: {exported}");
}

fn what_is_exported_is_imported_again_as_it_was(kind: Kind) {
    let (from, to) = (Installation::on(kind), Installation::on(kind));
    let users = [
        json!({"email": "ada@example.org", "name": "Ada, \"the\" first", "password_hash": BCRYPT, "roles": ["admin", "user"],
            "created_at": "2020-02-02T02:02:02.5Z", "email_verified": true}),
        json!({"email": "bob@example.org", "disabled": true, "last_login_at": "2024-01-01T00:00:00Z"}),
        json!({"email": "eve@example.org", "password_hash": "{SSHA}A/rYdQIK4F3yQGL5T5eMOGLVrtH0XKPkN6Wb6A=="}),
    ];
    let lines: Vec<_> = users.iter().map(Value::to_string).collect();
    write(&from, "all.jsonl", &lines.join("\n"));
    from.run(&["users", "import", "all.jsonl", "--format", "jsonl"]).ok();
    for format in ["jsonl", "csv"] {
        let copy = from.run(&["users", "export", "--with-hashes", "--format", format]).ok();
        assert!(
            copy.contains("2020-02-02T02:02:02.5Z") && copy.contains("the") && copy.contains(BCRYPT),
            "{copy}"
        );
        write(&to, &format!("copy.{format}"), &copy);
        let said = to.run(&["users", "import", &format!("copy.{format}"), "--format", format]).ok();
        assert!(said.contains(if format == "jsonl" { "3 imported" } else { "3 there already" }), "{said}");
        assert_eq!(to.run(&["users", "export", "--with-hashes", "--format", format]).ok(), copy);
        let without = from.run(&["users", "export", "--format", format]).ok();
        assert!(!without.contains("$2y$") && !without.contains("SSHA"), "{without}");
    }
    from.run(&["users", "export", "out.jsonl"]).ok();
    let refused = from.run(&["users", "export", "out.jsonl"]).failed(1);
    assert!(refused.contains("out.jsonl"), "nothing is overwritten: {refused}");
}

fn an_import_that_was_killed_goes_on_where_it_was(kind: Kind) {
    const USERS: usize = 8_000;
    let house = Installation::on(kind);
    house.run(&["migrate", "up"]).ok();
    let lines =
        (0..USERS).map(|n| format!("{{\"email\":\"user{n}@example.org\",\"password_hash\":\"{BCRYPT}\"}}\n"));
    write(&house, "many.jsonl", &lines.collect::<String>());
    let state = house.directory.path().join("many.jsonl.import-state");
    let mut importing =
        house.command(&["users", "import", "many.jsonl", "--format", "jsonl"]).spawn().unwrap();
    until("the first batch", || state.exists());
    let pid = rustix::process::Pid::from_raw(i32::try_from(importing.id()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    assert!(!importing.wait().unwrap().success(), "it was killed and not done");
    let mark: Value = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
    let done = usize::try_from(mark["records"].as_u64().unwrap()).unwrap();
    assert!((1_000..USERS).contains(&done), "{mark}");

    let said = house.run(&["users", "import", "many.jsonl", "--format", "jsonl"]).ok();
    let count = |text: &str| text.split(' ').next().unwrap().parse::<usize>().unwrap();
    let (made, there) = said.split_once(" imported, ").unwrap();
    // The batch that was committed and not yet marked is found again.
    assert!(count(made) + count(there) == USERS - done && count(there) <= 1_000, "{done} were done: {said}");
    assert!(!state.exists());
    let list = house.run(&["users", "export"]).ok();
    assert_eq!(list.lines().count(), USERS);
}

#[test]
fn what_could_never_be_verified_is_rejected_and_stores_nothing() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/import_hashes.json")).unwrap();
    let own: Value = serde_json::from_str(include_str!("../vectors/argon2_hostile.json")).unwrap();
    let bad = |case: &&Value| matches!(case["expect"].as_str(), Some("malformed" | "too_expensive"));
    // Those of a dialect would have to be named.
    let named = |case: &&Value| {
        let format = case["format"].as_str().unwrap_or_default();
        !format.starts_with("kratos")
            && !["nthash", "better_auth_scrypt"].contains(&format)
            && !format.starts_with("hex_")
    };
    let cases = [&vectors, &own].into_iter().flat_map(|file| file["cases"].as_array().unwrap());
    let hashes: Vec<_> = cases.filter(bad).filter(named).filter_map(|case| case["hash"].as_str()).collect();
    let house = Installation::on(Kind::Sqlite);
    let line = |(n, hash): (usize, &&str)| {
        json!({"email": format!("u{n}@example.org"), "password_hash": hash}).to_string()
    };
    let lines: Vec<_> = hashes.iter().enumerate().map(line).collect();
    write(&house, "bad.jsonl", &lines.join("\n"));
    let said =
        house.run(&["users", "import", "bad.jsonl", "--format", "jsonl", "--rejects", "no.jsonl"]).exits(3);
    let rejects = std::fs::read_to_string(house.directory.path().join("no.jsonl")).unwrap();
    println!("W12: {} bad hashes: {}", hashes.len(), said.lines().next().unwrap_or_default());
    let accepted: Vec<_> = (0..hashes.len())
        .filter(|n| !rejects.contains(&format!("\"u{n}@example.org\"")))
        .map(|n| hashes[n])
        .collect();
    assert!(hashes.len() > 60, "{}", hashes.len());
    // An empty text in a file means that there is none.
    assert!(accepted.iter().all(|hash| hash.is_empty()), "{accepted:?}");
    let long = hashes.iter().filter(|hash| hash.len() > 15);
    assert!(
        long.clone().count() > 60 && long.clone().all(|hash| !rejects.contains(*hash)),
        "no hash is quoted"
    );
}

#[test]
fn a_file_that_breaks_off_and_options_that_do_not_fit_are_told() {
    let house = Installation::on(Kind::Sqlite);
    write(
        &house,
        "cut.json",
        &format!("[{{\"email\":\"a@example.org\",\"passwordHash\":\"{BCRYPT}\"}},{{\"email\":"),
    );
    let said = house.run(&["users", "import", "cut.json", "--format", "auth0"]).failed(1);
    assert!(said.contains("cut.json") && said.contains("behind record"), "{said}");
    assert_eq!(house.run(&["users", "list"]).ok().lines().count(), 1, "what came before is there");

    write(&house, "good.jsonl", "{\"email\":\"b@example.org\"}\n");
    for (arguments, told) in [
        (&["good.jsonl", "--format", "firebase"][..], "signer key"),
        (&["good.jsonl", "--format", "jsonl", "--hash-dialect", "rot13"], "rot13"),
        (&["good.jsonl", "--format", "django", "--hash-dialect", "md5"], "leave it out"),
        (&["none.jsonl", "--format", "jsonl"], "none.jsonl"),
    ] {
        let said = house.run(&[&["users", "import"], arguments].concat()).failed(1);
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
    house.run(&["users", "import", "good.jsonl", "--format", "csv2"]).failed(2);

    let said = house.run(&["users", "import", "good.jsonl", "--format", "jsonl", "--dry-run"]).ok();
    assert!(said.starts_with("1 would be imported"), "{said}");
    assert_eq!(house.run(&["users", "list"]).ok().lines().count(), 1, "nothing was stored");

    // The second of two with one address, and an id that is another's.
    let id = "0a0a0a0a-0000-4000-8000-000000000009";
    let line = |email: &str| json!({"id": id, "email": email}).to_string();
    write(
        &house,
        "ids.jsonl",
        &[line("c@example.org"), line("C@example.org"), line("d@example.org")].join("\n"),
    );
    let said = house.run(&["users", "import", "ids.jsonl", "--format", "jsonl"]).exits(3);
    assert!(said.starts_with("1 imported, 1 there already, 1 rejected"), "{said}");
}

#[test]
fn a_dear_hash_is_announced_with_the_setting_that_hides_it() {
    let house = Installation::on(Kind::Sqlite);
    let dear = "$2a$12$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6";
    write(&house, "dear.jsonl", &json!({"email": "a@example.org", "password_hash": dear}).to_string());
    let said = house.run(&["users", "import", "dear.jsonl", "--format", "jsonl"]).ok();
    let setting = said.split('"').nth(1).unwrap_or_default();
    assert!(said.contains("hashing.failure_time") && setting.ends_with("ms"), "{said}");
    let house = house.set("hashing.failure_time", setting);
    house.run(&["config", "check"]).ok();
}
