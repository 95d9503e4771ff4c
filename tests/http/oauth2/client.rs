//! How clients prove who they are, and what is refused before any token is looked at.

use serde_json::json;

use super::{GUARD, SHOP, basic, form, is_error, post, post_octets, with_client, with_clients};
use crate::http::{anonymous, rows};
use crate::support::{Answer, Kind, TestHouse};

const BOTH: [&str; 2] = ["/oauth2/introspect", "/oauth2/revoke"];

fn house() -> TestHouse {
    with_clients(TestHouse::on(Kind::Sqlite)).start()
}

fn with_header(house: &TestHouse, path: &str, authorization: &str, body: &str) -> Answer {
    let request = house
        .request("POST", path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", authorization);
    house.send(request, body.as_bytes().to_vec())
}

#[test]
fn only_a_configured_client_with_its_own_secret_is_let_in() {
    let house = house();
    let ada = house.user("ada");
    let body = form(&[("token", &ada.access)]);
    let before = rows(&house);
    let unknown = with_header(&house, BOTH[0], &basic(("nobody", SHOP.1)), &body);
    let wrong = with_header(&house, BOTH[0], &basic((SHOP.0, "ghc_wrong")), &body);
    assert_eq!(anonymous(&unknown), anonymous(&wrong), "which of the two was wrong is not told");
    for path in BOTH {
        for authorization in [
            basic((SHOP.0, "ghc_wrong")),
            basic((SHOP.0, "")),
            basic((SHOP.0, GUARD.1)),
            basic(("", "")),
            basic(("Shop", SHOP.1)),
            basic(("nobody", SHOP.1)),
            basic(("sh%6", SHOP.1)),
            basic(SHOP).replace("Basic ", "Basic ="),
            basic(SHOP).trim_end_matches('=').to_owned() + "!",
            format!("Bearer {}", ada.access),
            "Basic".to_owned(),
        ] {
            is_error(&with_header(&house, path, &authorization, &body), 401, "invalid_client");
        }
    }
    is_error(&post(&house, BOTH[0], None, &[("token", &ada.access)]), 401, "invalid_client");
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200, "and nobody was signed out");
    assert_eq!(rows(&house), before);
    assert_eq!(post(&house, BOTH[0], Some(SHOP), &[("token", "x")]).status, 200);
}

#[test]
fn wrong_credentials_are_counted() {
    const NAME: &str = "guardhouse_clients_refused_total";
    let house = house();
    let count = || {
        let text = house.ops("/metrics", None).text;
        let line = text.lines().find_map(|line| line.strip_prefix(NAME)?.trim().parse::<u64>().ok());
        line.unwrap_or_default()
    };
    let before = count();
    for client in [(SHOP.0, "ghc_wrong"), ("nobody", SHOP.1)] {
        is_error(&post(&house, BOTH[0], Some(client), &[("token", "x")]), 401, "invalid_client");
    }
    assert!(count() >= before + 2);
    assert!(house.ops("/metrics", None).text.contains(&format!("# HELP {NAME} ")));
}

#[test]
fn a_client_without_the_right_is_known_and_refused() {
    let house = house();
    is_error(&post(&house, BOTH[0], Some(GUARD), &[("token", "x")]), 403, "unauthorized_client");
    let request = house.request("GET", "/oauth2/revocations").header("authorization", basic(SHOP));
    is_error(&house.send(request, Vec::new()), 403, "unauthorized_client");
    assert_eq!(post(&house, BOTH[1], Some(GUARD), &[("token", "x")]).status, 200, "anybody may revoke");
}

#[test]
fn id_and_secret_are_form_encoded_before_they_become_credentials() {
    let odd = ("the shop & sons", "ghc_a+b%c=");
    let house = with_client(TestHouse::on(Kind::Sqlite), odd, "introspect").start();
    let ask = |id: &str, secret: &str| with_header(&house, BOTH[0], &basic((id, secret)), "token=x");
    for id in ["the+shop+%26+sons", "the%20shop%20%26%20sons", "%74he+shop+%26+sons"] {
        assert_eq!(ask(id, "ghc_a%2Bb%25c%3D").status, 200, "{id}");
        assert_eq!(ask(id, "ghc_a%2bb%25c%3d").status, 200, "{id}");
        is_error(&ask(id, "ghc_a+b%25c%3D"), 401, "invalid_client");
    }
    is_error(&ask("the shop %26 son", "ghc_a%2Bb%25c%3D"), 401, "invalid_client");
}

#[test]
fn while_a_secret_is_changed_both_are_good_and_afterwards_only_the_new_one() {
    use guardhouse::domain::secret::Sha256Digest;
    let (new, old) = ("ghc_the-new-one", SHOP.1);
    let both = format!("{},{}", Sha256Digest::of(new), Sha256Digest::of(old));
    let house = house();
    let status =
        |house: &TestHouse, secret| post(house, BOTH[0], Some((SHOP.0, secret)), &[("token", "x")]).status;
    assert_eq!((status(&house, old), status(&house, new)), (200, 401));
    let house = house.restart_with(&[("clients.shop.secret_sha256", &both)]);
    assert_eq!((status(&house, old), status(&house, new)), (200, 200));
    assert_eq!(status(&house, "ghc_a-third"), 401);
    let house = house.restart_with(&[("clients.shop.secret_sha256", &Sha256Digest::of(new).to_string())]);
    assert_eq!((status(&house, old), status(&house, new)), (401, 200));
}

#[test]
fn a_client_authenticates_in_one_way_and_never_in_the_body() {
    let house = house();
    let ada = house.user("ada");
    for path in BOTH {
        let secret = [("token", ada.access.as_str()), ("client_id", SHOP.0), ("client_secret", SHOP.1)];
        is_error(&post(&house, path, Some(SHOP), &secret), 400, "invalid_request");
        is_error(&post(&house, path, None, &secret), 401, "invalid_client");
        let other = [("token", "x"), ("client_id", "another")];
        is_error(&post(&house, path, Some(SHOP), &other), 400, "invalid_request");
        let same = [("token", "x"), ("client_id", SHOP.0)];
        assert_eq!(post(&house, path, Some(SHOP), &same).status, 200, "saying it twice does no harm");
        let request = house
            .request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", basic(SHOP))
            .header("authorization", basic(SHOP));
        is_error(&house.send(request, b"token=x".to_vec()), 400, "invalid_request");
    }
    // RFC 7009 section 2.1: a public client says who it is, and has no secret.
    assert_eq!(post(&house, BOTH[1], None, &[("token", "x"), ("client_id", "app")]).status, 200);
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
}

#[test]
fn each_parameter_may_stand_once_and_unknown_ones_are_ignored() {
    let house = house();
    let ada = house.user("ada");
    for path in BOTH {
        for body in [
            "",
            "token=",
            "Token=x",
            "token_type_hint=access_token",
            "token=x&token=x",
            "token=x&token=",
            "token=x&token_type_hint=a&token_type_hint=a",
            "token=x&other=1&other=2",
            "token=%ff",
            "{\"token\":\"x\"}",
        ] {
            is_error(&post_octets(&house, path, Some(SHOP), body), 400, "invalid_request");
        }
        for body in ["token=x&other=1", "other=&token=x&token_type_hint=", "token=x&&"] {
            assert_eq!(post_octets(&house, path, Some(SHOP), body).status, 200, "{body}");
        }
        // RFC 7662 section 2.1: in the body, never in the address, which is logged.
        let answer = post_octets(&house, &format!("{path}?token={}", ada.access), Some(SHOP), "");
        is_error(&answer, 400, "invalid_request");
    }
    assert_eq!(house.get_as(&ada.access, "/auth/me").status, 200);
}

#[test]
fn whatever_is_wrong_with_a_request_is_said_in_the_form_of_oauth() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).set("server.body_limit", "1KiB").start();
    for path in BOTH {
        let send = |kind: &str, body: &[u8]| {
            let request = house.request("POST", path).header("authorization", basic(SHOP));
            house.send(request.header("content-type", kind), body.to_vec())
        };
        for kind in ["application/json", "multipart/form-data; boundary=x", "text/plain", ""] {
            is_error(&send(kind, b"token=x"), 415, "invalid_request");
        }
        for kind in ["Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"]
        {
            assert_eq!(send(kind, b"token=x").status, 200, "{kind}");
        }
        let long = format!("token={}", "x".repeat(1_024));
        is_error(&send("application/x-www-form-urlencoded", long.as_bytes()), 413, "invalid_request");
        for method in ["GET", "PUT", "DELETE"] {
            let answer = house.call(method, path, None, None);
            is_error(&answer, 405, "invalid_request");
            assert_eq!(answer.header("allow"), "POST");
        }
        let request = house.request("POST", path).header("authorization", basic(SHOP));
        is_error(
            &house.send(request.header("accept", "text/html"), b"token=x".to_vec()),
            406,
            "invalid_request",
        );
        let request = house
            .request("POST", path)
            .header("authorization", basic(SHOP))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-encoding", "gzip");
        is_error(&house.send(request, b"token=x".to_vec()), 415, "invalid_request");
    }
    house.get("/oauth2/nothing").is_problem(404, "not_found");
}

#[test]
fn the_form_of_errors_follows_the_route_wherever_everything_is_mounted() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).set("server.base_path", "/oauth2").start();
    is_error(&post(&house, "/oauth2/oauth2/introspect", None, &[]), 401, "invalid_client");
    is_error(&house.get("/oauth2/oauth2/revoke"), 405, "invalid_request");
    house.get("/oauth2/auth/me").is_problem(401, "token_missing");
    house.post("/oauth2/auth/login", json!([])).is_problem(400, "invalid_request");
    house.get("/oauth2/auth/login").is_problem(405, "method_not_allowed");
}

#[test]
fn without_clients_nobody_may_ask_and_anybody_may_revoke() {
    let house = TestHouse::new();
    let ada = house.user("ada");
    is_error(&post(&house, BOTH[0], Some(SHOP), &[("token", &ada.access)]), 401, "invalid_client");
    is_error(&post(&house, BOTH[0], Some(("", "")), &[("token", &ada.access)]), 401, "invalid_client");
    super::revoke(&house, &ada.access);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
}
