//! A public listener that speaks TLS itself: what it accepts, and certificates that change while it runs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, version};
use rustls_pki_types::CertificateDer;

use super::proxy_protocol::ANNOUNCED;
use crate::support::house::Plan;
use crate::support::{Kind, TestHouse};

const ASK: &[u8] = b"GET /auth/whereami HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

/// A fresh certificate for `localhost`, written with its key.
fn renew(directory: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".into()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(directory.join("tls.crt"), certificate.pem()).unwrap();
    std::fs::write(directory.join("tls.key"), key.serialize_pem()).unwrap();
    certificate.der().clone()
}

fn plan(directory: &Path) -> Plan {
    TestHouse::on(Kind::Sqlite)
        .set("server.tls.certificate", directory.join("tls.crt").display())
        .set("server.tls.key", directory.join("tls.key").display())
}

/// What the server answers to somebody who trusts `trusted` and speaks `versions`, behind `before`.
fn ask(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
    versions: &[&'static rustls::SupportedProtocolVersion],
    before: &[u8],
) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(before).unwrap();
    let mut stream = StreamOwned::new(client, socket);
    stream.write_all(ASK).map_err(|error| error.to_string())?;
    let mut text = String::new();
    stream.read_to_string(&mut text).map_err(|error| error.to_string())?;
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    Ok(text)
}

#[test]
fn both_versions_are_spoken_and_nothing_else_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    let trusted = renew(directory.path());
    let house = plan(directory.path()).set("server.client_timeout", "1s").start();
    for versions in [&[&version::TLS13][..], &[&version::TLS12]] {
        let answer = ask(house.address(), &trusted, versions, b"").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("127.0.0.1"), "{answer}");
        assert!(answer.contains("\"scheme\":\"https\""), "{answer}");
    }
    // Plain HTTP, noise, and somebody who says nothing: closed without an answer in HTTP.
    for bytes in [ASK, b"\x16\x03\x01\xff\xff garbage", b""] {
        let mut socket = TcpStream::connect(house.address()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    }
    let stranger = renew(tempfile::tempdir().unwrap().path());
    assert!(ask(house.address(), &stranger, &[&version::TLS13], b"").is_err());
}

#[test]
fn an_announced_client_is_known_behind_tls_too() {
    let directory = tempfile::tempdir().unwrap();
    let trusted = renew(directory.path());
    let plan = plan(directory.path())
        .set("server.trusted_proxies", "127.0.0.0/8")
        .set("server.proxy_protocol", true);
    let house = plan.start();
    let answer = ask(house.address(), &trusted, &[&version::TLS13], ANNOUNCED).unwrap();
    assert!(answer.contains("192.0.2.7"), "{answer}");
}

#[test]
fn renewed_certificates_are_taken_and_a_pair_that_does_not_fit_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let first = renew(directory.path());
    let settings = {
        let mut server = guardhouse::config::Config::defaults().server;
        let [certificate, key] = ["tls.crt", "tls.key"].map(|name| directory.path().join(name));
        server.tls = Some(guardhouse::config::Tls { certificate, key });
        server
    };
    let certificates =
        guardhouse::house::Certificates::open(&settings).unwrap().expect("they are configured");
    assert!(!certificates.reload().unwrap(), "nothing was written");
    let age = |name: &str, seconds: u64| {
        // File systems may count in whole seconds.
        let file = std::fs::File::options().write(true).open(directory.path().join(name)).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        file.set_modified(written + Duration::from_secs(seconds)).unwrap();
    };
    let second = renew(directory.path());
    assert_ne!(first, second);
    age("tls.crt", 10);
    assert!(certificates.reload().unwrap());
    assert!(!certificates.reload().unwrap());
    // Half of a renewal.
    let key = std::fs::read(directory.path().join("tls.key")).unwrap();
    renew(directory.path());
    std::fs::write(directory.path().join("tls.key"), key).unwrap();
    age("tls.crt", 20);
    let fault = certificates.reload().unwrap_err().to_string();
    assert!(fault.contains("is not of the key"), "{fault}");
    std::fs::write(directory.path().join("tls.key"), "nonsense").unwrap();
    let fault = certificates.reload().unwrap_err().to_string();
    assert!(fault.contains("server.tls.key") && !fault.contains("nonsense"), "{fault}");
    renew(directory.path());
    age("tls.crt", 30);
    assert!(certificates.reload().unwrap());
}

#[test]
fn a_server_without_its_certificate_does_not_start() {
    let directory = tempfile::tempdir().unwrap();
    renew(directory.path());
    std::fs::write(directory.path().join("tls.crt"), "").unwrap();
    let started = std::panic::catch_unwind(|| plan(directory.path()).start());
    let told = started.err().expect("it must not start");
    let told = told.downcast_ref::<String>().expect("a text");
    assert!(told.contains("server.tls.certificate") && told.contains("no PEM certificate"), "{told}");
}
