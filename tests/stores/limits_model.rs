//! Random stories, on a clock that goes on, stands still and is set back. What must hold is looked for in the granted
//! times themselves; and each home answers as the table in memory does.

use std::cell::Cell as Counter;
use std::collections::HashMap;
use std::time::Duration;

use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::limit::{Cell, Delays, Manner, Place, Rule, Verdict, Window};
use guardhouse::store::limit::{LimitStore, MemoryLimits};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;

use super::limits_backends::{Store, at, cell};

crate::limit_stores!(a_random_story_keeps_to_every_limit_and_has_the_same_answers_as_the_table);

#[derive(Debug, Clone)]
enum Step {
    /// Which of the cells, as bits.
    Take(u8),
    /// The n-th youngest grant that was not given back yet, and how many of its places.
    Forgive { nth: usize, places: usize },
    /// Forwards or backwards, in milliseconds.
    Clock(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1u8..16).prop_map(Step::Take),
        1 => (0usize..4, 1usize..3).prop_map(|(nth, places)| Step::Forgive { nth, places }),
        3 => (0i64..4_000).prop_map(Step::Clock),
        1 => (-6_000i64..0).prop_map(Step::Clock),
        1 => prop_oneof![Just(10_000), Just(20_000), Just(9_999), Just(60_000)].prop_map(Step::Clock),
    ]
}

/// One or two windows each, also such as no configuration has: the longer one smaller.
fn windows() -> impl Strategy<Value = String> {
    let window = (1u32..9, 1u64..21).prop_map(|(max, per)| format!("{max}/{per}s"));
    prop::collection::vec(window, 1..3).prop_map(|windows| windows.join(" "))
}

async fn a_random_story_keeps_to_every_limit_and_has_the_same_answers_as_the_table(store: Store) {
    let config = Config { cases: 24, max_shrink_iters: 500, failure_persistence: None, ..Config::default() };
    let story = (prop::collection::vec(windows(), 4), prop::collection::vec(step(), 100));
    // Every story has subjects of its own.
    let told = Counter::new(0);
    let run = TestRunner::new(config).run(&story, |(windows, steps)| {
        let number = told.replace(told.get() + 1);
        let rules = [Rule::LoginAddress, Rule::LoginAccount, Rule::RegisterAddress, Rule::LoginAccount];
        // The third counter delays, the fourth slows down: of these only the answers are compared.
        let delays = Delays { first: Duration::from_millis(700), longest: Duration::from_secs(3) };
        let slow = Manner::Slow { longest: Duration::from_secs(4) };
        let manners = [Manner::Refuse, Manner::Refuse, Manner::Delay(delays), slow];
        let cells: Vec<Cell> = (0..4)
            .map(|index| {
                cell(rules[index], &format!("{number} {index}"), &windows[index]).with(manners[index])
            })
            .collect();
        let telling = tell(&store, &cells, &steps);
        tokio::task::block_in_place(|| Handle::current().block_on(telling))
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn tell(store: &Store, cells: &[Cell], steps: &[Step]) -> Result<(), TestCaseError> {
    let table = MemoryLimits::new(1 << 20);
    let (mut now, mut ledger) = (at(1_000), Ledger::default());
    let mut grants: Vec<[Vec<Place>; 2]> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Clock(millis) if millis < 0 => {
                now = now.minus(Duration::from_millis(millis.unsigned_abs()))
            }
            Step::Clock(millis) => now = now.plus(Duration::from_millis(millis.unsigned_abs())),
            Step::Forgive { nth, places } => {
                let Some(index) = grants.len().checked_sub(nth + 1) else { continue };
                let [here, there] = grants.remove(index);
                let some = places.min(here.len());
                table.forgive(&here[..some]).await.expect("given back");
                store.forgive(&there[..some]).await.expect("given back");
                ledger.strike(&here[..some]);
            }
            Step::Take(which) => {
                let chosen = |index: &usize| which & (1 << index) != 0;
                let wanted: Vec<Cell> = (0..4).filter(chosen).map(|index| cells[index].clone()).collect();
                let expected = table.take(wanted.clone(), now).await.expect("the table answers");
                let answer = store.take(wanted.clone(), now).await.expect("the store answers");
                prop_assert_eq!(print(&answer), print(&expected), "step {}: {:?}", number, step);
                if let (Verdict::Granted { places: here, .. }, Verdict::Granted { places: there, .. }) =
                    (&expected, &answer)
                {
                    for place in there {
                        ledger.write(place, now)?;
                    }
                    grants.push([here.clone(), there.clone()]);
                } else {
                    ledger.justifies(&answer, &wanted, now)?;
                }
            }
        }
    }
    Ok(())
}

/// But for who keeps the places.
fn print(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Granted { rule, standing, wait, last, places } => {
            let places: Vec<_> = places.iter().map(|place| (&place.cell, place.at)).collect();
            format!("{rule:?} {standing:?} {wait:?} {last:?} {places:?}")
        }
        other => format!("{other:?}"),
    }
}

/// Every grant that was not given back, as it was answered: nothing here knows how a store counts.
#[derive(Default)]
struct Ledger {
    granted: HashMap<(Rule, String), Vec<Timestamp>>,
    /// Grants that had left every window once, by the clock of a later grant. They are history: a clock that is set
    /// back to before that brings them back only as long as the later grants stand.
    past: HashMap<(Rule, String), Timestamp>,
}

impl Ledger {
    fn key(cell: &Cell) -> (Rule, String) {
        (cell.rule, cell.subject.clone())
    }

    /// A grant: by its time, no window of its cell holds more than its maximum.
    fn write(&mut self, place: &Place, now: Timestamp) -> Result<(), TestCaseError> {
        let key = Self::key(&place.cell);
        let granted = self.granted.entry(key.clone()).or_default();
        prop_assert!(place.at >= now, "noted before it happened");
        if matches!(place.cell.manner, Manner::Slow { .. }) {
            // It holds more than its maximum, and remembers the youngest of them only.
            granted.push(place.at);
            return Ok(());
        }
        let past = self.past.get(&key).copied().unwrap_or(Timestamp::MIN);
        let counting = || granted.iter().filter(|at| **at > past);
        prop_assert!(counting().all(|other| place.at >= *other), "out of order");
        if granted.iter().all(|other| *other <= now) {
            prop_assert!(place.at == now, "moved for no reason");
        }
        granted.push(place.at);
        for Window { max, per } in place.cell.windows.iter() {
            for from in granted.iter().filter(|at| **at > past) {
                let inside = granted.iter().filter(|at| *at >= from && **at < from.plus(*per)).count();
                prop_assert!(inside <= *max as usize, "{} in {}/{:?} from {}", inside, max, per, from);
            }
        }
        let longest = place.cell.windows.iter().map(|window| window.per).max().unwrap_or_default();
        self.past.insert(key, past.max(place.at.minus(longest)));
        Ok(())
    }

    fn strike(&mut self, places: &[Place]) {
        for place in places {
            let granted = self.granted.entry(Self::key(&place.cell)).or_default();
            let index = granted.iter().position(|at| *at == place.at).expect("it was granted");
            granted.remove(index);
        }
    }

    /// A refusal: some cell has a window that is full, and is so until `retry_after` is over.
    fn justifies(&self, verdict: &Verdict, wanted: &[Cell], now: Timestamp) -> Result<(), TestCaseError> {
        let Verdict::Limited { rule, window, retry_after } = verdict else {
            return Err(TestCaseError::fail(format!("{verdict:?}")));
        };
        if wanted.iter().any(|cell| cell.rule == *rule && matches!(cell.manner, Manner::Delay(_))) {
            return Ok(());
        }
        let is_full = |time: Timestamp| {
            wanted.iter().filter(|cell| cell.rule == *rule && cell.windows.contains(window)).any(|cell| {
                let granted = self.granted.get(&Self::key(cell)).map_or(&[][..], Vec::as_slice);
                granted.iter().filter(|at| at.plus(window.per) > time).count() >= window.max as usize
            })
        };
        prop_assert!(is_full(now), "refused for no reason");
        prop_assert!(
            is_full(now.plus(*retry_after).minus(Duration::from_micros(1))),
            "told to wait too long"
        );
        Ok(())
    }
}
