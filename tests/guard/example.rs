//! The example service beside a real server: what its readers will try.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use guardhouse::domain::secret::Sha256Digest;
use serde_json::json;

use crate::binary::process::{Installation, agent, request, until};
use crate::support::Kind;
use crate::support::house::PASSWORD;

struct Service {
    child: Child,
    address: SocketAddr,
}

impl Service {
    fn start(auth: SocketAddr, secret: &str) -> Self {
        // `cargo test --test …` does not build examples.
        let build = ["build", "--quiet", "--locked", "--example", "notes_service"];
        assert!(Command::new(env!("CARGO")).args(build).status().unwrap().success(), "{build:?}");
        // Beside the test binary, in target/<profile>/examples.
        let tests = std::env::current_exe().unwrap();
        let program = tests.ancestors().nth(2).unwrap().join("examples/notes_service");
        assert!(Path::new(&program).exists(), "{} was not built", program.display());
        let mut child = Command::new(program)
            .env("AUTH", format!("http://{auth}"))
            .env("AUTH_ISSUER", "http://localhost:8080")
            .env("AUTH_CLIENT", "notes")
            .env("AUTH_SECRET", secret)
            .env("NOTES", "127.0.0.1:0")
            // Nobody is there: what goes to this machine takes no proxy.
            .env("HTTP_PROXY", "http://127.0.0.1:1")
            .env("ALL_PROXY", "http://127.0.0.1:1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("it listens").unwrap();
        let address = line.strip_prefix("listening on ").expect(&line).parse().unwrap();
        Self { child, address }
    }

    fn status(&self, method: &str, path: &str, token: Option<&str>) -> u16 {
        self.ask(method, path, token).0
    }

    fn ask(&self, method: &str, path: &str, token: Option<&str>) -> (u16, String) {
        let body = json!("buy milk");
        let body = (method == "POST").then_some(&body);
        let answer = request(&agent(), self.address, method, path, token, body).unwrap();
        (answer.status, answer.text)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_example_keeps_everybody_s_notes_apart_and_hears_of_logouts_and_new_keys() {
    let secret = "ghc_the-secret-of-the-notes";
    let house = Installation::on(Kind::Sqlite)
        .set("keys.poll_interval", "100ms")
        .set("clients.notes.secret_sha256", Sha256Digest::of(secret))
        .set("clients.notes.may", "revocations");
    let server = house.serve();
    let person = |name: &str| {
        let body = json!({ "email": format!("{name}@example.org"), "password": PASSWORD });
        let reply = server.post("/auth/register", &body).ok(201);
        reply["access_token"].as_str().unwrap().to_owned()
    };
    let (ada, bob) = (person("ada"), person("bob"));
    let service = Service::start(server.address, secret);
    assert_eq!(service.ask("GET", "/", None), (200, "hello, stranger\n".to_owned()));
    assert_eq!(service.status("GET", "/", Some("nonsense")), 401);
    assert_eq!(service.status("GET", "/notes", None), 401);
    assert_eq!(service.status("POST", "/notes", Some(&ada)), 200);
    assert!(service.ask("GET", "/notes", Some(&ada)).1.contains("milk"));
    assert_eq!(service.ask("GET", "/notes", Some(&bob)), (200, "[]".to_owned()));
    assert_eq!(service.status("GET", "/statistics", Some(&bob)), 403);

    assert_eq!(server.call("POST", "/auth/logout", Some(&ada), None).status, 204);
    until("the logout", || service.status("GET", "/notes", Some(&ada)) == 401);
    assert_eq!(service.status("GET", "/notes", Some(&bob)), 200);

    house.run(&["keys", "rotate", "--at-once"]).ok();
    let body = json!({ "email": "bob@example.org", "password": PASSWORD });
    let mut new = String::new();
    let before = bob.split('.').next().unwrap();
    until("the new key", || {
        new = server.post("/auth/login", &body).ok(200)["access_token"].as_str().unwrap().to_owned();
        !new.starts_with(before)
    });
    until("the service to know it", || service.status("GET", "/notes", Some(&new)) == 200);

    server.terminate();
    assert_eq!(service.status("GET", "/notes", Some(&bob)), 200, "what it knows it goes on with");
}
