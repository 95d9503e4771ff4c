//! Connections, addresses, limits, queries.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::http::proxy_protocol::{ANNOUNCED, behind_a_balancer};
use crate::http::{login_from, raw, registration, try_login};
use crate::support::house::PASSWORD;
use crate::support::{Kind, TestHouse};

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn h5_who_reads_slowly_keeps_nobody_out() {
    let house = TestHouse::new();
    let ask = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut slow: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(house.address()).unwrap()).collect();
    for stream in &mut slow {
        stream.write_all(&ask.repeat(20)).unwrap();
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
    }
    for _ in 0..5 {
        assert_eq!(house.get("/health/live").status, 200);
    }
}

pub(super) fn h19_a_proxy_header_from_an_untrusted_peer() {
    let house = TestHouse::new();
    let get = "GET /auth/whereami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let v1 = format!("PROXY TCP4 192.0.2.1 127.0.0.1 4711 80\r\n{get}").into_bytes();
    let v2 = [
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\x7f\x00\x00\x01\x12\x67\x00\x50".as_slice(),
        get.as_bytes(),
    ]
    .concat();
    for header in [v1, v2] {
        let exchange = raw(house.address(), &header, PATIENCE);
        assert!(exchange.closed && !exchange.text.contains("192.0.2.1"), "{exchange:?}");
        assert!(exchange.statuses().iter().all(|status| (400..500).contains(status)), "{exchange:?}");
    }
    // Where proxies are expected to announce, whoever is none is closed before a word is read.
    let house = behind_a_balancer().set("server.trusted_proxies", "10.0.0.0/8").start();
    let exchange = raw(house.address(), &[ANNOUNCED, get.as_bytes()].concat(), PATIENCE);
    assert!(exchange.closed && exchange.text.is_empty(), "{exchange:?}");
}

pub(super) fn h20_no_tls_is_spoken_and_none_is_pretended() {
    let house = TestHouse::new();
    let hello = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[7; 506]].concat();
    for octets in
        [hello.clone(), hello[..5].to_vec(), [b"\x80\x2e\x01\x03\x01".as_slice(), &[0; 43]].concat()]
    {
        let mut stream = TcpStream::connect(house.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&octets).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let exchange = crate::http::read_all(&mut stream);
        assert!(exchange.closed && exchange.statuses().iter().all(|status| *status >= 400), "{exchange:?}");
    }
    assert_eq!(house.get("/health/live").status, 200);
}

fn limited(settings: &[(&str, &str)]) -> TestHouse {
    let plan = TestHouse::on(Kind::Sqlite)
        .set("limits.enabled", true)
        .set("server.trusted_proxies", "127.0.0.1,10.0.0.0/8");
    settings.iter().fold(plan, |plan, (key, value)| plan.set(key, value)).start()
}

pub(super) fn x10_the_rightmost_untrusted_address_counts() {
    let house = limited(&[("limits.login.address", "2/1m")]);
    let attempt = |chain: &str| login_from(&house, chain, "ada@example.org", "x").status;
    assert_eq!(attempt("198.51.100.1, 192.0.2.1"), 401);
    assert_eq!(attempt("198.51.100.2, 192.0.2.1, 10.0.0.7"), 401);
    assert_eq!(attempt("198.51.100.3, 192.0.2.1, 10.0.0.7, 10.0.0.8"), 429);
    assert_eq!(attempt("192.0.2.1, 198.51.100.4"), 401);
}

pub(super) fn x13_limits_hold_when_the_clock_steps_and_keys_are_strange() {
    let house = limited(&[("limits.login.account", "2/1h")]);
    for account in ["{ada}*", "ada\nSET x 1", "ada 192.0.2.0", "*", "", "a\0b", &"x".repeat(5_000)] {
        let attempt = || login_from(&house, "203.0.113.5", account, "x");
        attempt().is_problem(401, "invalid_credentials");
        attempt().is_problem(401, "invalid_credentials");
        attempt().is_problem(429, "rate_limited");
        house.advance(3_600);
    }
    let start = guardhouse::domain::clock::Clock::now(&*house.clock);
    let attempt = || try_login(&house, "ada@example.org", "x");
    attempt().is_problem(401, "invalid_credentials");
    house.clock.set(start.minus(Duration::from_secs(7_200)));
    attempt().is_problem(401, "invalid_credentials");
    attempt().is_problem(429, "rate_limited");
    house.clock.set(start.plus(Duration::from_secs(60)));
    attempt().is_problem(429, "rate_limited");
}

pub(super) fn x14_every_proof_of_a_password_is_under_the_same_limit() {
    let house = limited(&[("limits.login.account", "3/1h")]);
    let ada = house.user("ada");
    let change = || {
        let body = json!({ "current_password": "x", "new_password": "Another-horse-7-battery" });
        house.post_as(&ada.access, "/auth/password", body)
    };
    let delete =
        |path: &str| house.call("DELETE", path, Some(&ada.access), Some(&json!({ "password": "x" })));
    change().is_problem(401, "invalid_credentials");
    delete("/auth/me").is_problem(401, "invalid_credentials");
    delete(&format!("/users/{}", ada.id)).is_problem(401, "invalid_credentials");
    change().is_problem(429, "rate_limited");
    delete("/auth/me").is_problem(429, "rate_limited");
    try_login(&house, &ada.email, PASSWORD).is_problem(429, "rate_limited");
}

pub(super) fn i2_filters_and_orders_are_an_allow_list() {
    let house = TestHouse::new();
    let admin = house.admin("root");
    for query in [
        "sort=password",
        "order=email;drop",
        "email=%25%40example.org",
        "email=' OR 1=1 --",
        "after=' OR '1'='1",
        "limit=1;DROP TABLE users",
        "fields=hash",
        "email[$ne]=x",
        "roles=admin",
    ] {
        let answer = house
            .get_as(&admin.access, &format!("/users?{}", query.replace(' ', "%20").replace('\'', "%27")));
        let nothing = answer.status == 200 && answer.json == json!({ "users": [] });
        assert!(nothing || answer.status == 400, "{query}: {answer:?}");
    }
    for email in ["' OR '1'='1@example.org", "root@example.org'--"] {
        try_login(&house, email, "' OR '1'='1").is_problem(401, "invalid_credentials");
    }
    assert_eq!(house.get_as(&admin.access, "/users").ok(200)["users"].as_array().map(Vec::len), Some(1));
}

pub(super) fn i13_a_planted_cookie_is_refused_and_the_genuine_one_still_works() {
    let house = TestHouse::on(Kind::Sqlite).set("sessions.transport", "cookie").start();
    let answer = house.post("/auth/register", registration("ada"));
    let cookie = answer.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let refresh = |cookies: &[&str]| {
        let request = cookies.iter().fold(house.request("POST", "/auth/refresh"), |request, cookie| {
            request.header("cookie", *cookie)
        });
        house.send(request, Vec::new())
    };
    let planted = "__Host-guardhouse-refresh=ghr_planted";
    let both = [format!("{planted}; {cookie}"), format!("{cookie}; {planted}")];
    let huge = format!("__Host-guardhouse-refresh={}", "x".repeat(4_096));
    let bare = cookie.trim_start_matches("__Host-").to_owned();
    for cookies in [
        &[both[0].as_str()][..],
        &[&both[1]],
        &[planted, &cookie],
        &[&huge],
        // A sibling domain can plant one without the prefix, or with it in other letters: both are nobody's.
        &[&bare],
        &[&cookie.to_lowercase()],
    ] {
        refresh(cookies).is_problem(401, "refresh_invalid");
    }
    assert_eq!(refresh(&[&format!("theme=dark; {cookie}")]).status, 200);
}
