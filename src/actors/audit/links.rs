//! Bound events that wait for their place in the chain.
//!
//! Their rows are written in transactions of others, which the writer does not see end: it hears of each row when it is
//! written and asks for it until it is committed. One that does not appear was rolled back.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use uuid::Uuid;

use crate::domain::clock::Stopwatch;

/// Longer than any transaction may take. Should one appear later all the same, it is adopted as a stray.
const GIVEN_UP: Duration = Duration::from_secs(15);

/// The longest pause between two questions.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Beyond so many, rows are left to be adopted.
const MOST: usize = 100_000;

#[derive(Debug)]
pub(super) struct Links {
    waiting: VecDeque<(Uuid, Stopwatch)>,
    shortest: Duration,
    pause: Duration,
    asked: Option<Stopwatch>,
    hurry: bool,
}

impl Links {
    /// Asks at most once in `shortest`.
    pub(super) fn new(shortest: Duration) -> Self {
        Self { waiting: VecDeque::new(), shortest, pause: shortest, asked: None, hurry: false }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn add(&mut self, ids: Vec<Uuid>) {
        let room = MOST.saturating_sub(self.waiting.len());
        self.waiting.extend(ids.into_iter().take(room).map(|id| (id, Stopwatch::start())));
        self.pause = self.shortest;
    }

    /// Asks once more before anything else, whenever that was last done.
    pub(super) fn hurry(&mut self) {
        self.hurry = true;
    }

    pub(super) fn is_hurried(&self) -> bool {
        self.hurry && !self.waiting.is_empty()
    }

    pub(super) fn is_due(&self) -> bool {
        let paused = self.asked.is_none_or(|asked| asked.elapsed() >= self.pause);
        !self.waiting.is_empty() && (self.hurry || paused)
    }

    /// How long until the next question.
    pub(super) fn pause(&self) -> Duration {
        self.asked.map_or(self.pause, |asked| self.pause.saturating_sub(asked.elapsed()))
    }

    /// The next question: whether these are committed.
    pub(super) fn ask(&mut self, most: usize) -> Vec<Uuid> {
        self.asked = Some(Stopwatch::start());
        self.hurry = false;
        self.waiting.iter().take(most).map(|(id, _)| *id).collect()
    }

    /// The answer: these of `asked` have their place.
    pub(super) fn answered(&mut self, asked: usize, linked: &[Uuid]) {
        let linked: HashSet<_> = linked.iter().collect();
        let mut silent: VecDeque<_> = self.waiting.drain(..asked.min(self.waiting.len())).collect();
        silent.retain(|(id, since)| !linked.contains(id) && since.elapsed() < GIVEN_UP);
        self.waiting.append(&mut silent);
        self.pause = if linked.is_empty() { (self.pause * 2).min(LONGEST_PAUSE) } else { self.shortest };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_committed_yet_is_asked_for_again_behind_the_others_and_less_often() {
        let mut links = Links::new(Duration::from_secs(3_600));
        let [one, two, three] = [1, 2, 3].map(Uuid::from_u128);
        assert!(!links.is_due(), "nothing waits");
        links.add(vec![one, two, three]);
        assert!(links.is_due());
        assert_eq!(links.ask(2), [one, two]);
        assert!(!links.is_due(), "asked just now");
        links.answered(2, &[two]);
        assert_eq!(links.len(), 2);
        links.hurry();
        assert!(links.is_due() && links.is_hurried());
        assert_eq!(links.ask(9), [three, one]);
        assert!(!links.is_hurried());
        links.answered(2, &[one, three]);
        assert_eq!((links.len(), links.is_due()), (0, false));
    }

    #[test]
    fn questions_without_an_answer_become_rare_until_something_new_comes() {
        let mut links = Links::new(Duration::from_millis(20));
        links.add(vec![Uuid::from_u128(1)]);
        for pause in [40, 80, 160, 320, 640, 1_000, 1_000] {
            links.ask(9);
            links.answered(1, &[]);
            assert_eq!(links.pause, Duration::from_millis(pause));
        }
        links.add(vec![Uuid::from_u128(2)]);
        assert_eq!(links.pause, Duration::from_millis(20));
    }
}
