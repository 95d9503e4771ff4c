//! The batch by itself: whatever happens in whatever order, events leave it only by landing, in their order, once.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use proptest::prelude::*;
use tokio::sync::oneshot::error::TryRecvError;

use super::batch::{Batch, Waiter};
use super::messages::Take;
use super::*;
use crate::actors::gated::{Gated, Sending, Ticket};
use crate::domain::audit::record::Record;
use crate::domain::audit::{FreeKind, Origin, Subject};
use crate::domain::clock::Timestamp;
use crate::domain::entropy::SystemEntropy;
use uuid::Uuid;

type Answer = crate::actors::gated::Answer<()>;

/// An event with a ticket on which nobody has been answered yet.
fn event(gate: &Gate, number: u64) -> (Record, Ticket<()>, Answer) {
    let origin = Origin { address: Ipv4Addr::LOCALHOST.into(), user_agent: None, request_id: "test".into() };
    let free = Free::new(Timestamp::MIN, FreeKind::LoginFailed, Subject::default(), &origin);
    let id = Uuid::from_u128(u128::from(number));
    let record = Record::new(id, InstanceId(id), free.event(), String::new(), &SystemEntropy);
    let permit = gate.enter().expect("room");
    let (gated, answer) =
        Gated::new(Take { event: free, awaited: true, room: None }, Sending::Commit, Duration::MAX, permit);
    let (_, ticket) = gated.admit().expect("in time");
    (record, ticket, answer)
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Push,
    Launch,
    Land,
    GatherAgain,
}

fn numbers(batch: &Batch) -> Vec<u64> {
    batch.in_flight().iter().map(|record| record.id.as_u128() as u64).collect()
}

proptest! {
    #[test]
    fn events_leave_a_batch_only_by_landing_in_their_order_and_once(
        most in 1usize..6,
        steps in prop::collection::vec(
            prop_oneof![
                5 => Just(Step::Push), 3 => Just(Step::Launch), 2 => Just(Step::Land), 1 => Just(Step::GatherAgain),
            ],
            0..120,
        ),
    ) {
        let gate = Gate::new("test_batch", 1_000, 1);
        let (mut batch, mut waiting, mut pushed, mut landed) = (Batch::new(most), VecDeque::new(), 0, 0);
        for step in steps {
            let flying = numbers(&batch);
            match step {
                Step::Push => {
                    pushed += 1;
                    let (record, ticket, answer) = event(&gate, pushed);
                    waiting.push_back(answer);
                    batch.push(record, Waiter { ticket: Some(ticket), room: None });
                }
                Step::Launch if flying.is_empty() => {
                    let pending = usize::try_from(pushed - landed).expect("few");
                    prop_assert_eq!(batch.launch(), pending > 0);
                    let expected: Vec<_> = (landed + 1..=pushed).take(most).collect();
                    prop_assert_eq!(numbers(&batch), expected);
                }
                Step::Launch => {}
                Step::Land => {
                    batch.landed();
                    for number in flying {
                        landed += 1;
                        prop_assert_eq!(number, landed);
                        let mut answer = waiting.pop_front().expect("one for each");
                        prop_assert_eq!(answer.try_recv(), Ok(Ok(())), "acknowledged");
                    }
                }
                Step::GatherAgain => {
                    batch.gather_again();
                    prop_assert_eq!(numbers(&batch), Vec::<u64>::new());
                }
            }
            let pending = usize::try_from(pushed - landed).expect("few");
            prop_assert_eq!(batch.len() + batch.in_flight().len(), pending);
            prop_assert_eq!(batch.is_empty(), pending == 0);
            prop_assert_eq!(batch.is_full(), batch.len() >= most);
            prop_assert_eq!(gate.inside(), pending, "each holds its permit until it has landed");
            for answer in &mut waiting {
                prop_assert_eq!(answer.try_recv(), Err(TryRecvError::Empty), "nobody is answered before");
            }
        }
    }
}
