//! Verdicts that know about noise, and remarks about what may not be compared.

use proptest::prelude::*;

use super::*;
use crate::bench::fixtures::{Made, matrix, ramped};
use crate::bench::result::Results;

fn terms() -> Terms {
    Terms { resamples: 300, ..Terms::default() }
}

fn compared(a: Made, b: Made) -> Comparison {
    Comparison::of(&a.run(), &b.run(), &terms(), 1)
}

#[track_caller]
fn verdict_of(comparison: &Comparison, metric: Metric) -> Verdict {
    comparison.judgements.iter().find(|one| one.metric == metric).expect("the metric is there").verdict
}

#[test]
fn the_same_server_twice_shows_no_difference() {
    let found = compared(Made { seed: 1, ..Made::default() }, Made { seed: 2, ..Made::default() });
    assert!(found.comparable && found.remarks.is_empty(), "{found}");
    assert_eq!(found.judgements.len(), 7);
    assert!(found.judgements.iter().all(|one| one.verdict == Verdict::NoDifferenceShown), "{found}");
}

#[test]
fn a_slower_server_is_worse_and_the_other_way_round_better() {
    let (quick, slow) = (Made::default(), Made { seed: 2, millis: 36.0, ..Made::default() });
    let found = compared(quick, slow);
    for metric in [Metric::LatencyP50, Metric::LatencyP99, Metric::ServiceMean] {
        assert_eq!(verdict_of(&found, metric), Verdict::Worse, "{found}");
        assert_eq!(verdict_of(&compared(slow, quick), metric), Verdict::Better);
    }
    assert_eq!(verdict_of(&found, Metric::Throughput), Verdict::NoDifferenceShown);
}

#[test]
fn slices_that_differ_as_much_as_the_results_say_nothing() {
    let moody = Made { between_slices: 0.1, ..Made::default() };
    let found = compared(moody, Made { seed: 7, millis: 32.0, ..moody });
    assert_eq!(verdict_of(&found, Metric::LatencyP50), Verdict::TooNoisyToSay, "{found}");
    // One slice each sees nothing of that mood, and says so.
    let single = compared(Made { slices: 1, ..moody }, Made { slices: 1, seed: 7, ..moody });
    assert!(single.remarks.iter().any(|one| one.text.starts_with("fewer than three slices")), "{single}");
}

#[test]
fn few_more_errors_matter() {
    let found = compared(Made::default(), Made { one_error_in: 50, ..Made::default() });
    assert_eq!(verdict_of(&found, Metric::SuccessShare), Verdict::Worse, "{found}");
}

#[test]
fn another_workload_host_or_number_of_connections_is_not_comparable() {
    let (a, mut b) = (Made::default().run(), Made::default().run());
    b.workload.connections = 32;
    b.workload.parameters.insert("accounts".to_owned(), "5".to_owned());
    b.host.name = "laptop".to_owned();
    b.server.commit = None;
    b.server.configuration = vec!["hashing.threads = 4".to_owned(), "strange".to_owned()];
    b.ceiling.per_second = 60.0;
    let found = Comparison::of(&a, &b, &terms(), 1);
    assert!(!found.comparable);
    let remarks: Vec<_> = found.remarks.iter().map(|one| format!("{}: {}", one.weight, one.text)).collect();
    assert_eq!(
        remarks,
        [
            "not comparable: connections: 16 → 32",
            "not comparable: accounts: 1000 → 5",
            "not comparable: host: tower → laptop",
            "doubt: b used 83.3 % of the client's ceiling of 60.0/s",
            "doubt: the client's own ceiling: 21\u{202f}000/s → 60.0/s, so the host itself was not the same",
            "differs: commit: 624bb27 → unknown",
            "differs: hashing.queue: 64 → not set",
            "differs: hashing.threads: 2 → 4",
            "differs: strange: not set → ",
        ]
    );
}

/// A ramp that found the knee between these two.
fn knee(carried: f64, next: f64) -> RunResult {
    let mut run = ramped();
    let ramp = run.ramp.as_mut().unwrap();
    (ramp.knee.carried_per_second, ramp.knee.next) = (Some(carried), Some((next, Vec::new())));
    run
}

#[test]
fn knees_are_compared_by_the_rates_between_which_they_lie() {
    let of = |a: &RunResult, b: &RunResult| Comparison::of(a, b, &terms(), 1);
    let a = knee(100.0, 102.0);
    let found = of(&a, &knee(120.0, 122.0));
    assert_eq!((found.judgements.len(), verdict_of(&found, Metric::Knee)), (1, Verdict::Better), "{found}");
    assert!(found.comparable && found.remarks.iter().all(|one| one.weight == Weight::Doubt), "{found}");
    assert!(
        found.to_string().contains("knee    100/s  120/s  +20.0 %  +17.6 % … +22.0 %  better"),
        "{found}"
    );
    assert_eq!(verdict_of(&of(&knee(120.0, 122.0), &a), Metric::Knee), Verdict::Worse);
    assert_eq!(verdict_of(&of(&a, &a), Metric::Knee), Verdict::NoDifferenceShown);
    assert_eq!(verdict_of(&of(&a, &knee(100.0, 120.0)), Metric::Knee), Verdict::TooNoisyToSay);
    let mut none = knee(1.0, 50.0);
    none.ramp.as_mut().unwrap().knee.carried_per_second = None;
    assert_eq!(verdict_of(&of(&a, &none), Metric::Knee), Verdict::Worse);
    let found = of(&a, &Made::default().run());
    assert!(!found.comparable, "one of the two has no ramp: {found}");
}

#[test]
fn among_how_many_accounts_people_are_is_what_is_compared() {
    let (a, mut b) = (Made::default().run(), Made::default().run());
    b.workload.parameters.insert("people".to_owned(), "seeded, every 10000.".to_owned());
    let found = Comparison::of(&a, &b, &terms(), 1);
    assert!(found.comparable, "{found}");
    assert!(found.to_string().contains("differs: people: none → seeded, every 10000."), "{found}");
}

#[test]
fn a_server_that_answers_nothing_well_is_worse_although_it_has_no_ratio() {
    let found = compared(Made::default(), Made { one_error_in: 1, ..Made::default() });
    assert_eq!(verdict_of(&found, Metric::SuccessShare), Verdict::Worse, "{found}");
    let found = compared(Made { per_second: 1.0, one_error_in: 1, ..Made::default() }, Made::default());
    assert_eq!(verdict_of(&found, Metric::Throughput), Verdict::Better, "{found}");
    let missing = "one of the two has no latency p50, latency p99, service mean, CPU per answer";
    assert!(found.remarks.iter().any(|one| one.text == missing), "{found}");
}

#[test]
fn the_rest_of_a_second_at_the_end_is_no_value() {
    let mut run = Made { slices: 1, seconds: 3, ..Made::default() }.run();
    assert_eq!(Metric::Throughput.values(&run)[0].len(), 3);
    run.slices[0].seconds[2].length = 0.5;
    assert_eq!(Metric::Throughput.values(&run)[0].len(), 2);
}

#[test]
fn nothing_answered_is_not_comparable() {
    let found = compared(Made::default(), Made { slices: 0, ..Made::default() });
    assert!(!found.comparable && found.judgements.is_empty(), "{found}");
}

#[test]
fn the_edges_of_a_verdict() {
    let of = |ratio, low, high| verdict(Some(Interval { ratio, low, high }), 0.05, true);
    assert_eq!(of(1.06, 1.01, 1.11), Verdict::Better);
    assert_eq!(of(0.90, 0.85, 0.95), Verdict::Worse);
    assert_eq!(of(1.02, 1.01, 1.03), Verdict::NoDifferenceShown, "shown, but too little to matter");
    assert_eq!(of(1.03, 1.01, 1.07), Verdict::TooNoisyToSay, "it may matter");
    assert_eq!(of(1.10, 0.99, 1.20), Verdict::TooNoisyToSay);
    assert_eq!(of(1.00, 0.96, 1.04), Verdict::NoDifferenceShown);
    assert_eq!(verdict(None, 0.05, true), Verdict::TooNoisyToSay);
}

#[test]
fn people_read_a_table_and_programs_numbers() {
    let [a, b] = [30.0, 40.0].map(|millis| Results::Run(Box::new(Made { millis, ..Made::default() }.run())));
    let found = Comparisons::of(&a, &b, terms()).unwrap();
    let text = found.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[8], "the client's own ceiling: a 21\u{202f}000/s, b 21\u{202f}000/s");
    assert_eq!(lines[0], "metric                 a         b   change   99.29 % interval  verdict");
    assert!(lines[3].starts_with("latency p50      31.4 ms   41.9 ms  +33."), "{text}");
    assert!(lines[3].ends_with("  worse") && lines[1].ends_with("  no difference shown"), "{text}");
    assert!(
        text.ends_with("b against a, averages of the seconds; what matters: 5.00 %, of successes 0.100 %\n")
    );
    let json = found.to_json();
    assert_eq!(json["pairs"][0]["comparison"]["judgements"][2]["metric"], "latency_p50");
    assert_eq!(json["pairs"][0]["comparison"]["judgements"][2]["verdict"], "worse");
    assert_eq!(json["terms"]["minimum_effect"], 0.05);
    assert!(found.has(Verdict::Worse) && !found.has(Verdict::Better) && found.are_comparable());
}

#[test]
fn cells_are_compared_by_name_and_kinds_not_mixed() {
    let (a, mut b) = (matrix(), matrix());
    b.cells[0].at[0] = "mysql".to_owned();
    let (a, b) = (Results::Matrix(a), Results::Matrix(b));
    let found = Comparisons::of(&a, &b, terms()).unwrap();
    let names: Vec<_> = found.pairs.iter().map(|pair| pair.name.as_str()).collect();
    assert_eq!(names, ["postgres · redis"]);
    assert_eq!(
        (&found.only_in_a[..], &found.only_in_b[..]),
        (&["sqlite · memory".to_owned()][..], &["mysql · memory".to_owned()][..])
    );
    let run = Results::Run(Box::new(Made::default().run()));
    assert_eq!(Comparisons::of(&a, &run, terms()), Err(OtherKind));
}

proptest! {
    #[test]
    fn a_verdict_turns_around_with_the_direction(ratio in 0.5_f64..2.0, reach in 1.0_f64..1.5, effect in 0.0_f64..0.3) {
        let interval = Some(Interval { ratio, low: ratio / reach, high: ratio * reach });
        let turned = match verdict(interval, effect, true) {
            Verdict::Better => Verdict::Worse,
            Verdict::Worse => Verdict::Better,
            other => other,
        };
        prop_assert_eq!(verdict(interval, effect, false), turned);
    }
}
