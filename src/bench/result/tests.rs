//! What is written is read again, and nothing else is.

use proptest::prelude::*;

use super::*;
use crate::bench::fixtures::{Made, matrix, ramp, ramped};

fn run() -> Results {
    Results::Run(Box::new(Made { one_error_in: 40, ..Made::default() }.run()))
}

#[test]
fn what_is_written_is_read_again() {
    for results in [run(), Results::Matrix(matrix()), Results::Run(Box::new(ramped()))] {
        assert_eq!(Results::read(&results.write()).unwrap(), results);
    }
}

#[test]
fn a_file_says_what_it_is_and_its_units() {
    let json: serde_json::Value = serde_json::from_str(&run().write()).unwrap();
    assert_eq!((&json["schema"], &json["kind"]), (&1.into(), &"run".into()));
    assert_eq!(json["workload"]["load"]["loop"], "open");
    assert_eq!(json["workload"]["load"]["arrivals"]["process"], "constant");
    assert_eq!(json["workload"]["window"]["warm_up_micros"], 2_000_000);
    assert!(json["slices"][0]["latency"].as_str().unwrap().starts_with("us3:"));
    assert_eq!(json["slices"][0]["seconds"][0]["due"], 50);
    assert_eq!(json["ceiling"]["p50_micros"], 90);
    assert!(run().write().len() < 150_000, "{}", run().write().len());
}

#[test]
fn other_versions_and_other_files_are_refused_in_words() {
    let refused = |text: &str| Results::read(text).unwrap_err().to_string();
    let newer = run().write().replacen("\"schema\": 1", "\"schema\": 2", 1);
    assert_eq!(
        refused(&newer),
        "this result has schema 2, and this guardhouse reads schema 1 only; read it with the version that wrote it, or \
         a newer one"
    );
    assert!(refused(r#"{"schema":0}"#).ends_with("measure again with this version"));
    assert!(refused(r#"{"hello":1}"#).contains("has no `schema`"));
    assert!(refused(r#"{"schema":"1"}"#).contains("has no `schema`"));
    assert!(refused("[]").contains("has no `schema`"));
    assert!(
        refused("<html>").starts_with("this is not JSON (expected value at line 1 column 1); give a file")
    );
    assert!(
        refused(r#"{"schema":1,"kind":"dream"}"#).contains("does not follow it: unknown variant `dream`")
    );
    let damaged = run().write().replacen("us3:", "us3:!", 1);
    assert!(refused(&damaged).contains("a histogram is cut off or damaged"), "{}", refused(&damaged));
}

#[test]
fn slices_add_up() {
    let run = Made { slices: 3, one_error_in: 10, ..Made::default() }.run();
    assert_eq!(run.latency().count(), run.slices.iter().map(|slice| slice.latency.count()).sum::<u64>());
    let outcomes = run.outcomes();
    assert_eq!((outcomes.total(), outcomes.good), (3_000, run.service().count()));
    let answered = run.answered_per_second().unwrap();
    assert!((answered - 45.0).abs() < 0.5, "{answered}");
    assert!((run.ceiling_share().unwrap() - answered / 21_000.0).abs() < 1e-9);
    let none = RunResult { slices: Vec::new(), ..run };
    assert_eq!((none.answered_per_second(), none.latency().quantile(0.5)), (None, None));
}

#[test]
fn readings_outside_the_window_are_left_out() {
    let made = Made { slices: 1, seconds: 10, ..Made::default() }.run();
    let recorder = crate::bench::recorder::Recorder::new(made.workload.window);
    let reading =
        |at, cpu_cores| Resources { at, cpu_cores: Some(cpu_cores), rss_bytes: Some(1), hash_queue: None };
    let readings = vec![reading(-1.0, 1.0), reading(5.0, 1.0), reading(6.0, f64::NAN), reading(10.5, 1.0)];
    assert_eq!(Slice::of(&recorder, readings).resources.len(), 1);
}

#[test]
fn seconds_in_which_nothing_came_are_told_too() {
    let slow = Made { slices: 1, seconds: 10, per_second: 0.5, ..Made::default() }.run();
    assert_eq!(slow.slices[0].seconds.len(), 10);
    assert!((slow.answered_per_second().unwrap() - 0.5).abs() < 1e-9);
}

#[test]
fn people_read_a_few_lines() {
    let mut run = Made { one_error_in: 10, slices: 1, ..Made::default() }.run();
    run.ramp = Some(ramp());
    let text = run.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "login, open loop, 50 a second at equal distances, 16 connections");
    assert_eq!(lines[1], "45.0/s answered well, 10.0 % errors (timeout 100)");
    assert!(
        lines[2].starts_with("latency  p50 31.") && lines[3].starts_with("service  p50 29.9 ms"),
        "{text}"
    );
    assert!(
        lines[4].starts_with("stages   queue 5.97 ms, hash 14.9 ms") && lines[4].ends_with("on average"),
        "{text}"
    );
    assert!(lines[5].starts_with("ramp     carried up to 40.0/s; at 80.0/s only 70.0 % of what"), "{text}");
    assert_eq!(
        lines[6],
        "ceiling  this client reaches 21\u{202f}000/s with p50 90.0 µs and p99 240 µs; the run used 0.214 % of it"
    );
    let text = matrix().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[1].starts_with("sqlite · memory    50.0/s  p50 20.8 ms")
            && lines[1].ends_with("0 % errors, ceiling 21\u{202f}000/s"),
        "{text}"
    );
    assert_eq!(lines[0], "login, open loop, 50 a second at equal distances, 16 connections");
    assert_eq!(lines[3], "mariadb · redis   not measured: the server did not start within 30 s");
}

#[test]
fn a_matrix_of_ramps_tells_each_knee() {
    let mut matrix = matrix();
    matrix.cells[0].outcome = CellOutcome::Run(Box::new(ramped()));
    let text = matrix.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "login, a ramp from 10/s to 80/s, 10 s each, at most 16 connections");
    assert_eq!(
        lines[1],
        "sqlite · memory   knee  40.0/s  p99 80.0 ms, not 80.0/s (rate, errors, p99), ceiling 21\u{202f}000/s"
    );
    assert_eq!(lines[2], "    note  the client used 3.00 % of a core on average");
    let mut none = ramped();
    none.ramp = Some(RampResult::of(ramp().criterion, ramp().steps.split_off(3)));
    matrix.cells[0].outcome = CellOutcome::Run(Box::new(none));
    assert!(matrix.to_string().contains("knee       –, not 80.0/s"), "{matrix}");
}

#[test]
fn a_step_says_what_it_cost() {
    let step = Made { slices: 1, ..Made::default() }.run().slices[0].step(50.0);
    let used = step.used;
    assert!(used.cpu_cores.is_some_and(|cores| (1.0..1.4).contains(&cores)), "{used:?}");
    assert!(used.rss_bytes > Some(90 << 20) && used.hash_queue.is_some(), "{used:?}");
    assert!(used.stage_mean_micros.iter().all(|micros| *micros > 0), "{used:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn damage_is_an_error_and_no_panic(at in 0_usize..100_000, byte in 0x20_u8..0x7f) {
        let mut text = Results::Run(Box::new(Made { slices: 1, seconds: 2, ..Made::default() }.run())).write().into_bytes();
        let at = at % text.len();
        text[at] = byte;
        text.truncate(text.len() - at % 3);
        let text = String::from_utf8(text).unwrap();
        if let Ok(results) = Results::read(&text) {
            prop_assert_eq!(Results::read(&results.write()).unwrap(), results);
        }
    }
}
