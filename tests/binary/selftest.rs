//! `guardhouse selftest timing`, against a server and against one that tells.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::process::Installation;
use crate::support::Kind;

/// Small and coarse: the machine does other things meanwhile.
const COARSE: [&str; 5] = ["--rounds", "30", "--threshold", "20ms", "--json"];

#[test]
fn a_server_does_not_tell_by_its_time_what_was_wrong() {
    let house = Installation::on(Kind::Sqlite);
    let server = house.serve();
    let url = format!("http://{}", server.address);
    let done = house.run(&[&["selftest", "timing", "--url", &url], &COARSE[..]].concat());
    // Too few rounds for a verdict is no fault of the server; a difference that was seen is.
    assert!(matches!(done.code, Some(0 | 4)), "{done:?}");
    let report: Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(report["classes"].as_array().map(Vec::len), Some(8), "{report}");
    assert_eq!(report["pairs"].as_array().map(Vec::len), Some(28), "{report}");
    assert_eq!(house.run(&["users", "list"]).ok(), "", "its accounts are gone");
    server.terminate();

    let limited = Installation::on(Kind::Sqlite).set("limits.enabled", true);
    let server = limited.serve();
    let url = format!("http://{}", server.address);
    let said = limited.run(&[&["selftest", "timing", "--url", &url], &COARSE[..]].concat()).failed(1);
    assert!(said.contains("limits.enabled = false"), "{said}");
    assert_eq!(limited.run(&["users", "list"]).ok(), "", "its accounts are gone, also when it fails");
    server.terminate();
}

#[test]
fn a_server_that_tells_is_found_out() {
    let house = Installation::on(Kind::Sqlite);
    let url = format!("http://{}", gossip());
    let options = ["--rounds", "30", "--threshold", "5ms"];
    let said = house.run(&[&["selftest", "timing", "--url", &url], &options[..]].concat()).exits(3);
    assert!(said.contains("unknown user") && said.contains("separable"), "{said}");
    let nobody = house.run(&["selftest", "timing", "--url", "http://127.0.0.1:9"]).failed(1);
    assert!(nobody.contains("no server answers"), "{nobody}");
    let tls = house.run(&["selftest", "timing", "--url", "https://127.0.0.1:9"]).failed(1);
    assert!(tls.contains("only http://"), "{tls}");
}

/// A server that refuses everybody, and strangers (whose address has an `a` before its number) ten milliseconds sooner.
fn gossip() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().for_each(|stream| answer(stream.unwrap())));
    address
}

fn answer(mut stream: TcpStream) {
    let mut buffer = [0; 4_096];
    while let Ok(octets @ 1..) = stream.read(&mut buffer) {
        let request = String::from_utf8_lossy(&buffer[..octets]);
        let local =
            request.split("selftest-").nth(1).unwrap_or_default().split('@').next().unwrap_or_default();
        let stranger = local.split('-').nth(1).is_some_and(|kind| kind.starts_with('a'));
        std::thread::sleep(Duration::from_millis(if stranger { 2 } else { 12 }));
        let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
    }
}
