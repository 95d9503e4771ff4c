//! A new configuration for a running server: SIGHUP.
//!
//! All that can fail comes first, then everything is replaced at once; so a faulty configuration changes nothing. What is
//! taken over is decided in one place, [`Config::taking_over`]; to have a server take over more, add the key there, build what
//! it needs in [`Prepared::new`], and put it in its place in [`Prepared::take_effect`].

use std::sync::Arc;

use actix_web::web;
use metrics::{counter, gauge};

use super::rules;
use crate::actors::{Audit, Refused};
use crate::breach::FilterFault;
use crate::config::{Change, Config, Faults, Sources};
use crate::domain::clock::Timestamp;
use crate::flows::{Rules, audit_log};
use crate::http::Front;
use crate::telemetry::logs::{EnvFilter, LogFault, LogFilter, filter};

/// Why a server goes on with the configuration that it has.
#[derive(Debug, thiserror::Error)]
pub enum ReloadFault {
    /// The new one is wrong.
    #[error("{0}")]
    Configuration(#[from] Faults),
    /// The filter of stolen passwords cannot be used.
    #[error("{0} (passwords.breach_filter)")]
    Breached(#[from] FilterFault),
    /// The log filter cannot be used.
    #[error(transparent)]
    Log(#[from] LogFault),
    /// The limiter has no time.
    #[error("the limiter does not answer: {0}")]
    Limiter(Refused),
    /// Something broke.
    #[error("loading the configuration panicked")]
    Panicked,
}

/// What a server needs to load its configuration again.
pub struct Reloader {
    /// Where it comes from. Variables and flags are those of the start: a process cannot be given others.
    pub sources: Sources,
    /// Changes what is logged; without it the filter stays.
    pub filter: Option<LogFilter>,
}

impl Reloader {
    /// Loads the configuration again, takes over what can be, and says in the log what came of it.
    pub async fn reload(&self, front: &web::Data<Front>) {
        tracing::info!("loading the configuration again");
        let done = self.load(front).await;
        counter!("guardhouse_config_reloads_total", "outcome" => if done.is_ok() { "taken" } else { "refused" })
            .increment(1);
        match done {
            Ok(changes) => tell(&changes, &front.config.load()),
            Err(ReloadFault::Configuration(faults)) => {
                let count = faults.all().len();
                for fault in faults.all() {
                    let help = fault.help.as_deref().unwrap_or_default();
                    tracing::error!(key = fault.key, origin = %fault.origin, help, "{}", fault.reason);
                }
                tracing::error!(faults = count, "the new configuration is wrong; nothing has changed");
            }
            Err(fault) => {
                tracing::error!(%fault, "the new configuration cannot be used; nothing has changed")
            }
        }
    }

    async fn load(&self, front: &web::Data<Front>) -> Result<Vec<Change>, ReloadFault> {
        // Files are read, and that may take as long as the disk likes.
        let sources = self.sources.clone();
        let new = tokio::task::spawn_blocking(move || Config::load(&sources)).await;
        let new = new.map_err(|_| ReloadFault::Panicked)??;
        reload(front, &new, self.filter.as_ref()).await
    }
}

fn tell(changes: &[Change], config: &Config) {
    for change in changes {
        let (from, to) = (&change.from, &change.to);
        if change.taken {
            tracing::info!(key = change.key, from, to, "changed: {change}");
        } else {
            tracing::warn!(key = change.key, from, to, "not changed before a restart: {change}");
        }
    }
    let waiting = changes.iter().filter(|change| !change.taken).count();
    let (changed, sha256) = (changes.len() - waiting, config.digest());
    tracing::info!(changed, waiting, %sha256, "the configuration was loaded again");
}

/// Takes over from `new` what a running server can. What is different in there.
///
/// # Errors
///
/// [`ReloadFault`]; nothing has changed then.
pub async fn reload(
    front: &web::Data<Front>,
    new: &Config,
    filter: Option<&LogFilter>,
) -> Result<Vec<Change>, ReloadFault> {
    let (after, changes) = front.config.load().taking_over(new);
    let prepared = tokio::task::spawn_blocking(move || Prepared::new(after)).await;
    prepared.map_err(|_| ReloadFault::Panicked)??.take_effect(front, filter).await?;
    Ok(changes)
}

/// Everything that a new configuration needs, made but not yet in use.
struct Prepared {
    config: Config,
    rules: Rules,
    logged: EnvFilter,
}

impl Prepared {
    fn new(config: Config) -> Result<Self, ReloadFault> {
        let (rules, logged) = (rules(&config)?, filter(&config.log)?);
        Ok(Self { config, rules, logged })
    }

    async fn take_effect(self, front: &Front, filter: Option<&LogFilter>) -> Result<(), ReloadFault> {
        let (Self { config, rules, logged }, desk) = (self, &front.desk);
        // What may still fail: this leaves its own settings as they were, and the log changes as long as there is one.
        desk.limits.adopt(&config.limits).await.map_err(ReloadFault::Limiter)?;
        if let Some(filter) = filter {
            filter.change(logged)?;
        }
        desk.rules.store(Arc::new(rules));
        desk.keys.retime(&config.keys);
        front.ops_token.store(config.server.ops_token.clone().map(Arc::new));
        loaded(&desk.audit, &config, "reload", front.clock.now());
        front.config.store(Arc::new(config));
        Ok(())
    }
}

/// Says that `config` holds from `now` on.
pub(super) fn loaded(audit: &Audit, config: &Config, why: &str, now: Timestamp) {
    audit_log::configured(audit, config, why, now);
    gauge!("guardhouse_config_loaded_timestamp_seconds").set(now.seconds() as f64);
}
