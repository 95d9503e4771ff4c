//! `guardhouse health`: asks the server on this machine how it is, for containers and service managers without curl.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::say;
use crate::config::Config;
use crate::lifecycle::ADDRESS_FILES;

/// A server that needs longer is not well.
const PATIENCE: Duration = Duration::from_secs(4);

#[derive(Args)]
pub(super) struct Health {
    /// Whether the process answers, or whether its stores do as well and it is not about to end.
    #[arg(value_enum, default_value_t = Question::Ready)]
    question: Question,
}

#[derive(Clone, Copy, ValueEnum)]
enum Question {
    Live,
    Ready,
}

/// Asks the operators' listener, which answers also when all connections of the public one are taken. The server leaves
/// its address in the data directory.
pub(super) fn run(config: &Config, Health { question }: &Health) -> anyhow::Result<ExitCode> {
    let [_, file] = ADDRESS_FILES;
    let file = config.data_dir.join(file);
    let text = std::fs::read_to_string(&file).with_context(|| {
        format!("no server runs in this data directory: {} cannot be read", file.display())
    })?;
    let address: SocketAddr =
        text.trim().parse().with_context(|| format!("{} holds no address", file.display()))?;
    let path = match question {
        Question::Live => "/health/live",
        Question::Ready => "/health/ready",
    };
    let status = ask(from_here(address), path).with_context(|| format!("{address} does not answer"))?;
    say(format_args!("{path}: {status}"));
    Ok(if status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Who listens everywhere is asked where it certainly is.
fn from_here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (ip, address.port()).into()
}

fn ask(address: SocketAddr, path: &str) -> anyhow::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    match line.split(' ').nth(1).map(str::parse) {
        Some(Ok(status)) => Ok(status),
        _ => bail!("the answer {:?} is not HTTP", line.trim_end()),
    }
}
