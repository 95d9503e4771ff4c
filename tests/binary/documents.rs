//! What the documents say of the program is so.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use guardhouse::domain::audit::kinds;
use guardhouse::http::problem::Code;

use crate::openapi::document::operations;

const AUDIT: &str = include_str!("../../docs/audit.md");
const API: &str = include_str!("../../docs/api.md");
const PROOFS: &str = include_str!("../../docs/proofs.md");
const PROBLEMS: &str = include_str!("../../docs/problems.md");

#[test]
fn every_problem_has_a_heading_with_its_status_and_there_is_no_other() {
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let headings: BTreeSet<&str> = PROBLEMS.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(codes, headings);
    for code in Code::ALL {
        let (_, after) = PROBLEMS.split_once(&format!("\n### {}\n", code.as_str())).expect("compared above");
        let first = after.lines().find(|line| !line.is_empty()).expect("a line under the heading");
        let wanted = format!("{}: {}.", code.status().as_u16(), code.title());
        assert!(first.starts_with(&wanted), "{}: {first:?} does not start with {wanted:?}", code.as_str());
    }
}

#[test]
fn the_details_of_refused_fields_are_all_explained() {
    let source = ["src/flows/validation.rs", "src/http/account.rs", "src/http/users.rs", "src/http/body.rs"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in source {
        let text = fs::read_to_string(root.join(file)).unwrap();
        for word in text.split('"').filter(|word| {
            ["password_", "email_", "name_", "role_", "own_"].iter().any(|start| word.starts_with(start))
                && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        }) {
            assert!(PROBLEMS.contains(&format!("`{word}`")), "{word} ({file}) is not explained");
        }
    }
}

#[test]
fn every_kind_of_event_is_explained_and_there_is_no_other() {
    let (_, section) = AUDIT.split_once("## The kinds").expect("a section");
    let rows = section.lines().take_while(|line| !line.starts_with("## "));
    let told: BTreeSet<&str> = rows.filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(told, kinds().collect());
}

#[test]
fn the_contract_names_every_route_and_no_other() {
    // The document is made from the table of routes.
    let routes: BTreeSet<String> = operations()
        .into_iter()
        .map(|(method, path, _)| format!("{} {path}", method.to_ascii_uppercase()))
        .collect();
    assert!(routes.len() > 20, "{routes:?}");
    let named: BTreeSet<String> = API
        .split('`')
        .filter(|code| {
            code.split_once(' ').is_some_and(|(method, path)| {
                ["GET", "POST", "PATCH", "DELETE"].contains(&method) && path.starts_with('/')
            })
        })
        .map(|code| code.split('?').next().unwrap_or(code).to_owned())
        .collect();
    assert_eq!(routes, named, "left: the routes, right: docs/api.md");
}

#[test]
fn every_proof_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = String::new();
    let mut folders = vec![root.join("tests")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            names.push_str(&format!("{}\n", path.file_stem().unwrap().display()));
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path).unwrap();
                names
                    .extend(text.lines().filter(|line| line.contains("fn ")).map(|line| format!("{line}\n")));
            }
        }
    }
    let mut filters = 0;
    for code in PROOFS.split('`').skip(1).step_by(2) {
        let Some(filter) =
            ["cargo test ", "scripts/test -- "].iter().find_map(|start| code.strip_prefix(start))
        else {
            continue;
        };
        for part in filter.split("::").filter(|part| *part != "NAME") {
            filters += 1;
            assert!(names.contains(part), "{code}: no test has {part} in its name");
        }
    }
    assert!(filters >= 5, "only {filters} proofs were found");
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(|f| root.join(f)).into();
    for folder in ["docs", "docs/decisions"] {
        files.extend(fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    let mut links = 0;
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(file).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            if path.contains("://") || path.starts_with("NNNN") {
                continue;
            }
            links += 1;
            let there = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            assert!(there.exists(), "{}: {target} leads nowhere", file.display());
            if !anchor.is_empty() {
                let heading = fs::read_to_string(&there)
                    .unwrap()
                    .lines()
                    .any(|line| line.starts_with('#') && slug(line.trim_start_matches('#').trim()) == anchor);
                assert!(heading, "{}: {target} has no such heading", file.display());
            }
        }
    }
    assert!(links > 20, "only {links} links were found");
}

/// The anchor of a heading, as the usual renderers make it.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}
