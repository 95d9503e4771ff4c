//! The page for people: one HTML file that needs nothing else, no script, no other host.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `markup` | what is shown cannot become markup |
//! | `plot` | axes, lines, areas, as SVG |
//! | `sections` | one file for each thing that is told |
//! | `style.css` | how it looks, by day and by night |
//!
//! To tell one more thing, write its section and name it in `run` or where else it belongs. Whatever a picture shows,
//! a table beside it tells too.

mod markup;
mod plot;
mod sections;
#[cfg(test)]
mod tests;

use self::markup::Markup;
use self::sections::{
    about, comparison, errors, latency, matrix, overview, ramp, resources, stages, timeline,
};
use super::compare::Comparisons;
use super::result::{MatrixResult, Results, RunResult};

/// The page of one result.
pub fn page(results: &Results) -> String {
    match results {
        Results::Run(run) => document(&format!("Guardhouse bench: {}", run.workload.action), |page| {
            self::run(page, run);
        }),
        Results::Matrix(matrix) => {
            document("Guardhouse bench: matrix", |page| self::matrix_page(page, matrix))
        }
    }
}

/// The page of two results, with the verdicts first. `names` are those of the files.
pub fn comparison_page(names: [&str; 2], a: &Results, b: &Results, comparisons: &Comparisons) -> String {
    document("Guardhouse bench: comparison", |page| {
        comparison::section(page, names, comparisons);
        let (a, b) = (a.runs(), b.runs());
        let both = a.iter().filter_map(|(name, run)| {
            let (_, other) = b.iter().find(|(other, _)| other == name)?;
            Some((name, *run, *other))
        });
        for (name, a, b) in both {
            let of = |file| if name.is_empty() { format!("{file}") } else { format!("{file}: {name}") };
            let heading = if name.is_empty() { "Latency of both" } else { name.as_str() };
            page.leaf("h2", &[], heading);
            page.element("div", &[("class", &"figures")], |page| {
                latency::plot(page, &[(of('a'), a), (of('b'), b)]);
            });
        }
        for (file, title, runs) in [("a", names[0], &a), ("b", names[1], &b)] {
            if let Some((_, run)) = runs.first() {
                about::section(page, &format!("Host and configuration of {file}, {title}"), run);
            }
        }
    })
}

fn run(page: &mut Markup, run: &RunResult) {
    overview::section(page, run);
    if let Some(ramp) = &run.ramp {
        ramp::section(page, ramp);
    }
    if !run.slices.is_empty() {
        page.leaf("h2", &[], "Latency");
        page.element("div", &[("class", &"figures")], |page| {
            latency::of_run(page, run);
            timeline::latency(page, run);
        });
        page.leaf("h2", &[], "Over time");
        page.element("div", &[("class", &"figures")], |page| {
            timeline::throughput(page, run);
            stages::plot(page, run);
            resources::cpu(page, run);
            resources::memory(page, run);
            resources::hash_queue(page, run);
        });
        errors::section(page, run);
    }
    about::section(page, "Host and configuration", run);
}

fn matrix_page(page: &mut Markup, matrix: &MatrixResult) {
    matrix::section(page, matrix);
    if let Some((_, run)) = matrix.runs().next() {
        about::section(page, "Host, and configuration of the first cell", run);
    }
}

fn document(title: &str, main: impl FnOnce(&mut Markup)) -> String {
    let mut page = Markup::default();
    page.raw("<!DOCTYPE html>");
    page.element("html", &[("lang", &"en")], |page| {
        page.element("head", &[], |page| {
            page.void("meta", &[("charset", &"utf-8")]);
            page.void("meta", &[("name", &"viewport"), ("content", &"width=device-width, initial-scale=1")]);
            // Should anything ever slip through, the browser still loads and runs nothing.
            let policy = "default-src 'none'; style-src 'unsafe-inline'";
            page.void("meta", &[("http-equiv", &"Content-Security-Policy"), ("content", &policy)]);
            page.leaf("title", &[], title);
            page.element("style", &[], |page| page.raw(include_str!("style.css")));
        });
        page.element("body", &[], |page| {
            page.element("main", &[], |page| {
                page.leaf("h1", &[], title);
                main(page);
            });
        });
    });
    let mut page = page.into_string();
    page.push('\n');
    page
}
