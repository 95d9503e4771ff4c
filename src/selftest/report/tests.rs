//! What the report says, word for word where programs or people rely on it.

use super::*;
use crate::selftest::statistics::dice::Dice;
use crate::selftest::statistics::{INTERNET, Trim};

/// A class around 20 ms with a standard deviation of 0.1 ms, later by `shift` seconds.
fn class(name: &str, seed: u64, shift: f64) -> Class {
    let values = Dice::new(seed).many(2_000, |dice| 0.020 + shift + 0.000_1 * dice.normal());
    Class::new(name, values).unwrap()
}

fn report(threshold: f64) -> Report {
    let classes = [class("known", 1, 0.0), class("unknown", 2, 0.0), class("locked", 3, -0.001)];
    Report::of(&classes, Terms::new(threshold)).unwrap()
}

#[test]
fn people_read_a_table() {
    let text = report(INTERNET).to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "class       n   median      p90      p99");
    assert_eq!(lines[1], "known    2000  20.0 ms  20.1 ms  20.2 ms");
    assert!(lines[5].starts_with("pair") && lines[5].ends_with("verdict"), "{text}");
    assert!(lines[6].starts_with("known / unknown") && lines[6].contains("not separable; "), "{text}");
    assert!(lines[7].starts_with("known / locked") && lines[7].contains("+1.00 ms"), "{text}");
    assert!(lines[7].ends_with("separable by 1.00 ms, by both tests"), "{text}");
    assert!(text.ends_with(
        "Holm over 6 tests at 0.001, power 0.9; what matters: 15.0 µs; Welch's test on values up to quantile 0.95, \
         KS and the medians on all\n"
    ));
}

#[test]
fn too_few_values_for_what_matters_are_called_unclear() {
    let report = report(1e-6);
    assert!(!report.is_conclusive() && report.is_separable());
    assert!(report.to_string().contains("times as many values would show 1.00 µs"), "{report}");
    let calm = Report::of(&[class("a", 1, 0.0), class("b", 2, 0.0)], Terms::new(INTERNET)).unwrap();
    assert!(calm.is_conclusive() && !calm.is_separable(), "{calm}");
}

#[test]
fn programs_read_seconds() {
    let json = report(INTERNET).to_json();
    assert_eq!(json["classes"][2]["name"], "locked");
    assert_eq!(json["classes"][0]["count"], 2_000);
    assert!((json["classes"][0]["median"].as_f64().unwrap() - 0.020).abs() < 1e-5, "{json}");
    assert_eq!(json["terms"]["trim"], "crop");
    assert_eq!(json["pairs"][0]["verdict"]["is"], "not_separable");
    assert_eq!(json["pairs"][1]["verdict"]["is"], "separable");
    assert_eq!(
        (&json["pairs"][1]["first"], &json["pairs"][1]["second"]),
        (&"known".into(), &"locked".into())
    );
    assert_eq!((&json["separable"], &json["conclusive"]), (&true.into(), &true.into()));
}

#[test]
fn a_difference_below_the_threshold_is_told_apart_from_one_that_matters() {
    let report = report(0.01);
    assert!(!report.is_separable() && report.is_conclusive());
    assert!(
        report.to_string().contains("differs by 1.00 ms, by both tests, too little to matter"),
        "{report}"
    );
    let bare = Report { terms: Terms { trim: Trim::Keep, ..report.terms }, ..report };
    assert!(bare.to_string().contains("Welch's test on all values"), "{bare}");
}
