//! Before it is measured: people, and sessions that last or that are there to be ended.

use std::time::Duration;

use super::{Run, RunFault};
use crate::bench::drive::arrival::Arriving;
use crate::bench::drive::crew::MOST_SESSIONS_EACH;
use crate::bench::drive::engine::{Pace, Terms, drive};
use crate::bench::drive::people::{People, Session};
use crate::bench::result::Action;
use crate::bench::schedule::Window;
use crate::domain::clock::Stopwatch;

/// So many come at a time: enough for every hash thread of a small server, too few to be turned away.
const AT_A_TIME: usize = 8;
/// How long they may take, all together.
const MINUTES: u64 = 10;
/// How long one of them rests whom the server turned away because it was busy.
const REST: Duration = Duration::from_millis(100);

impl Run<'_> {
    /// All come who are needed.
    pub(super) fn people(&mut self) -> Result<(), RunFault> {
        let (plan, people) = (self.plan, self.plan.people);
        let asks = |action| plan.mix.has(action);
        if !(asks(Action::Login) || asks(Action::Verify) || asks(Action::Refresh) || asks(Action::Logout)) {
            return Ok(());
        }
        if people.every.is_some() {
            if asks(Action::Verify) || asks(Action::Refresh) {
                return self.fill_up();
            }
            // They are there already; that one of them comes shows that it is not refusals that would be measured.
            return self.sign_in(1).map(drop);
        }
        self.watcher.begin("people register");
        let came = self.arrive(Arriving::registering(&plan.target, people))?;
        let first_visitor = self.crew.first_visitor();
        let (stay, leave): (Vec<_>, Vec<_>) =
            came.into_iter().partition(|(person, _)| *person < first_visitor || first_visitor == 0);
        if asks(Action::Verify) || asks(Action::Refresh) {
            self.crew.stay(stay.into_iter().map(|(_, session)| session).collect());
            self.crew.leave(leave.into_iter().map(|(_, session)| session).collect());
            self.fill_up()?;
        }
        Ok(())
    }

    /// As many who stay as were asked for.
    fn fill_up(&mut self) -> Result<(), RunFault> {
        let plan = self.plan;
        let mut sessions = self.crew.staying().to_vec();
        if sessions.len() < plan.sessions {
            let more = plan.sessions - sessions.len();
            sessions.extend(self.sign_in(more)?);
        }
        sessions.truncate(plan.sessions);
        if plan.mix.has(Action::Refresh) && sessions.iter().any(|session| session.refresh.is_none()) {
            let why = "the server gives no refresh tokens; set sessions.refresh_tokens = true and \
                       sessions.transport = \"bearer\" to measure them";
            return Err(RunFault::Plan(why.to_owned()));
        }
        self.crew.stay(sessions);
        Ok(())
    }

    fn sign_in(&mut self, sessions: usize) -> Result<Vec<Session>, RunFault> {
        let first_visitor = self.crew.first_visitor();
        let count = if first_visitor == 0 { self.plan.people.count } else { first_visitor };
        if sessions > count * MOST_SESSIONS_EACH {
            return Err(RunFault::Plan(format!(
                "{sessions} sessions of {count} people are more than {MOST_SESSIONS_EACH} each, and the server would end \
                 the oldest; take at least {} (--users)",
                sessions.div_ceil(MOST_SESSIONS_EACH)
            )));
        }
        self.watcher.begin("people sign in");
        let people = People { count, ..self.plan.people };
        let came = self.arrive(Arriving::signing_in(&self.plan.target, people, sessions))?;
        Ok(came.into_iter().map(|(_, session)| session).collect())
    }

    /// Sessions for a slice at this `pace`.
    pub(super) fn sessions(&mut self, pace: &Pace, window: Window) -> Result<(), RunFault> {
        let plan = self.plan;
        let whole = window.end().saturating_add(plan.patience);
        let lifetime = self.crew.staying().iter().map(Session::lifetime).min();
        if plan.mix.has(Action::Verify) && lifetime.is_some_and(|lifetime| lifetime <= whole) {
            return Err(RunFault::Plan(format!(
                "access tokens of this server last {} s, and a slice {}: shorten it (--time), and take more of them \
                 (--slices)",
                lifetime.unwrap_or_default().as_secs(),
                whole.as_secs()
            )));
        }
        if !self.crew.can_stay(whole) {
            let fresh = self.sign_in(plan.sessions)?;
            self.crew.stay(fresh);
        }
        if plan.mix.has(Action::Logout) && plan.mix.0.len() == 1 {
            let Pace::Open(schedule) = pace else {
                return Err(RunFault::Plan(
                    "a logout ends a session that has to be made before, so that it has to be known how many: give a \
                     --rate"
                        .to_owned(),
                ));
            };
            let needed = schedule.clone().take_while(|due| due.at < window.end()).count();
            let fresh = self.sign_in(needed)?;
            self.crew.leave(fresh);
        }
        Ok(())
    }

    fn arrive(&mut self, mut arrivals: Arriving) -> Result<Vec<(usize, Session)>, RunFault> {
        let measured = Duration::from_secs(MINUTES * 60);
        let terms = Terms {
            target: &self.plan.target,
            window: Window { warm_up: Duration::ZERO, measured },
            connections: AT_A_TIME,
            patience: self.plan.patience,
            rest_after_refusal: REST,
            clock: Stopwatch::start(),
            watch: None,
            stop: self.plan.stop,
        };
        drive(terms, Pace::Closed, &mut arrivals)?;
        Ok(arrivals.sessions(MINUTES)?)
    }
}
