//! Traces: what a collector of OpenTelemetry gets to see of a request, and that nobody waits for it.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::deliveries::read;
use crate::support::house::PASSWORD;
use crate::support::{Answer, Kind, TestHouse};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// What takes the spans of a house.
struct Collector {
    endpoint: String,
    told: Receiver<Vec<u8>>,
}

/// Tells of each body before it gives its `answer`; where there is `leave`, it waits for that in between.
fn collector(answer: &'static str, leave: Option<Receiver<()>>) -> Collector {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            if !serve(stream, &tell, answer, leave.as_ref()) {
                return;
            }
        }
    });
    Collector { endpoint, told }
}

/// One connection, to its end. Whether anybody still listens.
fn serve(mut stream: TcpStream, tell: &Sender<Vec<u8>>, answer: &str, leave: Option<&Receiver<()>>) -> bool {
    while let Some((head, body)) = read(&stream) {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        assert!(head.to_ascii_lowercase().contains("content-type: application/json"), "{head}");
        if tell.send(body).is_err() {
            return false;
        }
        if let Some(leave) = leave {
            // Dropped is a word too.
            let _ = leave.recv();
        }
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, "{}"));
        let length = body.len();
        let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}");
        let _ = stream.write_all(answer.as_bytes());
    }
    true
}

impl Collector {
    fn house(&self, settings: &[(&str, &str)]) -> TestHouse {
        let plan = TestHouse::on(Kind::Sqlite).set("log.otlp.endpoint", &self.endpoint);
        settings.iter().fold(plan, |plan, (key, value)| plan.set(key, value)).start()
    }

    /// Every span that came, once the house is no more.
    fn spans(self) -> Vec<Value> {
        let of = |body: Vec<u8>| {
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            let resource = &body["resourceSpans"][0];
            let name = &resource["resource"]["attributes"][0];
            assert_eq!(name, &json!({ "key": "service.name", "value": { "stringValue": "guardhouse" } }));
            resource["scopeSpans"][0]["spans"].as_array().expect("spans").clone()
        };
        self.told.try_iter().flat_map(of).collect()
    }
}

fn traced(house: &TestHouse, path: &str, flags: &str, headers: &[(&str, &str)]) -> Answer {
    let request = house.request("GET", path).header("traceparent", format!("00-{TRACE}-{CALLER}-{flags}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    house.send(request, Vec::new())
}

fn attribute<'a>(span: &'a Value, key: &str) -> &'a Value {
    let all = span["attributes"].as_array().expect("attributes");
    let found = all.iter().find(|attribute| attribute["key"] == key);
    &found.unwrap_or_else(|| panic!("no {key}: {span}"))["value"]
}

fn time(span: &Value, key: &str) -> u64 {
    span[key].as_str().expect("64 bits are a text").parse().expect("a number")
}

#[test]
fn a_login_can_be_followed_from_the_request_to_the_database() {
    let collector = collector("200 OK", None);
    let house = collector.house(&[("limits.enabled", "true")]);
    let ada = house.user("ada");
    let login = json!({ "email": ada.email, "password": PASSWORD });
    let request = house
        .request("POST", "/auth/login")
        .header("content-type", "application/json")
        .header("x-request-id", "the-login")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    let reply = house.send(request, login.to_string().into_bytes()).ok(200);
    drop(house);
    let all = collector.spans();
    let text = json!(all).to_string();
    for secret in [PASSWORD, &ada.email, "@example.org", &ada.access, &ada.id].into_iter().chain(
        [&reply["access_token"], &reply["refresh_token"]].map(|token| token.as_str().expect("a token")),
    ) {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let other = all.iter().find(|span| span["name"] == "POST /auth/register").expect("the other request");
    assert!(other.get("parentSpanId").is_none(), "it began here: {other}");

    let mine: Vec<_> = all.iter().filter(|span| span["traceId"] == TRACE).collect();
    let named =
        |name: &str| -> Vec<&Value> { mine.iter().filter(|span| span["name"] == name).copied().collect() };
    let [request] = named("POST /auth/login")[..] else { panic!("one request in {text}") };
    assert_eq!((&request["parentSpanId"], &request["kind"]), (&json!(CALLER), &json!(2)));
    assert_eq!(attribute(request, "http.response.status_code"), &json!({ "intValue": "200" }));
    assert_eq!(attribute(request, "guardhouse.request_id"), &json!({ "stringValue": "the-login" }));
    let [flow] = named("login")[..] else { panic!("one flow in {text}") };
    assert_eq!(flow["parentSpanId"], request["spanId"]);
    assert_eq!(attribute(flow, "guardhouse.outcome"), &json!({ "stringValue": "success" }));
    for gate in ["hasher", "limiter", "sessions", "audit"] {
        let spans = named(gate);
        assert!(!spans.is_empty(), "no {gate} in {text}");
        for span in spans {
            assert_eq!(span["parentSpanId"], flow["spanId"], "{span}");
            assert!(attribute(span, "guardhouse.wait_seconds")["doubleValue"].is_number(), "{span}");
        }
    }
    let below =
        |parent: &Value, name: &str| named(name).iter().any(|span| span["parentSpanId"] == parent["spanId"]);
    assert!(below(flow, "database read"), "who it is: {text}");
    assert!(below(flow, "sign"), "{text}");
    let kept = named("sessions");
    assert!(
        kept.iter().any(|kept| below(kept, "database transaction") || below(kept, "database write")),
        "{text}"
    );

    for span in &mine {
        assert!(time(span, "startTimeUnixNano") <= time(span, "endTimeUnixNano"), "{span}");
        let parent = mine.iter().find(|parent| parent["spanId"] == span["parentSpanId"]);
        match parent {
            Some(parent) => {
                assert!(time(parent, "startTimeUnixNano") <= time(span, "startTimeUnixNano"), "{span}")
            }
            None => assert_eq!(span["parentSpanId"], CALLER, "an orphan: {span}"),
        }
    }
    let ids: std::collections::BTreeSet<_> = mine.iter().map(|span| span["spanId"].to_string()).collect();
    assert_eq!(ids.len(), mine.len(), "ids are unique");
}

#[test]
fn nobody_but_a_trusted_proxy_decides_which_requests_are_recorded() {
    let by_proxy = [("x-forwarded-for", "192.0.2.7")];
    for (sample, trusted, flags, headers, recorded) in [
        ("0", false, "01", &[][..], false),
        ("0", false, "01", &by_proxy[..], false),
        ("0", true, "01", &by_proxy[..], true),
        // The proxy itself, or somebody in its network, and not a request that it passed on.
        ("0", true, "01", &[][..], false),
        ("1", true, "00", &by_proxy[..], false),
        ("1", false, "00", &[][..], true),
    ] {
        let collector = collector("200 OK", None);
        let trusts = if trusted { "127.0.0.0/8" } else { "10.0.0.0/8" };
        let house = collector.house(&[("log.otlp.sample", sample), ("server.trusted_proxies", trusts)]);
        traced(&house, "/health/live", flags, headers).ok(200);
        drop(house);
        let spans = collector.spans();
        assert_eq!(!spans.is_empty(), recorded, "{sample} {trusted} {flags} {headers:?}: {spans:?}");
        assert!(spans.iter().all(|span| span["traceId"] == TRACE), "{spans:?}");
    }
}

#[test]
fn without_a_collector_there_is_no_tracer_and_no_header_makes_one() {
    let house = TestHouse::new();
    traced(&house, "/health/live", "01", &[]).ok(200);
    assert!(house.front().tracer.is_none());
}

/// How many spans were dropped in this process for `reason`.
fn dropped(rendered: &str, reason: &str) -> u64 {
    let line = format!("guardhouse_spans_dropped_total{{reason=\"{reason}\"}} ");
    rendered.lines().find_map(|it| it.strip_prefix(&line)).map_or(0, |count| count.parse().expect("a number"))
}

#[test]
fn nobody_waits_for_a_collector_that_hangs() {
    let (word, leave) = channel();
    let collector = collector("200 OK", Some(leave));
    let house = collector.house(&[]);
    let ada = house.user("ada");
    // It has a batch and does not answer.
    collector.told.recv_timeout(Duration::from_secs(30)).expect("the first batch");
    for _ in 0..3 {
        house.login(&ada.email);
    }
    let prometheus = house.foundations().prometheus.clone();
    let before = dropped(&prometheus.render(), "refused");
    // Nor does the end, beyond its bound; it is asserted to be a good one.
    drop(house);
    assert!(dropped(&prometheus.render(), "refused") > before, "{}", prometheus.render());
    drop(word);
}

#[test]
fn what_a_collector_refuses_is_dropped_and_counted() {
    let collector = collector("503 Service Unavailable", None);
    let house = collector.house(&[]);
    let prometheus = house.foundations().prometheus.clone();
    let before = dropped(&prometheus.render(), "refused");
    let ada = house.user("ada");
    house.login(&ada.email);
    drop(house);
    // Other tests may have counted meanwhile.
    let counted = dropped(&prometheus.render(), "refused") - before;
    let spans = collector.spans().len() as u64;
    assert!(spans > 10 && counted >= spans, "{spans} spans, {counted} counted");
}

#[test]
fn what_a_collector_rejects_of_a_batch_is_counted() {
    let collector =
        collector("200 OK\r\n\r\n{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"\"}}", None);
    let house = collector.house(&[]);
    let prometheus = house.foundations().prometheus.clone();
    let before = dropped(&prometheus.render(), "refused");
    house.user("ada");
    drop(house);
    assert!(dropped(&prometheus.render(), "refused") >= before + 2, "{}", prometheus.render());
    assert!(collector.spans().len() > 2);
}

#[test]
fn a_collector_that_is_not_there_is_no_fault() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", gone.local_addr().unwrap());
    drop(gone);
    let house = TestHouse::on(Kind::Sqlite).set("log.otlp.endpoint", endpoint).start();
    let prometheus = house.foundations().prometheus.clone();
    let before = dropped(&prometheus.render(), "refused");
    let ada = house.user("ada");
    house.login(&ada.email);
    drop(house);
    assert!(dropped(&prometheus.render(), "refused") > before + 10, "{}", prometheus.render());
}
