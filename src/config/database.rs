//! `[database]`: which SQL database, and how many connections to it.

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::address::{self, without_secrets};
use super::leaf::{Complaint, quoted};
use super::reader::Reader;

/// The SQL database.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its address, with user and password; the scheme is one that sqlx knows (`mariadb://` has become `mysql://`).
    pub url: SecretString,
    /// Which one it is, by the scheme of the address.
    pub backend: Backend,
    /// The most connections open at a time.
    pub pool: u32,
    /// How long a request waits for a free connection before it is answered with 503.
    pub acquire_timeout: Duration,
    /// Whether the server brings the schema up to date when it starts.
    pub migrate: bool,
}

/// The databases that the house speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// SQLite, in a file or in memory.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

impl Database {
    /// Which database it is, for people: its address without what is secret in it.
    pub fn place(&self) -> String {
        without_secrets(self.url.expose_secret())
    }
}

impl Database {
    /// The database at `url`, on the same terms as this one.
    ///
    /// # Errors
    ///
    /// Why it is no address of a database.
    pub fn at(&self, url: &SecretString) -> Result<Self, String> {
        let (url, backend) = recognise(url).map_err(|Complaint { reason, help }| match help {
            Some(help) => format!("{reason}; {help}"),
            None => reason,
        })?;
        Ok(Self { url, backend, ..self.clone() })
    }
}

const URL: (&str, &str) = ("database.url", "database.url_file");

impl Database {
    pub(super) fn read(reader: &mut Reader, data_dir: &Path) -> Self {
        let given = reader.take_secret(URL.0, URL.1);
        let url = given.unwrap_or_else(|| sqlite_in(data_dir).into());
        let (url, backend) = recognise(&url).unwrap_or_else(|complaint| {
            reader.refuse_secret(URL.0, URL.1, complaint);
            (url, Backend::Sqlite)
        });
        reader.show(URL.0, quoted(without_secrets(url.expose_secret())));
        Self {
            url,
            backend,
            pool: reader.take_in("database.pool", 1..=1000),
            acquire_timeout: reader
                .take_in("database.acquire_timeout", Duration::from_millis(10)..=Duration::from_secs(300)),
            migrate: reader.take("database.migrate"),
        }
    }
}

/// The database of a house that was not told about any. In an SQLite address `?` begins the parameters and `%` an escape.
fn sqlite_in(data_dir: &Path) -> String {
    let dir = data_dir.display().to_string().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{}/guardhouse.db?mode=rwc", dir.trim_end_matches('/'))
}

fn recognise(url: &SecretString) -> Result<(SecretString, Backend), Complaint> {
    const HELP: &str = "supported are sqlite://, postgres:// (or postgresql://) and mysql:// (or mariadb://)";
    let text = url.expose_secret();
    let Some((scheme, rest)) = text.split_once(':') else {
        return Err(Complaint::with_help("the address of the database has no scheme", HELP));
    };
    let backend = match scheme {
        "sqlite" => return Ok((url.clone(), Backend::Sqlite)),
        "postgres" | "postgresql" => Backend::Postgres,
        "mysql" | "mariadb" => Backend::MySql,
        other => {
            return Err(Complaint::with_help(format!("`{other}` is not a supported kind of database"), HELP));
        }
    };
    let parsed = address::parse(text).map_err(|reason| {
        let help = "in a password, @ : / # ? % and the like must be percent-encoded";
        Complaint::with_help(format!("the address of the database is unreadable: {reason}"), help)
    })?;
    // PostgreSQL has addresses without a host, for Unix sockets: postgres:///name?host=/run/postgresql.
    if backend == Backend::MySql && parsed.host_str().is_none_or(str::is_empty) {
        return Err(Complaint::with_help("the address of the database names no host", HELP));
    }
    let url = if scheme == "mariadb" { format!("mysql:{rest}").into() } else { url.clone() };
    Ok((url, backend))
}
