//! `POST /auth/login`

use serde_json::{Value, json};

use crate::http::{anonymous, post_raw, rows, text, try_login};
use crate::on_every_database;
use crate::support::house::PASSWORD;
use crate::support::{Answer, Kind, TestHouse, User};

on_every_database!(
    login_speaks_json_and_the_oauth_password_form,
    whoever_is_refused_cannot_tell_why,
    login_notes_when_it_happened,
    each_login_opens_a_session_of_its_own,
    both_spellings_of_a_password_are_the_same_password,
    a_password_is_compared_to_its_last_character,
    without_refresh_tokens_a_login_gives_an_access_token_only,
);

const FORM: &str = "application/x-www-form-urlencoded";

fn form(house: &TestHouse, body: &str) -> Answer {
    post_raw(house, "/auth/login", FORM, body.as_bytes())
}

fn login_speaks_json_and_the_oauth_password_form(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    house.advance(60);
    let json = try_login(&house, "ada@example.org", PASSWORD);
    let form = form(
        &house,
        &format!("grant_type=password&username=ADA%40example.org&password={PASSWORD}&scope=openid"),
    );
    for answer in [&json, &form] {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let body = &answer.json;
        assert_eq!(
            *body,
            json!({
                "access_token": text(answer, "/access_token"),
                "token_type": "Bearer",
                "expires_in": 900,
                "expires_at": "2027-01-15T08:16:00Z",
                "refresh_token": text(answer, "/refresh_token"),
                "refresh_expires_in": 14 * 86_400,
                "session_id": text(answer, "/session_id"),
                "user": {
                    "id": ada.id,
                    "email": "ada@example.org",
                    "email_verified": false,
                    "name": "ada",
                    "roles": ["user"],
                    "created_at": "2027-01-15T08:00:00Z",
                    "updated_at": "2027-01-15T08:00:00Z",
                    "last_login_at": "2027-01-15T08:01:00Z",
                },
            })
        );
        assert_eq!(house.get_as(text(answer, "/access_token"), "/auth/me").status, 200);
    }
    assert_ne!(json.json["session_id"], form.json["session_id"]);
}

fn whoever_is_refused_cannot_tell_why(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (ada, admin) = (house.user("ada"), house.admin("root"));
    house.user("bob");
    let disabled = house.post_as(&admin.access, &format!("/users/{}/disable", ada.id), json!({}));
    assert_eq!(disabled.status, 204);
    let no_password = house.post_as(&admin.access, "/users", json!({ "email": "nopass@example.org" }));
    assert_eq!(no_password.status, 201);
    let before = rows(&house);

    let tries = [
        ("bob@example.org", "Wrong-horse-9-battery"),
        ("nobody@example.org", PASSWORD),
        ("ada@example.org", PASSWORD),
        ("ada@example.org", "Wrong-horse-9-battery"),
        ("nopass@example.org", PASSWORD),
        ("no address at all", PASSWORD),
        ("bob@example.org", ""),
        ("bob@example.org", "\0"),
    ];
    let answers = tries.map(|(email, password)| try_login(&house, email, password));
    for (answer, tried) in answers.iter().zip(tries) {
        answer.is_problem(401, "invalid_credentials");
        assert_eq!(anonymous(answer), anonymous(&answers[0]), "{tried:?}");
        let headers = |answer: &Answer| {
            let mut names: Vec<_> =
                answer.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            names.retain(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()));
            names.sort_by_key(|(name, _)| name.to_string());
            names
        };
        assert_eq!(headers(answer), headers(&answers[0]), "{tried:?}");
    }
    assert_eq!(rows(&house), before);
    // The operator is told what the client is not.
    let events = house.events("login_failed");
    let told: Vec<_> = events.iter().map(|event| event.detail.clone().unwrap_or_default()).collect();
    let mut expected = vec![
        "wrong password",
        "unknown user",
        "account disabled",
        "wrong password",
        "wrong password",
        "unknown user",
        "wrong password",
        "password out of bounds",
    ];
    let mut told: Vec<_> = told.iter().map(String::as_str).collect();
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected);
    let disabled = events.iter().find(|event| event.detail.as_deref() == Some("account disabled")).unwrap();
    assert_eq!(disabled.user_id.map(|id| id.to_string()), Some(ada.id), "who tried is on record");
}

fn login_notes_when_it_happened(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let ada = house.user("ada");
    assert_eq!(house.get_as(&ada.access, "/auth/me").ok(200)["last_login_at"], Value::Null);
    house.advance(10);
    let ada = house.login(&ada.email);
    house.advance(10);
    try_login(&house, &ada.email, "Wrong-horse-9-battery").is_problem(401, "invalid_credentials");
    let me = house.get_as(&ada.access, "/auth/me").ok(200);
    assert_eq!(me["last_login_at"], "2027-01-15T08:00:10Z", "a failed attempt is no login");
    assert_eq!(me["updated_at"], "2027-01-15T08:00:00Z", "signing in does not change the account");
}

fn each_login_opens_a_session_of_its_own(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let first = house.user("ada");
    let (second, third) = (house.login(&first.email), house.login(&first.email));
    let sessions = [&first.session, &second.session, &third.session];
    assert!(sessions[0] != sessions[1] && sessions[1] != sessions[2] && sessions[0] != sessions[2]);
    let tokens = [&first.access, &second.access, &third.access];
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2]);
    for token in tokens {
        assert_eq!(
            house.get_as(token, "/auth/me").status,
            200,
            "an older session is not ended by a newer one"
        );
    }
}

fn both_spellings_of_a_password_are_the_same_password(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let (composed, decomposed) = ("pässwörd-Å-2027", "pa\u{308}sswo\u{308}rd-A\u{30a}-2027");
    let register = |email: &str, password: &str| {
        house.post("/auth/register", json!({ "email": email, "password": password })).ok(201)
    };
    register("nfc@example.org", composed);
    register("nfd@example.org", decomposed);
    for email in ["nfc@example.org", "nfd@example.org"] {
        for password in [composed, decomposed] {
            assert_eq!(try_login(&house, email, password).status, 200, "{email} {password:?}");
        }
        try_login(&house, email, "password-A-2027").is_problem(401, "invalid_credentials");
    }
}

fn a_password_is_compared_to_its_last_character(kind: Kind) {
    let house = TestHouse::on(kind).start();
    let long = format!("{}x", "Aa1-".repeat(255));
    let email = "ada@example.org";
    house.post("/auth/register", json!({ "email": email, "password": long })).ok(201);
    assert_eq!(try_login(&house, email, &long).status, 200);
    for other in [
        long[..long.len() - 1].to_owned(),
        format!("{}y", &long[..long.len() - 1]),
        long.to_lowercase(),
        format!("{long} "),
        format!(" {long}"),
        format!("{long}\0"),
    ] {
        try_login(&house, email, &other).is_problem(401, "invalid_credentials");
    }
}

fn without_refresh_tokens_a_login_gives_an_access_token_only(kind: Kind) {
    let house = TestHouse::on(kind)
        .set("sessions.refresh_tokens", false)
        .set("tokens.access_lifetime", "24h")
        .start();
    house.user("ada");
    let answer = try_login(&house, "ada@example.org", PASSWORD);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json["expires_in"], 86_400);
    for member in ["refresh_token", "refresh_expires_in"] {
        assert!(answer.json.get(member).is_none(), "{answer:?}");
    }
    let user = User::from("ada@example.org".into(), &answer);
    house.advance(86_000);
    assert_eq!(house.get_as(&user.access, "/auth/me").status, 200, "the session lives as long as its token");
    assert_eq!(house.post_as(&user.access, "/auth/logout", json!({})).status, 204);
    house.get_as(&user.access, "/auth/me").is_problem(401, "token_revoked");
}

#[test]
fn the_form_has_the_fields_of_rfc_6749_each_once() {
    let house = TestHouse::new();
    house.user("ada");
    for bad in [
        "",
        "username=ada%40example.org",
        "password=x",
        "username=ada%40example.org&password=x&password=y",
        "username=a&username=b&password=x",
        "grant_type=client_credentials&username=ada%40example.org&password=x",
        "username=ada%40example.org&password=x&role=admin",
        "username=ada%40example.org&password=%ff%fe",
        "{\"email\":\"ada@example.org\",\"password\":\"x\"}",
    ] {
        form(&house, bad).is_problem(400, "invalid_request");
    }
    let spaced =
        form(&house, &format!("username=ada%40example.org&password={}", PASSWORD.replace('-', "%2D")));
    assert_eq!(spaced.status, 200, "{spaced:?}");
    form(&house, "username=ada%40example.org&password=x").is_problem(401, "invalid_credentials");
}
