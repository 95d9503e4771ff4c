//! One connection to a server over which tokens are presented, with as little of a client around as there can be.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;

/// A connection that stays open.
pub(super) struct Line(BufReader<TcpStream>);

/// An answer without what differs each time: its date and the id of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    head: Vec<String>,
    pub(super) body: String,
}

impl Line {
    pub(super) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket of TCP");
        Self(BufReader::new(stream))
    }

    /// Presents a refresh token. How long the whole answer took from the first byte sent, and the answer.
    pub(super) fn present(&mut self, token: &str) -> (Duration, Reply) {
        let body = serde_json::json!({ "refresh_token": token }).to_string();
        let request = format!(
            "POST /auth/refresh HTTP/1.1\r\nhost: guardhouse\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let began = Stopwatch::start();
        self.0.get_mut().write_all(request.as_bytes()).expect("the server reads");
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("the server answers");
            assert!(!line.is_empty(), "the server closed the connection after {head:?}");
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let value = |name: &str| {
            let found = head.iter().find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name));
            found.unwrap_or_else(|| panic!("{name} is missing in {head:?}")).1.to_owned()
        };
        let mut body = vec![0; value("content-length").parse().expect("a length")];
        self.0.read_exact(&mut body).expect("the server answers");
        let took = began.elapsed();
        let request = value("x-request-id");
        let body = String::from_utf8(body).expect("UTF-8").replace(&request, "");
        head.retain(|line| !["date: ", "x-request-id: "].iter().any(|name| line.starts_with(name)));
        head.sort_unstable();
        (took, Reply { head, body })
    }
}
