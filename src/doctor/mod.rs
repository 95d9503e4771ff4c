//! EXAMINES: what is wrong with an installation, or will be, before somebody notices. It looks and changes nothing: it makes no
//! file, and no table but the list of migrations where there is none.
//!
//! | file | what it looks at |
//! | --- | --- |
//! | `mod` | [`examine`]: all of it, in order |
//! | `report` | [`Report`]: for people and as JSON |
//! | `database`, `redis` | whether they answer, what they are, whether they keep what they were told |
//! | `clock` | whether this machine's agrees with theirs |
//! | `keys` | how old the signing key is |
//! | `files` | who may read what is secret; room on the disk |
//! | `machine` | chance, open files, memory |
//! | `settings` | what is allowed and hardly meant |
//!
//! To add a question: a function that returns [`Finding`]s from what was gathered, so that a test can provoke each of its
//! answers, and its call in [`examine`].

mod clock;
mod database;
mod files;
mod keys;
mod machine;
mod redis;
mod report;
mod settings;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use report::Report;

use crate::config::Config;
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;

/// How it stands with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work, or gives away what is secret.
    Fail,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// How it stands.
    pub state: State,
    /// With what, such as `database.version`.
    pub what: &'static str,
    /// What was found.
    pub value: String,
    /// What to do about it, unless all is well.
    pub advice: Option<String>,
}

impl Finding {
    fn ok(what: &'static str, value: impl Into<String>) -> Self {
        Self { state: State::Ok, what, value: value.into(), advice: None }
    }

    fn warn(what: &'static str, value: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Warn, what, value: value.into(), advice: Some(advice.into()) }
    }

    fn fail(what: &'static str, value: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Fail, what, value: value.into(), advice: Some(advice.into()) }
    }
}

/// Who is examined, and with what.
pub struct Patient<'a> {
    /// The checked configuration.
    pub config: &'a Config,
    /// The files it came from.
    pub files: &'a [PathBuf],
    /// This machine's clock.
    pub clock: &'a dyn Clock,
    /// This machine's chance.
    pub entropy: &'a dyn Entropy,
}

/// Everything that can be found out from here.
pub async fn examine(patient: &Patient<'_>) -> Report {
    let Patient { config, files, clock, entropy } = patient;
    let mut findings = settings::findings(config);
    findings.extend(files::findings(config, files));
    findings.extend(machine::findings(config, *entropy));
    findings.extend(database::findings(config, *clock).await);
    findings.extend(redis::findings(config, *clock).await);
    Report(findings)
}
