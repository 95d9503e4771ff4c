//! What whoever reads the numbers should know: how busy the client was, what left late, what the server refused.

use super::Plan;
use crate::bench::drive::crew::Crew;
use crate::bench::drive::engine::Tally;
use crate::bench::drive::sampler::Readings;
use crate::bench::format::{percent, rate, time};
use crate::bench::latencies::Latencies;
use crate::bench::recorder::Stage;
use crate::bench::result::{Action, RunResult};

/// From this share of one core on, the client may be what is slow.
const BUSY: f64 = 0.8;
/// From this share of its ceiling on, too.
const NEAR: f64 = 0.5;
/// More answers of the limits than this share, and the result is about them.
const LIMITED: f64 = 0.01;
/// A request later than that, once in a hundred, is worth a sentence.
const LATE_SHARE: f64 = 0.01;

/// What all slices and steps of one run add up to.
#[derive(Default)]
pub(super) struct All {
    pub(super) most_connections: usize,
    by_action: Vec<(Action, Latencies)>,
    lateness: Latencies,
    late: u64,
    starved: u64,
    never_sent: u64,
    limited: u64,
    answers: u64,
    good: u64,
    staged: u64,
    client_cores: Vec<f64>,
    missing: Option<String>,
}

impl All {
    pub(super) fn add(&mut self, tally: &Tally, readings: &Readings) {
        self.most_connections = self.most_connections.max(tally.most_connections);
        self.lateness.merge(&tally.lateness);
        self.late += tally.late;
        self.starved += tally.starved;
        self.never_sent += tally.recorder.outcomes().errors.get("never sent").copied().unwrap_or(0);
        self.limited += tally.limited;
        self.answers += tally.answers;
        self.good += tally.recorder.outcomes().good;
        self.staged += Stage::ALL.map(|stage| tally.recorder.stage(stage).count()).iter().sum::<u64>();
        self.client_cores.extend(&readings.client_cores);
        self.missing = self.missing.take().or_else(|| readings.missing.clone());
        for (action, latencies) in &tally.by_action {
            match self.by_action.iter_mut().find(|(known, _)| known == action) {
                Some((_, known)) => known.merge(latencies),
                None => self.by_action.push((*action, latencies.clone())),
            }
        }
    }

    fn limited_share(&self) -> f64 {
        self.limited as f64 / self.answers.max(1) as f64
    }

    pub(super) fn is_limited(&self) -> bool {
        self.limited_share() > LIMITED
    }

    pub(super) fn notes(&self, plan: &Plan, crew: &Crew, result: &RunResult) -> Vec<String> {
        let mut notes = Vec::new();
        if self.is_limited() {
            notes.push(format!(
                "{} of the answers are 429: this is about the server's limits and not about the server; set \
                 limits.enabled = false on it",
                percent(self.limited_share())
            ));
        }
        self.waiting(plan, &mut notes);
        self.client(result, &mut notes);
        if self.by_action.len() > 1 {
            for (action, latencies) in &self.by_action {
                let [p50, p99] =
                    [0.5, 0.99].map(|share| latencies.quantile(share).map_or("–".to_owned(), time));
                notes.push(format!("{action}: {} good answers, p50 {p50}, p99 {p99}", latencies.count()));
            }
        }
        if crew.broken > 0 {
            notes.push(format!(
                "{} sessions ended because a refresh of theirs was refused; their part was left out",
                crew.broken
            ));
        }
        if crew.replaced > 0 {
            notes.push(format!("{} logouts found no session and were logins instead", crew.replaced));
        }
        if self.good > 0 && self.staged == 0 {
            notes.push(
                "no answer said where its time went; set server.server_timing = true on the server to know"
                    .to_owned(),
            );
        }
        if result.host.file_system.as_deref() == Some("tmpfs") {
            notes.push(
                "the files of the server were in memory (tmpfs), where a commit of SQLite costs nothing; TMPDIR puts them on a \
                 disk"
                    .to_owned(),
            );
        }
        if let Some(missing) = &self.missing {
            notes.push(format!("what the server used is not known: {missing}"));
        }
        notes
    }

    fn waiting(&self, plan: &Plan, notes: &mut Vec<String>) {
        let all = self.lateness.count() + self.never_sent;
        if self.starved > 0 {
            notes.push(format!(
                "{} of {all} requests had to wait for one of {} connections{}, {} of them until the end; their latency \
                 counts from when they were due. If the server has more to give, raise --most-connections",
                self.starved,
                plan.connections,
                if plan.mix.has(Action::Refresh) { " or of the sessions (--session-count)" } else { "" },
                self.never_sent
            ));
        }
        let own = self.late.saturating_sub(self.starved);
        if own as f64 > LATE_SHARE * all.max(1) as f64 {
            let p99 = self.lateness.quantile(0.99).map_or("–".to_owned(), time);
            notes.push(format!(
                "{own} of {all} requests left more than a millisecond late (p99 {p99}) with everything there that they \
                 needed: the client did not get its share of the processor, and what it cost is in their latency"
            ));
        }
    }

    fn client(&self, result: &RunResult, notes: &mut Vec<String>) {
        let most = self.client_cores.iter().copied().fold(0.0, f64::max);
        let mean = self.client_cores.iter().sum::<f64>() / self.client_cores.len().max(1) as f64;
        if !self.client_cores.is_empty() {
            let (most, mean) = (percent(most), percent(mean));
            notes.push(format!("the client used {mean} of a core on average, {most} in its busiest second"));
        }
        if mean > BUSY {
            notes.push(format!(
                "warning: the client used more than {} of a core, so it may be what was slow",
                percent(BUSY)
            ));
        }
        let achieved = result.ramp.iter().flat_map(|ramp| &ramp.steps).map(|step| step.achieved_per_second);
        let achieved = achieved.chain(result.answered_per_second()).fold(0.0, f64::max);
        if achieved > result.ceiling.per_second * NEAR {
            notes.push(format!(
                "warning: {} is within twice the client's ceiling, so it may be what was slow",
                rate(achieved)
            ));
        }
    }
}
