//! What every command's `--help` ends with: examples that work, and what its exit codes mean. One table, so that the help, the
//! tests and `docs/exit-codes.md` say the same; an example that the command line would not take fails a test.

use clap::Command;

/// What is true of every command.
const COMMON: [&str; 3] =
    ["0  done", "1  failed", "2  used wrongly, or the configuration is wrong (every fault is printed)"];

/// What one command says in its help.
pub(super) struct Manners {
    /// Without the name of the program; empty for the program itself.
    pub(super) command: &'static str,
    /// Lines for a shell.
    pub(super) examples: &'static [&'static str],
    /// Its own exit codes, or its own meaning of a common one.
    pub(super) codes: &'static [&'static str],
}

macro_rules! manners {
    ($($command:literal: [$($example:literal),+ $(,)?] $(exits [$($code:literal),+])?;)+) => {
        &[$(Manners { command: $command, examples: &[$($example),+], codes: &[$($($code),+)?] }),+]
    };
}

pub(super) const MANNERS: &[Manners] = manners! {
    "": [
        "guardhouse",
        "guardhouse serve --config site.toml",
        "guardhouse config check --config site.toml",
        "guardhouse doctor --config site.toml",
    ];
    "serve": [
        "guardhouse serve --config config/profiles/hybrid-redis.toml --config site.toml",
        "guardhouse serve --set server.bind=0.0.0.0:8080",
    ] exits ["1  it could not start, or an actor kept failing; a service manager should start it anew"];
    "migrate": ["guardhouse migrate status --config site.toml"];
    "migrate up": ["guardhouse migrate up --config site.toml"];
    "migrate down": ["guardhouse migrate down --steps 2 --config site.toml"];
    "migrate status": ["guardhouse migrate status", "guardhouse migrate status --json | jq 'select(.applied | not)'"];
    "db": ["guardhouse db copy --dry-run --to-file new-database"];
    "db copy": [
        "guardhouse db copy --to-file new-database",
        "guardhouse db copy --verify-only --from-file old-database --to-file new-database --json | jq .same",
    ] exits ["3  the two databases do not hold the same"];
    "backup": ["guardhouse backup /backup/guardhouse.age --passphrase-file passphrase"];
    "restore": [
        "guardhouse restore /backup/guardhouse.age --passphrase-file passphrase --verify-only",
        "guardhouse restore /backup/guardhouse.age --passphrase-file passphrase --config site.toml",
    ];
    "seed": ["guardhouse seed --users 1000 --sessions 2000 --tokens tokens.jsonl --set data_dir=bench-data"];
    "config": ["guardhouse config check --config site.toml", "guardhouse config explain"];
    "config check": [
        "guardhouse config check --config site.toml",
        "guardhouse config check --json --config site.toml | jq -r '.faults[].key'",
    ];
    "config explain": [
        "guardhouse config explain --config site.toml | grep -v default",
        "guardhouse config explain --json | jq '.settings[] | select(.reload)'",
    ];
    "config digest": ["guardhouse config digest --config site.toml"];
    "config schema": ["guardhouse config schema > guardhouse.schema.json"];
    "config manual": ["guardhouse config manual | less", "guardhouse config manual --markdown > configuration.md"];
    "users": ["guardhouse users list --email ada@example.org"];
    "users create": [
        "echo 'a long password' | guardhouse users create ada@example.org --name Ada",
        "guardhouse users create root@example.org --role user --role admin < password",
    ];
    "users list": ["guardhouse users list", "guardhouse users list --json | jq -r .email"];
    "users disable": ["guardhouse users disable ada@example.org"];
    "users enable": ["guardhouse users enable ada@example.org"];
    "users unlock": ["guardhouse users unlock ada@example.org"];
    "users set-role": ["guardhouse users set-role ada@example.org user admin"];
    "users import": [
        "guardhouse users import accounts.jsonl --format jsonl --dry-run",
        "guardhouse users import auth0.json --format auth0 --rejects rejected.jsonl",
    ] exits ["3  something was rejected; the file of rejects says what and why"];
    "users export": ["guardhouse users export accounts.jsonl", "guardhouse users export --format csv > accounts.csv"];
    "clients": ["guardhouse clients secret"];
    "clients secret": ["guardhouse clients secret"];
    "keys": ["guardhouse keys list --config site.toml"];
    "keys list": ["guardhouse keys list", "guardhouse keys list --json | jq -r .kid"];
    "keys rotate": ["guardhouse keys rotate", "guardhouse keys rotate --algorithm RS256 --at-once"];
    "keys import": ["guardhouse keys import --algorithm EdDSA key.pem"];
    "keys export-public": ["guardhouse keys export-public > jwks.json"];
    "keys retire": ["guardhouse keys retire iXn3nmYyrZlP9LrNWmzUqd7eUC0"];
    "keys secret": ["guardhouse keys secret > /run/secrets/hs256"];
    "health": ["guardhouse health", "guardhouse health live"] exits ["1  it is not well, or no server runs here"];
    "doctor": ["guardhouse doctor --config site.toml", "guardhouse doctor --json | jq '.findings[] | select(.state != \"ok\")'"]
        exits ["1  something has to be mended; what should only be looked at is none"];
    "bench": ["guardhouse bench login --self --rate 50", "guardhouse bench compare before.json after.json"];
    "bench login": ["guardhouse bench login --self --rate 50 --json login.json"] exits ["4  limits of the server answered in its place"];
    "bench register": ["guardhouse bench register --self --rate 20"] exits ["4  limits of the server answered in its place"];
    "bench refresh": ["guardhouse bench refresh --self --ramp 100..2000"] exits ["4  limits of the server answered in its place"];
    "bench verify": ["guardhouse bench verify --self --connections 64"] exits ["4  limits of the server answered in its place"];
    "bench logout": ["guardhouse bench logout --self --rate 100"] exits ["4  limits of the server answered in its place"];
    "bench mixed": ["guardhouse bench mixed --self --rate 200 --weights verify=90,refresh=10"]
        exits ["4  limits of the server answered in its place"];
    "bench matrix": ["guardhouse bench matrix --action verify --formats jwt-eddsa,paseto-public --rate 200"]
        exits ["3  it was interrupted; what was measured until then is written"];
    "bench compare": ["guardhouse bench compare before.json after.json --minimum-effect 3"]
        exits ["1  something is worse", "2  there are no results to compare", "4  that cannot be said"];
    "completions": [
        "guardhouse completions bash > /etc/bash_completion.d/guardhouse",
        "guardhouse completions fish > ~/.config/fish/completions/guardhouse.fish",
    ];
    "audit": ["guardhouse audit verify --config site.toml"];
    "audit verify": [
        "guardhouse audit verify --config site.toml",
        "guardhouse audit verify --file audit.jsonl --anchor server.log",
    ] exits ["3  the log is not what was written; what was changed first is printed"];
    "audit export": ["guardhouse audit export --output audit.jsonl"];
    "audit tail": ["guardhouse audit tail --follow", "guardhouse audit tail -n 100 --kind login_failed --json"];
    "audit keys": ["guardhouse audit keys", "guardhouse audit keys --json"];
    "audit rotate-key": ["guardhouse audit rotate-key --config site.toml"];
    "audit deliveries": ["guardhouse audit deliveries list"];
    "audit deliveries list": ["guardhouse audit deliveries list", "guardhouse audit deliveries list --json"];
    "audit deliveries dead": ["guardhouse audit deliveries dead siem --json"];
    "audit deliveries test": ["guardhouse audit deliveries test siem"] exits ["1  it was not taken"];
    "audit deliveries retry": ["guardhouse audit deliveries retry siem"] exits ["1  some of it is still not taken"];
    "audit deliveries forget": ["guardhouse audit deliveries forget siem"];
    "audit deliveries secret": ["guardhouse audit deliveries secret > /run/secrets/siem"];
    "openapi": ["guardhouse openapi > openapi.json"];
    "breach": ["guardhouse breach check --info breached.gcs"];
    "breach build": ["guardhouse breach build --format sha1 --min-count 5 pwned.txt breached.gcs"];
    "breach check": ["echo 'a password' | guardhouse breach check breached.gcs", "guardhouse breach check --info --json breached.gcs"]
        exits ["3  the password is in the filter"];
    "calibrate": ["guardhouse calibrate --logins-per-second 20 --p99 250ms --memory 512MiB"]
        exits ["3  what was asked for cannot be had on this machine"];
    "selftest": ["guardhouse selftest timing --config site.toml"];
    "selftest timing": ["guardhouse selftest timing --url http://127.0.0.1:8080 --rounds 1000"]
        exits ["3  the time tells what was wrong", "4  there were too few rounds to say"];
};

/// `command`, each of whose subcommands ends its help with examples and exit codes.
pub(super) fn mannered(command: Command) -> Command {
    let words = |manners: &Manners| {
        let lines = |lines: &[&str]| lines.iter().map(|line| format!("  {line}\n")).collect::<String>();
        let own = |code: &&str| manners.codes.iter().any(|own| own.starts_with(&code[..1]));
        let common: Vec<&str> = COMMON.into_iter().filter(|code| !own(code)).collect();
        let mut codes = [common, manners.codes.to_vec()].concat();
        codes.sort_unstable();
        format!("Examples:\n{}\nExit codes:\n{}", lines(manners.examples), lines(&codes))
    };
    MANNERS.iter().fold(command, |command, manners| {
        let path: Vec<&str> = manners.command.split_whitespace().collect();
        at(command, &path, words(manners))
    })
}

fn at(command: Command, path: &[&str], words: String) -> Command {
    match path {
        [] => command.after_help(words),
        // Some commands are there on Linux only.
        [name, ..] if command.find_subcommand(name).is_none() => command,
        [name, rest @ ..] => command.mut_subcommand(name, |command| at(command, rest, words)),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use super::*;
    use crate::cli::{Cli, arguments};

    /// Every command, with its path.
    fn walk(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
        found.push((path.to_owned(), command.clone()));
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            walk(inner, format!("{path} {}", inner.get_name()).trim(), found);
        }
    }

    fn all() -> Vec<(String, Command)> {
        let mut found = Vec::new();
        walk(&mannered(Cli::command()), "", &mut found);
        found
    }

    #[test]
    fn every_command_has_examples_and_exit_codes_in_its_help() {
        let all = all();
        assert!(all.len() > 40, "only {} commands were found", all.len());
        for (path, mut command) in all {
            let help = command.render_long_help().to_string();
            let (_, end) = help
                .split_once("Examples:\n  ")
                .unwrap_or_else(|| panic!("`{path}` has no examples:\n{help}"));
            assert!(end.contains("guardhouse") && end.contains("Exit codes:\n  0  "), "{path}: {end}");
        }
        for Manners { command, .. } in MANNERS {
            assert!(self::all().iter().any(|(path, _)| path == command), "there is no `{command}`");
        }
    }

    /// The words of the program's own part of a line, quotes undone as far as examples use them.
    fn program(line: &str) -> Vec<std::ffi::OsString> {
        let begin = line.find("guardhouse").expect("each example runs the program");
        let own = line[begin..].split(['|', '>', '<']).next().unwrap_or_default();
        own.split_whitespace().map(Into::into).collect()
    }

    #[test]
    fn every_example_is_one_that_the_program_takes() {
        for Manners { command, examples, .. } in MANNERS {
            for example in *examples {
                let words = arguments::gathered(program(example));
                let matches = mannered(Cli::command()).try_get_matches_from(words);
                let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches));
                parsed.map(drop).unwrap_or_else(|error| panic!("{example}:\n{error}"));
                let named = example[example.find("guardhouse").unwrap_or(0)..].contains(command);
                assert!(named, "`{example}` is no example of `{command}`");
            }
        }
    }

    #[test]
    fn the_page_about_exit_codes_has_all_of_them() {
        let page = include_str!("../../docs/exit-codes.md");
        for code in COMMON {
            let (number, meaning) = code.split_once("  ").expect("a number and a meaning");
            assert!(page.contains(&format!("| {number} | {meaning} |")), "{code}");
        }
        let mut rows = 0;
        for Manners { command, codes, .. } in MANNERS {
            for code in *codes {
                let (number, meaning) = code.split_once("  ").expect("a number and a meaning");
                let row = format!("| `guardhouse {command}` | {number} | {meaning} |");
                assert!(page.contains(&row), "{row} is not in docs/exit-codes.md");
                rows += 1;
            }
        }
        assert_eq!(page.matches("| `guardhouse ").count(), rows, "docs/exit-codes.md has rows of nothing");
    }
}
