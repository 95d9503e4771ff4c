//! Redis behind TLS with a certificate authority of one's own, named by `SSL_CERT_FILE`: it works with the right one,
//! and nobody else is talked to, with a complaint that says why.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::json;

use super::groups::{Group, free_port};
use super::redis::{Admin, redis_is_available};
use crate::binary::process::{Installation, Server, finish};
use crate::support::Kind;

/// A Redis that takes nothing but TLS at one port, under a certificate for 127.0.0.1 alone, and no TLS at another.
struct Guarded {
    group: Group,
    plain: u16,
    secured: u16,
}

impl Guarded {
    fn new() -> Self {
        let mut group = Group::new();
        let folder = group.directory.path().to_owned();
        let keep = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("a file");
        let authority = authority("the one of this house");
        keep("right.pem", authority.certificate);
        keep("wrong.pem", self::authority("the one of another").certificate);
        let key = new_key();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("an address");
        keep("redis.pem", params.signed_by(&key, &authority.issuer).expect("a signature").pem());
        keep("redis.key", key.serialize_pem());
        let secured = free_port();
        let place = folder.display();
        let plain = group.add(&[
            // So that the wrong name leads to the same place.
            "bind 127.0.0.1 -::1",
            &format!("tls-port {secured}"),
            &format!("tls-cert-file {place}/redis.pem"),
            &format!("tls-key-file {place}/redis.key"),
            &format!("tls-ca-cert-file {place}/right.pem"),
            "tls-auth-clients no",
        ]);
        Self { group, plain, secured }
    }

    fn installation(&self, url: &str) -> Installation {
        Installation::on(Kind::Sqlite).set("sessions.store", "redis").set("redis.url", url)
    }

    /// The server of `house`, which trusts the authority in `file`.
    fn command(&self, house: &Installation, file: &str) -> Command {
        let mut command = house.command(&["serve"]);
        command.env("SSL_CERT_FILE", self.file(file));
        command
    }

    fn file(&self, name: &str) -> PathBuf {
        self.group.directory.path().join(name)
    }

    /// The one line of complaint of a server that trusts the authority in `file` and finds Redis at `url`.
    #[track_caller]
    fn refuses(&self, url: &str, file: &str) -> String {
        let began = Stopwatch::start();
        let house = self.installation(url);
        let complaint = finish(&mut self.command(&house, file), "").failed(1);
        assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
        assert_eq!(complaint.trim_end().lines().count(), 1, "{complaint}");
        assert!(complaint.contains("redis.url"), "the key is not named: {complaint}");
        assert_eq!(Admin::connect(&self.plain_url()).tell(&["DBSIZE"]), "0");
        complaint
    }

    fn plain_url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.plain)
    }
}

struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = new_key();
    let certificate = params.self_signed(&key).expect("a signature").pem();
    Authority { certificate, issuer: Issuer::new(params, key) }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

#[test]
fn sessions_live_behind_tls_and_an_authority_of_ones_own() {
    if !redis_is_available() {
        return;
    }
    let redis = Guarded::new();
    let house = redis.installation(&format!("rediss://127.0.0.1:{}", redis.secured));
    let server = Server::start(&mut redis.command(&house, "right.pem"), &house.data_dir());
    let person = server.user("ada");
    let holding = "return #redis.call('KEYS', '*:user:*')";
    assert_eq!(Admin::connect(&redis.plain_url()).tell(&["EVAL", holding, "0"]), "1", "the session is there");
    let refreshed = server.post("/auth/refresh", &json!({ "refresh_token": person.refresh }));
    assert_eq!((refreshed.status, refreshed.header("guardhouse-refresh")), (200, "rotated"));
    let access = refreshed.json["access_token"].as_str().expect("a token");
    assert_eq!(server.call("POST", "/auth/logout", Some(access), None).status, 204);
    assert_eq!(server.get("/health/ready").status, 200);
    server.get_as(access, "/auth/me").is_problem(401, "token_revoked");
    server.terminate();
}

#[test]
fn a_redis_that_is_not_the_right_one_is_not_talked_to() {
    if !redis_is_available() {
        return;
    }
    let redis = Guarded::new();
    let secured = redis.secured;
    let complaint = redis.refuses(&format!("rediss://127.0.0.1:{secured}"), "wrong.pem");
    assert!(complaint.contains("UnknownIssuer") && complaint.contains("SSL_CERT_FILE"), "{complaint}");
    let complaint = redis.refuses(&format!("rediss://localhost:{secured}"), "right.pem");
    assert!(complaint.contains("NotValidForName") && complaint.contains("host of redis.url"), "{complaint}");
    // No TLS where there has to be, and the other way round.
    let complaint = redis.refuses(&format!("redis://127.0.0.1:{secured}"), "right.pem");
    assert!(complaint.contains("reached with rediss://"), "what to do is not said: {complaint}");
    let complaint = redis.refuses(&format!("rediss://127.0.0.1:{}", redis.plain), "right.pem");
    assert!(complaint.contains("reached with redis://"), "what to do is not said: {complaint}");
}
