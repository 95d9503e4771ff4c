//! The pages for people: complete, and nothing in them that loads or runs.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use guardhouse::http::problem::Code;

use super::document::operations;
use crate::support::conformity::document;
use crate::support::{Answer, TestHouse};

fn pages() -> (TestHouse, [Answer; 2]) {
    let house = TestHouse::new();
    let pages = ["/docs", "/docs/problems"].map(|path| {
        let answer = house.send(house.request("GET", path).header("accept", "text/html"), Vec::new());
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "text/html; charset=utf-8"),
            "{path}"
        );
        answer
    });
    (house, pages)
}

/// What stands between `start` and `end`, each time.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    for page in pages().1 {
        let text = &page.text;
        let styles = between(text, "<style>", "</style>");
        let [style] = styles.as_slice() else { panic!("one style, not {}", styles.len()) };
        let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
        assert_eq!(
            page.header("content-security-policy"),
            format!(
                "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            )
        );
        assert!(!style.contains("url(") && !style.contains("@import"), "the style loads something");
        for bad in [
            "<script",
            "<link",
            "<img",
            "<iframe",
            "<object",
            "<form",
            "<base",
            "<meta http-equiv",
            " style=",
            " src=",
            "javascript:",
        ] {
            assert!(!text.contains(bad), "{bad}");
        }
        let tags = between(text, "<", ">");
        assert!(tags.len() > 100, "only {} tags were found", tags.len());
        for tag in tags {
            assert!(!tag.split_whitespace().skip(1).any(|attribute| attribute.starts_with("on")), "{tag}");
        }
    }
}

#[test]
fn every_operation_type_and_problem_is_there_and_every_link_leads_to_it() {
    let (house, [contract, problems]) = pages();
    for (method, path, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap();
        let section = contract
            .text
            .split(&format!("<section id=\"{id}\">"))
            .nth(1)
            .unwrap_or_else(|| panic!("no {id}"));
        let section = section.split("</section>").next().unwrap();
        assert!(section.contains(&format!("<b class=\"{method}\">{method}</b> {path}")), "{id}: {section}");
        for status in operation["responses"].as_object().unwrap().keys() {
            assert!(section.contains(&format!("<td>{status}</td>")), "{id} {status}");
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                section.contains(&format!("<code>{}</code>", parameter["name"].as_str().unwrap())),
                "{id}: {parameter}"
            );
        }
    }
    for name in document()["components"]["schemas"].as_object().unwrap().keys() {
        assert!(contract.text.contains(&format!("<section id=\"schema-{name}\">")), "{name}");
    }
    for code in Code::ALL {
        assert!(problems.text.contains(&format!("<section id=\"{}\">", code.as_str())), "{code:?}");
    }
    let mut links = 0;
    for (page, at) in [(&contract, "/docs"), (&problems, "/docs/problems")] {
        for target in between(&page.text, "href=\"", "\"") {
            links += 1;
            let base = url::Url::parse(&format!("http://here{at}")).unwrap();
            let target = base.join(target).unwrap();
            assert_eq!(target.host_str(), Some("here"), "{target} leads to another host");
            let there = match target.path() {
                "/docs" => &contract.text,
                "/docs/problems" => &problems.text,
                path => &house.get(path).text,
            };
            assert!(target.fragment().is_none_or(|id| there.contains(&format!("id=\"{id}\""))), "{target}");
        }
    }
    assert!(links > 200, "only {links} links were found");
}

#[test]
fn the_type_of_a_problem_leads_to_its_explanation() {
    let (house, [_, problems]) = pages();
    let kind = house.get("/auth/me").json["type"].as_str().unwrap().to_owned();
    let (path, id) = kind.split_once('#').unwrap();
    assert_eq!(path, "/docs/problems");
    assert!(problems.text.contains(&format!("<section id=\"{id}\">")));
    let browser = house.request("GET", path).header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    assert_eq!(house.send(browser, Vec::new()).status, 200);
}
