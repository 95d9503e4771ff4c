//! The walk-through of README.md, run as it is printed there, so that it cannot rot.
//!
//! Each ```sh block of the section is run in order, all in one `bash -eu`; the ```text block that follows shows what
//! it prints. There, `…` stands for anything, and line breaks and the blanks around them do not count. The server's
//! address is the only thing that is not taken as printed.

use std::process::{Command, Stdio};

use crate::binary::process::{Installation, finish};

const README: &str = include_str!("../README.md");
const SECTION: &str = "\n## A walk with curl\n";
const ADDRESS: &str = "127.0.0.1:8080";
/// Printed between the blocks.
const BETWEEN: &str = "-- next block --";

#[derive(Debug, PartialEq)]
struct Step {
    commands: String,
    /// What the text says they print.
    answer: Option<String>,
}

/// The steps of `section`, in order.
fn steps(section: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        let text: String =
            lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        match language {
            "sh" => steps.push(Step { commands: text, answer: None }),
            "text" => {
                let step = steps.last_mut().expect("an answer follows its commands");
                assert!(step.answer.replace(text).is_none(), "two answers to {:?}", step.commands);
            }
            other => panic!("a block of {other:?} in the walk-through"),
        }
    }
    steps
}

/// Without line breaks and the blanks around them.
fn joined(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

/// Whether `printed` is what `shown` says.
fn fits(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (joined(shown), joined(printed));
    let mut pieces = shown.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    let pieces: Vec<_> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else {
        return rest.is_empty();
    };
    for piece in middle {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn the_walk_through_of_the_readme_works_as_printed() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        assert!(std::env::var_os("GUARDHOUSE_TEST_REQUIRE").is_none(), "there is no curl on this machine");
        eprintln!("skipped: there is no curl on this machine");
        return;
    }
    let (_, section) = README.split_once(SECTION).expect("the README has the section");
    let section = section.split("\n## ").next().expect("a section");
    let steps = steps(section);
    assert!(steps.len() >= 10, "only {} steps", steps.len());
    let status =
        |status: &str| steps.iter().filter_map(|step| step.answer.as_ref()).any(|a| a.contains(status));
    for wanted in ["→ 200", "→ 201", "→ 204", "→ 401"] {
        assert!(status(wanted), "no step shows {wanted}");
    }

    let house = Installation::new();
    let server = house.serve();
    let script: String = steps.iter().map(|step| format!("{}echo '{BETWEEN}'\n", step.commands)).collect();
    assert!(script.contains(ADDRESS), "the walk goes elsewhere");
    let script = script.replace(ADDRESS, &server.address.to_string());
    let mut bash = Command::new("bash");
    bash.args(["-eu", "-c", &script]).current_dir(house.directory.path()).env_remove("http_proxy");
    let done = finish(&mut bash, "");
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{}", done.out);
    let printed: Vec<_> = done.out.split(&format!("{BETWEEN}\n")).collect();
    assert_eq!(printed.len(), steps.len() + 1);
    for (step, printed) in steps.iter().zip(printed) {
        let shown = step.answer.as_deref().unwrap_or_default();
        assert!(fits(shown, printed), "{}\nshould print\n{shown}\nand printed\n{printed}", step.commands);
    }
    server.terminate();
}

#[test]
fn the_settings_that_the_readme_names_are_taken() {
    // What it says to start with, checked without starting.
    let house = Installation::new();
    let mut commands = 0;
    for line in README.lines().map(str::trim).filter(|line| line.starts_with("cargo run --release --")) {
        let words: Vec<_> = line.split_whitespace().skip(4).map(|word| word.trim_matches('\'')).collect();
        let mut command = house.command(&["config", "check"]);
        command.args(words.iter().filter(|word| **word != "serve"));
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(finish(&mut command, "").ok(), "the configuration is right\n", "{line}");
        commands += 1;
    }
    assert!(commands >= 2, "only {commands} command lines");
}

#[test]
fn what_is_not_as_printed_is_noticed() {
    assert!(fits("{\"a\":\"…\",\n \"b\":1}\n→ 200", "{\"a\":\"xyz\",\"b\":1}\n→ 200\n"));
    for wrong in [
        "{\"a\":\"xyz\",\"b\":2}\n→ 200",
        "{\"a\":\"xyz\",\"b\":1}\n→ 201",
        "",
        "{\"a\":\"xyz\",\"b\":1,\"c\":2}\n→ 200",
    ] {
        assert!(!fits("{\"a\":\"…\",\n \"b\":1}\n→ 200", wrong), "{wrong}");
    }
    assert!(fits("", "") && !fits("", "something"));
    let read = steps("words\n```sh\nls\n```\n```text\nx\n```\n```sh\ncd\n```\n");
    assert_eq!(read.len(), 2);
    assert_eq!(read[0], Step { commands: "ls\n".into(), answer: Some("x\n".into()) });
    assert_eq!(read[1].answer, None);
}
