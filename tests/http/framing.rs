//! HTTP/1.1 as octets: ambiguous framing, slow and giant requests, pipelining. Nothing here may be read in two ways
//! (RFC 9112 section 6.3), and nobody may occupy a connection for longer than configured.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::json;

use crate::http::{Exchange, raw, read_all, registration, rows};
use crate::support::{Kind, TestHouse};

const PATIENCE: Duration = Duration::from_secs(10);

fn house() -> TestHouse {
    TestHouse::on(Kind::Sqlite).set("server.client_timeout", "1s").set("server.keep_alive", "1s").start()
}

/// A request with these headers besides `Host`, and this body.
fn request(line: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let mut text = format!("{line} HTTP/1.1\r\nHost: guardhouse\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// Refused as a whole: one answer in the 400s, and then the connection is closed; or closed at once.
#[track_caller]
fn is_refused(exchange: &Exchange) {
    let statuses = exchange.statuses();
    assert!(statuses.len() <= 1 && statuses.iter().all(|status| (400..500).contains(status)), "{exchange:?}");
    assert!(exchange.closed, "the rest could be read as another request: {exchange:?}");
}

#[test]
fn a_body_with_two_lengths_is_refused() {
    let house = house();
    let before = rows(&house);
    let body = registration("ada").to_string();
    let length = format!("Content-Length: {}", body.len());
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let json = "Content-Type: application/json";
    let hidden = "GET /auth/whereami HTTP/1.1\r\nHost: x\r\n\r\n";
    for (headers, body) in [
        (vec![json, &length, "Transfer-Encoding: chunked"], chunked.clone()),
        (vec![json, "Transfer-Encoding: chunked", &length], chunked.clone()),
        (vec![json, "Content-Length: 0", "Transfer-Encoding: chunked"], chunked.clone()),
        (vec![json, &length, "Content-Length: 1"], body.clone()),
        (vec![json, "Content-Length: 0", &length], format!("{body}{hidden}")),
        (vec![json, "Content-Length: 5, 5"], format!("12345{hidden}")),
        (vec![json, "Content-Length: +5"], format!("12345{hidden}")),
        (vec![json, "Content-Length: -1"], body.clone()),
        (vec![json, "Content-Length: 0x10"], body.clone()),
        (vec![json, "Content-Length: 18446744073709551616"], body.clone()),
        (vec![json, "Content-Length: "], format!("{body}{hidden}")),
        (vec![json, "Transfer-Encoding: xchunked"], chunked.clone()),
        (vec![json, "Transfer-Encoding: chunked, identity"], chunked.clone()),
        (vec![json, "Transfer-Encoding: identity, chunked", &length], chunked.clone()),
        (vec![json, "Transfer-Encoding: chunked", "Transfer-Encoding: identity"], chunked.clone()),
        (vec![json, "Transfer-Encoding : chunked", &length], chunked.clone()),
        (vec![json, "Content-Length : 5"], format!("12345{hidden}")),
    ] {
        let exchange = raw(house.address(), &request("POST /auth/register", &headers, &body), PATIENCE);
        is_refused(&exchange);
        assert_eq!(rows(&house), before, "{headers:?}");
    }
}

#[test]
fn malformed_chunks_are_refused() {
    let house = house();
    let before = rows(&house);
    let body = registration("ada").to_string();
    let length = body.len();
    for chunks in [
        format!("{length:x}\r\n{body}XX0\r\n\r\n"),
        format!("-{length:x}\r\n{body}\r\n0\r\n\r\n"),
        format!("0x{length:x}\r\n{body}\r\n0\r\n\r\n"),
        format!("10000000000000000\r\n{body}\r\n0\r\n\r\n"),
        format!("{length:x} \u{1}\r\n{body}\r\n0\r\n\r\n"),
        format!("zz\r\n{body}\r\n0\r\n\r\n"),
        format!("{length:x}\n{body}\n0\n\n"),
    ] {
        let headers = ["Content-Type: application/json", "Transfer-Encoding: chunked"];
        let exchange = raw(house.address(), &request("POST /auth/register", &headers, &chunks), PATIENCE);
        assert!(
            exchange.statuses().iter().all(|status| (400..500).contains(status)),
            "{chunks:?}: {exchange:?}"
        );
        assert!(exchange.closed, "{chunks:?}: {exchange:?}");
        assert_eq!(rows(&house), before, "{chunks:?}");
    }
}

#[test]
fn malformed_heads_are_refused() {
    let house = house();
    for head in [
        "GET /health/live HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "GET /health live HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET  HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /health/live HTTP/9.9\r\nHost: x\r\n\r\n",
        "G\0T /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\n\r\n\r\n\u{d}\u{a}\0\u{d}\u{a}QUIT\u{a}",
    ] {
        let exchange = raw(house.address(), head.as_bytes(), PATIENCE);
        is_refused(&exchange);
        assert!(!exchange.text.contains("<html"), "{exchange:?}");
    }
    assert_eq!(house.get("/health/live").status, 200);
}

#[test]
fn a_header_folded_over_two_lines_is_refused() {
    let house = house();
    let folded = "GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n";
    is_refused(&raw(house.address(), folded.as_bytes(), PATIENCE));
}

#[test]
fn giant_heads_are_refused_in_bounded_memory() {
    let house = house();
    let many: Vec<String> = (0..1_000).map(|n| format!("X-{n}: 1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long = format!("X: {}", "x".repeat(1 << 20));
    for (line, headers) in [
        ("GET /health/live", many),
        ("GET /health/live", vec![long.as_str()]),
        (&*format!("GET /{}", "x".repeat(1 << 20)), vec![]),
        (&*format!("{} /health/live", "X".repeat(1 << 20)), vec![]),
    ] {
        let exchange = raw(house.address(), &request(line, &headers, ""), PATIENCE);
        let statuses = exchange.statuses();
        assert!(
            exchange.closed && !statuses.contains(&200),
            "{:?}",
            &exchange.text[..exchange.text.len().min(200)]
        );
    }
    assert_eq!(house.get("/health/live").status, 200);
}

#[test]
fn a_slow_head_is_not_waited_for() {
    let house = house();
    let mut stream = TcpStream::connect(house.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost:").unwrap();
    let exchange = read_all(&mut stream);
    assert!(exchange.closed, "{exchange:?}");
    assert!(exchange.statuses().iter().all(|status| *status == 408), "{exchange:?}");
}

#[test]
fn a_head_that_drips_is_not_waited_for_either() {
    let house = house();
    let mut stream = TcpStream::connect(house.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut octet = [0];
    let head = format!("GET /health/live HTTP/1.1\r\nHost: {}", "x".repeat(10_000));
    // An octet every 20 ms: within the second that the head may take only some fifty are taken.
    let sent = head.bytes().position(|byte| {
        let refused = stream.write_all(&[byte]).is_err();
        refused || !matches!(stream.read(&mut octet), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    });
    assert!(sent.is_some_and(|sent| sent < 200), "{sent:?}");
}

#[test]
fn a_slow_body_is_not_waited_for() {
    let house = house();
    let before = rows(&house);
    let headers = ["Content-Type: application/json", "Content-Length: 500"];
    let exchange = raw(house.address(), &request("POST /auth/register", &headers, "{\"email\":"), PATIENCE);
    assert_eq!(exchange.statuses(), [408], "{exchange:?}");
    assert!(exchange.body().contains("\"code\":\"request_timeout\""), "{exchange:?}");
    assert!(exchange.closed, "{exchange:?}");
    assert_eq!(rows(&house), before);
}

#[test]
fn a_body_that_ends_too_early_is_no_request() {
    let house = house();
    let before = rows(&house);
    let body = registration("ada").to_string();
    let whole = request(
        "POST /auth/register",
        &["Content-Type: application/json", &format!("Content-Length: {}", body.len() + 1)],
        &body,
    );
    let mut stream = TcpStream::connect(house.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&whole).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let exchange = read_all(&mut stream);
    assert!(exchange.statuses().iter().all(|status| (400..500).contains(status)), "{exchange:?}");
    assert!(exchange.closed);
    assert_eq!(rows(&house), before);
}

#[test]
fn who_closes_only_the_writing_half_is_still_answered() {
    let house = house();
    let body = registration("ada").to_string();
    let whole = request(
        "POST /auth/register",
        &["Content-Type: application/json", &format!("Content-Length: {}", body.len())],
        &body,
    );
    let mut stream = TcpStream::connect(house.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&whole).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let exchange = read_all(&mut stream);
    // The registration goes to its end in any case; whether the answer is still delivered is up to the server.
    assert!(exchange.statuses().iter().all(|status| *status == 201), "{exchange:?}");
    let desk = house.desk();
    let mut tries = 0;
    while rows(&house).users == 0 && tries < 200 {
        let desk = desk.clone();
        house.io(async move { desk.sessions.poll().await });
        tries += 1;
    }
    assert_eq!(rows(&house).users, 1);
}

#[test]
fn pipelined_requests_are_answered_one_by_one_in_order() {
    let house = house();
    let ada = house.user("ada");
    let bearer = format!("Authorization: Bearer {}", ada.access);
    let mut octets = request("GET /auth/me", &[&bearer, "X-Request-Id: one"], "");
    octets.extend(request("GET /auth/me", &["X-Request-Id: two"], ""));
    let body = json!({ "name": "Ada" }).to_string();
    let length = format!("Content-Length: {}", body.len());
    octets.extend(request(
        "PATCH /auth/me",
        &[&bearer, "X-Request-Id: three", "Content-Type: application/json", &length],
        &body,
    ));
    octets.extend(request("GET /nowhere", &["X-Request-Id: four", "Connection: close"], ""));
    let exchange = raw(house.address(), &octets, PATIENCE);
    assert_eq!(exchange.statuses(), [200, 401, 200, 404], "{exchange:?}");
    let order: Vec<_> = ["one", "two", "three", "four"]
        .iter()
        .map(|id| {
            exchange
                .text
                .find(&format!("x-request-id: {id}\r\n"))
                .unwrap_or_else(|| panic!("{id}: {exchange:?}"))
        })
        .collect();
    assert!(order.is_sorted());
    assert!(exchange.closed);
}

#[test]
fn a_refused_body_is_not_read_as_the_next_request() {
    let house = TestHouse::on(Kind::Sqlite)
        .set("server.body_limit", "1KiB")
        .set("server.client_timeout", "1s")
        .start();
    let hidden = "GET /auth/whereami HTTP/1.1\r\nHost: x\r\n\r\n";
    let body = format!("{}{hidden}", " ".repeat(2_000));
    let length = format!("Content-Length: {}", body.len());
    for headers in
        [vec!["Content-Type: application/json", &length], vec!["Content-Type: text/plain", &length]]
    {
        let exchange =
            raw(house.address(), &request("POST /auth/login", &headers, &body), Duration::from_secs(2));
        let statuses = exchange.statuses();
        assert!(statuses == [413] || statuses == [415], "{exchange:?}");
        assert!(!exchange.text.contains("\"proxies\""), "{exchange:?}");
    }
}

#[test]
fn a_hundred_idle_connections_keep_nobody_out() {
    let house = house();
    let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(house.address()).unwrap()).collect();
    assert_eq!(house.get("/health/live").status, 200);
    for mut stream in idle {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert!(read_all(&mut stream).closed, "who says nothing is let go");
    }
}

#[test]
fn an_unfinished_chunked_body_does_not_keep_its_connection() {
    let house = house();
    for (line, chunk) in [
        ("POST /auth/register", "fff\r\n{\"email\":"),
        ("POST /auth/register", "ffffffffffffffff\r\n{\"email\":"),
        ("POST /auth/logout", "fff\r\n"),
        ("GET /health/live", "fff\r\n"),
    ] {
        let headers = ["Content-Type: application/json", "Transfer-Encoding: chunked"];
        let exchange = raw(house.address(), &request(line, &headers, chunk), PATIENCE);
        assert!(exchange.closed, "{line} {chunk:?}: {exchange:?}");
    }
}
