//! `guardhouse breach`: from a list to a server that refuses what is on it.

use serde_json::json;

use super::process::Installation;
use crate::http::faults;
use crate::support::Kind;
use crate::support::house::PASSWORD;

#[test]
fn a_filter_of_a_list_is_refused_by_the_server() {
    let house = Installation::on(Kind::Sqlite);
    let path = |name: &str| house.directory.path().join(name);
    // SHA-1 of "password" and of "our dog is called rex", the latter seen once only.
    let sha1 = |password: &str| {
        let hash =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        hash.as_ref().iter().map(|octet| format!("{octet:02X}")).collect::<String>()
    };
    let list = format!("{}:12\r\n{}:1\r\n", sha1("three blue geese"), sha1("our dog is called rex"));
    std::fs::write(path("pwned.txt"), list).unwrap();
    let build = ["breach", "build", "pwned.txt", "pwned.gcs", "--format", "sha1", "--source", "a test"];
    let said = house.run(&build).ok();
    assert!(said.contains("2 entries of 2 lines") && said.contains("passwords.breach_filter"), "{said}");
    assert!(said.contains("one password in 1048576"), "the rate is stated: {said}");
    let few = house
        .run(&[&build[..2], &["pwned.txt", "few.gcs", "--format", "sha1", "--min-count", "2"]].concat())
        .ok();
    assert!(few.contains("1 entries of 2 lines (1 left out)"), "{few}");

    let info = house.run(&["breach", "check", "pwned.gcs", "--info"]).ok();
    assert!(info.contains("2 entries") && info.contains("a test"), "{info}");
    let found = house.run_with(&["breach", "check", "pwned.gcs"], "three blue geese\n").exits(3);
    assert!(found.contains("it is in the filter"), "{found}");
    let missing = house.run_with(&["breach", "check", "pwned.gcs"], &format!("{PASSWORD}\n")).ok();
    assert!(missing.contains("not in the filter"), "{missing}");

    let said = house.run(&["breach", "check", "pwned.txt"]).failed(1);
    assert!(said.contains("pwned.txt") && said.contains("is no breach filter"), "{said}");
    std::fs::write(path("bad.txt"), "three blue geese\n").unwrap();
    let said = house.run(&["breach", "build", "bad.txt", "bad.gcs", "--format", "sha1"]).failed(1);
    assert!(said.contains("bad.txt") && said.contains("line 1") && !said.contains("geese"), "{said}");
    assert!(!path("bad.gcs").exists(), "what failed leaves no filter");

    let mut house = house;
    house.change("passwords.breach_filter", "pwned.gcs");
    let server = house.serve();
    let body = json!({ "email": "ada@example.org", "password": "three blue geese" });
    let refused = server.post("/auth/register", &body);
    assert_eq!(
        faults(refused.is_problem(422, "validation_failed")),
        [("/password".to_owned(), "password_breached".to_owned())]
    );
    server.post("/auth/register", &json!({ "email": "ada@example.org", "password": PASSWORD })).ok(201);
    server.terminate();

    house.change("passwords.breach_filter", "pwned.txt");
    let said = house.run(&["serve"]).failed(1);
    assert!(said.contains("is no breach filter") && said.contains("passwords.breach_filter"), "{said}");
}
