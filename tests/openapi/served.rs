//! The document as it is served and printed, and held against the routes of a running house.

use std::collections::BTreeSet;

use super::document::METHODS;
use crate::binary::process::{bare, finish};
use crate::support::conformity::document;
use crate::support::{Kind, TestHouse};

/// Where nobody is who could be changed or ended by it.
fn concrete(path: &str) -> String {
    path.replace("{id}", "01a1fa13-7217-79aa-8cfd-5934d5c61b06")
}

#[test]
fn every_route_is_in_the_document_and_everything_in_the_document_is_routed() {
    let house = TestHouse::new();
    let paths = document()["paths"].as_object().unwrap();
    for (path, item) in paths {
        let of_operators = item.get("servers").is_some();
        for method in METHODS {
            let name = method.to_ascii_uppercase();
            let answer = if of_operators {
                house.ops_call(&name, &concrete(path))
            } else {
                house.call(&name, &concrete(path), None, None)
            };
            let there = answer.status != 405 && answer.json["code"] != "not_found";
            assert_eq!(there, item.get(method).is_some(), "{method} {path}: {answer:?}");
            if answer.status == 405 {
                let allowed: BTreeSet<_> =
                    answer.header("allow").split(", ").filter(|one| *one != "HEAD").collect();
                let documented: Vec<_> =
                    METHODS.iter().filter(|method| item.get(**method).is_some()).collect();
                assert_eq!(
                    allowed,
                    documented
                        .iter()
                        .map(|method| method.to_ascii_uppercase())
                        .collect::<Vec<_>>()
                        .iter()
                        .map(String::as_str)
                        .collect(),
                    "{path}"
                );
            }
        }
        let elsewhere =
            if of_operators { house.get(&concrete(path)) } else { house.ops(&concrete(path), None) };
        assert!(
            path.starts_with("/health/") || elsewhere.json["code"] == "not_found",
            "{path}: {elsewhere:?}"
        );
    }
}

/// The other way round: what is mounted is in the table of routes, from which the document is made.
#[test]
fn nothing_is_mounted_but_by_the_table_of_routes() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // The other folders may not name actix-web's server; see tests/house_rules.rs.
    let mut folders = vec![source.join("http"), source.join("house")];
    let mut mounting = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if [".service(", ".route(", "web::resource(", "Resource::new("]
                .iter()
                .any(|call| text.contains(call))
            {
                mounting.push(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string());
            }
        }
    }
    mounting.sort();
    assert_eq!(
        mounting,
        ["src/house/listeners.rs", "src/http/routes/mod.rs"],
        "listeners.rs mounts the whole table at the prefix"
    );
}

#[test]
fn the_server_and_the_command_line_tell_the_same() {
    let served = TestHouse::new().get("/openapi.json");
    assert_eq!((served.status, served.header("content-type")), (200, "application/json"));
    assert_eq!(&served.json, document());
    let directory = tempfile::tempdir().unwrap();
    // Whatever the configuration is.
    let printed = finish(bare(directory.path()).args(["openapi", "--set", "server.bind=nonsense"]), "").ok();
    assert_eq!(printed, format!("{:#}\n", document()));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "it leaves nothing behind");
}

#[test]
fn below_a_prefix_the_document_says_so() {
    let house = TestHouse::on(Kind::Sqlite).set("server.base_path", "/identity/v1").start();
    let served = house.get("/identity/v1/openapi.json").ok(200);
    assert_eq!(served["servers"][0]["url"], "/identity/v1");
    assert_eq!(served["paths"], document()["paths"]);
    assert!(house.get("/identity/v1/docs").text.contains("href=\"openapi.json\""), "links are relative");
    house.get("/openapi.json").is_problem(404, "not_found");
}

#[test]
fn an_operator_may_keep_the_contract_to_themselves() {
    let house = TestHouse::on(Kind::Sqlite).set("server.docs", false).start();
    for path in ["/openapi.json", "/docs", "/docs/problems"] {
        house.get(path).is_problem(404, "not_found");
        house.call("POST", path, None, None).is_problem(404, "not_found");
    }
    assert_eq!(house.get("/health/live").status, 200);
}
