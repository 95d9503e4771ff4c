//! Random stories, told to the memory store, which is the specification, and to each other home: the same answers at
//! every step.

use std::cell::Cell;
use std::time::Duration;

use guardhouse::domain::clock::Timestamp;
use guardhouse::store::session::{MemorySessions, RotationTerms, SessionStore, Touch};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;

use super::session_backends::{GRACE, IDLE, Store, at, ending, id, session, terms, user};
use guardhouse::domain::refresh::RefreshGrant;

crate::session_stores!(a_random_story_has_the_same_answers_as_the_specification);

/// Which of the sessions opened so far, and whether somebody else asks for it.
#[derive(Debug, Clone, Copy)]
struct Pick {
    index: usize,
    foreign: bool,
}

/// One step; before each the clock moves on.
#[derive(Debug, Clone)]
enum Step {
    Open { owner: u128, most: usize },
    Rotate { pick: Pick, back: i64, strict: bool },
    Find(Pick),
    List(u128),
    Revoke(Pick),
    RevokeAll { owner: u128, spare: Option<Pick> },
    Reauthenticate { pick: Pick, epoch: u32 },
    Touch(Vec<(Pick, u64)>),
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let pick = || (0usize..8, prop::bool::weighted(0.1)).prop_map(|(index, foreign)| Pick { index, foreign });
    prop_oneof![
        5 => (1u128..4, 1usize..5).prop_map(|(owner, most)| Step::Open { owner, most }),
        8 => (pick(), prop_oneof![4 => Just(0), 3 => Just(1), 1 => -1i64..4], any::<bool>())
            .prop_map(|(pick, back, strict)| Step::Rotate { pick, back, strict }),
        2 => pick().prop_map(Step::Find),
        2 => (1u128..4).prop_map(Step::List),
        1 => pick().prop_map(Step::Revoke),
        1 => (1u128..4, prop::option::of(pick())).prop_map(|(owner, spare)| Step::RevokeAll { owner, spare }),
        2 => (pick(), 0u32..9).prop_map(|(pick, epoch)| Step::Reauthenticate { pick, epoch }),
        3 => prop::collection::vec((pick(), 0u64..30), 0..4).prop_map(Step::Touch),
        1 => Just(Step::Sweep),
    ]
}

/// Time often stands still, moves to the edge of the grace, or past the idle end.
fn pause() -> impl Strategy<Value = Duration> {
    prop_oneof![
        4 => Just(Duration::ZERO),
        4 => (1u64..15).prop_map(Duration::from_secs),
        2 => Just(GRACE),
        1 => Just(GRACE - Duration::from_micros(1)),
        1 => (1u64..700).prop_map(Duration::from_secs),
        1 => Just(IDLE),
    ]
}

async fn a_random_story_has_the_same_answers_as_the_specification(store: Store) {
    let config = Config { cases: 8, max_shrink_iters: 500, failure_persistence: None, ..Config::default() };
    let story = prop::collection::vec((pause(), step()), 60);
    // Every story has users and sessions of its own in the same tables, and begins when the one before is long over.
    let told = Cell::new(0u128);
    let run = TestRunner::new(config).run(&story, |story| {
        let cast = Cast { users: told.get() * 100, first: told.get() * 1_000 };
        let start = at(told.replace(told.get() + 1).try_into().unwrap_or(u64::MAX) * 1_000_000);
        let play = tell(&store, &cast, start, &story);
        tokio::task::block_in_place(|| Handle::current().block_on(play))
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn tell(
    store: &Store,
    cast: &Cast,
    mut now: Timestamp,
    story: &[(Duration, Step)],
) -> Result<(), TestCaseError> {
    let specification = MemorySessions::default();
    // What earlier stories left behind is not this one's.
    store.sweep(now, 100_000).await.expect("swept");
    let mut opened = Vec::new();
    for (chapter, (pause, step)) in (1..).zip(story) {
        now = now.plus(*pause);
        if let Step::Open { owner, .. } = step {
            opened.push((cast.users + owner, cast.first + chapter));
        }
        let expected = play(&specification, cast, &opened, step, now).await;
        let answer = play(&**store, cast, &opened, step, now).await;
        prop_assert_eq!(answer, expected, "in chapter {}: {:?}", chapter, step);
    }
    Ok(())
}

/// Whom the numbers of a story mean.
struct Cast {
    users: u128,
    first: u128,
}

/// The answer, printed, so that answers of all types compare. The youngest sessions are picked.
async fn play(
    store: &dyn SessionStore,
    cast: &Cast,
    opened: &[(u128, u128)],
    step: &Step,
    now: Timestamp,
) -> String {
    let picked = |pick: Pick| {
        let (owner, number) =
            opened.iter().rev().nth(pick.index).copied().unwrap_or((cast.users, cast.first));
        (user(owner + if pick.foreign { 1 } else { 0 }), number)
    };
    match *step {
        Step::Open { most, .. } => {
            let (owner, number) = *opened.last().expect("just pushed");
            format!("{:?}", store.open(&session(owner, number, now), most, ending(now)).await)
        }
        Step::Rotate { pick, back, strict } => {
            let (user, number) = picked(pick);
            let found = store.find(user, id(number), now).await.expect("found or not");
            let generation = found.map_or(0, |session| session.generation);
            let presented = u32::try_from((i64::from(generation) - back).max(0)).expect("small");
            let grace = if strict { Duration::ZERO } else { GRACE };
            let terms = RotationTerms { grace, ..terms(now) };
            let grant = RefreshGrant { user, session: id(number), generation: presented };
            format!("{:?}", store.rotate(&grant, &terms).await)
        }
        Step::Find(pick) => {
            let (user, number) = picked(pick);
            format!("{:?}", store.find(user, id(number), now).await)
        }
        Step::List(owner) => format!("{:?}", store.list(user(cast.users + owner), now).await),
        Step::Revoke(pick) => {
            let (user, number) = picked(pick);
            format!("{:?}", store.revoke(user, id(number), ending(now)).await)
        }
        Step::RevokeAll { owner, spare } => {
            let spare = spare.map(|pick| id(picked(pick).1));
            let mut ended = store.revoke_all(user(cast.users + owner), spare, ending(now)).await;
            if let Ok(ended) = &mut ended {
                ended.sort();
            }
            format!("{ended:?}")
        }
        Step::Reauthenticate { pick, epoch } => {
            let (user, number) = picked(pick);
            format!("{:?}", store.reauthenticate(user, id(number), epoch, now).await)
        }
        Step::Touch(ref uses) => {
            let touch = |&(pick, ago): &(Pick, u64)| {
                let ((user, number), at) = (picked(pick), now.minus(Duration::from_secs(ago)));
                Touch { user, session: id(number), at, idle_expires_at: at.plus(IDLE) }
            };
            let touches: Vec<_> = uses.iter().map(touch).collect();
            format!("{:?}", store.touch(&touches).await)
        }
        // How many there were is the store's own affair: Redis forgets by itself.
        Step::Sweep => format!("{:?}", store.sweep(now, 10_000).await.map(drop)),
    }
}
