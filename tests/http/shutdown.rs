//! The end of a house, seen by its clients.

use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use crate::http::{audit_rows, raw, registration, rows};
use crate::on_every_database;
use crate::support::{Kind, TestHouse};

on_every_database!(a_request_under_way_is_answered_and_its_work_is_kept);

fn a_request_under_way_is_answered_and_its_work_is_kept(kind: Kind) {
    let mut house = TestHouse::on(kind).set("server.shutdown_timeout", "10s").start();
    house.expect_disorder = true;
    house.user("ada");
    let other_node = house.another_node();
    let (address, ops) = (house.address(), house.ops_address());

    // The only hash thread waits for us, and behind it a registration waits.
    let (desk, (release, released)) = (house.desk(), mpsc::channel::<()>());
    let errand = desk.clone();
    let (started, start) = mpsc::channel::<()>();
    let runtime = std::thread::spawn({
        let hold = move || {
            started.send(()).unwrap();
            released.recv().unwrap();
        };
        let handle = house.spawn(async move { errand.hashers.errand(hold).await });
        move || handle.recv().unwrap()
    });
    start.recv().unwrap();
    let body = registration("late").to_string();
    let request = format!(
        "POST /auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let client = std::thread::spawn(move || raw(address, request.as_bytes(), Duration::from_secs(20)));
    while desk.hashers.observe().inside < 2 {
        std::thread::yield_now();
    }

    let stopping = std::thread::spawn(move || house.stop());
    // The operators see it drain; nobody new is let in.
    let ask = b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let draining = loop {
        let answer = raw(ops, ask, Duration::from_secs(5));
        if answer.statuses() != [200] {
            break answer;
        }
    };
    assert_eq!(draining.statuses(), [503], "{draining:?}");
    assert!(draining.body().contains("\"lifecycle\":\"draining\""), "{draining:?}");

    release.send(()).unwrap();
    runtime.join().unwrap().expect("the errand ran");
    let answered = client.join().unwrap();
    assert_eq!(answered.statuses(), [201], "{answered:?}");
    assert!(answered.body().contains("late@example.org"));
    let code = stopping.join().unwrap();
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    assert!(
        TcpStream::connect(address).is_err() && TcpStream::connect(ops).is_err(),
        "nobody listens any more"
    );

    assert_eq!(rows(&other_node).users, 2);
    let late = audit_rows(&other_node);
    assert_eq!(
        late.iter().filter(|event| event.kind == "login_succeeded").count(),
        2,
        "its record is kept too"
    );
    other_node.login("late@example.org");
}
