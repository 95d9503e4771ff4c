//! One connection that is kept open, and the one request that may be under way on it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{set_tcp_nodelay, socket_error};
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

use super::answer::{LONGEST, Parsed, parse};
use super::asker::Ticket;

/// What an input buffer begins with: an answer of Guardhouse and more.
const USUAL: usize = 4 << 10;

/// A request under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub(super) ticket: Ticket,
    pub(super) due: Duration,
    /// When it got its connection; from then on the client's patience counts.
    pub(super) began: Duration,
    /// When its first octet was sent; none while the connection is being made.
    pub(super) sent: Option<Duration>,
}

/// A connection.
pub(super) struct Connection {
    stream: TcpStream,
    is_open: bool,
    output: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    filled: usize,
    pub(super) job: Option<Job>,
}

/// What reading came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read1 {
    /// Nothing more for now.
    Drained,
    /// The other side has closed it.
    Closed,
}

impl Connection {
    /// Begins to connect, without waiting for it: a server that is too busy to accept must not hold up all others.
    pub(super) fn begin(address: SocketAddr) -> io::Result<Self> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        set_tcp_nodelay(&socket, true)?;
        match connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(fault) => return Err(fault.into()),
        }
        Ok(Self {
            stream: TcpStream::from(socket),
            is_open: false,
            output: Vec::with_capacity(USUAL),
            written: 0,
            input: vec![0; USUAL],
            filled: 0,
            job: None,
        })
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether it is connected by now; an error if it never will be.
    pub(super) fn check_open(&mut self) -> io::Result<bool> {
        if !self.is_open {
            socket_error(&self.stream)??;
            // A socket that is still connecting has no peer.
            self.is_open = self.stream.peer_addr().is_ok();
        }
        Ok(self.is_open)
    }

    /// Takes `request`, and gives the buffer of the one before for it.
    pub(super) fn load(&mut self, request: &mut Vec<u8>, job: Job) {
        std::mem::swap(&mut self.output, request);
        (self.written, self.filled, self.job) = (0, 0, Some(job));
    }

    /// Writes as much as the socket takes. `now` is when its first octet left.
    pub(super) fn flush(&mut self, now: Duration) -> io::Result<()> {
        while self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(octets) => self.written += octets,
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => break,
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
        if let Some(job) = &mut self.job {
            job.sent.get_or_insert(now);
        }
        Ok(())
    }

    /// Reads what has come. `closing` says that the end of the connection is near, so that a short read is not all.
    pub(super) fn fill(&mut self, closing: bool) -> io::Result<Read1> {
        loop {
            if self.filled == self.input.len() {
                if self.filled >= LONGEST {
                    return Ok(Read1::Drained);
                }
                self.input.resize((self.filled * 2).min(LONGEST), 0);
            }
            let space = self.input.len() - self.filled;
            match self.stream.read(&mut self.input[self.filled..]) {
                Ok(0) => return Ok(Read1::Closed),
                Ok(octets) => {
                    self.filled += octets;
                    if octets < space && !closing {
                        return Ok(Read1::Drained);
                    }
                }
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => return Ok(Read1::Drained),
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
    }

    /// What has come so far.
    pub(super) fn parsed(&self) -> Parsed<'_> {
        match parse(&self.input[..self.filled]) {
            // More than was asked for: whose answer the next one is, nobody could tell.
            Parsed::Whole(_, octets) if octets < self.filled => Parsed::Malformed,
            Parsed::Part if self.filled >= LONGEST => Parsed::Malformed,
            parsed => parsed,
        }
    }

    /// Whether anything has come since the last request was loaded.
    pub(super) fn has_input(&self) -> bool {
        self.filled > 0
    }

    /// Forgets the answer, once it was looked at.
    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }
}
