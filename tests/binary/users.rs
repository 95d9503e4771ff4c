//! `guardhouse users`, beside a server that runs, on every database.

use serde_json::{Value, json};

use super::process::{Installation, until};
use crate::on_every_database;
use crate::support::Kind;
use crate::support::house::PASSWORD;

on_every_database!(
    an_operator_looks_after_accounts_while_the_server_runs,
    a_disabled_account_is_refused_by_the_running_server_soon,
    a_role_that_is_taken_away_ends_what_was_possible_with_it
);

fn login(server: &super::process::Server, email: &str) -> Value {
    server.post("/auth/login", &json!({ "email": email, "password": PASSWORD })).ok(200)
}

fn token(reply: &Value) -> &str {
    reply["access_token"].as_str().expect("an access token")
}

fn an_operator_looks_after_accounts_while_the_server_runs(kind: Kind) {
    let house = Installation::on(kind).set("registration.mode", "closed");
    let server = house.serve();
    let create = ["users", "create", "Ada@Example.org", "--name", "Ada", "--role", "user", "--role", "admin"];
    let id = house.run_with(&create, &format!("{PASSWORD}\r\nmore\n")).ok();
    let reply = login(&server, "ada@example.org");
    assert_eq!(reply["user"]["id"], id.trim());
    assert_eq!(
        (&reply["user"]["name"], &reply["user"]["roles"]),
        (&json!("Ada"), &json!(["admin", "user"])),
        "{reply}"
    );
    let list = server.get_as(token(&reply), "/users").ok(200);
    assert_eq!(list["users"].as_array().map(Vec::len), Some(1));

    // Without a password nobody can sign in with one; an empty line is no password.
    house.run(&["users", "create", "bob@example.org", "--no-password"]).ok();
    server
        .post("/auth/login", &json!({ "email": "bob@example.org", "password": PASSWORD }))
        .is_problem(401, "invalid_credentials");
    let err = house.run_with(&["users", "create", "eve@example.org"], "\n").failed(1);
    assert!(err.contains("--no-password"), "{err}");

    for (arguments, reason) in [
        (&["users", "create", "ada@EXAMPLE.org"][..], "another account has this e-mail address"),
        (&["users", "create", "nonsense"], "@"),
        (&["users", "create", "eve@example.org", "--role", "no such role"], "role"),
        (&["users", "disable", "nobody@example.org"], "there is no account nobody@example.org"),
        (&["users", "set-role", "nobody@example.org", "admin"], "there is no account nobody@example.org"),
    ] {
        let err = house.run_with(arguments, PASSWORD).failed(1);
        assert!(err.contains(reason), "{arguments:?}: {err}");
        assert!(!err.contains(PASSWORD), "{err}");
    }
    let err = house.run_with(&["users", "create", "eve@example.org"], "short").failed(1);
    assert!(err.contains("at least 8 characters"), "{err}");

    let lines = house.run(&["users", "list", "--json"]).ok();
    let users: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told: Vec<_> = users.iter().map(|user| (&user["email"], &user["state"])).collect();
    let enabled = json!("enabled");
    assert_eq!(
        told,
        [(&json!("ada@example.org"), &enabled), (&json!("bob@example.org"), &enabled)],
        "the oldest first"
    );
    assert!(users[0]["last_login_at"].is_string() && users[1]["last_login_at"].is_null(), "{lines}");
    let one = house.run(&["users", "list", "--email", "BOB@example.org"]).ok();
    assert_eq!(one.lines().count(), 1, "{one}");
    for word in ["enabled", "bob@example.org", "user"] {
        assert!(one.contains(word), "{one}");
    }
    server.terminate();
}

fn a_disabled_account_is_refused_by_the_running_server_soon(kind: Kind) {
    let house = Installation::on(kind).set("sessions.revocation.poll_interval", "50ms");
    let server = house.serve();
    house.run_with(&["users", "create", "ada@example.org"], PASSWORD).ok();
    let ada = login(&server, "ada@example.org");
    assert_eq!(server.get_as(token(&ada), "/auth/me").status, 200);

    let said = house.run(&["users", "disable", "ada@example.org"]).ok();
    assert!(said.contains("disabled") && said.contains("ada@example.org"), "{said}");
    until("the refusal of the token", || server.get_as(token(&ada), "/auth/me").status == 401);
    server.get_as(token(&ada), "/auth/me").is_problem(401, "token_revoked");
    server
        .post("/auth/refresh", &json!({ "refresh_token": ada["refresh_token"] }))
        .is_problem(401, "refresh_invalid");
    server
        .post("/auth/login", &json!({ "email": "ada@example.org", "password": PASSWORD }))
        .is_problem(401, "invalid_credentials");

    let said = house.run(&["users", "enable", "ada@example.org"]).ok();
    assert!(said.contains("enabled"), "{said}");
    let again = login(&server, "ada@example.org");
    assert_eq!(server.get_as(token(&again), "/auth/me").status, 200);
    server.get_as(token(&ada), "/auth/me").is_problem(401, "token_revoked");
    server.terminate();
}

fn a_role_that_is_taken_away_ends_what_was_possible_with_it(kind: Kind) {
    let house = Installation::on(kind).set("sessions.revocation.poll_interval", "50ms");
    let server = house.serve();
    house.run_with(&["users", "create", "ada@example.org", "--role", "admin"], PASSWORD).ok();
    let ada = login(&server, "ada@example.org");
    assert_eq!(server.get_as(token(&ada), "/users").status, 200);
    let said = house.run(&["users", "set-role", "ada@example.org", "user"]).ok();
    assert!(said.trim_end().ends_with("user"), "{said}");
    until("the refusal of the token", || server.get_as(token(&ada), "/users").status == 401);
    // The session lives on; its next token says what is true now.
    let renewed = server.post("/auth/refresh", &json!({ "refresh_token": ada["refresh_token"] })).ok(200);
    assert_eq!(renewed["user"]["roles"], json!(["user"]));
    server.get_as(token(&renewed), "/users").is_problem(403, "role_required");
    server.terminate();
}
