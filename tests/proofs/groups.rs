//! Redis as a group of servers: a cluster of three masters, and a master that sentinels watch.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::redis::{Admin, redis_is_available};
use crate::support::{Kind, TestHouse};

/// Servers of one test; they end with it.
pub struct Group {
    servers: Vec<(u16, Child)>,
    pub directory: tempfile::TempDir,
}

impl Group {
    pub fn new() -> Self {
        Self { servers: Vec::new(), directory: tempfile::tempdir().expect("a temporary directory") }
    }

    /// A cluster of a single server: all slots are there, and the rules of a cluster hold. Its address.
    pub fn cluster_of_one(&mut self) -> String {
        let port = self.add(&["cluster-enabled yes", "cluster-announce-ip 127.0.0.1"]);
        let mut admin = Admin::connect(&format!("redis://127.0.0.1:{port}"));
        admin.tell(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
        until("the cluster is whole", || admin.tell(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));
        format!("redis-cluster://127.0.0.1:{port}")
    }

    /// One more server, set up by `settings`. Returns its port.
    pub fn add(&mut self, settings: &[&str]) -> u16 {
        let port = free_port();
        let home = self.directory.path().join(port.to_string());
        std::fs::create_dir(&home).expect("a folder");
        let file = home.join("redis.conf");
        let common = format!("port {port}\nbind 127.0.0.1\ndir {}\nsave \"\"\n", home.display());
        std::fs::write(&file, common + &settings.join("\n")).expect("a file");
        let mut command = Command::new("redis-server");
        command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        if settings.iter().any(|line| line.starts_with("sentinel")) {
            command.arg("--sentinel");
        }
        self.servers.push((port, command.spawn().expect("redis-server starts")));
        until("redis-server answers", || Admin::answers_without_password(port));
        port
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for (_, server) in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

pub fn free_port() -> u16 {
    // A cluster also listens ten thousand ports above.
    loop {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        if port < 55_000 {
            return port;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long other processes take is real time")]
fn until(what: &str, mut there: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !there() {
        assert!(begun.elapsed().as_secs() < 20, "{what} within twenty seconds");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Many people, so that several servers hold some; what is ended on one node is refused on the other.
fn people_come_and_go(url: &str) {
    let one = TestHouse::on(Kind::Sqlite).set("sessions.store", "redis").set("redis.url", url).start();
    let other = one.another_node();
    let people: Vec<_> = (0..12).map(|number| one.user(&format!("person{number}"))).collect();
    for person in &people {
        let refreshed = other.post("/auth/refresh", json!({ "refresh_token": person.refresh }));
        assert_eq!((refreshed.status, refreshed.header("guardhouse-refresh")), (200, "rotated"));
        let again = one.post("/auth/refresh", json!({ "refresh_token": person.refresh }));
        assert_eq!(again.header("guardhouse-refresh"), "replayed");
        assert_eq!(again.json["refresh_token"], refreshed.json["refresh_token"]);
        one.login(&person.email);
        assert_eq!(one.get_as(&person.access, "/auth/sessions").ok(200).as_array().map(Vec::len), Some(2));
    }
    for person in &people {
        assert_eq!(one.post_as(&person.access, "/auth/logout?scope=global", json!({})).status, 204);
        one.get_as(&person.access, "/auth/me").is_problem(401, "token_revoked");
    }
    for person in &people {
        until("the other node has heard of it", || other.get_as(&person.access, "/auth/me").status == 401);
        other
            .post("/auth/refresh", json!({ "refresh_token": person.refresh }))
            .is_problem(401, "refresh_invalid");
    }
    // A node that starts now reads what it missed.
    let late = one.another_node();
    late.get_as(&people[0].access, "/auth/me").is_problem(401, "token_revoked");
}

#[test]
fn sessions_live_in_a_cluster_of_three_masters() {
    if !redis_is_available() {
        return;
    }
    let mut group = Group::new();
    let masters: Vec<u16> =
        (0..3).map(|_| group.add(&["cluster-enabled yes", "cluster-announce-ip 127.0.0.1"])).collect();
    let addresses: Vec<String> = masters.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let joined = Command::new("redis-cli")
        .args(["--cluster", "create"])
        .args(&addresses)
        .arg("--cluster-yes")
        .output()
        .expect("redis-cli starts");
    assert!(joined.status.success(), "{joined:?}");
    for port in &masters {
        until("the cluster is whole", || {
            Admin::connect(&format!("redis://127.0.0.1:{port}"))
                .tell(&["CLUSTER", "INFO"])
                .contains("cluster_state:ok")
        });
    }
    people_come_and_go(&format!("redis-cluster://{}", addresses[0]));
    // The streams of all twelve people cannot be on one server: there are sixteen of them on three.
    let holding = masters
        .iter()
        .filter(|port| Admin::connect(&format!("redis://127.0.0.1:{port}")).tell(&["DBSIZE"]) != "0")
        .count();
    assert!(holding >= 2, "{holding} of three servers hold something");
}

#[test]
fn sessions_live_behind_sentinels() {
    if !redis_is_available() {
        return;
    }
    let mut group = Group::new();
    let master = group.add(&[]);
    let watch = format!("sentinel monitor house 127.0.0.1 {master} 1");
    let sentinel = group.add(&[&watch]);
    people_come_and_go(&format!("redis-sentinel://127.0.0.1:{sentinel}?sentinelServiceName=house"));
    assert_ne!(Admin::connect(&format!("redis://127.0.0.1:{master}")).tell(&["DBSIZE"]), "0");
}
