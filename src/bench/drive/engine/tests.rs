//! Against a server that follows a script: the times count from when requests were due, every failure is counted by
//! what it is, and the run ends in time whatever the server does.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread;

use rustix::net::sockopt::set_tcp_cork;

use super::*;
use crate::bench::drive::answer::Answer;
use crate::bench::drive::asker::Ticket;
use crate::bench::drive::request::code;
use crate::bench::drive::target::Target;
use crate::bench::recorder::Outcome;
use crate::bench::result::Action;
use crate::bench::schedule::{Arrivals, Window};
use crate::domain::clock::Stopwatch;

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
static ON: AtomicBool = AtomicBool::new(false);

/// What the server does with the `n`th request of all.
type Script = fn(usize, &mut TcpStream) -> Next;

/// What becomes of the connection afterwards.
#[derive(PartialEq)]
enum Next {
    Keep,
    Close,
    Hang,
}

fn scripted(script: Script) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let count = count.clone();
            thread::spawn(move || {
                let mut buffer = [0; 1_024];
                while matches!(stream.read(&mut buffer), Ok(1..)) {
                    match script(count.fetch_add(1, Ordering::SeqCst), &mut stream) {
                        Next::Keep => {}
                        Next::Close => return,
                        Next::Hang => thread::sleep(Duration::from_secs(60)),
                    }
                }
            });
        }
    });
    Target::here(address)
}

fn say(stream: &mut TcpStream, octets: &[u8]) -> Next {
    let _ = stream.write_all(octets);
    Next::Keep
}

/// Always the same request; good is 200.
struct Same;

impl Asker for Same {
    fn ask(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        request.extend_from_slice(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        Some(Ticket { action: Action::Verify, who: 0 })
    }

    fn answered<'a>(&mut self, _: Ticket, answer: Result<&Answer<'a>, Failure>) -> Outcome<'a> {
        match answer {
            Ok(answer) if answer.status == 200 => Outcome::Good(200),
            Ok(answer) => Outcome::Refused { status: answer.status, code: code(answer.body) },
            Err(failure) => Outcome::Failed(failure),
        }
    }
}

struct Case {
    rate: Option<f64>,
    connections: usize,
    measured: u64,
    patience: u64,
}

const CASE: Case = Case { rate: Some(100.0), connections: 8, measured: 500, patience: 300 };

impl Case {
    fn run(&self, target: &Target) -> (Tally, Duration) {
        let window =
            Window { warm_up: Duration::from_millis(50), measured: Duration::from_millis(self.measured) };
        let clock = Stopwatch::start();
        let terms = Terms {
            target,
            window,
            connections: self.connections,
            patience: Duration::from_millis(self.patience),
            rest_after_refusal: Duration::ZERO,
            clock,
            watch: None,
            stop: &ON,
        };
        let pace = match self.rate {
            Some(rate) => Pace::Open(Schedule::new(rate, Arrivals::Constant).unwrap()),
            None => Pace::Closed,
        };
        let tally = drive(terms, pace, &mut Same).unwrap();
        (tally, clock.elapsed())
    }
}

fn errors(tally: &Tally) -> Vec<(&str, u64)> {
    tally.recorder.outcomes().errors.iter().map(|(name, count)| (name.as_str(), *count)).collect()
}

#[test]
fn every_request_of_the_schedule_is_sent_once() {
    let target = scripted(|_, stream| say(stream, GOOD));
    let (tally, _) = CASE.run(&target);
    let outcomes = tally.recorder.outcomes();
    assert_eq!((outcomes.good, outcomes.bad()), (50, 0), "{:?}", errors(&tally));
    assert_eq!((tally.starved, tally.lateness.count()), (0, 50));
    assert!(tally.most_connections <= 8);
}

#[test]
fn a_stall_is_in_the_latency_of_all_who_were_due_meanwhile() {
    // One connection, and the twentieth answer takes 200 ms: twenty requests are due meanwhile.
    let target = scripted(|number, stream| {
        if number == 20 {
            thread::sleep(Duration::from_millis(200));
        }
        say(stream, GOOD)
    });
    let (tally, _) = Case { connections: 1, ..CASE }.run(&target);
    assert_eq!(tally.recorder.outcomes().good, 50);
    let slow = |latencies: &crate::bench::latencies::Latencies| latencies.quantile(0.8).unwrap();
    assert!(slow(tally.recorder.latency()) > Duration::from_millis(50), "{:?}", tally.recorder.latency());
    // For the connection only one was slow.
    assert!(slow(tally.recorder.service()) < Duration::from_millis(50), "{:?}", tally.recorder.service());
    assert!((10..=30).contains(&tally.starved), "{}", tally.starved);
    assert!(tally.late >= tally.starved);
}

#[test]
fn more_connections_are_opened_where_one_is_not_enough() {
    let target = scripted(|_, stream| {
        thread::sleep(Duration::from_millis(50));
        say(stream, GOOD)
    });
    let (tally, _) = CASE.run(&target);
    assert_eq!(tally.recorder.outcomes().good, 50, "{:?}", errors(&tally));
    assert!((4..=8).contains(&tally.most_connections), "{}", tally.most_connections);
    assert!(tally.recorder.latency().quantile(0.5).unwrap() >= Duration::from_millis(50));
}

#[test]
fn a_server_that_hangs_ends_the_run_in_time_and_hides_nothing() {
    let target = scripted(|_, _| Next::Hang);
    let (tally, took) = Case { connections: 2, patience: 60, ..CASE }.run(&target);
    assert!(took < Duration::from_millis(550 + 60 + 400), "{took:?}");
    let outcomes = tally.recorder.outcomes();
    assert_eq!((outcomes.good, outcomes.bad()), (0, 50), "{:?}", errors(&tally));
    assert!(outcomes.errors["timeout"] > 0 && outcomes.errors["never sent"] > 20, "{:?}", errors(&tally));
}

#[test]
fn refusals_are_counted_by_code() {
    let target = scripted(|number, stream| {
        let (status, body) = match number % 3 {
            0 => ("200 OK", "ok"),
            1 => ("503 Service Unavailable", r#"{"code":"overloaded"}"#),
            _ => ("429 Too Many Requests", r#"{"code":"rate_limited"}"#),
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        say(stream, answer.as_bytes())
    });
    let (tally, _) = CASE.run(&target);
    let errors = errors(&tally);
    assert!(matches!(errors[..], [("429 rate_limited", 16..=17), ("503 overloaded", 16..=17)]), "{errors:?}");
    assert!((16..=19).contains(&tally.limited) && tally.answers == 55, "{} {}", tally.limited, tally.answers);
}

#[test]
fn cut_off_answers_and_resets_are_closed_connections() {
    let target = scripted(|number, stream| match number % 3 {
        0 => say(stream, GOOD),
        // A length that never comes.
        1 => {
            say(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nok");
            Next::Close
        }
        _ => Next::Close,
    });
    let (tally, _) = CASE.run(&target);
    assert_eq!(tally.recorder.outcomes().total(), 50);
    let errors = errors(&tally);
    assert!(matches!(errors[..], [("connection closed", 32..=34)]), "{errors:?}");
}

#[test]
fn an_answer_longer_than_it_says_is_malformed_and_one_that_is_shorter_times_out() {
    let target = scripted(|number, stream| match number % 2 {
        0 => say(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nok"),
        _ => say(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok"),
    });
    let (tally, took) = Case { connections: 64, ..CASE }.run(&target);
    let errors = errors(&tally);
    assert!(matches!(errors[..], [("malformed answer", 24..=26), ("timeout", 24..=26)]), "{errors:?}");
    assert!(took < Duration::from_millis(550 + 300 + 400), "{took:?}");
}

#[test]
fn an_answer_in_many_pieces_is_one_answer() {
    let target = scripted(|_, stream| {
        for octet in GOOD.chunks(7) {
            let _ = stream.write_all(octet);
            thread::sleep(Duration::from_millis(1));
        }
        Next::Keep
    });
    let (tally, _) = CASE.run(&target);
    assert_eq!(tally.recorder.outcomes().good, 50, "{:?}", errors(&tally));
}

#[test]
fn a_closed_loop_asks_again_at_once_and_keeps_its_connections() {
    let target = scripted(|_, stream| say(stream, GOOD));
    let (tally, _) = Case { rate: None, connections: 2, ..CASE }.run(&target);
    let outcomes = tally.recorder.outcomes();
    assert!(outcomes.good > 100 && outcomes.bad() == 0, "{} {:?}", outcomes.good, errors(&tally));
    assert_eq!((tally.most_connections, tally.starved), (2, 0));
}

#[test]
fn a_closed_loop_rests_where_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::here(listener.local_addr().unwrap());
    drop(listener);
    let (tally, _) = Case { rate: None, connections: 2, ..CASE }.run(&target);
    let errors = errors(&tally);
    assert!(matches!(errors[..], [("no connection", 5..=25)]), "{errors:?}");
}

#[test]
fn a_server_that_closes_after_each_answer_is_asked_anew() {
    let target = scripted(|_, stream| {
        say(stream, b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        Next::Close
    });
    let (tally, _) = CASE.run(&target);
    assert_eq!(tally.recorder.outcomes().good, 50, "{:?}", errors(&tally));
}

#[test]
fn a_whole_answer_counts_although_the_connection_ends_with_it() {
    // Nothing in the answer says so, and both come in one segment.
    let target = scripted(|_, stream| {
        set_tcp_cork(&*stream, true).unwrap();
        say(stream, GOOD);
        Next::Close
    });
    for rate in [CASE.rate, None] {
        let (tally, took) = Case { rate, connections: 2, ..CASE }.run(&target);
        let outcomes = tally.recorder.outcomes();
        assert!(outcomes.good >= 50 && outcomes.bad() == 0, "{} {:?}", outcomes.good, errors(&tally));
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert!(tally.most_connections <= 2);
    }
}

#[test]
fn an_interruption_ends_it_at_once() {
    static STOPPED: AtomicBool = AtomicBool::new(true);
    let target = scripted(|_, _| Next::Hang);
    let window = Window { warm_up: Duration::ZERO, measured: Duration::from_secs(60) };
    let clock = Stopwatch::start();
    let terms = Terms {
        target: &target,
        window,
        connections: 1,
        patience: Duration::from_secs(60),
        rest_after_refusal: Duration::ZERO,
        clock,
        watch: None,
        stop: &STOPPED,
    };
    assert!(matches!(drive(terms, Pace::Closed, &mut Same), Err(Fault::Interrupted)));
    assert!(clock.elapsed() < Duration::from_secs(1));
}
