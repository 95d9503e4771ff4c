//! The languages: what `scripts/interop prepare` made ready for them, and running their verifier.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::binary::process::finish;

const DOCUMENT: &str = include_str!("../../docs/verify-elsewhere.md");

/// One language with its libraries.
pub(super) struct Language {
    pub(super) name: &'static str,
    /// Below `target/interop`, or on the `PATH`.
    program: &'static str,
    /// The copy of the pins below `target/interop`, and the pins.
    ready: (&'static str, &'static str),
    /// The file that reads requests.
    driver: (&'static str, &'static str),
}

pub(super) const LANGUAGES: [Language; 2] = [
    Language {
        name: "Python",
        program: "python/bin/python",
        ready: ("python.ready", include_str!("requirements.txt")),
        driver: ("verify.py", include_str!("verify.py")),
    },
    Language {
        name: "Node",
        program: "node",
        ready: ("node.ready", include_str!("package-lock.json")),
        driver: ("verify.mjs", include_str!("verify.mjs")),
    },
];

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop")
}

/// Those files of the document, by their names, that are written for `driver`'s language.
fn files(driver: &str) -> Vec<(&'static str, &'static str)> {
    let blocks = DOCUMENT.split("\n```").filter_map(|block| block.split_once('\n'));
    let named = blocks.filter_map(|(head, text)| Some((head.split_once(' ')?.1, text)));
    let extension = |name: &str| Path::new(name).extension().map(|extension| extension.to_owned());
    named.filter(|(name, _)| extension(name) == extension(driver)).collect()
}

impl Language {
    /// Whether its libraries are there in the pinned versions. Where they are required, their absence fails the test.
    pub(super) fn is_ready(&self) -> bool {
        let (stamp, pins) = self.ready;
        let there = fs::read_to_string(place().join(stamp)).is_ok_and(|installed| installed == pins)
            && self
                .command()
                .arg("--version")
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success());
        let required = std::env::var("GUARDHOUSE_TEST_REQUIRE").unwrap_or_default();
        assert!(
            there || !required.split(',').any(|one| one == "interop"),
            "interop is required but {} is not ready; run `scripts/interop prepare`",
            self.name
        );
        if !there {
            eprintln!("skipped: {} is not ready to verify; scripts/interop prepare makes it so", self.name);
        }
        there
    }

    /// With nothing of this process's environment but `PATH`: no proxy stands between it and the server.
    fn command(&self) -> Command {
        let local = place().join(self.program);
        let mut command = if local.exists() { Command::new(local) } else { Command::new(self.program) };
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command
    }

    /// What the verifier makes of each request.
    pub(super) fn verify(&self, requests: &[Value]) -> Vec<Value> {
        // Below `target/interop`, where Node looks for libraries.
        let folder = tempfile::tempdir_in(place()).expect("a temporary directory");
        let (driver, text) = self.driver;
        let files = files(driver);
        assert_eq!(files.len(), 2, "the document has code for JWT and for PASETO");
        for (name, text) in files.into_iter().chain([(driver, text)]) {
            fs::write(folder.path().join(name), text).expect("the directory takes files");
        }
        let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
        let done = finish(self.command().arg(folder.path().join(driver)).current_dir(folder.path()), &lines);
        assert_eq!(done.code, Some(0), "{done:?}");
        done.out.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect()
    }
}

#[test]
fn the_document_has_code_for_every_format_in_every_language() {
    for language in LANGUAGES {
        let names: Vec<_> = files(language.driver.0).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), 2, "{}: {names:?}", language.name);
    }
}
