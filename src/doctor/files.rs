//! Who may read what is secret, and how much room there is.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::Finding;
use crate::config::{Backend, Config, Origin};

/// Below this a database that grows, or a spool that fills, is soon in trouble.
const LITTLE: u64 = 1 << 30;

/// Permissions of everybody but the owner.
const OTHERS: u32 = 0o077;
/// Permissions of those who are neither the owner nor in the group: `root:guardhouse 0640` is a fine way to hand out a file.
const STRANGERS: u32 = 0o007;

pub(super) fn findings(config: &Config, files: &[PathBuf]) -> Vec<Finding> {
    let mut found = vec![private("files.data_dir", &config.data_dir, OTHERS)];
    found.push(private("files.master_key", &config.data_dir.join("master.key"), OTHERS));
    if let Some(file) = sqlite_file(config) {
        found.push(private("files.database", &file, OTHERS));
    }
    found.extend(secret_files(config).map(|file| private("files.secret", &file, STRANGERS)));
    found.extend(config.server.tls.iter().map(|tls| private("files.tls_key", &tls.key, STRANGERS)));
    let with_secrets = files.iter().filter(|file| holds_secrets(config, file));
    found.extend(with_secrets.map(|file| private("files.config", file, STRANGERS)));
    found.push(room(config));
    found.into_iter().flatten().collect()
}

/// The file of an SQLite database, unless it lives in memory.
pub(super) fn sqlite_file(config: &Config) -> Option<PathBuf> {
    if config.database.backend != Backend::Sqlite {
        return None;
    }
    let url = config.database.url.expose_secret();
    let path = url.strip_prefix("sqlite:")?.trim_start_matches("//").split('?').next()?;
    let in_memory = path.is_empty() || path.contains(":memory:") || url.contains("mode=memory");
    let plain = path.replace("%3F", "?").replace("%23", "#").replace("%25", "%");
    (!in_memory).then(|| plain.into())
}

/// Whether only those may read `path` who should; `None` where there is no such file. Who may not enter its directory
/// cannot read it either.
pub(super) fn private(what: &'static str, path: &Path, forbidden: u32) -> Option<Finding> {
    let mode = |path: &Path| Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777);
    let own = mode(path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_shut = path.is_file() && mode(directory).is_some_and(|mode| mode & forbidden == 0);
    let value = format!("{} has mode {own:04o}", path.display());
    if own & forbidden == 0 {
        return Some(Finding::ok(what, value));
    }
    if is_shut {
        return Some(Finding::ok(what, format!("{value}, in a directory that is shut")));
    }
    let who = if forbidden == STRANGERS { "o=" } else { "go=" };
    Some(Finding::fail(what, value, format!("others may read it: chmod {who} {}", path.display())))
}

/// The files that `…_file` keys name.
fn secret_files(config: &Config) -> impl Iterator<Item = PathBuf> {
    let named = config
        .explain()
        .iter()
        .filter(|setting| setting.key.ends_with("_file") && setting.value.starts_with('"'));
    named.map(|setting| setting.value.trim_matches('"').into())
}

fn holds_secrets(config: &Config, file: &Path) -> bool {
    config.explain().iter().any(|setting| {
        let is_secret = config.explain().iter().any(|other| other.key == format!("{}_file", setting.key));
        let is_here = matches!(&setting.origin, Origin::File { path, .. } if path == file);
        is_secret && is_here && setting.value != "(not set)"
    })
}

fn room(config: &Config) -> Option<Finding> {
    // What is not there yet will be made beside what is.
    let place =
        config.data_dir.ancestors().find(|path| path.exists()).filter(|path| !path.as_os_str().is_empty());
    let disk = rustix::fs::statvfs(place.unwrap_or(Path::new("."))).ok()?;
    Some(space(disk.f_bavail.saturating_mul(disk.f_frsize), config.audit.spool))
}

pub(super) fn space(free: u64, spool: u64) -> Finding {
    const WHAT: &str = "files.space";
    let value = format!("{} MiB are free for data_dir", free >> 20);
    if free < spool {
        let advice =
            format!("the spool alone may take {} MiB (audit.spool): make room, or lower it", spool >> 20);
        Finding::fail(WHAT, value, advice)
    } else if free - spool < LITTLE {
        Finding::warn(WHAT, value, "make room before the database or the spool finds none")
    } else {
        Finding::ok(WHAT, value)
    }
}
