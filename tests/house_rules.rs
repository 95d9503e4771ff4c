//! The shape of the house, read from `src/` itself: which folder may use which, who may name which crate, how long a
//! room may be. A new folder gets its row in [`TABLE`], a crate that is to stay in one folder its place in that row.
//! What the compiler or clippy can check does not belong here.

mod planted;
mod reading;

use std::{collections::BTreeMap, fs, path::Path};

use reading::{names, rules_apply_to};

/// Whole-house files: they put the folders together and may use everything.
const COMPOSITION: &[&str] = &["lib", "main", "cli", "house", "lifecycle"];

/// Folder (or one file of it, before its folder) | the modules of this crate that it may use besides itself | the
/// crates that only it may name | why.
const TABLE: &str = "
    domain    |                                        |              | it decides by values and knows nobody
    telemetry | domain config guard::agent             |              | it measures what others do, unasked
    config    | domain telemetry                       | figment      | it is checked before the rest exists
    copy      | domain                                 |              | it compares what others read
    archive   | domain copy                            |              | it reads and writes one file
    seeding   | domain                                 |              | it makes things up and stores nothing
    store     | domain config copy telemetry           | sea_orm fred guardhouse_entity guardhouse_migration \
                                                                      | it remembers and calls nobody back
    tokens    | domain config telemetry                | jsonwebtoken paseto \
                                                                      | a token is read without store or actor
    guard/actix | domain                               | actix_web    | it speaks to the service's clients
    guard     | domain tokens                          | ureq rustls  | a service needs nothing of the server
    keyring   | domain config store tokens telemetry   |              | it keeps keys and uses none
    actors    | domain config store telemetry tokens::revocations | actix argon2 guardhouse_argon2 bcrypt \
                                                                      | they pace; they order no use case
    breach    | domain                                 |              | it reads one file and decides nothing
    delivery  | domain config store guard::agent telemetry | ureq  | it sends and decides nothing
    transfer  | domain                                 | csv          | it reads what others wrote and stores nothing
    selftest  | domain                                 |              | it measures from outside
    bench     | domain seeding                         | hdrhistogram | it measures from outside
    calibrate | domain config                          |              | it proposes and changes nothing
    doctor    | domain config store                    |              | it looks and changes nothing
    flows     | domain config store actors breach transfer keyring tokens telemetry | | they do not know who speaks to clients
    http/ops  | domain config flows tokens actors telemetry | actix_web | it shows what the actors observe
    http      | domain config flows keyring tokens telemetry | actix_web actix_cors | storing and waiting are the flows' business
";
const NO_SPAWN: &str = "a flow ends when it answers; who runs it decides what happens when the caller leaves";
const NO_ANYHOW: &str = "only main and the commands may forget what kind of error it was";

struct Row {
    place: &'static str,
    modules: Vec<&'static str>,
    crates: Vec<&'static str>,
    reason: &'static str,
}

fn table() -> Vec<Row> {
    let row = |line: &'static str| {
        let mut cells = line.split('|').map(str::trim);
        let mut cell = || cells.next().expect("a row of the table has four cells");
        let [place, modules, crates, reason] = [cell(), cell(), cell(), cell()];
        let words = |cell: &'static str| cell.split_whitespace().collect();
        Row { place, modules: words(modules), crates: words(crates), reason }
    };
    TABLE.trim().lines().map(row).collect()
}

/// Whether `path` is `root` or below it.
fn is_within(path: &str, root: &str, separator: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with(separator))
}

/// The faults of one file, given its path below `src/` and its text.
fn violations(file: &str, source: &str) -> Vec<String> {
    let place = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let folder = place.split('/').next().unwrap_or(place);
    let is_composition = COMPOSITION.contains(&folder);
    let table = table();
    let row = table.iter().find(|row| is_within(place, row.place, "/"));
    if row.is_none() && !is_composition {
        return vec![format!("src/{file}: its folder has no row in the table of tests/house_rules.rs")];
    }
    let mut faults = Vec::new();
    for name in names(source, place) {
        let mut fault = |why: &str| faults.push(format!("src/{file}:{}: `{}`: {why}", name.line, name.path));
        let first = name.path.split("::").next().unwrap_or_default();
        if first == "anyhow" && !["main", "cli"].contains(&folder) {
            fault(NO_ANYHOW);
        }
        if folder == "flows"
            && name.path.split("::").any(|part| part.starts_with("spawn") || part == "JoinSet")
        {
            fault(NO_SPAWN);
        }
        let Some(row) = row.filter(|_| !is_composition) else {
            continue;
        };
        if let Some(module) = name.path.strip_prefix("crate::") {
            let mut allowed = row.modules.iter().copied().chain([folder]);
            if !allowed.any(|root| is_within(module, root, "::")) {
                fault(&format!("{folder} may use only [{}]: {}", row.modules.join(" "), row.reason));
            }
        } else if !row.crates.contains(&first)
            && let Some(home) = table.iter().rfind(|row| row.crates.contains(&first))
        {
            fault(&format!("only {} names it, so that replacing it means rewriting one folder", home.place));
        }
    }
    faults
}

/// Every file of `src/` by its path below it, with its text.
fn house() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src and its folders can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = path.strip_prefix(&root).expect("it was found below src");
                let file = file.to_str().expect("file names are ASCII").replace('\\', "/");
                files.insert(file, fs::read_to_string(&path).expect("sources are UTF-8"));
            }
        }
    }
    files
}

fn assert_none(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n  {}", faults.join("\n  "));
}

#[test]
fn every_folder_uses_only_what_its_row_allows() {
    let house = house();
    let faults: Vec<_> = house
        .iter()
        .filter(|(file, _)| rules_apply_to(file))
        .flat_map(|(file, source)| violations(file, source))
        .collect();
    assert!(
        house.contains_key("domain/mod.rs") && house.contains_key("lib.rs"),
        "this test has to see the house"
    );
    assert_none("data flows one way, and each crate has its home", &faults);
}

#[test]
fn rooms_are_small_and_say_what_they_are_for() {
    let house = house();
    let lines = |source: &String| source.lines().count();
    let silent: Vec<_> = house
        .iter()
        .filter(|(_, source)| !source.starts_with("//!"))
        .map(|(file, _)| format!("src/{file}"))
        .collect();
    assert_none("a file begins with `//!`: what lives here, and what must not", &silent);
    let halls: Vec<_> = house
        .iter()
        .filter(|(_, source)| lines(source) > 400)
        .map(|(file, source)| format!("src/{file}: {} lines", lines(source)))
        .collect();
    assert_none("no file is longer than 400 lines", &halls);
    let small = house.values().filter(|source| lines(source) < 150).count();
    assert!(small * 2 >= house.len(), "only {small} of {} files are shorter than 150 lines", house.len());
}
