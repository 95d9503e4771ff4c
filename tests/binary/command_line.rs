//! What people who do not know the program type first.

use super::process::{bare, finish};

fn guardhouse(arguments: &[&str]) -> super::process::Done {
    let nowhere = tempfile::tempdir().expect("a temporary directory");
    let done = finish(bare(nowhere.path()).args(arguments), "");
    let left: Vec<_> = std::fs::read_dir(nowhere.path()).unwrap().collect();
    assert!(left.is_empty(), "{arguments:?} left {left:?}");
    done
}

#[test]
fn help_lists_every_command_and_each_explains_itself() {
    let help = guardhouse(&["--help"]).ok();
    for command in
        ["serve", "migrate", "config", "users", "clients", "keys", "seed", "db", "backup", "restore"]
    {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command}: {help}");
    }
    for command in [
        &["serve"][..],
        &["migrate", "up"],
        &["migrate", "down"],
        &["migrate", "status"],
        &["config", "check"],
        &["config", "explain"],
        &["config", "digest"],
        &["users", "create"],
        &["users", "list"],
        &["users", "disable"],
        &["users", "enable"],
        &["users", "unlock"],
        &["health"],
        &["seed"],
        &["db", "copy"],
        &["backup"],
        &["restore"],
        &["bench", "login"],
        &["bench", "mixed"],
        &["bench", "matrix"],
        &["bench", "compare"],
        &["completions"],
        &["users", "set-role"],
        &["clients", "secret"],
        &["keys", "list"],
        &["keys", "rotate"],
        &["keys", "import"],
        &["keys", "export-public"],
        &["keys", "retire"],
        &["keys", "secret"],
        &["audit", "verify"],
        &["audit", "export"],
        &["audit", "tail"],
        &["audit", "keys"],
    ] {
        let help = guardhouse(&[command, &["--help"]].concat()).ok();
        assert!(help.contains("Usage: guardhouse"), "{help}");
        // The first line says what it is for.
        assert!(help.lines().next().is_some_and(|line| line.len() > 15), "{command:?}: {help}");
    }
}

#[test]
fn the_version_is_the_package_s() {
    assert_eq!(guardhouse(&["--version"]).ok().trim(), concat!("guardhouse ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_use_is_told_and_exits_with_2() {
    assert!(guardhouse(&["frobnicate"]).failed(2).contains("unrecognized subcommand 'frobnicate'"));
    assert!(guardhouse(&["--frobnicate"]).failed(2).contains("--frobnicate"));
    assert!(guardhouse(&["users"]).failed(2).contains("Usage"));
    assert!(guardhouse(&["users", "disable"]).failed(2).contains("<EMAIL>"));
    assert!(guardhouse(&["migrate", "sideways"]).failed(2).contains("sideways"));
    assert!(guardhouse(&["keys", "rotate", "--algorithm", "RS1"]).failed(2).contains("EdDSA"));
    assert!(guardhouse(&["--set", "nonsense"]).failed(2).contains("key=value"));
    assert!(guardhouse(&["--config", "missing.toml"]).failed(2).contains("missing.toml"));
}

#[test]
fn settings_before_and_behind_the_command_all_count() {
    let nowhere = tempfile::tempdir().expect("a temporary directory");
    let [one, two] = ["a.toml", "b.toml"].map(|name| nowhere.path().join(name));
    std::fs::write(&one, "hashing.queue = 7\n").expect("a file");
    std::fs::write(&two, "hashing.niceness = 3\n").expect("a file");
    let [one, two] = [one, two].map(|path| path.display().to_string());
    let arguments = [
        "--config",
        &one,
        "--set",
        "tokens.leeway=1s",
        "config",
        "explain",
        "--config",
        &two,
        "--set",
        "log.filter=warn",
    ];
    let told = guardhouse(&arguments).ok();
    for (key, value) in
        [("hashing.queue", "7"), ("hashing.niceness", "3"), ("tokens.leeway", "1s"), ("log.filter", "warn")]
    {
        let line = told.lines().find(|line| line.starts_with(&format!("{key} "))).unwrap_or_default();
        assert!(line.contains(value), "{key}: {line:?}");
    }
}

#[test]
fn a_shell_can_be_taught_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = guardhouse(&["completions", shell]).ok();
        assert!(script.contains("guardhouse") && script.contains("set-role"), "{shell}");
    }
    assert!(guardhouse(&["completions", "perl"]).failed(2).contains("bash"));
}

#[test]
fn where_no_server_runs_none_is_well() {
    let told = guardhouse(&["health"]).failed(1);
    assert!(told.contains("no server runs in this data directory") && told.contains("ops.addr"), "{told}");
}
