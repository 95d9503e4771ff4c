//! Requests that were not answered well, by code.

use crate::bench::format::percent;
use crate::bench::report::markup::Markup;
use crate::bench::report::plot::bar;
use crate::bench::result::RunResult;

/// A table with bars, the most frequent first.
pub(in crate::bench::report) fn section(page: &mut Markup, run: &RunResult) {
    page.leaf("h2", &[], "Errors");
    let outcomes = run.outcomes();
    let mut errors: Vec<_> = outcomes.errors.iter().collect();
    // Within one count by name, as the map has them.
    errors.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let Some((_, most)) = errors.first() else {
        page.leaf("p", &[], &format!("None: all {} requests were answered well.", outcomes.total()));
        return;
    };
    let most = **most as f64;
    page.element("div", &[("class", &"scroll")], |page| {
        page.element("table", &[], |page| {
            page.leaf("caption", &[], &format!("Of {} requests", outcomes.total()));
            page.element("thead", &[], |page| {
                page.element("tr", &[], |page| {
                    ["status and code", "requests", "share", ""]
                        .iter()
                        .for_each(|head| page.leaf("th", &[("scope", &"col")], head));
                });
            });
            page.element("tbody", &[], |page| {
                for (name, count) in errors {
                    page.element("tr", &[], |page| {
                        page.leaf("th", &[("scope", &"row")], name);
                        page.leaf("td", &[], &count.to_string());
                        page.leaf("td", &[], &percent(*count as f64 / outcomes.total().max(1) as f64));
                        page.element("td", &[("class", &"bar")], |page| bar(page, *count as f64 / most, 4));
                    });
                }
            });
        });
    });
}
