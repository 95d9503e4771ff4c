//! Configuration files. Whatever they say, faults name key and origin and show no secret; what is accepted explains
//! itself in values that mean the same when they are set one by one.

use std::io::Write;
use std::path::Path;

use guardhouse::config::{Config, Faults, Sources};
use tempfile::NamedTempFile;

/// Set beside whatever the file says; must never be seen again.
const SECRET: &str = "fuzzed-secret-Tq3LrV8sJ5yHc0GdMfA6uEoQi1x";

/// Whether `text` could make the configuration read another file, such as one without an end.
pub(super) fn reads_files(text: &str) -> bool {
    text.contains("/dev") || text.contains("/proc") || text.contains('\\')
}

/// `data` is the file.
pub fn run(data: &[u8]) {
    if reads_files(&String::from_utf8_lossy(data)) {
        return;
    }
    let memory = Path::new("/dev/shm");
    let mut file = if memory.is_dir() { NamedTempFile::new_in(memory) } else { NamedTempFile::new() }
        .expect("a temporary file");
    file.write_all(data).expect("the file takes bytes");
    let flags = vec![("tokens.hs256_secret".to_owned(), SECRET.to_owned())];
    let sources = Sources { files: vec![file.path().to_owned()], flags: flags.clone(), ..Sources::default() };
    check(&Config::load(&sources), &flags);
}

/// What holds for every configuration; `secrets` are the flags that do not show in what it explains.
pub(super) fn check(loaded: &Result<Config, Faults>, secrets: &[(String, String)]) {
    let config = match loaded {
        Ok(config) => config,
        Err(faults) => {
            assert!(!faults.all().is_empty() && !faults.to_string().contains(SECRET), "{faults}");
            assert!(faults.all().iter().all(|fault| !fault.reason.is_empty()), "{faults}");
            return;
        }
    };
    let shown = config.explain();
    assert!(!format!("{shown:?}{config:?}").contains(SECRET), "a secret is shown");
    let hidden = |value: &str| value.starts_with('(');
    // An address is shown without what opens it, and so is not what it was.
    let one_by_one = shown.iter().filter(|one| !hidden(&one.value) && !one.key.ends_with("url"));
    let mut flags: Vec<_> = one_by_one.map(|one| (one.key.clone(), one.value.clone())).collect();
    let set: Vec<_> =
        shown.iter().filter(|one| one.value == "(redacted)").map(|one| one.key.as_str()).collect();
    if set.iter().any(|key| !secrets.iter().any(|(known, _)| known == key)) {
        return;
    }
    if shown.iter().any(|one| one.key == "redis.url" && !one.value.is_empty() && !hidden(&one.value)) {
        return;
    }
    flags.extend(secrets.iter().cloned());
    let again = Config::load(&Sources { flags, ..Sources::default() })
        .unwrap_or_else(|faults| panic!("what it explains is refused: {faults}"));
    for (one, other) in shown.iter().zip(again.explain()) {
        if !one.key.ends_with("url") {
            assert_eq!((&one.key, &one.value), (&other.key, &other.value));
        }
    }
}

/// The manual, the shipped profiles, and the manual's sections one by one.
pub fn seeds() -> Vec<Vec<u8>> {
    let shipped = [
        include_str!("../../../config/guardhouse.toml"),
        include_str!("../../../config/development.toml"),
        include_str!("../../../config/production.example.toml"),
        include_str!("../../../config/profiles/hybrid-redis.toml"),
        include_str!("../../../config/profiles/stateless.toml"),
    ];
    let without_remarks = |text: &str| -> String {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.map(|line| format!("{line}\n")).collect()
    };
    let manual = without_remarks(shipped[0]);
    let sections = manual.split("\n[").skip(1).map(|section| format!("[{section}").into_bytes());
    let mut seeds: Vec<Vec<u8>> = shipped.iter().map(|text| without_remarks(text).into_bytes()).collect();
    seeds.extend(sections);
    let odd = [
        "a = 1",
        "[tokens]\nhs256_secret = 12",
        "tokens.leeway = \"1m\"\n[tokens]",
        "= ",
        "[[server]]",
        "\u{feff}",
    ];
    seeds.extend(odd.map(|text| text.as_bytes().to_vec()));
    seeds
}
