//! A proxy that announces each connection (PROXY protocol, version 2): who is announced is whom every rule counts, and
//! who is not is cut off without a word. The header itself is tested where it is read, in `http::proxy_protocol`.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::http::{Exchange, raw, read_all};
use crate::support::house::Plan;
use crate::support::{Kind, TestHouse};

const PATIENCE: Duration = Duration::from_secs(10);

/// 192.0.2.7:56324, to 198.51.100.1:443.
pub const ANNOUNCED: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xC0\0\x02\x07\xC6\x33\x64\x01\xDC\x04\x01\xBB";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const ASK: &[u8] = b"GET /auth/whereami HTTP/1.1\r\nhost: a\r\n\r\n";
const ASK_LAST: &[u8] = b"GET /auth/whereami HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

/// Behind a balancer that stands on this machine.
pub fn behind_a_balancer() -> Plan {
    TestHouse::on(Kind::Sqlite)
        .set("server.trusted_proxies", "127.0.0.0/8")
        .set("server.proxy_protocol", true)
        .set("server.client_timeout", "1s")
}

fn tell(house: &TestHouse, parts: &[&[u8]]) -> Exchange {
    raw(house.address(), &parts.concat(), PATIENCE)
}

#[test]
fn the_announced_client_is_the_one_that_counts_on_every_request_of_the_connection() {
    let house = behind_a_balancer().start();
    let exchange = tell(&house, &[ANNOUNCED, ASK, ASK_LAST]);
    assert_eq!(exchange.statuses(), [200, 200], "{exchange:?}");
    assert_eq!(exchange.text.matches("\"address\":\"192.0.2.7\"").count(), 2, "{exchange:?}");

    // What the client itself writes is not the proxy's word.
    let claim = b"GET /auth/whereami HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 203.0.113.9\r\nconnection: close\r\n\r\n";
    let exchange = tell(&house, &[ANNOUNCED, claim]);
    assert!(exchange.text.contains("\"address\":\"192.0.2.7\""), "{exchange:?}");

    let own = tell(&house, &[SIGNATURE, b"\x20\0\0\0", ASK_LAST]);
    assert!(own.text.contains("\"address\":\"127.0.0.1\""), "the proxy's own health check: {own:?}");
}

#[test]
fn a_header_may_come_octet_by_octet() {
    let house = behind_a_balancer().set("server.client_timeout", "20s").start();
    let mut connection = TcpStream::connect(house.address()).expect("it listens");
    connection.set_read_timeout(Some(PATIENCE)).expect("an open socket");
    for octet in [ANNOUNCED, ASK_LAST].concat() {
        connection.write_all(&[octet]).expect("the server reads on");
    }
    assert!(read_all(&mut connection).text.contains("\"address\":\"192.0.2.7\""));
}

#[test]
fn what_is_not_announced_is_closed_without_a_word() {
    // With more patience than the test has: it must not be the timeout that closes.
    let house = behind_a_balancer().set("server.client_timeout", "30s").start();
    let text: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
    for parts in [
        &[ASK_LAST][..],
        &[b"G"],
        &[text, ASK_LAST],
        &[SIGNATURE, b"\x11\x11\0\0", ASK_LAST],
        &[SIGNATURE, b"\x21\x31\0\xD8", &[b'/'; 216], ASK_LAST],
        &[SIGNATURE, b"\x21\0\0\0", ASK_LAST],
        &[SIGNATURE, b"\x21\x11\xFF\xFF", ASK_LAST],
        &[SIGNATURE, b"\x21\x11\0\x04\xC0\0\x02\x07", ASK_LAST],
    ] {
        let exchange = tell(&house, parts);
        assert!(exchange.text.is_empty() && exchange.closed, "{exchange:?}");
    }
    let mut cut = TcpStream::connect(house.address()).expect("it listens");
    cut.set_read_timeout(Some(PATIENCE)).expect("an open socket");
    cut.write_all(&ANNOUNCED[..20]).expect("it is open");
    cut.shutdown(Shutdown::Write).expect("it is open");
    assert!(read_all(&mut cut).text.is_empty());
    assert_eq!(tell(&house, &[ANNOUNCED, ASK_LAST]).statuses(), [200], "the others are answered");
}

#[test]
fn a_header_that_does_not_come_is_not_waited_for() {
    let house = behind_a_balancer().start();
    for start in [0, 5, 20] {
        let exchange = tell(&house, &[&ANNOUNCED[..start]]);
        assert!(exchange.text.is_empty() && exchange.closed, "{exchange:?}");
    }
}

#[test]
fn nobody_but_the_proxies_may_announce() {
    let house = behind_a_balancer()
        .set("server.trusted_proxies", "10.0.0.0/8,::1")
        .set("server.client_timeout", "30s")
        .start();
    for parts in [&[ANNOUNCED, ASK_LAST][..], &[ASK_LAST], &[]] {
        let exchange = tell(&house, parts);
        assert!(exchange.text.is_empty() && exchange.closed, "{exchange:?}");
    }
}

#[test]
fn where_it_is_not_expected_a_header_is_no_request() {
    let house = TestHouse::on(Kind::Sqlite).set("server.trusted_proxies", "127.0.0.0/8").start();
    let exchange = tell(&house, &[ANNOUNCED, ASK_LAST]);
    assert_eq!(exchange.statuses(), [400], "{exchange:?}");
    assert!(!exchange.text.contains("192.0.2.7"));
}
