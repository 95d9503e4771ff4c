//! The carriers: what they send, and what they make of answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use uuid::Uuid;

use super::backoff::{given_up, pause};
use super::batch::Batch;
use super::lines::File;
use super::webhook::{Webhook, body};
use super::{Carrier, Verdict};
use crate::domain::audit::chain::{Head, Linked};
use crate::domain::audit::lines::Line;
use crate::domain::audit::octets::Hash;
use crate::domain::audit::record::Record;
use crate::domain::audit::{Free, FreeKind, Origin, Subject};
use crate::domain::clock::Timestamp;
use crate::domain::entropy::{Entropy, SystemEntropy};
use crate::domain::id::InstanceId;
use crate::domain::webhook::WebhookSecrets;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

fn linked(seq: u64) -> Linked {
    let subject = Subject::default().detail("unknown account");
    let event = Free::new(now(), FreeKind::LoginFailed, subject, &Origin::server("request-1"));
    let chain = InstanceId(Uuid::from_u128(7));
    let id = Uuid::from_u128(u128::from(seq) + 100);
    let record = Record::new(id, chain, event.event(), "192.0.2.1".into(), &SystemEntropy);
    Linked { chain, head: Head { seq, link: Hash::ZERO }, record }
}

/// Reads one request: its head and its body.
fn read(stream: &TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, body)
}

/// What a server was asked: each head and body.
type Asked = Vec<(String, Vec<u8>)>;

/// A web server that gives `answers`, one a connection, and what it was asked.
fn server(answers: Vec<&'static str>) -> (String, std::thread::JoinHandle<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook/s3cr3t", listener.local_addr().unwrap());
    let serve = move || {
        let one = |answer: &str| {
            let (mut stream, _) = listener.accept().unwrap();
            let asked = read(&stream);
            write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            asked
        };
        answers.into_iter().map(one).collect()
    };
    (url, std::thread::spawn(serve))
}

fn webhook(url: &str) -> Webhook {
    Webhook::new(&url.parse().unwrap(), SECRET.parse().unwrap()).unwrap()
}

#[test]
fn a_message_is_signed_and_says_what_happened_and_no_salt() {
    let (url, server) = server(vec!["204 No Content"]);
    let sent = linked(9);
    assert_eq!(webhook(&url).carry(std::slice::from_ref(&sent), now()), [Verdict::Delivered]);
    let (head, body) = server.join().unwrap().remove(0);
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /hook/s3cr3t http/1.1"), "{head}");
    let value = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap();
        line.to_owned()
    };
    assert_eq!(value("content-type"), "application/json");
    assert_eq!(value("webhook-id"), sent.record.id.to_string());
    let at: i64 = value("webhook-timestamp").parse().unwrap();
    assert!((at - now().seconds()).abs() <= 10, "{at}");
    let secrets: WebhookSecrets = SECRET.parse().unwrap();
    let signature = secrets.sign(&sent.record.id.to_string(), Timestamp::from_seconds(at), &body);
    assert_eq!(value("webhook-signature"), signature.to_ascii_lowercase());
    let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(told["type"], "login_failed");
    assert_eq!(told["timestamp"], "2027-01-15T08:00:00Z");
    assert_eq!(told["data"]["detail"], "unknown account");
    assert_eq!(told["data"]["address"], "192.0.2.1");
    assert_eq!(told["data"]["seq"], 9);
    // Whoever has the salt can prove what was erased here.
    assert!(!String::from_utf8(body).unwrap().contains("salt"));
}

#[test]
fn what_is_erased_is_nothing_in_the_message() {
    let mut erased = linked(1);
    erased.record.personal = None;
    let told: serde_json::Value = serde_json::from_slice(&body(&erased)).unwrap();
    assert_eq!(told["data"]["address"], serde_json::Value::Null);
    assert_eq!(told["data"]["request_id"], serde_json::Value::Null);
}

#[test]
fn answers_are_about_the_message_or_about_the_receiver() {
    let later = |reason: &str, seconds: Option<u64>| Verdict::Later {
        reason: reason.to_owned(),
        pause: seconds.map(Duration::from_secs),
    };
    let busy = |reason: &str, seconds: Option<u64>| Verdict::Busy {
        reason: reason.to_owned(),
        pause: seconds.map(Duration::from_secs),
    };
    let cases = [
        ("200 OK", Verdict::Delivered),
        ("202 Accepted", Verdict::Delivered),
        ("400 Bad Request", Verdict::Refused("400: it does not take this message".into())),
        ("422 Unprocessable", Verdict::Refused("422: it does not take this message".into())),
        ("401 Unauthorized", later("401", None)),
        ("404 Not Found", later("404", None)),
        ("429 Too Many\r\nretry-after: 120", busy("429", Some(120))),
        ("429 Too Many", busy("429", None)),
        ("503 Unavailable\r\nretry-after: 30", busy("503", Some(30))),
        ("503 Unavailable\r\nretry-after: soon", later("503", None)),
        ("500 Oh", later("500", None)),
        (
            "302 Found\r\nlocation: http://127.0.0.1:1/",
            later("302: redirects are not followed; give the address itself", None),
        ),
        ("410 Gone", later("410: it wants no more messages; remove the delivery", Some(3_600))),
    ];
    let (url, server) = server(cases.iter().map(|(answer, _)| *answer).collect());
    let webhook = webhook(&url);
    for (answer, verdict) in cases {
        assert_eq!(webhook.send(Uuid::nil(), b"{}", now()), verdict, "{answer}");
    }
    assert_eq!(server.join().unwrap().len(), 13, "each was asked once");
}

#[test]
fn many_messages_are_sent_each_once_and_their_verdicts_are_their_own() {
    let answers = (0..20).map(|_| "200 OK").collect();
    let (url, server) = server(answers);
    let sent: Vec<_> = (1..=20).map(linked).collect();
    assert_eq!(webhook(&url).carry(&sent, now()), vec![Verdict::Delivered; 20]);
    let mut got: Vec<_> = server.join().unwrap().into_iter().map(|(_, body)| body).collect();
    let mut wanted: Vec<_> = sent.iter().map(body).collect();
    got.sort();
    wanted.sort();
    assert_eq!(got, wanted);
}

#[test]
fn one_that_takes_nothing_now_is_not_asked_for_the_rest() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let sent: Vec<_> = (1..=64).map(linked).collect();
    let verdicts = webhook(&url).carry(&sent, now());
    assert!(verdicts.iter().filter(|verdict| **verdict == Verdict::Untried).count() >= 48, "{verdicts:?}");
}

#[test]
fn messages_go_over_one_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for _ in 0..2 {
            let (head, _) = read(&stream);
            assert!(head.starts_with("POST"), "another connection was made");
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ntaken").unwrap();
        }
    });
    let webhook = webhook(&url);
    for _ in 0..2 {
        assert_eq!(webhook.send(Uuid::nil(), b"{}", now()), Verdict::Delivered);
    }
    server.join().unwrap();
}

#[test]
fn a_busy_receiver_costs_no_message_and_the_least_tried_is_first() {
    let busy = || Verdict::Busy { reason: "429".into(), pause: None };
    let later = || Verdict::Later { reason: "503".into(), pause: None };
    let found: Vec<_> = (1..=3).map(linked).collect();
    let mut batch = Batch::new(&found, |_| true).unwrap();
    for _ in 0..100 {
        let came = batch.note("siem", &found, vec![busy(), busy()], now());
        assert!(came.failure.is_some() && !came.delivered && batch.dead.is_empty());
    }
    batch.note("siem", &found, vec![later(), busy(), Verdict::Delivered], now());
    // Now the second comes first.
    let left = [linked(2), linked(1)];
    let came = batch.note("siem", &left, vec![Verdict::Delivered, later()], now());
    assert!(came.delivered && !batch.is_done());
    for _ in 0..6 {
        batch.note("siem", &left[1..], vec![later()], now());
    }
    assert_eq!(batch.dead.iter().map(|letter| letter.place.1).collect::<Vec<_>>(), [1]);
    assert!(batch.is_done());
}

#[test]
fn nobody_there_is_a_reason_to_wait_and_the_address_stays_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook/s3cr3t", listener.local_addr().unwrap());
    drop(listener);
    let Verdict::Later { reason, pause: None } = webhook(&url).send(Uuid::nil(), b"{}", now()) else {
        panic!("it cannot have been delivered");
    };
    assert!(!reason.is_empty() && !reason.contains("s3cr3t"), "{reason}");
}

#[test]
fn lines_are_those_of_an_export_and_half_a_line_stays_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let file = File::new(path.clone());
    assert_eq!(file.carry(&[linked(1), linked(2)], now()), vec![Verdict::Delivered; 2]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // A crash in the middle of a line.
    let mut torn = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    torn.write_all(b"{\"line\":\"rec").unwrap();
    assert_eq!(file.carry(&[linked(3)], now()), [Verdict::Delivered]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.ends_with('\n'));
    let lines: Vec<_> = text.lines().map(serde_json::from_str::<Line>).collect();
    let seqs = lines.iter().map(|line| match line {
        Ok(Line::Record(linked)) => Some(linked.head.seq),
        _ => None,
    });
    assert_eq!(seqs.collect::<Vec<_>>(), [Some(1), Some(2), None, Some(3)]);
    // Whoever rotates it renames it.
    std::fs::rename(&path, directory.path().join("old")).unwrap();
    assert_eq!(file.carry(&[linked(4)], now()), [Verdict::Delivered]);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
}

#[test]
fn a_file_that_cannot_be_written_is_a_reason_to_wait() {
    let file = File::new("/nowhere/at/all".into());
    let verdicts = file.carry(&[linked(1)], now());
    assert!(matches!(&verdicts[..], [Verdict::Later { reason, .. }] if reason.contains("/nowhere/at/all")));
}

/// Always the same octet.
struct Fixed(u8);

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

#[test]
fn pauses_grow_to_an_hour_and_are_spread() {
    let seconds = |failures, asked: Option<u64>, chance| {
        pause(failures, asked.map(Duration::from_secs), &Fixed(chance)).as_secs_f64()
    };
    let longest: Vec<_> = (1..=9).map(|failures| seconds(failures, None, 255).round()).collect();
    assert_eq!(longest, [1.0, 5.0, 19.0, 77.0, 307.0, 1229.0, 3600.0, 3600.0, 3600.0]);
    let shortest: Vec<_> = (1..=7).map(|failures| seconds(failures, None, 0).round()).collect();
    assert_eq!(shortest, [1.0, 3.0, 13.0, 51.0, 205.0, 819.0, 2880.0]);
    assert_eq!(seconds(1, Some(120), 128), 120.0);
    assert_eq!(seconds(1, Some(86_400), 128), 3_600.0);
}

#[test]
fn a_message_is_given_up_sooner_when_it_is_at_fault() {
    let later = Verdict::Later { reason: "503".into(), pause: None };
    let refused = Verdict::Refused("400".into());
    let tries = |verdict: &Verdict| (1..20).find(|tries| given_up(verdict, *tries).is_some());
    assert_eq!((tries(&later), tries(&refused)), (Some(8), Some(3)));
    assert_eq!((tries(&Verdict::Untried), tries(&Verdict::Delivered)), (None, None));
    assert_eq!(tries(&Verdict::Busy { reason: "429".into(), pause: None }), None);
}
