//! Single settings as text: from flags, and the notations of durations, sizes and limits.

use std::str::FromStr;

use guardhouse::config::units::{format_bytes, parse_bytes};
use guardhouse::config::{Config, Sources};
use guardhouse::domain::duration::{format_duration, parse_duration};
use guardhouse::domain::limit::Window;

use super::config_file::{check, reads_files};

/// `data` is `key=value` lines; and every value is a duration, a size, and a limit.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let pairs = text.lines().map(|line| line.split_once('=').unwrap_or(("", line)));
    let flags: Vec<_> = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    for (_, value) in &flags {
        notations(value);
    }
    if reads_files(text) || flags.len() > 8 || flags.iter().all(|(key, _)| key.is_empty()) {
        return;
    }
    check(&Config::load(&Sources { flags, ..Sources::default() }), &[]);
}

fn notations(text: &str) {
    if let Ok(duration) = parse_duration(text) {
        assert_eq!(parse_duration(&format_duration(duration)), Ok(duration), "{text:?}");
    }
    if let Ok(bytes) = parse_bytes(text) {
        assert_eq!(parse_bytes(&format_bytes(bytes)), Ok(bytes), "{text:?}");
    }
    if let Ok(window) = Window::from_str(text) {
        assert!(window.max > 0 && !window.per.is_zero(), "{text:?} limits nothing");
        assert_eq!(Window::from_str(&window.to_string()), Ok(window), "{text:?}");
    }
}

/// Every key with its default, and the notations at their edges.
pub fn seeds() -> Vec<Vec<u8>> {
    let defaults = Config::defaults();
    let explained = defaults.explain().iter().filter(|one| !one.value.starts_with('('));
    let mut seeds: Vec<_> = explained.map(|one| format!("{}={}", one.key, one.value).into_bytes()).collect();
    let notations = [
        "=1h30m",
        "=25h",
        "=1001ms",
        "=1025B",
        "=1537KiB",
        "=250ms",
        "=0s",
        "=213503982334601d",
        "=18446744073709551615ms",
        "=1m1h",
        "=15",
        "=16KiB",
        "=17179869183GiB",
        "=1MB",
        "=5/15m",
        "= 5 / 1d ",
        "=0/1m",
        "=4294967295/1ms",
        "tokens.format=paseto\ntokens.algorithm=v4.public",
        "server.trusted_proxies=[\"10.0.0.0/8\", \"fd00::/8\"]",
    ];
    seeds.extend(notations.map(|text| text.as_bytes().to_vec()));
    seeds
}
