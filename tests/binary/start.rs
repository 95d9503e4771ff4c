//! `guardhouse serve`.

use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::process::{Installation, Server, bare, until};
use crate::http::raw;

const ASK: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn without_a_command_it_serves() {
    let house = Installation::new();
    let server = Server::start(&mut house.command(&[]), &house.data_dir());
    assert_eq!(server.get("/health/ready").status, 200);
    server.terminate();
}

#[test]
fn the_first_line_of_the_log_has_the_address_and_so_have_two_files() {
    let house = Installation::new();
    let server = house.serve();
    assert!(server.address.port() != 0 && server.address.port() != server.ops_address.port());
    assert_eq!(server.get("/health/live").status, 200);
    let read = |name: &str| std::fs::read_to_string(house.data_dir().join(name)).unwrap();
    assert_eq!(read("server.addr"), format!("{}\n", server.address));
    assert_eq!(read("ops.addr"), format!("{}\n", server.ops_address));
    until("the first line of the log", || server.output().contains('\n'));
    let output = server.output();
    let first = output.lines().next().expect("a line");
    assert!(first.contains(&format!("http://{}", server.address)), "{first}");
    assert!(first.contains(env!("CARGO_PKG_VERSION")), "{first}");
    server.terminate();
    assert!(!house.data_dir().join("server.addr").exists() && !house.data_dir().join("ops.addr").exists());
}

/// As a service manager does with `guardhouse.socket`: while the server restarts, connections wait in the socket.
#[test]
fn a_socket_that_is_handed_over_is_listened_on() {
    let house = Installation::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::empty()).unwrap();
    let address = socket.local_addr().unwrap();
    for _ in 0..2 {
        // Before the server is there, and answered once it is.
        let waiting = std::thread::spawn(move || raw(address, ASK, PATIENCE));
        let mut command = house.command(&["serve"]);
        command.env("LISTEN_FDS", "1").env("LISTEN_FDS_FIRST_FD", socket.as_raw_fd().to_string());
        let server = Server::start(&mut command, &house.data_dir());
        assert_eq!(server.address, address);
        assert_ne!(server.ops_address, address);
        assert_eq!(waiting.join().unwrap().statuses(), [200]);
        server.terminate();
    }
}

#[test]
fn the_address_that_a_killed_server_left_is_gone_before_the_next_one_listens() {
    let house = Installation::new();
    let server = house.serve();
    let old = server.address;
    server.kill();
    let left = house.data_dir().join("server.addr");
    assert!(left.exists(), "nobody tidied up");
    // A start that gets as far as its sockets and then fails leaves no address of a server that is not there.
    std::fs::write(house.data_dir().join("master.key"), "rubbish\n").unwrap();
    house.run(&["serve"]).failed(1);
    assert!(TcpStream::connect(old).is_err());
    assert!(!left.exists(), "whoever waits for the file is sent to {old}");
}

#[test]
fn a_second_server_on_the_same_address_leaves_the_first_one_alone() {
    let house = Installation::new();
    let server = house.serve();
    let mut second = bare(house.directory.path());
    second.args([
        "--set",
        &format!("server.bind={}", server.address),
        "--set",
        "server.ops_bind=127.0.0.1:0",
    ]);
    let err = super::process::finish(&mut second, "").failed(1);
    assert!(err.contains("cannot listen"), "{err}");
    assert_eq!(
        std::fs::read_to_string(house.data_dir().join("server.addr")).unwrap().trim(),
        server.address.to_string()
    );
    assert_eq!(server.get("/health/ready").status, 200);
    server.terminate();
}

#[test]
fn the_operators_listener_has_metrics_and_the_public_one_has_not() {
    let house = Installation::new();
    let server = house.serve();
    assert_eq!(server.get("/metrics").status, 404);
    let agent = super::process::agent();
    let ops = super::process::request(&agent, server.ops_address, "GET", "/metrics", None, None).unwrap();
    assert_eq!(ops.status, 200);
    assert!(ops.text.contains("guardhouse_http_requests_total"), "{}", ops.text);
    server.terminate();
}

#[test]
fn the_server_can_be_asked_how_it_is_without_an_http_client() {
    let mut house = Installation::new();
    let server = house.serve();
    for question in [&["health"][..], &["health", "ready"], &["health", "live"]] {
        assert!(house.run(question).ok().contains("200"), "{question:?}");
    }
    server.terminate();
    assert!(house.run(&["health", "live"]).failed(1).contains("no server runs"));
    // What a killed server left, and what is no server.
    std::fs::write(house.data_dir().join("ops.addr"), "127.0.0.1:1\n").unwrap();
    assert!(house.run(&["health", "live"]).failed(1).contains("127.0.0.1:1 does not answer"));
    std::fs::write(house.data_dir().join("ops.addr"), "nowhere\n").unwrap();
    assert!(house.run(&["health", "live"]).failed(1).contains("holds no address"));
    house.change("server.ops_bind", "0.0.0.0:0");
    house.change("server.ops_token", "x".repeat(40));
    let server = house.serve();
    assert!(house.run(&["health"]).ok().contains("200"), "who listens everywhere is asked on this machine");
    server.terminate();
}

#[test]
fn a_service_manager_is_told_when_the_server_answers_and_when_it_ends() {
    let house = Installation::new();
    let path = house.directory.path().join("notify");
    let manager = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let heard = || {
        let mut message = [0; 256];
        let length = manager.recv(&mut message).expect("a message");
        String::from_utf8_lossy(&message[..length]).trim_end().to_owned()
    };
    let server = Server::start(house.command(&["serve"]).env("NOTIFY_SOCKET", &path), &house.data_dir());
    assert_eq!(heard(), "READY=1");
    assert_eq!(server.get("/health/ready").status, 200);
    server.terminate();
    assert_eq!(heard(), "STOPPING=1");
}
