//! schemathesis: requests made from the document, good ones and bad ones, against a real server on both of its listeners, with
//! every check. `scripts/schemathesis` prepares it and runs the large edition.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binary::process::{Installation, Server, finish};
use crate::support::Kind;
use crate::support::house::PASSWORD;

const OPS_TOKEN: &str = "schemathesis-asks-as-an-operator-0";
const CONFIGURATION: &str = include_str!("schemathesis.toml");
/// For the small edition, so that it ends within a minute and a half.
const FEW_EXAMPLES: &str = "5";

/// The two listeners: their name, and the operations that are run there.
const LISTENERS: [(&str, &[&str]); 2] = [
    ("public", &["--exclude-tag", "Operations"]),
    ("operators", &["--include-tag", "Operations", "--include-tag", "Health"]),
];

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schemathesis")
}

/// Whether it is there in the pinned version. Where it is required, its absence fails the test.
fn is_ready() -> bool {
    let pins = include_str!("requirements.txt");
    let there = fs::read_to_string(place().join("ready")).is_ok_and(|installed| installed == pins);
    let required = std::env::var("GUARDHOUSE_TEST_REQUIRE").unwrap_or_default();
    assert!(
        there || !required.split(',').any(|one| one == "schemathesis"),
        "schemathesis is required but not ready; run `scripts/schemathesis prepare`"
    );
    if !there {
        eprintln!("skipped: schemathesis is not ready; `scripts/schemathesis prepare` makes it so");
    }
    there
}

/// A server with an administrator and a client, and the client's secret.
fn server() -> (Installation, Server, String) {
    let mut installation = Installation::on(Kind::Sqlite)
        .set("server.ops_token", OPS_TOKEN)
        .set("sessions.max_per_user", 1_000)
        .set("log.filter", "warn");
    let made = installation.run(&["clients", "secret"]).ok();
    let (secret, line) = made.split_once('\n').expect("two lines");
    let hash = line.trim().trim_start_matches("secret_sha256 = ").trim_matches('"');
    installation.change("clients.inventory.secret_sha256", hash);
    installation.change("clients.inventory.may", "introspect, introspect_refresh, revocations");
    let server = installation.serve();
    (installation, server, secret.to_owned())
}

#[test]
fn every_answer_to_whatever_request_is_in_the_contract() {
    if !is_ready() {
        return;
    }
    let examples =
        std::env::var("GUARDHOUSE_SCHEMATHESIS_EXAMPLES").unwrap_or_else(|_| FEW_EXAMPLES.to_owned());
    let (installation, server, secret) = server();
    let exceptions = CONFIGURATION.split_once("# EXPECTED").expect("the exceptions have a heading").1;
    println!("what schemathesis is told not to mind: {exceptions}");
    let create = installation.command(&["users", "create"]);
    let create: Vec<_> =
        std::iter::once(create.get_program()).chain(create.get_args()).map(OsStr::to_str).collect();
    let create = serde_json::to_string(&create).expect("arguments are text");
    for (listener, operations) in LISTENERS {
        let address = if listener == "public" { server.address } else { server.ops_address };
        let mut command = Command::new(place().join("python/bin/st"));
        command.env_clear().current_dir(installation.directory.path());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs([
            ("GUARDHOUSE_PUBLIC", format!("http://{}", server.address)),
            ("GUARDHOUSE_CREATE", create.clone()),
            ("GUARDHOUSE_PASSWORD", PASSWORD.to_owned()),
            ("GUARDHOUSE_CLIENT_SECRET", secret.clone()),
            ("GUARDHOUSE_OPS_TOKEN", OPS_TOKEN.to_owned()),
            ("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openapi").to_owned()),
            ("SCHEMATHESIS_HOOKS", "hooks".to_owned()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("NO_COLOR", "1".to_owned()),
        ]);
        command
            .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openapi/schemathesis.toml")]);
        command.args(["run", concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json")]);
        command.args(["--url", &format!("http://{address}"), "--checks", "all", "--max-examples", &examples]);
        command.args(operations);
        let done = finish(&mut command, "");
        println!("{listener}:\n{}", done.out);
        assert_eq!(done.code, Some(0), "{listener}: {}\n{}", done.out, done.err);
    }
    let log = server.terminate();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
}
