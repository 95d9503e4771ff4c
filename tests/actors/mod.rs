//! The parts that every actor shares, the facts about actix that they build on, and the audit writer.

mod actix_facts;
mod audit;
mod gate;
mod outage;
mod platform;
mod probe;

use std::future::Future;
use std::time::Duration;

/// Runs `test` inside an actix system of its own; what never happens fails it.
fn in_system<T>(test: impl Future<Output = T>) -> T {
    actix::System::new().block_on(async {
        let done = tokio::time::timeout(Duration::from_secs(30), test).await;
        done.expect("what the test waits for never happened")
    })
}
