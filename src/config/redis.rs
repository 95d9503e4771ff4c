//! `[redis]`: the address of Redis, where there is one.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::address::{self, without_secrets};
use super::leaf::{Complaint, quoted};
use super::reader::Reader;

/// A Redis server, cluster or sentinel group.
#[derive(Clone, Debug)]
pub struct Redis {
    /// Its address, with user and password.
    pub url: SecretString,
    /// How long one command may take.
    pub timeout: Duration,
}

const URL: (&str, &str) = ("redis.url", "redis.url_file");

const SCHEMES: [&str; 6] =
    ["redis", "rediss", "redis-cluster", "rediss-cluster", "redis-sentinel", "rediss-sentinel"];

impl Redis {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let url = reader.take_secret(URL.0, URL.1);
        let timeout = reader.take_in("redis.timeout", Duration::from_millis(10)..=Duration::from_secs(60));
        let url = url?;
        match check(url.expose_secret()) {
            Ok(()) => reader.show(URL.0, quoted(without_secrets(url.expose_secret()))),
            Err(complaint) => reader.refuse_secret(URL.0, URL.1, complaint),
        }
        Some(Self { url, timeout })
    }
}

fn check(text: &str) -> Result<(), Complaint> {
    let schemes = || format!("supported are {}", SCHEMES.map(|scheme| format!("{scheme}://")).join(", "));
    let url = address::parse(text).map_err(|reason| {
        Complaint::with_help(format!("the address of Redis is unreadable: {reason}"), schemes())
    })?;
    if !SCHEMES.contains(&url.scheme()) {
        return Err(Complaint::with_help(
            format!("`{}` is not a kind of address of Redis", url.scheme()),
            schemes(),
        ));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Complaint::with_help(
            "the address of Redis names no host",
            "write one such as redis://127.0.0.1:6379",
        ));
    }
    Ok(())
}
