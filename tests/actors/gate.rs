//! Gate, gated messages and handles in detail: who is refused, what that costs, when the permit comes back.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use guardhouse::actors::gate::{Gate, Refused};
use guardhouse::actors::handle::Patience;

use super::in_system;
use super::probe::{Explode, Fizzle, Kept, Note, PATIENT, Toil};

const AT_ONCE: Patience = Patience { entry: Duration::ZERO, queue: Duration::ZERO };

fn full(refused: Refused) -> Duration {
    match refused {
        Refused::Full { retry_after } => retry_after,
        other => panic!("{other:?}"),
    }
}

#[test]
fn past_its_deadline_what_was_asked_is_refused_without_any_work_and_what_was_committed_is_done() {
    in_system(async {
        let kept = Kept::new("gate_stale", 8);
        // Any time in the queue is longer than none.
        assert_eq!(kept.handle.ask(Note(1), AT_ONCE).await, Err(Refused::Stale));
        assert_eq!(kept.handle.ask(Explode, AT_ONCE).await, Err(Refused::Stale));
        assert_eq!(kept.handle.commit(Note(2), AT_ONCE).await, Ok(1));
        kept.note(3).await.expect("answered");
        assert_eq!(kept.traces.handled(), [2, 3]);
        assert_eq!(kept.handle.gate().inside(), 0);
    });
}

#[test]
fn a_gate_admits_exactly_its_capacity() {
    let gate = Gate::new("gate_capacity", 3, 1);
    let mut inside: Vec<_> = (0..3).map(|_| gate.enter().expect("room")).collect();
    assert_eq!((gate.inside(), gate.capacity(), gate.name()), (3, 3, "gate_capacity"));
    assert_eq!(full(gate.enter().unwrap_err()), Duration::from_secs(1));
    inside.pop();
    let _again = gate.enter().expect("the place of the one that left");
    assert!(gate.clone().enter().is_err(), "clones share the permits");
}

#[test]
fn nobody_enters_for_a_wait_longer_than_their_patience() {
    in_system(async {
        let kept = Kept::new("gate_in_time", 8);
        let gate = kept.handle.gate().clone();
        assert!(gate.enter_in_time(Duration::ZERO).is_ok(), "nothing is known yet");
        kept.handle.commit(Toil(Duration::from_millis(20)), PATIENT).await.expect("done");
        let first = gate.enter_in_time(Duration::ZERO).expect("nobody is inside");
        assert!(gate.enter_in_time(Duration::from_millis(1)).is_err(), "the one inside takes some 20 ms");
        let _second = gate.enter_in_time(Duration::from_secs(60)).expect("there is room for the patient");
        assert_eq!(full(gate.enter_in_time(Duration::ZERO).unwrap_err()), Duration::from_secs(1));
        drop(first);
    });
}

#[test]
fn entering_with_patience_takes_the_place_that_becomes_free_or_gives_up() {
    in_system(async {
        let gate = Gate::new("gate_patience", 1, 1);
        let first = gate.enter().expect("room");
        full(gate.enter_within(Duration::from_millis(5)).await.unwrap_err());
        let mut waiting = Box::pin(gate.enter_within(Duration::from_secs(60)));
        assert!((&mut waiting).now_or_never().is_none());
        drop(first);
        let _second = waiting.await.expect("a place became free");
        assert_eq!(gate.inside(), 1);
    });
}

#[test]
fn every_way_through_a_gate_gives_the_permit_back() {
    in_system(async {
        // Room for one: whatever keeps its permit makes the next step fail.
        let kept = Kept::new("gate_permits", 1);
        for _ in 0..3 {
            assert_eq!(kept.handle.ask(Note(1), PATIENT).await, Ok(kept.traces.started()), "answered");
            assert_eq!(kept.handle.ask(Note(2), AT_ONCE).await, Err(Refused::Stale));
            assert_eq!(kept.handle.commit(Fizzle, PATIENT).await, Err(Refused::Crashed), "panic kept inside");
            kept.handle.commit_later(Note(3)).expect("room");
            while kept.handle.gate().inside() > 0 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(kept.traces.started(), 1, "a panic inside `serve` restarts nobody");
        assert_eq!(kept.handle.commit(Explode, PATIENT).await, Err(Refused::Crashed), "panic of the actor");
        for commit in [true, false] {
            let held = kept.hold();
            kept.note_and_leave(4, commit);
            full(kept.handle.commit_later(Note(5)).unwrap_err());
            full(kept.note(6).await.unwrap_err());
            drop(held);
            while kept.handle.gate().inside() > 0 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(kept.traces.handled(), [1, 3, 1, 3, 1, 3, 4]);
    });
}

#[test]
fn messages_to_an_actor_that_is_gone_are_refused_and_free_their_permits() {
    in_system(async {
        let kept = Kept::new("gate_gone", 2);
        for _ in 0..6 {
            assert_eq!(kept.handle.commit(Explode, PATIENT).await, Err(Refused::Crashed));
        }
        for number in 0..5 {
            assert_eq!(kept.handle.ask(Note(number), PATIENT).await, Err(Refused::Crashed));
        }
        assert_eq!((kept.handle.gate().inside(), kept.traces.handled()), (0, vec![]));
    });
}

#[test]
fn retry_after_grows_with_the_queue_and_with_the_mean_of_the_work() {
    in_system(async {
        let kept = Kept::new("gate_retry", 1_000);
        let gate = kept.handle.gate().clone();
        let seconds = |queue: usize| {
            let inside: Vec<_> = (0..queue).map(|_| gate.enter().expect("room")).collect();
            let told = gate.retry_after();
            drop(inside);
            assert_eq!(told.subsec_nanos(), 0, "whole seconds");
            told.as_secs()
        };
        assert_eq!(seconds(1_000), 1, "nothing is known yet");
        kept.handle.commit(Toil(Duration::from_millis(20)), PATIENT).await.expect("done");
        let (empty, short, long) = (seconds(0), seconds(200), seconds(800));
        assert_eq!(empty, 1);
        assert!((4..20).contains(&short), "200 × 20 ms, told {short} s");
        assert!((16..80).contains(&long) && long >= 3 * short, "800 × 20 ms, told {long} s after {short} s");
        for _ in 0..4 {
            kept.handle.commit(Toil(Duration::from_millis(60)), PATIENT).await.expect("done");
        }
        assert!(seconds(800) > long, "the work takes longer than it did");
    });
}

#[test]
fn more_workers_make_the_wait_shorter() {
    in_system(async {
        let (one, four) = (Gate::new("gate_one", 400, 1), Gate::new("gate_four", 400, 4));
        let mut told = Vec::new();
        for gate in [one, four] {
            let kept = Kept::new("gate_workers", 1);
            let handle = guardhouse::actors::handle::Handle::new(kept.handle.address().clone(), gate.clone());
            handle.commit(Toil(Duration::from_millis(100)), PATIENT).await.expect("done");
            let _inside: Vec<_> = (0..400).map(|_| gate.enter().expect("room")).collect();
            told.push(full(gate.enter().unwrap_err()).as_secs());
        }
        assert!(told[0] >= 40 && told[1] >= 10 && told[1] * 2 < told[0], "{told:?}");
    });
}

#[test]
fn a_gate_counts_what_passes_and_what_it_refuses() {
    let prometheus = crate::support::prometheus();
    in_system(async {
        let kept = Kept::new("gate_metrics", 2);
        let held = kept.hold();
        let mut queued = Box::pin(join_all([kept.note(1), kept.note(2)]));
        assert!((&mut queued).now_or_never().is_none());
        for number in 0..3 {
            full(kept.note(number).await.unwrap_err());
        }
        let metric = |line: &str| {
            let text = prometheus.render();
            let found =
                text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(' ').map(str::to_owned));
            found.unwrap_or_else(|| panic!("{line} is not in {text}"))
        };
        assert_eq!(metric("guardhouse_gate_depth{gate=\"gate_metrics\"}"), "2");
        drop(held);
        queued.await;
        let _ = kept.handle.ask(Note(3), AT_ONCE).await;
        let _ = kept.handle.commit(Fizzle, PATIENT).await;
        assert_eq!(metric("guardhouse_gate_depth{gate=\"gate_metrics\"}"), "0");
        let refused = |reason: &str| {
            metric(&format!("guardhouse_gate_refused_total{{gate=\"gate_metrics\",reason=\"{reason}\"}}"))
        };
        assert_eq!([refused("full"), refused("stale"), refused("crashed")], ["3", "1", "1"]);
        assert_eq!(metric("guardhouse_gate_wait_seconds_count{gate=\"gate_metrics\"}"), "4");
        assert_eq!(metric("guardhouse_gate_work_seconds_count{gate=\"gate_metrics\"}"), "2");
    });
}
