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
    for command in ["serve", "migrate", "config", "users", "clients", "keys"] {
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
