//! The page: the same as it was, well formed, inert whatever it shows.

use super::*;
use crate::bench::compare::{Comparisons, Terms};
use crate::bench::fixtures::{Made, matrix, ramp, ramped};
use crate::bench::result::{CellOutcome, StageLatencies};

fn small() -> Results {
    let mut run = Made { slices: 2, seconds: 4, per_second: 20.0, one_error_in: 9, ..Made::default() }.run();
    run.ramp = Some(ramp());
    Results::Run(Box::new(run))
}

/// A run in which everything that a file can hold is meant to break out.
fn hostile() -> Results {
    let evil =
        r#"</pre></style></title><script>alert(1)</script><img src="https://x.test/" onerror='x'>&amp;"#
            .to_owned();
    let mut run = Made { slices: 1, seconds: 3, one_error_in: 5, ..Made::default() }.run();
    run.started.clone_from(&evil);
    for text in [
        &mut run.host.name,
        &mut run.host.os,
        &mut run.host.cpu,
        &mut run.server.version,
        &mut run.server.profile,
    ] {
        text.clone_from(&evil);
    }
    run.server.commit = Some(evil.clone());
    run.server.configuration = vec![evil.clone(), "\u{0}\u{1b}[31m\u{202e}".to_owned()];
    run.workload.parameters.insert(evil.clone(), evil.clone());
    run.slices[0].outcomes.errors.insert(evil, 3);
    Results::Run(Box::new(run))
}

fn compared(a: &Results, b: &Results) -> String {
    let comparisons = Comparisons::of(a, b, Terms { resamples: 50, ..Terms::default() }).unwrap();
    comparison_page(["a<b>.json", "b&.json"], a, b, &comparisons)
}

/// Every page there is.
fn pages() -> Vec<String> {
    let mut cells = matrix();
    cells.axes[0] = "<axis>".to_owned();
    cells.cells[0].at[0] = "\"><script>".to_owned();
    let cells = Results::Matrix(cells);
    let mut knees = matrix();
    knees.cells[0].outcome = CellOutcome::Run(Box::new(ramped()));
    let knees = Results::Matrix(knees);
    vec![
        page(&small()),
        page(&hostile()),
        page(&cells),
        page(&Results::Run(Box::new(ramped()))),
        page(&knees),
        page(&Results::Run(Box::new(Made { slices: 0, ..Made::default() }.run()))),
        page(&Results::Run(Box::new(Made { one_error_in: 1, seconds: 2, ..Made::default() }.run()))),
        compared(&small(), &hostile()),
        compared(&cells, &cells),
        compared(&knees, &knees),
    ]
}

/// The names of elements with their attributes, in order; panics where the page is not well formed.
fn tags(page: &str) -> Vec<&str> {
    let (mut open, mut tags) = (Vec::new(), Vec::new());
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a document type");
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "a stray `>` before {}", &rest[start..]);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "closed where another one was open"),
            None => {
                tags.push(tag);
                let name = tag.split([' ', '/']).next().unwrap_or_default();
                if !tag.ends_with('/') {
                    open.push(name);
                }
            }
        }
    }
    assert_eq!(open, [""; 0], "all are closed");
    tags
}

#[test]
fn a_small_report_is_as_it_was() {
    let found = page(&small());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bench/report/golden.html");
    if std::env::var_os("GUARDHOUSE_TEST_WRITE_GOLDEN").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap();
    let differs = found.lines().zip(golden.lines()).position(|(found, golden)| found != golden);
    if let Some(line) = differs {
        let (found, golden) = (found.lines().nth(line), golden.lines().nth(line));
        panic!(
            "golden.html:{}: {golden:?} became {found:?}; look at the page, then run this test with \
             GUARDHOUSE_TEST_WRITE_GOLDEN=1",
            line + 1
        );
    }
    assert_eq!(found.len(), golden.len());
}

#[test]
fn every_page_is_well_formed_whatever_it_shows() {
    for page in pages() {
        assert!(tags(&page).len() > 20 && page.ends_with("</html>\n"));
    }
}

#[test]
fn no_page_loads_or_runs_anything() {
    for page in pages() {
        for tag in tags(&page) {
            let name = tag.split([' ', '/']).next().unwrap_or_default();
            assert!(
                !["script", "img", "link", "iframe", "object", "embed", "base", "a", "use", "image"]
                    .contains(&name),
                "{tag}"
            );
            for attribute in [" src=", " href=", " xlink", " on", " style=", " action=", "url("] {
                assert!(!tag.contains(attribute), "{tag}");
            }
            let foreign = tag.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
            assert!(!foreign.contains("http://") && !foreign.contains("https://"), "{tag}");
        }
        let style = &page[page.find("<style>").unwrap()..page.find("</style>").unwrap()];
        assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("://"));
    }
    // And a result that names no address makes a page that holds none.
    let harmless = page(&small()).replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    assert!(!harmless.contains("://") && !harmless.contains("<script"));
}

#[test]
fn hostile_text_is_shown_as_it_is() {
    let page = page(&hostile());
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=&quot;https://x.test/&quot;"));
    assert!(page.contains("\u{fffd}\u{fffd}[31m\u{fffd}"));
    assert!(!page.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn every_picture_has_words_and_a_table_beside_it() {
    for page in pages() {
        let tags = tags(&page);
        let count = |start: &str| tags.iter().filter(|tag| tag.starts_with(start)).count();
        let pictures = tags.iter().filter(|tag| tag.contains("role=\"img\"")).count();
        assert_eq!((count("desc "), count("title id="), count("figure")), (pictures, pictures, pictures));
        assert_eq!(count("details"), pictures);
        let hidden = tags.iter().filter(|tag| tag.starts_with("svg") && tag.contains("aria-hidden")).count();
        assert_eq!(count("svg"), pictures + hidden);
        let mut ids: Vec<_> =
            tags.iter().filter_map(|tag| tag.split(" id=\"").nth(1)?.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "an id is given twice");
    }
}

#[test]
fn a_matrix_of_ramps_shows_each_knee_and_no_empty_columns() {
    let mut knees = matrix();
    knees.cells.truncate(1);
    knees.cells[0].outcome = CellOutcome::Run(Box::new(ramped()));
    let page = page(&Results::Matrix(knees));
    for told in [
        "login, a ramp from 10/s to 80/s, 10 s each, at most 16 connections; 1 cells",
        "<td>40.0/s</td>",
        "<td>80.0 ms</td>",
        "sqlite · memory: the client used 3.00 % of a core on average",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("good answers</th>") && !page.contains("Latency by percentile"));
}

#[test]
fn where_no_answer_named_a_stage_none_is_drawn() {
    let Results::Run(mut run) = small() else { panic!("a run") };
    run.slices.iter_mut().for_each(|slice| slice.stages = StageLatencies::default());
    assert!(!page(&Results::Run(run)).contains("Where the time goes"));
}

#[test]
fn the_page_tells_what_was_asked_for() {
    let page = page(&small());
    for told in [
        "login, open loop, 20 a second at equal distances, 16 connections; 2 slices of 4 s, each after 2 s of warm-up",
        "<b>21\u{202f}000/s</b><span>the client&#39;s own ceiling</span>",
        "The server carried up to 40.0/s; at 80.0/s only 70.0 % of what was due was answered well",
        "Latency by percentile",
        "99 %</text>",
        "Throughput",
        "Where the time goes",
        "the rest, with the network",
        "Processor",
        "Memory",
        "Hash queue",
        "503 hash_queue_full",
        "timeout",
        "hashing.threads = 2\nhashing.queue = 64",
        "624bb27",
        "prefers-color-scheme:dark",
    ] {
        assert!(page.contains(told), "{told}");
    }
    let page = compared(&small(), &small());
    assert!(page.contains("= no difference shown") || page.contains("? too noisy to say"));
    assert!(page.contains("b (b&amp;.json) against a (a&lt;b&gt;.json)") && page.contains("a: p50 "));
}
