//! Which rate is the knee, and the reason why not the next one.

use proptest::prelude::*;

use super::*;

const MILLISECOND: Duration = Duration::from_millis(1);

fn step(offered: f64, achieved: f64, errors: u64, p99: u32) -> Step {
    Step {
        offered_per_second: offered,
        due_per_second: offered,
        achieved_per_second: achieved,
        requests: (offered * 10.0) as u64,
        errors,
        p50: Some(MILLISECOND),
        p99: Some(MILLISECOND * p99),
        used: Used::default(),
    }
}

fn criterion() -> Criterion {
    Criterion::with_p99(MILLISECOND * 100)
}

#[test]
fn the_highest_carried_rate_is_the_knee_and_the_next_says_what_it_lacked() {
    let steps = [step(400.0, 310.0, 900, 900), step(100.0, 100.0, 0, 20), step(200.0, 199.0, 1, 60)];
    let knee = criterion().knee(&steps);
    assert_eq!(knee.carried_per_second, Some(200.0));
    assert_eq!(knee.next.as_ref().unwrap().1.len(), 3);
    assert_eq!(
        knee.to_string(),
        "carried up to 200/s; at 400/s only 77.5 % of what was due was answered well (98.0 % is required), and \
         22.5 % of the requests failed (less than 0.100 % is allowed), and p99 was 900 ms (at most 100 ms is allowed)"
    );
}

#[test]
fn without_a_failure_the_knee_may_lie_beyond_and_without_a_success_there_is_none() {
    let calm = criterion().knee(&[step(100.0, 100.0, 0, 20)]);
    assert_eq!(
        calm.to_string(),
        "carried up to 100/s; that was the highest rate tried, the knee may lie beyond"
    );
    let silent = Step { p99: None, achieved_per_second: 0.0, ..step(50.0, 0.0, 500, 0) };
    let knee = criterion().knee(&[silent]);
    assert_eq!(knee.carried_per_second, None);
    assert!(
        knee.to_string().starts_with("not even the lowest rate was carried; at 50.0/s only 0 % of"),
        "{knee}"
    );
    assert!(knee.to_string().ends_with("and no request was answered well"), "{knee}");
    let none = criterion().knee(&[]);
    assert_eq!((none.next.as_ref(), none.to_string().as_str()), (None, "no rate was tried"));
}

#[test]
fn a_lower_rate_that_failed_is_told() {
    let knee = criterion().knee(&[step(100.0, 90.0, 100, 20), step(200.0, 200.0, 0, 20)]);
    assert_eq!((knee.carried_per_second, &knee.failed_below[..]), (Some(200.0), &[100.0][..]));
    assert!(
        knee.to_string().ends_with("lower ones were not carried (100/s): too noisy, repeat it"),
        "{knee}"
    );
}

#[test]
fn bounds_are_met_exactly() {
    let lacks = |step| criterion().shortfalls(&step);
    assert_eq!(lacks(step(100.0, 100.0, 0, 100)), []);
    assert_eq!(lacks(step(100.0, 98.0, 20, 100)).len(), 1, "too many errors, and enough of what was due");
    assert_eq!(lacks(step(100.0, 97.9, 21, 100)).len(), 2);
    assert_eq!(
        lacks(step(100.0, 99.9, 1, 100)).len(),
        1,
        "one in a thousand is not fewer than one in a thousand"
    );
    assert_eq!(lacks(step(100.0, 100.0, 0, 101)).len(), 1);
    assert_eq!(lacks(step(0.0, 0.0, 0, 1)).len(), 1);
}

#[test]
fn a_schedule_that_came_out_short_is_not_the_servers_fault() {
    let short = Step { due_per_second: 95.0, requests: 950, ..step(100.0, 95.0, 0, 20) };
    assert_eq!(criterion().knee(&[short]).carried_per_second, Some(100.0));
}

#[test]
fn answers_that_cross_the_edges_of_the_window_are_no_failures() {
    // Of ten seconds with answers of half a second, fewer come within than are due within.
    let crossing = step(100.0, 95.0, 0, 90);
    assert_eq!(criterion().knee(&[crossing]).carried_per_second, Some(100.0));
}

#[test]
fn of_two_trials_the_last_one_counts() {
    let (bad, good) = (step(100.0, 90.0, 100, 20), step(100.0, 100.0, 0, 20));
    let knee = criterion().knee(&[bad, good]);
    assert_eq!((knee.carried_per_second, &knee.failed_below[..]), (Some(100.0), &[][..]));
    assert_eq!(criterion().knee(&[good, bad]).carried_per_second, None);
}

proptest! {
    #[test]
    fn the_knee_was_carried_and_nothing_above_it_was(
        steps in proptest::collection::vec((1.0_f64..1e4, 0.9_f64..1.05, 0_u64..3, 50_u32..150), 0..12),
    ) {
        let steps: Vec<_> = steps.into_iter().map(|(rate, share, errors, p99)| step(rate, rate * share, errors, p99)).collect();
        let knee = criterion().knee(&steps);
        for step in &steps {
            let carried = criterion().shortfalls(step).is_empty();
            prop_assert!(!carried || knee.carried_per_second >= Some(step.offered_per_second));
        }
        if let Some((next, lacks)) = &knee.next {
            prop_assert!(!lacks.is_empty() && Some(*next) >= knee.carried_per_second);
        }
        let text = serde_json::to_string(&knee).unwrap();
        prop_assert_eq!(serde_json::from_str::<Knee>(&text).unwrap().failed_below.len(), knee.failed_below.len());
    }
}
