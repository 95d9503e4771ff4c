//! Those who ask while it is measured.
//!
//! A refresh token is good once: each session takes part in one refresh at a time and goes on with what it got. A
//! logout needs a session that nobody else uses; in a mix, those that its logins make.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use super::answer::Answer;
use super::asker::{Asker, Ticket};
use super::people::{People, Session};
use super::request::{Requests, code};
use super::target::Target;
use crate::bench::recorder::{Failure, Outcome};
use crate::bench::result::Action;
use crate::domain::random::SplitMix64;

/// As many sessions of one of the people as a server keeps by default (`sessions.max_per_user`), and some room: the
/// oldest would make room for the next.
pub const MOST_SESSIONS_EACH: usize = 90;

/// What is asked, and how often for each that adds up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix(pub Vec<(Action, u32)>);

impl Mix {
    fn draw(&self, random: &mut SplitMix64) -> Action {
        let [(only, _)] = self.0.as_slice() else {
            let total: u32 = self.0.iter().map(|(_, weight)| weight).sum();
            let mut at = random.below(total as usize) as u32;
            let found = self.0.iter().find(|(_, weight)| {
                let is_it = at < *weight;
                at = at.saturating_sub(*weight);
                is_it
            });
            return found.map_or(Action::Verify, |(action, _)| *action);
        };
        *only
    }

    /// Which share of all that is asked is `action`.
    pub fn share(&self, action: Action) -> f64 {
        let sum = |of: &dyn Fn(Action) -> bool| -> f64 {
            self.0.iter().filter(|(one, _)| of(*one)).map(|(_, weight)| f64::from(*weight)).sum()
        };
        sum(&|one| one == action) / sum(&|_| true).max(1.0)
    }

    /// Whether `action` is ever asked.
    pub fn has(&self, action: Action) -> bool {
        self.0.iter().any(|(one, weight)| *one == action && *weight > 0)
    }
}

/// The askers of one load, from slice to slice.
pub struct Crew {
    requests: Requests,
    mix: Mix,
    random: SplitMix64,
    /// Who signs in.
    visitors: People,
    first_visitor: usize,
    next: usize,
    /// Drawn, and there was no session for it: the next that is asked, or the mix would drift away from what takes long.
    drawn: Option<Action>,
    /// What makes the addresses of registrations new.
    newcomers: String,
    /// Those whose tokens are verified and refreshed.
    sessions: Vec<Session>,
    /// Of them, those that no refresh is under way for; the one that waited longest first.
    ready: VecDeque<usize>,
    /// Those that are there to be ended; the newest last.
    leaving: VecDeque<Session>,
    /// Sessions whose chain of refresh tokens broke.
    pub broken: u64,
    /// Logouts of a mix for which there was no session; logins were asked in their place.
    pub replaced: u64,
}

impl Crew {
    /// Asks `mix` of `target`. In a mix, the first half of `people` stays, and the others come and go: logins beyond
    /// what one person may have would end the sessions of those who stay.
    pub fn new(target: &Target, mix: Mix, people: People, newcomers: String) -> Self {
        let is_mixed = mix.0.len() > 1;
        let first_visitor = if is_mixed { people.count / 2 } else { 0 };
        Self {
            requests: Requests::to(target),
            mix,
            random: SplitMix64::new(people.seed),
            visitors: people,
            first_visitor,
            next: 0,
            drawn: None,
            newcomers,
            sessions: Vec::new(),
            ready: VecDeque::new(),
            leaving: VecDeque::new(),
            broken: 0,
            replaced: 0,
        }
    }

    /// These stay.
    pub fn stay(&mut self, sessions: Vec<Session>) {
        self.ready = (0..sessions.len()).collect();
        self.sessions = sessions;
    }

    /// These are there to be ended.
    pub fn leave(&mut self, sessions: Vec<Session>) {
        self.leaving = sessions.into();
    }

    /// Which of the people come and go; those before stay.
    pub fn first_visitor(&self) -> usize {
        self.first_visitor
    }

    /// How many are there to be ended.
    pub fn leaving(&self) -> usize {
        self.leaving.len()
    }

    /// Whether all who stay can go on for so long: none of their chains broke, no access token ends before.
    pub fn can_stay(&self, time: Duration) -> bool {
        let holds = |session: &Session| !self.mix.has(Action::Verify) || session.holds_for(time);
        self.ready.len() == self.sessions.len() && self.sessions.iter().all(holds)
    }

    /// Those who stay.
    pub fn staying(&self) -> &[Session] {
        &self.sessions
    }

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    fn verify(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let number = self.number();
        let who = number.checked_rem(self.sessions.len())?;
        self.requests.me(request, &self.sessions[who].access);
        Some(Ticket { action: Action::Verify, who })
    }

    fn refresh(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let who = self.ready.pop_front()?;
        self.requests.refresh(request, self.sessions[who].refresh.as_deref()?);
        Some(Ticket { action: Action::Refresh, who })
    }

    fn login(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let visitors = (self.visitors.count - self.first_visitor).max(1);
        let who = self.first_visitor + self.number() % visitors;
        self.requests.login(request, &self.visitors.email(who), self.visitors.password());
        Some(Ticket { action: Action::Login, who })
    }

    fn register(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let who = self.number();
        let email = format!("bench-{}-{}-{who}@bench.invalid", self.visitors.seed, self.newcomers);
        self.requests.register(request, &email, self.visitors.password());
        Some(Ticket { action: Action::Register, who })
    }

    fn logout(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let Some(session) = self.leaving.pop_back() else {
            if self.mix.0.len() == 1 {
                return None;
            }
            self.replaced += 1;
            return self.login(request);
        };
        self.requests.logout(request, &session.access);
        Some(Ticket { action: Action::Logout, who: 0 })
    }

    /// What became of a refresh; whether it is a good one.
    fn refreshed(&mut self, who: usize, answer: Option<&Answer<'_>>) -> bool {
        let is_good = answer.is_some_and(|answer| {
            answer.status == 200 && self.sessions.get_mut(who).is_some_and(|mine| mine.renew(answer.body))
        });
        if !is_good && answer.is_some_and(|answer| matches!(answer.status, 400 | 401)) {
            self.broken += 1;
        } else {
            // Without an answer nobody knows whether the token was used up; within the server's grace it is good for
            // the same successor.
            self.ready.push_back(who);
        }
        is_good
    }

    fn signed_in(&mut self, answer: &Answer<'_>) {
        let is_wanted = self.mix.0.len() > 1 && self.mix.has(Action::Logout);
        if let Some(session) = is_wanted.then(|| Session::read(answer.body)).flatten() {
            self.leaving.push_back(session);
            let most = (self.visitors.count - self.first_visitor).max(1) * (MOST_SESSIONS_EACH / 2);
            while self.leaving.len() > most {
                self.leaving.pop_front();
            }
        }
    }
}

impl Asker for Crew {
    fn ask(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        let action = self.drawn.take().unwrap_or_else(|| self.mix.draw(&mut self.random));
        let ticket = match action {
            Action::Login => self.login(request),
            Action::Register => self.register(request),
            Action::Refresh => self.refresh(request),
            Action::Verify | Action::Mixed => self.verify(request),
            Action::Logout => self.logout(request),
        };
        if ticket.is_none() {
            self.drawn = Some(action);
        }
        ticket
    }

    fn answered<'a>(&mut self, ticket: Ticket, answer: Result<&Answer<'a>, Failure>) -> Outcome<'a> {
        let refreshed = (ticket.action == Action::Refresh).then(|| self.refreshed(ticket.who, answer.ok()));
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => return Outcome::Failed(failure),
        };
        let status = answer.status;
        let is_good = match ticket.action {
            Action::Login | Action::Verify => status == 200,
            // 202 where the server does not tell whether an address is taken.
            Action::Register => matches!(status, 201 | 202),
            Action::Refresh => refreshed == Some(true),
            Action::Logout => status == 204,
            Action::Mixed => false,
        };
        if is_good && ticket.action == Action::Login {
            self.signed_in(answer);
        }
        if is_good { Outcome::Good(status) } else { Outcome::Refused { status, code: code(answer.body) } }
    }
}
