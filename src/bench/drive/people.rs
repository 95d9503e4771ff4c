//! The people of a load, and their sessions.

use std::time::Duration;

use super::request::Tokens;
use crate::domain::clock::Stopwatch;
use crate::seeding;

/// The password of accounts that a load makes. Whoever reads this knows it: they belong on a server for loads.
pub const PASSWORD: &str = "Bench guardhouse 4711, no secret";

/// The same seed is the same people, so that a second run finds those of the first.
#[derive(Debug, Clone, Copy)]
pub struct People {
    /// Which.
    pub seed: u64,
    /// How many; at least one.
    pub count: usize,
    /// They are every so manyth of the accounts that `guardhouse seed` made, and not accounts of their own.
    pub every: Option<usize>,
}

impl People {
    /// The address of one of them.
    pub fn email(self, number: usize) -> String {
        match self.every {
            Some(every) => seeding::email((number * every) as u64),
            None => format!("bench-{}-{number}@bench.invalid", self.seed),
        }
    }

    /// What all of them sign in with.
    pub fn password(self) -> &'static str {
        if self.every.is_some() { seeding::PASSWORD } else { PASSWORD }
    }
}

/// Somebody signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// The access token.
    pub access: String,
    /// The refresh token, unless the server gives none.
    pub refresh: Option<String>,
    since: Stopwatch,
    expires_in: Duration,
}

impl Session {
    /// From the body of a token reply; none if it is not one.
    pub fn read(body: &[u8]) -> Option<Self> {
        let tokens: Tokens<'_> = serde_json::from_slice(body).ok()?;
        Some(Self {
            access: tokens.access_token.to_owned(),
            refresh: tokens.refresh_token.map(str::to_owned),
            since: Stopwatch::start(),
            expires_in: Duration::from_secs(tokens.expires_in),
        })
    }

    /// For how long the access token holds, counted from its coming.
    pub fn lifetime(&self) -> Duration {
        self.expires_in
    }

    /// Whether the access token holds for so long still.
    pub fn holds_for(&self, time: Duration) -> bool {
        self.since.elapsed().saturating_add(time) < self.expires_in
    }

    /// Takes what a refresh answered; whether it could be read.
    pub fn renew(&mut self, body: &[u8]) -> bool {
        let renewed = Self::read(body);
        let is_read = renewed.is_some();
        if let Some(renewed) = renewed {
            *self = renewed;
        }
        is_read
    }
}
