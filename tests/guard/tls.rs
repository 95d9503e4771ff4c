//! The guard and TLS: who vouches for the server is asked, and nobody else is talked to.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::thread;

use guardhouse::guard::GuardFault;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

fn authority(folder: &Path, name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let file = folder.join(format!("{name}.pem"));
    std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
    Authority { issuer: Issuer::new(params, key), file }
}

/// A server for `localhost` alone that publishes no keys. Its port, and how many requests it has got to read.
fn secured(authority: &Authority) -> (u16, Arc<AtomicUsize>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap().der().clone();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, read) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = read.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream =
                StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream.unwrap());
            if stream.read(&mut [0; 4_096]).is_ok_and(|length| length > 0) {
                count.fetch_add(1, Ordering::SeqCst);
                let answer =
                    b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 11\r\n\r\n{\"keys\":[]}";
                let _ = stream.write_all(answer);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (port, read)
}

#[test]
fn only_a_server_that_the_named_authority_vouches_for_is_talked_to() {
    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (authority(folder.path(), "right"), authority(folder.path(), "wrong"));
    let (port, read) = secured(&right);
    let guard = |host: &str, file: Option<&Path>| {
        let builder = Guard::builder(format!("https://{host}:{port}"));
        let builder = match file {
            Some(file) => builder.authorities(file),
            None => builder,
        };
        builder.build_without_thread().unwrap()
    };
    let refused = |guard: Guard| guard.fetch_keys().unwrap_err().to_string();
    assert!(refused(guard("localhost", Some(&wrong.file))).contains("UnknownIssuer"));
    assert!(refused(guard("localhost", None)).contains("UnknownIssuer"), "the system knows nothing of it");
    assert!(refused(guard("127.0.0.1", Some(&right.file))).contains("not valid for name"));
    assert_eq!(read.load(Ordering::SeqCst), 0, "it was told nothing");
    guard("localhost", Some(&right.file)).fetch_keys().unwrap();
    assert_eq!(read.load(Ordering::SeqCst), 2);
}

#[test]
fn what_does_not_speak_tls_is_not_talked_to() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = thread::spawn(move || {
        let (mut stream, mut heard) = (listener.accept().unwrap().0, [0; 4_096]);
        let length = stream.read(&mut heard).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"keys\":[]}");
        heard[..length].to_vec()
    });
    let guard = Guard::builder(format!("https://localhost:{port}"))
        .authorities(authority(folder.path(), "right").file)
        .follow("notes", "ghc_secret")
        .build_without_thread()
        .unwrap();
    assert!(guard.fetch_endings().is_err());
    let heard = plain.join().unwrap();
    assert_eq!(heard[0], 22, "a handshake (RFC 8446 section 5.1)");
    assert!(!heard.windows(5).any(|window| window == b"Basic"));
}

#[test]
fn certificates_that_cannot_be_used_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    for (path, told) in [
        (folder.path().join("missing.pem"), "No such file"),
        (file("empty.pem", ""), "no PEM certificate"),
        (file("text.pem", "nothing of the kind"), "no PEM certificate"),
        (file("broken.pem", broken), "broken"),
    ] {
        let fault = Guard::builder(ISSUER).authorities(&path).build_without_thread().unwrap_err();
        assert!(matches!(fault, GuardFault::Authorities(_)), "{fault:?}");
        let fault = fault.to_string();
        assert!(fault.contains(told) && fault.contains(path.to_str().unwrap()), "{fault}");
    }
}
