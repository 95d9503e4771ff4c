//! What is counted where, that threads add up to one, and that memory has a bound.

use proptest::prelude::*;

use super::timeline::MOST_SLOTS;
use super::*;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Two seconds of warm-up, five that count.
fn window() -> Window {
    Window { warm_up: ms(2_000), measured: ms(5_000) }
}

fn sample(due: u64, sent: u64, done: u64) -> Sample<'static> {
    let stages = Stages::default().with(Stage::Hash, ms(7));
    Sample { due: ms(due), sent: ms(sent), done: ms(done), outcome: Outcome::Good(200), stages }
}

fn recorded(samples: &[Sample<'_>]) -> Recorder {
    let mut recorder = Recorder::new(window());
    samples.iter().for_each(|sample| recorder.record(sample));
    recorder
}

#[track_caller]
fn about(found: Option<Duration>, expected: u64) {
    let found = found.expect("a time").as_secs_f64() * 1e3;
    assert!((found / expected as f64 - 1.0).abs() < 0.02, "{found} instead of {expected}");
}

#[test]
fn latency_counts_from_due_and_service_from_sent() {
    let recorder = recorded(&[sample(2_500, 2_900, 3_000)]);
    about(recorder.latency().quantile(0.5), 500);
    about(recorder.service().quantile(0.5), 100);
    about(recorder.stage(Stage::Hash).quantile(0.5), 7);
    assert_eq!(recorder.stage(Stage::Db).count(), 0);
    let slots = recorder.timeline().slots();
    assert_eq!((slots[0].due, slots[0].good, slots[0].answered, slots[1].answered), (1, 1, 0, 1));
    assert_eq!((slots[0].service_micros, slots[0].stage_micros), (100_000, [0, 7_000, 0, 0]));
    about(slots[0].quantile(0.99), 500);
}

#[test]
fn the_warm_up_counts_in_nothing_but_the_throughput_of_when_it_was_answered() {
    let recorder =
        recorded(&[sample(1_000, 1_000, 1_500), sample(1_900, 1_900, 4_000), sample(7_000, 7_000, 7_001)]);
    assert_eq!((recorder.latency().count(), recorder.outcomes().total()), (0, 0));
    let answered: Vec<_> = recorder.timeline().slots().iter().map(|slot| (slot.due, slot.answered)).collect();
    assert_eq!(answered, [(0, 0), (0, 0), (0, 1)]);
    // Due within, answered after: a latency, but no throughput.
    let late = recorded(&[sample(6_900, 6_900, 9_000)]);
    assert_eq!((late.latency().count(), late.timeline().slots()[4].answered), (1, 0));
}

#[test]
fn errors_have_a_code_and_no_latency() {
    let mut recorder = recorded(&[]);
    for outcome in [
        Outcome::Refused { status: 503, code: Some("hash_queue_full") },
        Outcome::Refused { status: 503, code: Some("hash_queue_full") },
        Outcome::Refused { status: 429, code: None },
        Outcome::Failed(Failure::Timeout),
    ] {
        recorder.record(&Sample { outcome, ..sample(3_000, 3_000, 3_001) });
    }
    recorder.never_sent(ms(4_000), ms(9_000));
    let errors: Vec<_> =
        recorder.outcomes().errors.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(errors, [("429", 1), ("503 hash_queue_full", 2), ("never sent", 1), ("timeout", 1)]);
    assert_eq!((recorder.latency().count(), recorder.timeline().slots()[1].due), (0, 4));
}

#[test]
fn a_server_with_endless_codes_fills_no_memory() {
    let mut outcomes = Outcomes::default();
    for number in 0..10_000 {
        let code = format!("{number}{}", "x".repeat(1_000));
        outcomes.add(&Outcome::Refused { status: 400, code: Some(&code) });
    }
    assert_eq!((outcomes.errors.len(), outcomes.bad()), (MOST_OUTCOMES + 1, 10_000));
    assert!(outcomes.errors.keys().all(|name| name.len() <= 68));
    let mut merged = outcomes.clone();
    merged.merge(&outcomes);
    assert_eq!((merged.errors.len(), merged.bad()), (MOST_OUTCOMES + 1, 20_000));
}

#[test]
fn a_long_run_has_wider_slots_and_not_more() {
    for (hours, width, last) in [(0, 1, 0), (1, 8, 449), (24, 256, 337), (24 * 365, 65_536, 481)] {
        let timeline = Timeline::new(Duration::from_secs(hours * 3_600));
        assert_eq!(timeline.bounds(1).0.as_secs(), width);
        let mut recorder =
            Recorder::new(Window { warm_up: Duration::ZERO, measured: Duration::from_secs(hours * 3_600) });
        recorder.record(&sample(0, 0, hours * 3_600_000 - u64::from(hours > 0)));
        assert_eq!(recorder.timeline().slots().len().saturating_sub(1), last);
        assert!(recorder.timeline().slots().len() <= MOST_SLOTS as usize);
    }
    let odd = Timeline::new(ms(2_500));
    assert_eq!((odd.bounds(0), odd.bounds(2)), ((ms(0), ms(1_000)), (ms(2_000), ms(500))));
}

#[test]
fn only_one_window_merges() {
    let mut recorder = recorded(&[]);
    let other = Recorder::new(Window { measured: ms(1), ..window() });
    let refused = recorder.merge(&other).unwrap_err();
    assert!(refused.to_string().starts_with("two recorders of different windows cannot be merged"));
}

#[test]
fn server_timing_is_read_as_the_specification_says() {
    let stages =
        Stages::parse(r#"queue;dur=1.25, hash;desc="Argon2id, 19;dur=9 \" MiB";dur=23.5 ,db ; DUR = "0.75""#);
    let micros = Stage::ALL.map(|stage| stages.get(stage).map(|time| time.as_micros()));
    assert_eq!(micros, [Some(1_250), Some(23_500), Some(750), None]);
    for nothing in
        ["", "hash", "hash;dur", "hash;dur=", "hash;dur=-1", "hash;dur=NaN", "HASH;dur=1", "x;dur=1", ",;="]
    {
        assert_eq!(Stages::parse(nothing), Stages::default(), "{nothing}");
    }
    assert_eq!(Stages::parse("db;dur=1,db;dur=2;dur=9").get(Stage::Db), Some(ms(3)));
    assert_eq!(Stages::parse("db;dur=1e300").get(Stage::Db), None);
    assert_eq!(Stages::parse("db;dur=1e9").get(Stage::Db), Some(Duration::from_secs(600)));
}

#[test]
fn live_progress_is_since_the_last_look() {
    let (mut live, mut worker) = (Live::default(), Live::default());
    (0..200).for_each(|_| worker.record(Some(ms(31))));
    worker.record(None);
    live.drain(&mut worker);
    assert_eq!(live.look(ms(500)).to_string(), "400/s, p99 31.0 ms, 2.00/s errors");
    assert_eq!(live.look(ms(500)).to_string(), "0/s, p99 –");
}

fn samples() -> impl Strategy<Value = Vec<Sample<'static>>> {
    let one = (0_u64..9_000, 0_u64..500, 0_u64..3_000, 0_u8..6).prop_map(|(due, wait, took, kind)| {
        let outcome = match kind {
            0 => Outcome::Failed(Failure::Closed),
            1 => Outcome::Refused { status: 503, code: Some("busy") },
            _ => Outcome::Good(200),
        };
        Sample { outcome, ..sample(due, due + wait, due + wait + took) }
    });
    proptest::collection::vec(one, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn threads_add_up_to_one(first in samples(), second in samples()) {
        let mut merged = recorded(&first);
        merged.merge(&recorded(&second)).unwrap();
        let together: Vec<_> = first.into_iter().chain(second).collect();
        prop_assert_eq!(merged, recorded(&together));
    }

    #[test]
    fn every_request_of_the_window_is_counted_once(samples in samples()) {
        let recorder = recorded(&samples);
        let within = samples.iter().filter(|sample| matches!(window().phase(sample.due), Phase::Measured(_)));
        let slots = recorder.timeline().slots();
        prop_assert_eq!(recorder.outcomes().total(), within.count() as u64);
        prop_assert_eq!(slots.iter().map(|slot| slot.due).sum::<u64>(), recorder.outcomes().total());
        prop_assert_eq!(slots.iter().map(|slot| slot.good).sum::<u64>(), recorder.latency().count());
        prop_assert_eq!(recorder.outcomes().good, recorder.service().count());
    }

    #[test]
    fn no_header_panics(header in r#"[a-z;,="\\ .0-9é]{0,40}|(hash|db);dur=[0-9.e+-]{0,12}"#) {
        let stages = Stages::parse(&header);
        prop_assert!(Stage::ALL.iter().all(|stage| stages.get(*stage) <= Some(Duration::from_secs(600 * 20))));
    }
}
