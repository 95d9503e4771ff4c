//! Verdicts, and what to know before believing them.

use crate::bench::compare::{Comparison, Comparisons, Judgement, Verdict, Weight};
use crate::bench::format::percent;
use crate::bench::report::markup::Markup;

/// All pairs.
pub(in crate::bench::report) fn section(page: &mut Markup, names: [&str; 2], comparisons: &Comparisons) {
    page.leaf("p", &[("class", &"note")], &format!("b ({}) against a ({})", names[1], names[0]));
    for pair in &comparisons.pairs {
        page.leaf("h2", &[], if pair.name.is_empty() { "Verdicts" } else { &pair.name });
        remarks(page, &pair.comparison);
        table(page, &pair.comparison);
        page.leaf("p", &[("class", &"note")], &format!("For both, {}.", pair.comparison.ceilings()));
    }
    for (file, only) in [("a", &comparisons.only_in_a), ("b", &comparisons.only_in_b)] {
        if !only.is_empty() {
            page.leaf("p", &[], &format!("Only in {file}: {}", only.join("; ")));
        }
    }
    let terms = comparisons.terms;
    let told = format!(
        "Values are averages of the seconds. What matters: {}, of successes {}. All intervals together hold with {} \
         confidence (block bootstrap, {} resamples, seed {}). “No difference shown” excludes a change that matters; “too \
         noisy to say” does not.",
        percent(terms.minimum_effect),
        percent(0.001),
        percent(terms.confidence),
        terms.resamples,
        terms.seed
    );
    page.leaf("p", &[("class", &"note")], &told);
}

fn remarks(page: &mut Markup, comparison: &Comparison) {
    if comparison.remarks.is_empty() {
        return;
    }
    page.element("ul", &[], |page| {
        for remark in &comparison.remarks {
            page.element("li", &[], |page| {
                let class = match remark.weight {
                    Weight::Subject => "note",
                    Weight::Doubt => "doubt",
                    Weight::Incomparable => "worse",
                };
                page.leaf("b", &[("class", &class)], &remark.weight.to_string());
                page.text(&format!(": {}", remark.text));
            });
        }
    });
}

fn table(page: &mut Markup, comparison: &Comparison) {
    page.element("div", &[("class", &"scroll")], |page| {
        page.element("table", &[], |page| {
            let caption = format!(
                "Each interval by itself holds with {:.2} % confidence",
                comparison.confidence * 100.0
            );
            page.leaf("caption", &[], &caption);
            page.element("thead", &[], |page| {
                page.element("tr", &[], |page| {
                    let heads = ["metric", "a", "b", "change", "interval"];
                    heads.iter().for_each(|head| page.leaf("th", &[("scope", &"col")], head));
                    page.leaf("th", &[("scope", &"col"), ("class", &"left")], "verdict");
                });
            });
            page.element("tbody", &[], |page| comparison.judgements.iter().for_each(|one| row(page, one)));
        });
    });
}

fn row(page: &mut Markup, one: &Judgement) {
    let (sign, class) = match one.verdict {
        Verdict::Better => ("✓", "words better"),
        Verdict::Worse => ("✗", "words worse"),
        Verdict::NoDifferenceShown => ("=", "words"),
        Verdict::TooNoisyToSay => ("?", "words doubt"),
    };
    page.element("tr", &[], |page| {
        page.leaf("th", &[("scope", &"row")], &one.metric.to_string());
        for cell in [one.value(one.a), one.value(one.b), one.change(), one.range()] {
            page.leaf("td", &[], &cell);
        }
        page.leaf("td", &[("class", &class)], &format!("{sign} {}", one.verdict));
    });
}
