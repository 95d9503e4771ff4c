//! One connection to the server, and the time from a request's last octet to its answer's first.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;
use url::Url;

use crate::domain::clock::Stopwatch;

/// No login takes longer; see the hash pool's longest failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that is kept open.
pub(super) struct Probe {
    stream: TcpStream,
    host: String,
    path: String,
    buffer: Vec<u8>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) took: Duration,
}

impl Probe {
    /// Connects to the server at `url`, without TLS: its cost would only hide what is looked for.
    pub(super) fn connect(url: &Url) -> anyhow::Result<Self> {
        if url.scheme() != "http" {
            bail!("{url}: only http:// is measured; use the address on which the server itself listens");
        }
        let host = url.host_str().with_context(|| format!("{url} names no host"))?;
        let port = url.port_or_known_default().unwrap_or(80);
        let address =
            (host, port).to_socket_addrs()?.next().with_context(|| format!("{host} has no address"))?;
        let stream = TcpStream::connect_timeout(&address, PATIENCE)
            .with_context(|| format!("no server answers at {url}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let path = format!("{}/auth/login", url.path().trim_end_matches('/'));
        Ok(Self { stream, host: format!("{host}:{port}"), path, buffer: Vec::new() })
    }

    /// Tries to sign in.
    pub(super) fn sign_in(&mut self, email: &str, password: &str) -> anyhow::Result<Answer> {
        let body = json!({ "email": email, "password": password }).to_string();
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nuser-agent: guardhouse selftest\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.path,
            self.host,
            body.len()
        );
        let stopwatch = Stopwatch::start();
        self.stream.write_all(request.as_bytes())?;
        self.fill()?;
        let took = stopwatch.elapsed();
        Ok(Answer { status: self.rest()?, took })
    }

    /// Reads the answer to its end; its status.
    fn rest(&mut self) -> anyhow::Result<u16> {
        let (head, begins) = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break (String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase(), end + 4);
            }
            self.fill()?;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let length: usize = length.context("the answer has no Content-Length")?;
        while self.buffer.len() < begins + length {
            self.fill()?;
        }
        self.buffer.clear();
        head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("the answer has no status")
    }

    fn fill(&mut self) -> anyhow::Result<()> {
        let mut chunk = [0; 8_192];
        let octets = self.stream.read(&mut chunk).context("the server did not answer")?;
        if octets == 0 {
            bail!("the server closed the connection");
        }
        self.buffer.extend_from_slice(&chunk[..octets]);
        Ok(())
    }
}
