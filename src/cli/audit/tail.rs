//! `guardhouse audit tail`

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use uuid::Uuid;

use super::{house, runtime};
use crate::config::Config;
use crate::domain::audit::record::Record;
use crate::domain::clock::{Clock, SystemClock};
use crate::store::audit::{Search, search};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// A record may be committed so much later than it happened; ids are in the order of what happened.
const LATE: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(in crate::cli) struct Tail {
    /// How many records to begin with.
    #[arg(short, long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    number: u64,
    /// Go on with those that come.
    #[arg(short, long)]
    follow: bool,
    /// Only those about this user.
    #[arg(long, value_name = "ID")]
    user: Option<Uuid>,
    /// Only those by this administrator.
    #[arg(long, value_name = "ID")]
    actor: Option<Uuid>,
    /// Only those of this kind, such as login_failed.
    #[arg(long)]
    kind: Option<String>,
    /// Only those with this outcome: success or failure.
    #[arg(long)]
    outcome: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

impl Tail {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        // Escape sequences are for people, not for files and pipes.
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let wanted = Search {
            user: self.user,
            actor: self.actor,
            kind: self.kind.clone(),
            outcome: self.outcome.clone(),
            ..Search::default()
        };
        runtime()?.block_on(async {
            let db = house::database(config).await?;
            let mut shown = BTreeSet::new();
            let mut since = SystemClock.now();
            // What is new is told by what was there before; the records to begin with are of those.
            let there = Search { from: Some(since.minus(LATE)), limit: 10_000, ..wanted.clone() };
            let there = if self.follow { search(db.reader(), &there).await? } else { Vec::new() };
            let first = Search { limit: self.number, ..wanted.clone() };
            let mut found = search(db.reader(), &first).await?;
            let is_shown = |id| found.iter().any(|(record, _)| record.id == id);
            shown.extend(there.into_iter().map(|(record, _)| record.id).filter(|id| !is_shown(*id)));
            loop {
                for (record, _) in found.into_iter().rev() {
                    if shown.insert(record.id) && !self.print(&record, colours) {
                        return Ok(ExitCode::SUCCESS);
                    }
                }
                if !self.follow {
                    db.close().await;
                    return Ok(ExitCode::SUCCESS);
                }
                tokio::time::sleep(PAUSE).await;
                let from = Some(since.minus(LATE));
                since = SystemClock.now();
                let next = Search { from, limit: 10_000, ..wanted.clone() };
                found = search(db.reader(), &next).await?;
                while shown.len() > 100_000 {
                    shown.pop_first();
                }
            }
        })
    }

    /// Whether its reader is still there.
    fn print(&self, record: &Record, colours: bool) -> bool {
        let line =
            if self.json { serde_json::to_string(record).unwrap_or_default() } else { text(record, colours) };
        writeln!(std::io::stdout(), "{line}").is_ok()
    }
}

fn text(record: &Record, colours: bool) -> String {
    let kind = match (colours, record.outcome.as_str()) {
        (false, _) => format!("{:24}", record.kind),
        (true, "success") => format!("\x1b[32m{:24}\x1b[0m", record.kind),
        (true, _) => format!("\x1b[31m{:24}\x1b[0m", record.kind),
    };
    let mut line = format!("{}  {kind}", record.at);
    for (name, id) in [("user", record.user), ("by", record.actor), ("session", record.session)] {
        if let Some(id) = id {
            line.push_str(&format!("  {name}={id}"));
        }
    }
    if let Some(personal) = &record.personal {
        line.push_str(&format!("  from={}", personal.address));
    }
    if let Some(detail) = &record.detail {
        // A detail may hold what a client sent: no control character reaches the terminal.
        line.push_str(&format!("  {}", detail.escape_debug()));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::{Free, FreeKind, Origin, Subject};
    use crate::domain::clock::Timestamp;
    use crate::domain::entropy::SystemEntropy;
    use crate::domain::id::InstanceId;

    #[test]
    fn a_line_has_colours_only_where_they_are_wanted_and_never_the_escapes_of_others() {
        let event = Free::new(
            Timestamp::from_seconds(1_800_000_000),
            FreeKind::LoginFailed,
            Subject::default().detail("odd \x1b[2J"),
            &Origin::server("test"),
        );
        let instance = InstanceId(Uuid::from_u128(1));
        let record = Record::new(instance.0, instance, event.event(), "192.0.2.1".into(), &SystemEntropy);
        let plain = "2027-01-15T08:00:00Z  login_failed              from=192.0.2.1  odd \\u{1b}[2J";
        assert_eq!(text(&record, false), plain);
        let coloured = text(&record, true);
        assert_eq!(coloured.replace("\x1b[31m", "").replace("\x1b[0m", ""), plain);
        assert_ne!(coloured, plain);
    }
}
