//! Where a database is: said in an argument, in a file, or in the environment. Arguments can be seen by everybody on the
//! machine, so an address with a password should come by one of the others.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::{self, Backend};

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

/// The parameters of an address that choose a database, or the server or schema that it is in. Without a name of its own the
/// database has the user's.
const CHOOSING: [&str; 7] = ["host", "hostaddr", "port", "dbname", "user", "socket", "options"];

/// What `settings` choose of all databases: two that are alike here are one.
pub(super) fn chosen(settings: &config::Database) -> (String, Vec<(String, String)>) {
    let url = settings.url.expose_secret();
    let (bare, _) = url.split_once('?').unwrap_or((url, ""));
    let parsed = Url::parse(url).ok().filter(|_| settings.backend != Backend::Sqlite);
    let chooses = |name: &str| CHOOSING.contains(&name) || name.starts_with("options[");
    let choosing = parsed.iter().flat_map(Url::query_pairs).filter(|(name, _)| chooses(name));
    (bare.to_owned(), choosing.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn chosen(url: &str) -> (String, Vec<(String, String)>) {
        let configured = config::Database {
            url: "sqlite://x.db".into(),
            backend: Backend::Sqlite,
            pool: 1,
            acquire_timeout: Duration::ZERO,
            migrate: false,
        };
        super::chosen(&configured.at(&url.into()).expect(url))
    }

    #[test]
    fn databases_are_told_apart_by_all_that_chooses_one_and_by_nothing_else() {
        for (one, other) in [
            ("sqlite://x.db", "sqlite://x.db?mode=rwc"),
            ("postgres://h/d", "postgres://h/d?sslmode=require"),
            ("postgres:///d?host=/run/a", "postgres:///d?host=/run/a&application_name=x"),
            ("mysql://h/d", "mariadb://h/d?ssl-mode=required&charset=utf8mb4"),
        ] {
            assert_eq!(chosen(one), chosen(other));
        }
        for (one, other) in [
            ("sqlite://x.db", "sqlite://y.db"),
            ("postgres:///d?host=/run/a", "postgres:///d?host=/run/b"),
            ("postgres://h/?dbname=a", "postgres://h/?dbname=b"),
            ("postgres://h/d?hostaddr=127.0.0.1", "postgres://h/d?hostaddr=127.0.0.2"),
            ("postgres://h/d?port=5432", "postgres://h/d?port=5433"),
            ("postgres://h/?user=a", "postgres://h/?user=b"),
            ("postgres://h/d", "postgres://h/d?options[search_path]=other"),
            ("mysql://h/d?socket=/run/a", "mysql://h/d?socket=/run/b"),
        ] {
            assert_ne!(chosen(one), chosen(other));
        }
    }
}
