//! SIGHUP: a running server loads its configuration again.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::process::{Installation, Server, agent, request, until};

/// Waits for `count` lines with `text`.
#[track_caller]
fn logged(server: &Server, text: &str, count: usize) {
    until(text, || server.output().matches(text).count() >= count);
}

fn metric(server: &Server, line: &str) -> bool {
    let answer = request(&agent(), server.ops_address, "GET", "/metrics", None, None).expect("metrics");
    answer.text.lines().any(|found| found == line)
}

#[test]
fn sighup_loads_the_configuration_again_and_says_what_came_of_it() {
    let house = Installation::new().set("log.format", "compact");
    let file = house.directory.path().join("site.toml");
    let write = |text: &str| fs::write(&file, text).unwrap();
    write("[log]\nfilter = \"info\"\n[limits.login]\naddress = [\"5/1m\"]\n");
    let path = house.directory.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let heard = || {
        let mut message = [0; 256];
        let length = manager.recv(&mut message).expect("a message");
        String::from_utf8_lossy(&message[..length]).trim_end().to_owned()
    };
    let mut command = house.command(&["serve", "--config", "site.toml"]);
    let server = Server::start(command.env("NOTIFY_SOCKET", &path), &house.data_dir());
    assert_eq!(heard(), "READY=1");
    assert!(!server.output().contains("DEBUG"), "{}", server.output());

    write(
        "[log]\nfilter = \"debug\"\n[limits.login]\naddress = [\"6/1m\"]\n[server]\nbody_limit = \"32KiB\"\n\
         ops_token = \"a-token-that-does-not-show-0123456789\"\n",
    );
    server.signal(Signal::HUP);
    logged(&server, "the configuration was loaded again", 1);
    let output = server.output();
    for line in [
        "changed: limits.login.address: [\"5/1m\"] → [\"6/1m\"]",
        "changed: log.filter: \"info\" → \"debug\"",
        "changed: server.ops_token: (not set) → (redacted)",
        "not changed before a restart: server.body_limit: \"16KiB\" → \"32KiB\"",
    ] {
        assert_eq!(output.matches(line).count(), 1, "{line:?}: {output}");
    }
    assert!(output.contains("changed=3 waiting=1"), "{output}");
    assert!(!output.contains("does-not-show"), "{output}");
    let reloading = heard();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(heard(), "READY=1");
    server.get_as("x.y.z", "/auth/me").is_problem(401, "token_invalid");
    logged(&server, "DEBUG request: guardhouse::flows::authenticate: an access token was refused", 1);

    write("[log]\nfiltre = \"info\"\n[limits.login]\naddress = [\"5/1x\"]\n");
    server.signal(Signal::HUP);
    logged(&server, "the new configuration is wrong; nothing has changed", 1);
    let output = server.output();
    assert!(output.contains("faults=2"), "{output}");
    for told in
        ["site.toml:2", "did you mean `log.filter`", "site.toml:4", "`x` in `1x` is not a unit of time"]
    {
        assert!(output.contains(told), "{told:?}: {output}");
    }
    assert!(metric(&server, "guardhouse_config_reloads_total{outcome=\"taken\"} 1"));
    assert!(metric(&server, "guardhouse_config_reloads_total{outcome=\"refused\"} 1"));
    assert_eq!(server.get("/health/ready").status, 200);
    server.terminate();

    let exported = house.run(&["audit", "export"]).ok();
    let digests: Vec<Value> = exported
        .lines()
        .filter(|line| line.contains("configuration_loaded"))
        .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
        .collect();
    assert_eq!(digests.len(), 2, "one for the start, one for what was taken over: {exported}");
}
