//! SIGTERM and SIGINT.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use rustix::process::Signal;
use serde_json::json;

use super::load::{Load, nothing_is_missing};
use super::process::{Installation, agent, request, until};
use crate::on_every_database;
use crate::support::Kind;
use crate::support::house::PASSWORD;

on_every_database!(under_load_everything_acknowledged_is_there_afterwards);

fn under_load_everything_acknowledged_is_there_afterwards(kind: Kind) {
    // The second signal changes nothing: the server is already doing what it says.
    for signals in [&[Signal::TERM][..], &[Signal::INT], &[Signal::TERM, Signal::TERM]] {
        let house = Installation::on(kind);
        let server = house.serve();
        let load = Load::start(server.address, "ada", 6);
        until("some load", || load.acknowledged() >= 20);
        for signal in signals {
            // The server may have ended before the second one.
            let _ = rustix::process::kill_process(server.pid(), *signal);
        }
        let (status, output) = server.wait();
        let outcome = load.finish();
        assert_eq!(status.code(), Some(0), "{signals:?}: {output}");
        assert!(output.contains("shut down") && !output.contains(" ERROR "), "{output}");
        assert!(outcome.acknowledged.len() >= 20);
        nothing_is_missing(&house.database_url(), &outcome.acknowledged);
    }
}

#[test]
fn requests_under_way_are_answered() {
    // Hashes that take a while, so that the signal finds all of them in the middle.
    let house = Installation::on(Kind::Sqlite)
        .set("hashing.argon2.memory", "8MiB")
        .set("hashing.argon2.iterations", 40)
        .set("hashing.threads", 2);
    let server = house.serve();
    let address = server.address;
    let clients: Vec<_> = (0..4)
        .map(|number| {
            thread::spawn(move || {
                let body = json!({ "email": format!("ada{number}@example.org"), "password": PASSWORD });
                request(&agent(), address, "POST", "/auth/register", None, Some(&body))
            })
        })
        .collect();
    let depth = || {
        let metrics = request(&agent(), server.ops_address, "GET", "/metrics", None, None).unwrap().text;
        metrics.contains("guardhouse_gate_depth{gate=\"hasher\"} 4")
    };
    until("four hashes under way", depth);
    server.signal(Signal::TERM);
    for client in clients {
        let answer = client.join().unwrap().expect("the server answers before it ends");
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let (status, output) = server.wait();
    assert_eq!(status.code(), Some(0), "{output}");
}

#[test]
fn an_idle_connection_does_not_hold_up_the_end() {
    let house = Installation::on(Kind::Sqlite).set("server.shutdown_timeout", "20s");
    let server = house.serve();
    let mut idle = TcpStream::connect(server.address).unwrap();
    idle.write_all(b"GET /health/live HTTP/1.1\r\nhost: guardhouse\r\n\r\n").unwrap();
    let mut some = [0; 16];
    idle.read_exact(&mut some).unwrap();
    let began = guardhouse::domain::clock::Stopwatch::start();
    server.terminate();
    assert!(began.elapsed().as_secs() < 10, "it waited {:?} for nobody", began.elapsed());
}
