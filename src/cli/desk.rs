//! For commands that do what the server does: through the same flows, so that it is recorded and announced too.

use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use actix::{Arbiter, System};
use anyhow::Context;
use futures_util::future::BoxFuture;

use super::{foundations, runtime};
use crate::actors::keeper::Lifeline;
use crate::config::Config;
use crate::domain::audit::Origin;
use crate::domain::entropy::SystemEntropy;
use crate::domain::id::uuid_v7;
use crate::flows::{Desk, Visit};
use crate::house;

/// Builds the house without its listeners, and does `work` in it in the name of `tool`.
pub(super) fn with_desk<W>(config: Config, tool: &str, work: W) -> anyhow::Result<ExitCode>
where
    W: for<'a> FnOnce(&'a Desk, &'a Visit) -> BoxFuture<'a, anyhow::Result<ExitCode>> + Send + 'static,
{
    let foundations = foundations(config)?;
    let (runtime, system, arbiter) = (runtime()?, System::new(), Arbiter::new());
    let lifeline = Lifeline::default();
    let actors = arbiter.handle();
    let building =
        house::build(&foundations, runtime.handle().clone(), &actors, &lifeline, house::Role::Tool);
    let front = runtime.block_on(building)?;
    let now = foundations.clock.now();
    let origin = Origin {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: Some(tool.to_owned()),
        request_id: format!("cli-{}", uuid_v7(now, &SystemEntropy)),
    };
    let visit = Visit { now, origin };
    let work = runtime.spawn(async move {
        let done = work(&front.desk, &visit).await;
        front.desk.audit.drain().await;
        front.desk.db.close().await;
        done
    });
    // The system's own thread hands the passwords on to the hash threads, so it must run meanwhile.
    let done = system.block_on(work).context("the command panicked")?;
    arbiter.stop();
    done
}
