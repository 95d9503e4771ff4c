//! Where a database is: said in an argument, in a file, or in the environment. Arguments can be seen by everybody on the
//! machine, so an address with a password should come by one of the others.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use secrecy::SecretString;

use crate::config;

/// What was said of one of the two databases.
pub(super) struct Address<'a> {
    /// `--from` or `--to`.
    pub(super) option: &'static str,
    /// The variable of the environment.
    pub(super) variable: &'static str,
    pub(super) argument: Option<&'a SecretString>,
    pub(super) file: Option<&'a PathBuf>,
}

impl Address<'_> {
    /// The database, if it was said which; with what `configured` says of all databases.
    pub(super) fn find(&self, configured: &config::Database) -> anyhow::Result<Option<config::Database>> {
        let Self { option, variable, .. } = self;
        let (said, origin) = match (self.argument, self.file, std::env::var(variable)) {
            (Some(argument), ..) => (argument.clone(), (*option).to_owned()),
            (None, Some(file), _) => {
                let origin = format!("{option}-file {}", file.display());
                let text =
                    std::fs::read_to_string(file).with_context(|| format!("{origin} cannot be read"))?;
                (SecretString::from(text.trim()), origin)
            }
            (None, None, Ok(text)) if !text.is_empty() => (SecretString::from(text), (*variable).to_owned()),
            _ => return Ok(None),
        };
        configured.at(&said).map(Some).map_err(|reason| anyhow!("{origin}: {reason}"))
    }
}
