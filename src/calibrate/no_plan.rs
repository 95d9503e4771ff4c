//! Which wish stands in the way, and what would work instead.

use std::fmt;
use std::time::Duration;

use super::arrangement::arrangements;
use super::plan::{Plan, budget, strongest};
use super::{Measured, Wish};
use crate::config::units::format_bytes;
use crate::domain::duration::format_duration;

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoPlan {
    /// The wished rate is nothing that can be planned for.
    #[error("{0} logins a second is not a rate; it has to be a number above zero")]
    NotARate(f64),
    /// No measurement is of a cost that OWASP accepts, on as many threads as there are cores.
    #[error("nothing was measured that could be configured; measure at least one cost that OWASP accepts")]
    NothingMeasured,
    /// The wishes together are out of this host's reach.
    #[error("{0}")]
    OutOfReach(Box<OutOfReach>),
}

/// What would work when one wish gives way and the others stay. A wish whose plan is there stands in the way alone;
/// with none at all, at least two have to give way.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfReach {
    /// What was wished.
    pub wish: Wish,
    /// With as many logins as are possible: `wish.logins_per_second` of the plan.
    pub fewer_logins: Option<Plan>,
    /// With the shortest p99 that is possible: `wish.p99` of the plan.
    pub longer_p99: Option<Plan>,
    /// With the least memory that is enough: `wish.memory` of the plan.
    pub more_memory: Option<Plan>,
    /// The quickest hash that OWASP accepts; a p99 of less than twice this is out of reach, whatever gives way.
    pub quickest: Duration,
    /// The least memory of any hash that was measured, in bytes; less is out of reach, whatever gives way.
    pub least_memory: u64,
}

/// Relaxes each wish by itself.
pub(super) fn out_of_reach(wish: Wish, measured: &Measured) -> OutOfReach {
    let fitting = || arrangements(measured).filter(|arrangement| arrangement.memory() <= budget(wish));
    let most = fitting().map(|arrangement| arrangement.most_logins(wish.p99)).fold(0.0, f64::max);
    let shortest = fitting().filter_map(|arrangement| arrangement.shortest_p99(wish.logins_per_second)).min();
    let able = arrangements(measured)
        .filter(|arrangement| wish.logins_per_second <= arrangement.most_logins(wish.p99));
    let least = able.map(|arrangement| arrangement.memory()).min();
    OutOfReach {
        wish,
        fewer_logins: strongest(Wish { logins_per_second: round_down(most), ..wish }, measured)
            .filter(|plan| plan.wish.logins_per_second > 0.0),
        longer_p99: shortest.and_then(|p99| strongest(Wish { p99, ..wish }, measured)),
        more_memory: least.and_then(|memory| strongest(Wish { memory, ..wish }, measured)),
        quickest: arrangements(measured).map(|arrangement| arrangement.service()).min().unwrap_or_default(),
        least_memory: arrangements(measured)
            .map(|arrangement| arrangement.memory())
            .min()
            .unwrap_or_default(),
    }
}

/// To the tenth that is printed, so that what is printed can be wished for.
fn round_down(logins_per_second: f64) -> f64 {
    (logins_per_second * 10.0).floor() / 10.0
}

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wish { logins_per_second, p99, memory } = self.wish;
        let (within, budget) = (format_duration(p99), format_bytes(memory));
        write!(
            f,
            "{logins_per_second:.1} logins a second within {within} in {budget} are out of reach of this host"
        )?;
        if let Some(plan) = &self.fewer_logins {
            let (most, fewer) =
                (plan.wish.logins_per_second, logins_per_second - plan.wish.logins_per_second);
            write!(f, "\n  {most:.1} logins a second, {fewer:.1} fewer, would do: {plan}")?;
        }
        if let Some(plan) = &self.longer_p99 {
            let longer = format_duration(plan.wish.p99.saturating_sub(p99));
            let shortest = format_duration(plan.wish.p99);
            write!(f, "\n  a p99 of {shortest}, {longer} longer, would do: {plan}")?;
        }
        if let Some(plan) = &self.more_memory {
            let more = format_bytes(plan.wish.memory.saturating_sub(memory));
            let least = format_bytes(plan.wish.memory);
            write!(f, "\n  a memory budget of {least}, {more} more, would do: {plan}")?;
        }
        if [&self.fewer_logins, &self.longer_p99, &self.more_memory].into_iter().all(Option::is_none) {
            let quickest = self.quickest.as_secs_f64() * 1e3;
            let least = format_bytes(self.least_memory);
            write!(
                f,
                ", and no single wish is the reason: the quickest hash takes {quickest:.1} ms, and the "
            )?;
            write!(f, "smallest {least}")?;
        }
        Ok(())
    }
}
