//! Following a view from afar: however inserting, forgetting and reading are interleaved, a follower that has read to the
//! end refuses what the view refuses, and the log is never longer than the view.

use guardhouse::domain::revocation::{Revocation, Revoked};
use guardhouse::tokens::revocations::{Cursor, Revocations};
use proptest::prelude::*;

use super::revocations::{any_entry, entry, session, token, user};
use super::*;

#[derive(Debug, Clone)]
enum Step {
    Insert(Revocation),
    /// Time goes on by so many seconds, and both forget.
    Forget(i64),
    /// The follower reads one page of so many entries.
    Read(usize),
    /// The follower reads to the end.
    CatchUp(usize),
    /// The follower turns to the other node, which hears of everything too.
    Change,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => any_entry().prop_map(Step::Insert),
        1 => (1i64..150).prop_map(Step::Forget),
        4 => (1usize..4).prop_map(Step::Read),
        2 => (1usize..4).prop_map(Step::CatchUp),
        1 => Just(Step::Change),
    ]
}

struct Follower {
    view: Revocations,
    /// What a new beginning has brought so far.
    anew: Option<Revocations>,
    cursor: Option<Cursor>,
}

impl Follower {
    /// Whether there was more.
    fn read(&mut self, node: &Revocations, most: usize) -> bool {
        let page = node.page(self.cursor, most);
        assert!(page.revocations.len() <= most);
        assert!(!page.more || page.revocations.len() == most, "there is more, and the page is not full");
        if page.complete {
            self.anew = Some(Revocations::new());
        }
        let view = self.anew.as_ref().unwrap_or(&self.view);
        for &(what, expires_at) in &page.revocations {
            view.insert(&Revocation { what, at: at(0), expires_at });
        }
        // As a real one does: the cursor goes through text.
        self.cursor = Cursor::parse(&page.cursor.to_string());
        assert_eq!(self.cursor, Some(page.cursor));
        if !page.more
            && let Some(anew) = self.anew.take()
        {
            self.view = anew;
        }
        page.more
    }

    fn agrees_with(&self, node: &Revocations, now: i64) -> Result<(), TestCaseError> {
        for of in 0..2 {
            for within in 0..4 {
                for epoch in 0..5 {
                    let claims = token(of, within, epoch);
                    prop_assert_eq!(
                        self.view.is_revoked(&claims),
                        node.is_revoked(&claims),
                        "{:?} at {}",
                        claims,
                        now
                    );
                }
            }
        }
        Ok(())
    }
}

fn node(id: u128) -> Revocations {
    Revocations::new().with_id(Uuid::from_u128(id))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn a_follower_that_has_read_to_the_end_refuses_exactly_what_the_view_refuses(
        steps in proptest::collection::vec(any_step(), 0..40),
    ) {
        let mut nodes = [node(1), node(2)];
        let mut follower = Follower { view: Revocations::new(), anew: None, cursor: None };
        let mut now = 0;
        for step in steps {
            match step {
                Step::Insert(mut revocation) => {
                    revocation.expires_at = at(now).plus(revocation.expires_at.since(at(0)));
                    nodes.iter().for_each(|node| node.insert(&revocation));
                }
                Step::Forget(seconds) => {
                    now += seconds;
                    for view in nodes.iter().chain([&follower.view]).chain(&follower.anew) {
                        view.forget_expired(at(now));
                    }
                }
                Step::Read(most) => {
                    if !follower.read(&nodes[0], most) {
                        follower.agrees_with(&nodes[0], now)?;
                    }
                }
                Step::CatchUp(most) => {
                    while follower.read(&nodes[0], most) {}
                    follower.agrees_with(&nodes[0], now)?;
                }
                Step::Change => nodes.swap(0, 1),
            }
            let everything = nodes[0].page(None, usize::MAX);
            prop_assert_eq!(everything.revocations.len(), nodes[0].len(), "each live entry stands in the log once");
            prop_assert!(everything.complete && !everything.more);
        }
    }
}

fn told(node: &Revocations, after: Option<Cursor>) -> (Vec<Revoked>, Cursor) {
    let page = node.page(after, 100);
    (page.revocations.into_iter().map(|(what, _)| what).collect(), page.cursor)
}

#[test]
fn an_entry_that_lives_longer_than_before_is_told_again_and_one_that_does_not_is_not() {
    let (node, what) = (node(1), Revoked::Session(session(1)));
    node.insert(&entry(what, 100));
    node.insert(&entry(Revoked::Session(session(2)), 100));
    let (first, cursor) = told(&node, None);
    assert_eq!(first, [what, Revoked::Session(session(2))]);
    node.insert(&entry(what, 100));
    node.insert(&entry(what, 50));
    assert_eq!(told(&node, Some(cursor)), (vec![], cursor));
    node.insert(&entry(what, 101));
    let (again, later) = told(&node, Some(cursor));
    assert_eq!(again, [what]);
    assert_ne!(later, cursor);
    assert_eq!(told(&node, None).0, [Revoked::Session(session(2)), what], "and stands where it changed last");
}

#[test]
fn who_was_away_while_everything_was_forgotten_goes_on_from_where_they_were() {
    let node = node(1);
    node.insert(&entry(Revoked::Session(session(1)), 10));
    let (_, cursor) = told(&node, None);
    node.insert(&entry(Revoked::User { user: user(1), below_epoch: 3, spare: None }, 10));
    node.forget_expired(at(1_000));
    let page = node.page(Some(cursor), 100);
    assert!(!page.complete && page.revocations.is_empty());
    node.insert(&entry(Revoked::Session(session(2)), 2_000));
    assert_eq!(told(&node, Some(cursor)).0, [Revoked::Session(session(2))]);
}

#[test]
fn a_cursor_is_good_for_the_view_that_gave_it() {
    let (one, other) = (node(1), node(2));
    for view in [&one, &other] {
        view.insert(&entry(Revoked::Session(session(1)), 100));
    }
    let (_, cursor) = told(&one, None);
    assert!(!one.page(Some(cursor), 9).complete);
    assert!(other.page(Some(cursor), 9).complete);
    assert!(one.page(None, 9).complete);
    let ahead = Cursor::parse(&cursor.to_string().replace(".1", ".2")).unwrap();
    assert!(one.page(Some(ahead), 9).complete, "a number that this view has not reached");
}
