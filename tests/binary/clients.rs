//! `guardhouse clients`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::process::{Installation, agent};
use crate::support::Kind;
use crate::support::house::PASSWORD;

#[test]
fn a_secret_and_its_line_make_a_client() {
    let nowhere = Installation::on(Kind::Sqlite);
    let printed = nowhere.run(&["clients", "secret"]).ok();
    assert!(!nowhere.data_dir().exists(), "nothing is stored");
    assert_ne!(nowhere.run(&["clients", "secret"]).ok(), printed);
    let (secret, line) = printed.trim_end().split_once('\n').expect("two lines");
    assert!(secret.starts_with("ghc_") && secret.len() == 4 + 43, "{secret}");

    let file = nowhere.directory.path().join("site.toml");
    let text = format!("[clients.shop]\n{line}\nmay = [\"introspect\"]\n");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    nowhere.run(&["config", "check", "--config", file]).ok();
    let explained = nowhere.run(&["config", "explain", "--config", file]).ok();
    assert!(explained.contains("clients.shop.may = [\"introspect\"]"), "{explained}");

    let hash = line.split('"').nth(1).unwrap();
    let house = nowhere.set("clients.shop.secret_sha256", hash).set("clients.shop.may", "introspect");
    let server = house.serve();
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let ada = server.post("/auth/register", &body).ok(201);
    let ask = |secret: &str| {
        let credentials = STANDARD.encode(format!("shop:{secret}"));
        let request = ureq::http::Request::builder()
            .method("POST")
            .uri(format!("http://{}/oauth2/introspect", server.address))
            .header("authorization", format!("Basic {credentials}"))
            .header("content-type", "application/x-www-form-urlencoded");
        let form = format!("token={}", ada["access_token"].as_str().unwrap());
        let answer = agent().run(request.body(form).unwrap()).unwrap();
        (answer.status().as_u16(), answer.into_body().read_to_string().unwrap())
    };
    let (status, text) = ask(secret);
    assert!(status == 200 && text.starts_with("{\"active\":true,"), "{status} {text}");
    assert_eq!(ask(hash).0, 401, "the hash is not the secret");
    server.terminate();
}
