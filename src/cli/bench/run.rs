//! One load against one server: a running one, or one of our own.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::load::{Known, LoadOptions, ServerOptions, SingleLoad};
use super::progress::Progress;
use super::{Given, require_writable, write};
use crate::bench::drive::crew::Mix;
use crate::bench::drive::launch::{Launch, OwnServer};
use crate::bench::drive::plan::Found;
use crate::bench::drive::sampler::Sources;
use crate::bench::drive::target::Target;
use crate::bench::report::page;
use crate::bench::result::{Action, Results, Server};
use crate::cli::{complain, say};

/// The exit code of a result that is about the server's limits.
const LIMITED: u8 = 4;

pub(super) fn run(
    given: &Given,
    action: Action,
    mix: Mix,
    SingleLoad { server, load: options }: &SingleLoad,
) -> anyhow::Result<ExitCode> {
    require_writable(options.json.as_deref())?;
    require_writable(options.html.as_deref())?;
    let found = if server.own {
        on_own(&given.launch()?, action, mix, options)?
    } else {
        let plan = options.plan(action, mix, elsewhere(server)?)?;
        let mut progress = Progress::default();
        let found = plan.run(&mut progress);
        progress.finish();
        found?
    };
    say(found.result.to_string().trim_end());
    let results = Results::Run(Box::new(found.result));
    write(options.json.as_deref(), || results.write())?;
    write(options.html.as_deref(), || page(&results))?;
    if found.is_limited {
        complain("the result is about the server's limits (429); set limits.enabled = false on it");
        return Ok(ExitCode::from(LIMITED));
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts a server, measures it, stops it.
pub(super) fn on_own(
    launch: &Launch,
    action: Action,
    mix: Mix,
    options: &LoadOptions,
) -> anyhow::Result<Found> {
    let mut progress = Progress::default();
    progress.say("a server starts");
    let server = launch.start()?;
    let plan = options.plan(action, mix, own(&server))?;
    let found = plan.run(&mut progress);
    progress.finish();
    found.map_err(Into::into)
}

fn own(server: &OwnServer) -> Known {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    Known {
        target: Target::here(server.address),
        sources: Sources { server: Some(server.pid()), ops: Some((server.ops, None)) },
        server: Server {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("GUARDHOUSE_COMMIT").map(str::to_owned),
            profile: profile.to_owned(),
            configuration: server.configuration.clone(),
        },
        directory: Some(server.directory().to_owned()),
    }
}

/// A server that somebody else runs tells nothing about how it was built and configured.
fn elsewhere(options: &ServerOptions) -> anyhow::Result<Known> {
    let resolve = |url| Target::resolve(url, options.i_may_load_this_server);
    let token = match &options.ops_token_file {
        Some(file) => Some(token(file)?),
        None => options.ops_token.clone(),
    };
    let ops = options.ops_url.as_ref().map(resolve).transpose()?.map(|ops| (ops.address, token));
    let unknown = || "unknown".to_owned();
    Ok(Known {
        target: resolve(&options.url)?,
        sources: Sources { server: options.pid, ops },
        server: Server { version: unknown(), commit: None, profile: unknown(), configuration: Vec::new() },
        directory: None,
    })
}

fn token(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let token = text.trim().to_owned();
    anyhow::ensure!(token.chars().all(|c| c.is_ascii_graphic()), "{} holds no token", file.display());
    Ok(token)
}
