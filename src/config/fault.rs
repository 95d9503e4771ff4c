//! What is wrong with a configuration, said to the person who wrote it: which key, where it was set, why it cannot
//! stand, and what to write instead. No fault ever holds the value of a secret.

use std::fmt;
use std::path::PathBuf;

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nowhere: the value is the one of the manual, `config/guardhouse.toml`, which is embedded in the program.
    Default,
    /// A file given with `--config`.
    File {
        /// The path as it was given.
        path: PathBuf,
        /// The line, counted from 1, where it could be found.
        line: Option<usize>,
    },
    /// An environment variable, by name.
    Environment(String),
    /// A flag of the command line, as it was typed, without its value.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key, such as `hashing.threads`; `--config` where a whole file could not be read.
    pub key: String,
    /// Where the value was set that cannot stand.
    pub origin: Origin,
    /// What is wrong, with the value (never that of a secret).
    pub reason: String,
    /// What to do about it, where there is more to say than the reason does.
    pub help: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})\n    {}", self.key, self.origin, self.reason)?;
        match &self.help {
            Some(help) => write!(f, "\n    help: {help}"),
            None => Ok(()),
        }
    }
}

/// Every mistake of one configuration; never empty. First files that cannot be read, then unknown keys, then values,
/// section by section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// `None` where there is nothing to complain about.
    pub(super) fn of(faults: Vec<Fault>) -> Option<Self> {
        (!faults.is_empty()).then_some(Self(faults))
    }

    /// All of them; at least one.
    pub fn all(&self) -> &[Fault] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "the configuration has one fault")?,
            count => write!(f, "the configuration has {count} faults")?,
        }
        self.0.iter().try_for_each(|fault| write!(f, "\n\n  {fault}"))
    }
}

impl std::error::Error for Faults {}
