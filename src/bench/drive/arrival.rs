//! How the people of a load come: they register, those who are there from before sign in, and nobody measures it.

use std::collections::VecDeque;

use super::answer::Answer;
use super::asker::{Asker, Ticket};
use super::people::{People, Session};
use super::request::{Requests, code};
use super::target::Target;
use crate::bench::recorder::{Failure, Outcome};
use crate::bench::result::Action;

/// How often one of them may be turned away by a busy server.
const MOST_TRIES: u32 = 50;
/// As how many of those a try counts that got no answer at all.
const WITHOUT_ANSWER: u32 = 10;

/// Why they could not come.
#[derive(Debug, thiserror::Error)]
pub enum TurnedAway {
    /// By the limits.
    #[error(
        "the server limits how often somebody may try ({0}: 429), so that a load would measure its limits; run it with \
         limits.enabled = false"
    )]
    Limited(&'static str),
    /// By another answer.
    #[error("the server answered {status}{} to a {what} of {email}; {hint}", spaced(.code.as_deref()))]
    Refused {
        /// What was asked.
        what: &'static str,
        /// Whose it was.
        email: String,
        /// The status of the answer.
        status: u16,
        /// Its code, where it had one.
        code: Option<String>,
        /// What may be the reason.
        hint: &'static str,
    },
    /// A good answer without the tokens that belong in it.
    #[error("the server's answer to a {0} has no tokens that could be read")]
    NoTokens(&'static str),
    /// By none.
    #[error("no server answers there; a {0} was tried several times")]
    NoAnswer(&'static str),
    /// By 503, again and again.
    #[error("the server is too busy for one more {0} (503); nothing else may load it")]
    Busy(&'static str),
    /// In the time that there is for it.
    #[error(
        "only {0} of {1} people could sign in within {2} minutes; take fewer (--users, --session-count, --rate)"
    )]
    TooSlow(usize, usize, u64),
}

fn spaced(code: Option<&str>) -> String {
    code.map(|code| format!(" {code}")).unwrap_or_default()
}

#[derive(Debug, Clone, Copy)]
struct Arrival {
    person: usize,
    step: Step,
    tries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Register,
    SignIn,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Register => "registration",
            Self::SignIn => "login",
        }
    }
}

/// Lets them come.
pub struct Arriving {
    requests: Requests,
    people: People,
    queue: VecDeque<Arrival>,
    under_way: Vec<Option<Arrival>>,
    sessions: Vec<(usize, Session)>,
    wanted: usize,
    fault: Option<TurnedAway>,
}

impl Arriving {
    /// All of them register; each ends with a session.
    pub fn registering(target: &Target, people: People) -> Self {
        let arrival = |person| Arrival { person, step: Step::Register, tries: 0 };
        Self::new(target, people, (0..people.count).map(arrival).collect())
    }

    /// They sign in, one after the other and again from the first, until there are so many `sessions`.
    pub fn signing_in(target: &Target, people: People, sessions: usize) -> Self {
        let count = people.count.max(1);
        let arrival = |number| Arrival { person: number % count, step: Step::SignIn, tries: 0 };
        Self::new(target, people, (0..sessions).map(arrival).collect())
    }

    fn new(target: &Target, people: People, queue: VecDeque<Arrival>) -> Self {
        let (wanted, requests) = (queue.len(), Requests::to(target));
        Self { requests, people, queue, under_way: Vec::new(), sessions: Vec::new(), wanted, fault: None }
    }

    /// Everybody's session with whose it is, in the order in which they came, or why not.
    ///
    /// # Errors
    ///
    /// See [`TurnedAway`]; too slow are they if some are still under way.
    pub fn sessions(self, minutes: u64) -> Result<Vec<(usize, Session)>, TurnedAway> {
        match self.fault {
            Some(fault) => Err(fault),
            None if self.sessions.len() < self.wanted => {
                Err(TurnedAway::TooSlow(self.sessions.len(), self.wanted, minutes))
            }
            None => Ok(self.sessions),
        }
    }

    fn again(&mut self, arrival: Arrival, counts: u32) {
        let tries = arrival.tries + counts;
        if tries < MOST_TRIES {
            return self.queue.push_back(Arrival { tries, ..arrival });
        }
        let what = arrival.step.name();
        let why = if counts == 1 { TurnedAway::Busy(what) } else { TurnedAway::NoAnswer(what) };
        self.fault.get_or_insert(why);
    }

    fn judge(&mut self, arrival: Arrival, answer: &Answer<'_>) {
        let what = arrival.step.name();
        let sign_in = Arrival { step: Step::SignIn, ..arrival };
        match (arrival.step, answer.status) {
            (Step::SignIn, 200) | (Step::Register, 201) => match Session::read(answer.body) {
                Some(session) => self.sessions.push((arrival.person, session)),
                // Registering signs nobody in there.
                None if arrival.step == Step::Register => self.queue.push_back(sign_in),
                None => drop(self.fault.get_or_insert(TurnedAway::NoTokens(what))),
            },
            (Step::Register, 202 | 409) => self.queue.push_back(sign_in),
            (_, 503) => self.again(arrival, 1),
            (_, 429) => drop(self.fault.get_or_insert(TurnedAway::Limited(what))),
            (_, status) => {
                let (email, code) = (self.people.email(arrival.person), code(answer.body).map(str::to_owned));
                let hint = match self.people.every {
                    Some(_) => {
                        "are those accounts in its database, with the password that `guardhouse seed` gives them?"
                    }
                    None => "is registration open there?",
                };
                self.fault.get_or_insert(TurnedAway::Refused { what, email, status, code, hint });
            }
        }
    }
}

impl Asker for Arriving {
    fn ask(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        if self.fault.is_some() {
            return None;
        }
        let arrival = self.queue.pop_front()?;
        let email = self.people.email(arrival.person);
        let action = match arrival.step {
            Step::Register => {
                self.requests.register(request, &email, self.people.password());
                Action::Register
            }
            Step::SignIn => {
                self.requests.login(request, &email, self.people.password());
                Action::Login
            }
        };
        let who = self.under_way.iter().position(Option::is_none).unwrap_or_else(|| {
            self.under_way.push(None);
            self.under_way.len() - 1
        });
        self.under_way[who] = Some(arrival);
        Some(Ticket { action, who })
    }

    fn answered<'a>(&mut self, ticket: Ticket, answer: Result<&Answer<'a>, Failure>) -> Outcome<'a> {
        let arrival = self.under_way.get_mut(ticket.who).and_then(Option::take);
        match answer {
            Ok(answer) => {
                if let Some(arrival) = arrival {
                    self.judge(arrival, answer);
                }
                if answer.status < 500 {
                    Outcome::Good(answer.status)
                } else {
                    Outcome::Refused { status: answer.status, code: None }
                }
            }
            Err(failure) => {
                arrival.into_iter().for_each(|arrival| self.again(arrival, WITHOUT_ANSWER));
                Outcome::Failed(failure)
            }
        }
    }

    fn is_finished(&self) -> bool {
        self.fault.is_some() || self.sessions.len() >= self.wanted
    }
}
