//! `guardhouse config`, and where settings come from.

use std::fs;

use super::process::{Installation, bare, finish};

const SECRET: &str = "do-not-show-this-to-anybody-ever";

#[test]
fn five_mistakes_in_one_file_are_told_at_once_each_with_key_origin_and_reason() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let file = format!(
        "[server]\nbind = \"localhost\"\nbase_paht = \"/x\"\n[hashing]\nthreads = 0\n[tokens]\nalgorithm = \"none\"\n\
         hs256_secret = \"{SECRET}\"\n[database]\nurl = \"oracle://scott:{SECRET}@db/x\"\n"
    );
    fs::write(place.path().join("site.toml"), file).unwrap();
    let err = finish(bare(place.path()).args(["config", "check", "--config", "site.toml"]), "").failed(2);
    assert!(err.starts_with("the configuration has 5 faults"), "{err}");
    for (key, line, reason) in [
        ("server.bind", 2, "localhost"),
        ("server.base_paht", 3, "base_path"),
        ("hashing.threads", 5, "0"),
        ("tokens.algorithm", 7, "none"),
        ("database.url", 10, "oracle"),
    ] {
        let heading = format!("  {key} (site.toml:{line})\n");
        let (_, block) = err.split_once(&heading).unwrap_or_else(|| panic!("{heading:?} is not in:\n{err}"));
        let block = block.split("\n\n").next().unwrap();
        assert!(block.contains(reason), "{key}: {block}");
    }
    assert!(!err.contains(SECRET), "a secret is shown: {err}");
    assert!(!place.path().join("guardhouse-data").exists(), "checking made the data directory");

    let served = finish(bare(place.path()).args(["serve", "--config", "site.toml"]), "").failed(2);
    assert_eq!(served, err, "serve and check disagree");
}

#[test]
fn thirty_mistakes_in_one_file_are_told_in_one_run_each_with_its_line() {
    const FILE: &str = "tests/config/thirty_mistakes.toml";
    let mistakes: Vec<(usize, &str)> = (1..)
        .zip(include_str!("../config/thirty_mistakes.toml").lines().skip(1))
        .filter_map(|(above, line)| Some((above + 1, line.split_once("#! ")?.1)))
        .collect();
    assert_eq!(mistakes.len(), 30);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let err = finish(bare(root).args(["config", "check", "--config", FILE]), "").failed(2);
    assert!(err.starts_with("the configuration has 30 faults"), "{err}");
    for (line, said) in &mistakes {
        let heading = format!(" ({FILE}:{line})\n");
        let blocks: Vec<_> =
            err.split("\n\n").filter(|block| format!("{block}\n").contains(&heading)).collect();
        assert_eq!(blocks.len(), 1, "line {line} is told {} times:\n{err}", blocks.len());
        assert!(blocks[0].contains(said), "line {line}: {said:?} is not said:\n{}", blocks[0]);
    }
    assert!(!err.contains("does-not-show"), "a secret is shown: {err}");

    let json = finish(bare(root).args(["config", "check", "--json", "--config", FILE]), "");
    assert_eq!(json.code, Some(2));
    let told: serde_json::Value = serde_json::from_str(&json.out).expect("one JSON object");
    let mut lines: Vec<_> = told["faults"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|fault| fault["origin"]["line"].as_u64())
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, mistakes.iter().map(|(line, _)| *line as u64).collect::<Vec<_>>());
}

#[test]
fn a_right_configuration_is_told_so() {
    let place = tempfile::tempdir().expect("a temporary directory");
    assert_eq!(finish(bare(place.path()).args(["config", "check"]), "").ok(), "the configuration is right\n");
}

#[test]
fn what_the_server_would_refuse_the_check_refuses_too() {
    let house = Installation::new().set("log.filter", "guardhouse=loud");
    for command in ["check", "explain"] {
        let err = house.run(&["config", command]).failed(2);
        assert!(err.contains("log.filter") && err.contains("guardhouse=loud"), "{err}");
    }
    let err = house.run(&["serve"]).failed(2);
    assert!(err.contains("log.filter") && err.contains("info,guardhouse=debug"), "no advice: {err}");
}

#[test]
fn explain_prints_every_setting_with_its_origin_and_no_secret() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let token = "an-ops-token-of-at-least-32-characters";
    fs::write(place.path().join("ops"), token).unwrap();
    fs::write(place.path().join("site.toml"), "[server]\nworkers = 3\nops_token_file = \"ops\"\n").unwrap();
    let mut command = bare(place.path());
    command
        .env("DATABASE_URL", format!("postgres://guard:{SECRET}@db.example/auth"))
        .env("GUARDHOUSE__TOKENS__ISSUER", "https://auth.example")
        .args(["config", "explain", "--config", "site.toml", "--set", "hashing.queue=7"]);
    let out = finish(&mut command, "").ok();
    for (key, value, origin) in [
        ("server.workers", "3", "site.toml:2"),
        ("hashing.queue", "7", "flag --set hashing.queue"),
        ("tokens.issuer", "https://auth.example", "environment variable GUARDHOUSE__TOKENS__ISSUER"),
        ("tokens.audience", "guardhouse", "default"),
    ] {
        let line = out.lines().find(|line| line.starts_with(&format!("{key} = ")));
        let line = line.unwrap_or_else(|| panic!("{key} is not in:\n{out}"));
        assert!(line.contains(value) && line.ends_with(&format!("# {origin}")), "{line}");
    }
    let url = out.lines().find(|line| line.starts_with("database.url = ")).expect("the database is named");
    assert!(url.ends_with("# environment variable DATABASE_URL"), "{url}");
    assert!(!out.contains(SECRET) && !out.contains(token), "a secret is shown: {out}");
    // Every key of the manual is there.
    let mut section = String::new();
    for line in include_str!("../../config/guardhouse.toml").lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with('#')) {
            let key = format!("{section}{key}");
            assert!(
                out.lines().any(|line| line.starts_with(&format!("{key} = "))),
                "{key} is not in:\n{out}"
            );
        }
    }
}

#[test]
fn database_url_is_honoured_and_the_own_variable_is_stronger() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let migrate = |own: Option<&str>| {
        let mut command = bare(place.path());
        command.env("DATABASE_URL", "sqlite://by-convention.db?mode=rwc").args(["migrate", "up"]);
        if let Some(own) = own {
            command.env("GUARDHOUSE__DATABASE__URL", own);
        }
        finish(&mut command, "").ok()
    };
    migrate(None);
    assert!(place.path().join("by-convention.db").exists());
    migrate(Some("sqlite://own.db?mode=rwc"));
    assert!(place.path().join("own.db").exists());
    assert!(!place.path().join("guardhouse-data/guardhouse.db").exists(), "the default was used");
}
