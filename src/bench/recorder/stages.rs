//! Where the server says the time went: the header Server-Timing (W3C Server Timing, section 4), such as
//! `queue;dur=1.25, hash;dur=23.4;desc="Argon2id", db;dur=0.8`.

use std::time::Duration;

use crate::bench::latencies::LONGEST;

/// A part of the server's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for a hash thread.
    Queue,
    /// Hashing the password.
    Hash,
    /// The database.
    Db,
    /// Signing tokens.
    Sign,
}

impl Stage {
    /// All of them, in the order in which a request meets them.
    pub const ALL: [Self; 4] = [Self::Queue, Self::Hash, Self::Db, Self::Sign];

    /// Its name in the header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Hash => "hash",
            Self::Db => "db",
            Self::Sign => "sign",
        }
    }
}

/// The stages of one answer; those that the server did not name are missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stages([Option<Duration>; Stage::ALL.len()]);

impl Stages {
    /// Reads the value of one header; several are joined by a comma (RFC 9110, section 5.3).
    ///
    /// As the specification wants it, what cannot be read is passed over: an unknown metric, a parameter other than
    /// `dur`, a duration that is no number. The first `dur` of a metric counts. Metrics of one name are added up.
    pub fn parse(header: &str) -> Self {
        let mut stages = Self::default();
        for metric in split(header, ',') {
            let mut parts = split(metric, ';');
            let name = parts.next().unwrap_or_default().trim();
            let Some(stage) = Stage::ALL.into_iter().find(|stage| stage.name() == name) else { continue };
            let duration = parts.find_map(|part| {
                let (name, value) = part.split_once('=')?;
                name.trim().eq_ignore_ascii_case("dur").then_some(value)
            });
            if let Some(time) = duration.and_then(milliseconds) {
                let slot = &mut stages.0[stage as usize];
                *slot = Some(slot.unwrap_or_default().saturating_add(time));
            }
        }
        stages
    }

    /// How long `stage` took.
    pub fn get(&self, stage: Stage) -> Option<Duration> {
        self.0[stage as usize]
    }

    /// With `time` for `stage`.
    pub fn with(mut self, stage: Stage, time: Duration) -> Self {
        self.0[stage as usize] = Some(time);
        self
    }
}

fn milliseconds(value: &str) -> Option<Duration> {
    let value = value.trim();
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let time = Duration::try_from_secs_f64(value.parse::<f64>().ok()? / 1e3).ok()?;
    Some(time.min(LONGEST))
}

/// The parts between `separator`s, of which those within a quoted string (RFC 9110, section 5.6.4) are none.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let is_escaped = escaped;
        escaped = quoted && !is_escaped && c == '\\';
        if c == '"' && !is_escaped {
            quoted = !quoted;
        }
        c == separator && !quoted
    })
}
