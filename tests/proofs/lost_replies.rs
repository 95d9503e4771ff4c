//! Callers who never see the answer, and a server that is killed in the middle and started again: whoever comes back
//! within the grace gets the successor, the same one as everybody else with that token.
//!
//! `GUARDHOUSE_PROVE_KILLS` rounds of `GUARDHOUSE_PROVE_KILL_SESSIONS` sessions; what is a late replay is presented
//! after the grace has really passed.

use std::collections::HashSet;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;
use serde_json::json;

use super::home::Home;
use super::people::generation;
use super::site::GOOD;
use super::size;
use crate::binary::process::{Server, agent, request};
use crate::in_every_home;
use crate::support::{Answer, User};

in_every_home!(lost_replies_and_a_killed_server_sign_nobody_out_and_fork_no_chain);

/// How many callers of each session there are before the kill, and again after it.
const CALLERS: usize = 6;

/// What a round came to.
#[derive(Default)]
struct Tally {
    before: usize,
    after: usize,
    replies: usize,
}

#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn lost_replies_and_a_killed_server_sign_nobody_out_and_fork_no_chain(home: Home) {
    let rounds: usize = size("GUARDHOUSE_PROVE_KILLS", 1);
    let sessions: usize = size("GUARDHOUSE_PROVE_KILL_SESSIONS", 12);
    let grace: u64 = size("GUARDHOUSE_PROVE_GRACE_SECONDS", 3);
    let opened = home.open();
    let site = opened.site().set("sessions.refresh_grace", format!("{grace}s")).set("server.workers", 2);
    let (mut tally, mut successors) = (Tally::default(), Vec::new());
    let mut server = site.serve("one");
    for round in 0..rounds {
        let people: Vec<User> =
            (0..sessions).map(|number| server.user(&format!("person{round}-{number}"))).collect();
        let rotating = Stopwatch::start();
        let sent = AtomicUsize::new(0);
        let address = server.address;
        thread::scope(|scope| {
            scope.spawn(|| ask_and_leave(address, &people, &sent));
            // Never at the same point of what the server does then.
            let most = sessions * CALLERS;
            while sent.load(Ordering::SeqCst) < most * (1 + (round + 2) % 4) / 4 {
                thread::sleep(Duration::from_micros(200));
            }
            thread::sleep(Duration::from_millis((20 + round as u64 * 37) % 90));
            server.kill();
        });
        tally.replies += sent.load(Ordering::SeqCst);
        server = site.serve("one");
        if home == Home::Memory {
            // The sessions died with the process: nobody is a thief for that.
            for person in &people {
                refresh(&server, &person.refresh).is_problem(401, "refresh_invalid");
                server.get_as(&person.access, "/auth/me").is_problem(401, "token_revoked");
            }
            continue;
        }
        for person in people {
            let successor = come_back(&server, &person, &mut tally);
            successors.push((person, successor));
        }
        let took = rotating.elapsed();
        assert!(took < Duration::from_secs(grace), "the machine is too slow for this test: {took:?}");
    }
    // Whether the step was made before or after must not matter, so both have to occur.
    assert!(
        successors.len() < 100 || (tally.before > 0 && tally.after > 0),
        "{} {}",
        tally.before,
        tally.after
    );
    thread::sleep(if home == Home::Memory { Duration::ZERO } else { Duration::from_secs(grace) });
    for (person, successor) in &successors {
        refresh(&server, &person.refresh).is_problem(401, "refresh_replayed");
        refresh(&server, &successor.refresh).is_problem(401, "refresh_invalid");
        server.get_as(&successor.access, "/auth/me").is_problem(401, "token_revoked");
    }
    println!(
        "{home:?}: {rounds} times kill -9 among {} refreshes whose callers had left: {} sessions had made their step before it, \
         {} made it after; {} sessions, 0 forks, 0 false revocations, {} late replays caught",
        tally.replies,
        tally.before,
        tally.after,
        successors.len(),
        successors.len(),
    );
}

/// Sends the token of each session several times and closes the connection without reading the answer.
fn ask_and_leave(address: SocketAddr, people: &[User], sent: &AtomicUsize) {
    for person in people {
        let body = json!({ "refresh_token": person.refresh }).to_string();
        let text = format!(
            "POST /auth/refresh HTTP/1.1\r\nhost: guardhouse\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        for _ in 0..CALLERS {
            // Once the server is gone nobody answers, and that is what is tested.
            if let Ok(mut stream) = TcpStream::connect(address) {
                let _ = stream.write_all(text.as_bytes());
            }
            sent.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// All callers of a session try again at once with the old token. What all of them were given.
fn come_back(server: &Server, person: &User, tally: &mut Tally) -> User {
    let answers: Vec<Answer> = thread::scope(|scope| {
        let calls: Vec<_> = (0..CALLERS).map(|_| scope.spawn(|| refresh(server, &person.refresh))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let rotated = answers.iter().filter(|answer| answer.header("guardhouse-refresh") == "rotated").count();
    let successors: Vec<User> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 200, "{answer:?}");
            User::from(person.email.clone(), answer)
        })
        .collect();
    let tokens: HashSet<&str> = successors.iter().map(|one| one.refresh.as_str()).collect();
    assert_eq!(tokens.len(), 1, "the chain has forked");
    assert_eq!(generation(&successors[0].refresh), 1, "more than one step");
    assert!(rotated <= 1);
    tally.before += 1 - rotated;
    tally.after += rotated;
    for successor in &successors {
        assert_eq!(server.verdict(&successor.access), GOOD);
        assert_eq!(successor.session, person.session);
    }
    successors.into_iter().next().expect("there are callers")
}

fn refresh(server: &Server, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    request(&agent(), server.address, "POST", "/auth/refresh", None, Some(&body)).expect("the server answers")
}
