//! `guardhouse audit deliveries`

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use uuid::Uuid;

use super::{complain, house, runtime, say};
use crate::config::{Config, Delivery};
use crate::delivery::{Carrier, Verdict, carrier};
use crate::domain::audit::chain::{Head, Linked};
use crate::domain::audit::record::Record;
use crate::domain::audit::{Free, FreeKind, Origin, Subject};
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::entropy::{SystemEntropy, bytes};
use crate::domain::id::{InstanceId, uuid_v7};
use crate::domain::webhook::PREFIX;
use crate::store::Db;
use crate::store::audit::{DeadLetter, Standing, by_id, dead_letters, forget, raise, standings};

/// Dead letters that are read at once.
const PAGE: u64 = 500;

#[derive(Subcommand)]
pub(in crate::cli) enum Deliveries {
    /// Show how each delivery stands: what waits, what failed last, how many records were given up.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show the records that a delivery gave up, and why.
    Dead {
        /// Its name.
        name: String,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Send a record of the kind `delivery_test` now, which stands in no log. Exit code 1 when it is not taken.
    Test {
        /// Where to: the name of a delivery.
        name: String,
    },
    /// Send what a delivery gave up once more, now. Exit code 1 when some of it is still not taken.
    Retry {
        /// Its name.
        name: String,
        /// Only this record.
        #[arg(long, value_name = "ID")]
        record: Option<Uuid>,
    },
    /// Forget how far a delivery has come, and what it gave up. One that is still configured begins anew at the end of
    /// the log.
    Forget {
        /// Its name.
        name: String,
    },
    /// Make a secret for a receiver and print it.
    Secret,
}

impl Deliveries {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Secret => {
                say(format_args!("{PREFIX}{}", STANDARD.encode(bytes::<32>(&SystemEntropy))));
                Ok(ExitCode::SUCCESS)
            }
            Self::Test { name } => {
                let (clock, id) = (SystemClock, uuid_v7(SystemClock.now(), &SystemEntropy));
                let event = Free::new(
                    clock.now(),
                    FreeKind::ConfigurationLoaded,
                    Subject::default().detail("sent by `guardhouse audit deliveries test`"),
                    &Origin::server("test"),
                );
                let own = InstanceId(id);
                let mut record = Record::new(id, own, event.event(), "127.0.0.1".into(), &SystemEntropy);
                record.kind = "delivery_test".to_owned();
                let carrier = carrier(configured(config, &name)?).map_err(|reason| anyhow!(reason))?;
                match send(&*carrier, Linked { chain: own, head: Head::START, record }) {
                    Verdict::Delivered => {
                        complain(format_args!("`{name}` has taken the message {id}"));
                        Ok(ExitCode::SUCCESS)
                    }
                    refused => bail!("`{name}` did not take the message: {}", reason(refused)),
                }
            }
            others => runtime()?.block_on(async {
                let db = house::database(config).await?;
                let code = others.with(config, &db).await;
                db.close().await;
                code
            }),
        }
    }

    async fn with(self, config: &Config, db: &Db) -> anyhow::Result<ExitCode> {
        match self {
            Self::Test { .. } | Self::Secret => {}
            Self::List { json } => {
                for standing in standings(db.reader()).await? {
                    say(if json { in_json(config, &standing) } else { text(config, &standing) });
                }
            }
            Self::Dead { name, json } => {
                each(db, &name, async |letter| {
                    let DeadLetter { record, place: (chain, seq), at, reason } = letter;
                    let at = at.to_string();
                    say(if json {
                        serde_json::json!({
                            "record": record, "chain": chain, "seq": seq, "at": at, "reason": reason
                        })
                        .to_string()
                    } else {
                        format!("{at}  {record}  {chain}/{seq}  {}", reason.escape_debug())
                    });
                    Ok(())
                })
                .await?;
            }
            Self::Forget { name } => {
                if !forget(db, &name).await? {
                    bail!("there is no delivery `{name}` in the database");
                }
                complain(format_args!("forgot `{name}`"));
            }
            Self::Retry { name, record } => {
                let carrier = carrier(configured(config, &name)?).map_err(|reason| anyhow!(reason))?;
                let (mut taken, mut refused) = (0, 0);
                each(db, &name, async |letter| {
                    if record.is_some_and(|only| only != letter.record) {
                        return Ok(());
                    }
                    let verdict = match by_id(db.reader(), letter.record).await? {
                        Some(linked) => send(&*carrier, linked),
                        None => {
                            complain(format_args!("{}: the log does not hold it any more", letter.record));
                            Verdict::Delivered
                        }
                    };
                    if verdict == Verdict::Delivered {
                        raise(db.writer(), &name, letter.record).await?;
                        taken += 1;
                    } else {
                        complain(format_args!("{}: {}", letter.record, reason(verdict)));
                        refused += 1;
                    }
                    Ok(())
                })
                .await?;
                complain(format_args!("{taken} taken, {refused} refused"));
                return Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Hands out the dead letters of `name`, in the order of their records.
async fn each(
    db: &Db,
    name: &str,
    mut what: impl AsyncFnMut(DeadLetter) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = dead_letters(db.reader(), name, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.record);
        for letter in page {
            what(letter).await?;
        }
    }
}

fn send(carrier: &dyn Carrier, linked: Linked) -> Verdict {
    carrier.carry(&[linked], SystemClock.now()).into_iter().next().unwrap_or(Verdict::Untried)
}

fn reason(verdict: Verdict) -> String {
    match verdict {
        Verdict::Refused(reason) | Verdict::Later { reason, .. } | Verdict::Busy { reason, .. } => reason,
        Verdict::Delivered | Verdict::Untried => "it was not tried".to_owned(),
    }
}

fn configured<'c>(config: &'c Config, name: &str) -> anyhow::Result<&'c Delivery> {
    config.deliveries.get(name).ok_or_else(|| {
        let names: Vec<_> = config.deliveries.keys().map(String::as_str).collect();
        let there = if names.is_empty() { "none is configured".to_owned() } else { names.join(", ") };
        anyhow!("there is no section [deliveries.{name}] ({there})")
    })
}

/// Where it goes; nowhere, once it has left the configuration.
fn target(config: &Config, name: &str) -> Option<String> {
    config.deliveries.get(name).map(|delivery| delivery.to.to_string())
}

fn in_json(config: &Config, standing: &Standing) -> String {
    let Standing { name, delivered_at, failure, waiting, dead } = standing;
    let failure = failure.as_ref();
    serde_json::json!({
        "name": name,
        "to": target(config, name),
        "delivered_at": delivered_at.map(|at| at.to_string()),
        "failed_at": failure.map(|(at, _)| at.to_string()),
        "failure": failure.map(|(_, reason)| reason),
        "waiting": waiting,
        "dead": dead,
    })
    .to_string()
}

fn text(config: &Config, standing: &Standing) -> String {
    let Standing { name, delivered_at, failure, waiting, dead } = standing;
    let to = target(config, name).unwrap_or_else(|| "(not configured)".to_owned());
    let last = delivered_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let mut line = format!("{name}  {to}  last delivered {last}  {waiting} waiting  {dead} dead");
    if let Some((at, reason)) = failure {
        line.push_str(&format!("  failing since {at}: {}", reason.escape_debug()));
    }
    line
}
