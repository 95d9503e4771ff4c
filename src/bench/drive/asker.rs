//! Who decides what is asked, and what a good answer is.

use super::answer::Answer;
use crate::bench::recorder::{Failure, Outcome};
use crate::bench::result::Action;

/// What an asker wants to know again when the answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Which request it was.
    pub action: Action,
    /// The asker's own number for whose it was.
    pub who: usize,
}

/// Writes requests and judges answers. For each request that it writes it is told once what became of it.
pub trait Asker {
    /// Writes the next request, a whole one, into `request`, which is empty; none while it has nothing to ask, and
    /// leaves `request` empty then.
    fn ask(&mut self, request: &mut Vec<u8>) -> Option<Ticket>;

    /// The answer to a request, or why there is none.
    fn answered<'a>(&mut self, ticket: Ticket, answer: Result<&Answer<'a>, Failure>) -> Outcome<'a>;

    /// Whether it will never ask again; the drive then ends early.
    fn is_finished(&self) -> bool {
        false
    }
}
