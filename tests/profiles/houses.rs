//! Houses with a shipped profile: in this process, with what a test must change, and as real servers, with nothing
//! changed but where they listen.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::binary::process::{Done, Installation, Server, finish};
use crate::proofs::redis::{Admin, redis_is_available};
use crate::support::house::Plan;
use crate::support::{Kind, PrivateServer, TestHouse};

/// The key that a system with stateless tokens shares with its verifiers.
pub(super) const SECRET: &str = "nine-wizards-quietly-juggled-64-frozen-lamps";

/// A cheap hash, because most tests are about something else; a proxy that names the client, so that a test can come
/// from many addresses; and limits, which the tests' common plan has switched off and the profiles have not.
fn for_tests(plan: Plan) -> Plan {
    plan.set("limits.enabled", true).set("hashing.bcrypt.cost", 4).set("server.trusted_proxies", "127.0.0.1")
}

/// With `profiles/stateless.toml` and the key of the system before.
pub(super) fn stateless_plan(kind: Kind) -> Plan {
    for_tests(TestHouse::on(kind).file("profiles/stateless.toml")).set("tokens.hs256_secret", SECRET)
}

pub(super) fn stateless(kind: Kind) -> TestHouse {
    stateless_plan(kind).start()
}

/// With `profiles/hybrid-redis.toml` and this Redis.
pub(super) fn hybrid_plan(kind: Kind, redis: &PrivateServer) -> Plan {
    for_tests(TestHouse::on(kind).file("profiles/hybrid-redis.toml"))
        .set("redis.url", &redis.url)
        // A machine that is busy with other tests must not look like a Redis that is gone.
        .set("redis.timeout", "30s")
}

/// Does `test` in a house with `profiles/hybrid-redis.toml` and a Redis of its own, where there is one to be had.
pub(super) fn hybrid(kind: Kind, test: impl FnOnce(&TestHouse, &PrivateServer)) {
    if redis_is_available() {
        let redis = PrivateServer::start("redis");
        let house = hybrid_plan(kind, &redis).start();
        test(&house, &redis);
    }
}

/// What this script returns in Redis.
pub(super) fn in_redis(redis: &PrivateServer, script: &str) -> String {
    Admin::connect(&redis.url).tell(&["EVAL", script, "0"])
}

/// The program as its operator starts it: a profile by `--config`, and ports.
pub(super) struct Operated {
    pub(super) installation: Installation,
    profile: PathBuf,
    redis: Option<String>,
}

impl Operated {
    pub(super) fn by(profile: &str, redis: Option<&PrivateServer>) -> Self {
        Self {
            installation: Installation::new(),
            profile: Path::new(env!("CARGO_MANIFEST_DIR")).join("config/profiles").join(profile),
            redis: redis.map(|redis| redis.url.clone()),
        }
    }

    fn command(&self, words: &[&str]) -> std::process::Command {
        let mut command = self.installation.command(words);
        command.arg("--config").arg(&self.profile);
        if let Some(url) = &self.redis {
            command.env("REDIS_URL", url);
        }
        command
    }

    pub(super) fn serve(&self) -> Server {
        Server::start(&mut self.command(&["serve"]), &self.installation.data_dir())
    }

    pub(super) fn run(&self, words: &[&str]) -> Done {
        finish(&mut self.command(words), "")
    }

    /// The stored account of `email`, its hash included.
    pub(super) fn stored(&self, email: &str) -> Value {
        let file = "everybody.jsonl";
        let path = self.installation.directory.path().join(file);
        let _ = std::fs::remove_file(&path);
        self.run(&["users", "export", file, "--with-hashes"]).ok();
        let text = std::fs::read_to_string(path).expect("it was exported");
        let accounts = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        accounts.into_iter().find(|account| account["email"] == email).expect("the account is there")
    }
}

/// The hash is bcrypt at the cost of twelve, as shipped, and a login compares with it.
pub(super) fn bcrypt_at_cost_12(house: &Operated) {
    let server = house.serve();
    let ada = server.user("ada");
    let hash = house.stored(&ada.email)["password_hash"].to_string();
    assert!(hash.starts_with("\"$2b$12$") && hash.len() == 62, "{hash}");
    server.login(&ada.email);
    let wrong = json!({ "email": ada.email, "password": "Wrong-horse-9-battery" });
    server.post("/auth/login", &wrong).is_problem(401, "invalid_credentials");
    server.terminate();
}

/// People come with what the system before knew of them, and sign in with the passwords that they have.
pub(super) fn an_existing_user_base_moves_in(house: &Operated) {
    const OLDER: &str = "$2y$04$mIJxfrCaEI3GukZe11CiXublhEFanu5.ododkll1WphfSp6pn4zIu";
    let same = bcrypt::hash_with_salt("Their-password-7", 12, *b"sixteen octets !").expect("a hash");
    let same = same.format_for_version(bcrypt::Version::TwoB);
    let id = "0a0a0a0a-0000-4000-8000-000000000002";
    let file = format!(
        "id,email,name,created_at,last_login_at,password_hash\n\
         {id},ada@example.org,Ada,2024-01-02T03:04:05Z,2026-10-11T12:13:14Z,{same}\n\
         ,bob@example.org,,,,{OLDER}\n"
    );
    std::fs::write(house.installation.directory.path().join("users.csv"), file).expect("it can be written");
    let said = house.run(&["users", "import", "users.csv", "--format", "csv"]).ok();
    assert!(said.starts_with("2 imported"), "{said}");

    let server = house.serve();
    let login = |email: &str, password: &str| {
        server.post("/auth/login", &json!({ "email": email, "password": password })).ok(200)
    };
    let ada = login("ada@example.org", "Their-password-7");
    assert_eq!((&ada["user"]["id"], &ada["user"]["name"]), (&json!(id), &json!("Ada")));
    assert_eq!(ada["user"]["created_at"], "2024-01-02T03:04:05Z");
    assert_eq!(house.stored("ada@example.org")["password_hash"], same, "it is what we would have made");
    // Shorter than the policy would have a new one: it was good enough once.
    login("bob@example.org", "test");
    let renewed = house.stored("bob@example.org")["password_hash"].to_string();
    assert!(renewed.starts_with("\"$2b$12$"), "{renewed}");
    login("bob@example.org", "test");
    server.terminate();
}
