//! What a sign-in, a refresh and a verified request cost as the data grows.
//!
//! Three servers stand beside each other, among `GUARDHOUSE_PROVE_USERS` accounts with a session each, a tenth and a thousandth
//! of them. They are loaded in turns, by as many people as there are accounts or `PEOPLE`, spread evenly over all of them,
//! and the ratio told is the median of `GUARDHOUSE_PROVE_ROUNDS` such turns: whatever else the machine does meets all alike.
//! With `GUARDHOUSE_PROVE_STRICT` the largest may not cost more than [`MOST`] times the smallest.

use serde_json::Value;

use super::size;
use crate::binary::process::{Installation, Server};
use crate::on_every_database;
use crate::support::Kind;
use crate::support::database::administer;

on_every_database!(a_thousand_times_the_accounts_cost_about_the_same);

const MOST: f64 = 1.3;
/// Who signs in, and whose sessions are refreshed and verified: enough that what they touch is not always at hand.
const PEOPLE: [(&str, u64); 3] = [("login", 20_000), ("refresh", 2_000), ("verify", 2_000)];
/// The least accounts that a load can be spread over.
const FEWEST: u64 = 20;
const CONNECTIONS: &str = "4";
struct House {
    accounts: u64,
    installation: Installation,
    server: Server,
}

impl House {
    fn raise(kind: Kind, accounts: u64) -> Self {
        // The hashes are cheap there: dear ones would hide everything else.
        let installation = Installation::on(kind).set("log.filter", "warn");
        let many = accounts.to_string();
        installation.run(&["seed", "--users", &many, "--sessions", &many]).ok();
        // What a database does by itself sooner or later, done before it is measured.
        administer(
            &installation.database_url(),
            match kind {
                Kind::Postgres => "VACUUM ANALYZE",
                Kind::MySql => "ANALYZE TABLE users, credentials, sessions",
                Kind::Sqlite => "PRAGMA optimize",
            },
        );
        let server = installation.serve();
        Self { accounts, installation, server }
    }

    /// How many requests of this kind are answered in a second.
    fn rate(&self, action: &str, people: u64, time: &str) -> f64 {
        let (url, accounts) = (format!("http://{}", self.server.address), self.accounts.to_string());
        let people = people.min(self.accounts).to_string();
        let file = self.installation.directory.path().join("result.json");
        let file = file.to_str().expect("UTF-8");
        let whom = ["--url", &url, "--seeded", &accounts, "--users", &people, "--session-count", &people];
        let how = [
            "--connections",
            CONNECTIONS,
            "--slices",
            "1",
            "--warm-up",
            "200ms",
            "--time",
            time,
            "--json",
            file,
        ];
        self.installation.run(&[&["bench", action], &whom[..], &how].concat()).ok();
        let result: Value = serde_json::from_slice(&std::fs::read(file).expect("a result")).expect("JSON");
        let slice = &result["slices"][0];
        assert_eq!(slice["outcomes"]["errors"], Value::Object(Default::default()), "{action}: {slice}");
        slice["outcomes"]["good"].as_f64().expect("a number") / seconds(time)
    }
}

fn seconds(time: &str) -> f64 {
    guardhouse::domain::duration::parse_duration(time).expect("a duration").as_secs_f64()
}

fn a_thousand_times_the_accounts_cost_about_the_same(kind: Kind) {
    let largest: u64 = size("GUARDHOUSE_PROVE_USERS", 200);
    let rounds: usize = size("GUARDHOUSE_PROVE_ROUNDS", 1);
    let is_strict = std::env::var_os("GUARDHOUSE_PROVE_STRICT").is_some();
    let time = if is_strict { "4s" } else { "1500ms" };
    let mut sizes: Vec<_> = [1_000, 10, 1].into_iter().map(|part| (largest / part).max(FEWEST)).collect();
    sizes.dedup();
    let houses: Vec<_> = sizes.into_iter().map(|accounts| House::raise(kind, accounts)).collect();
    for (action, people) in PEOPLE {
        let turns: Vec<Vec<f64>> = (0..rounds)
            .map(|_| houses.iter().map(|house| house.rate(action, people, time)).collect())
            .collect();
        let told: Vec<_> = houses
            .iter()
            .enumerate()
            .map(|(place, house)| {
                let rate = median(turns.iter().map(|rates| rates[place]).collect());
                let cost = median(turns.iter().map(|rates| rates[0] / rates[place]).collect());
                (house.accounts, rate, cost)
            })
            .collect();
        for (accounts, rate, cost) in &told {
            println!(
                "{kind:?} {action} among {accounts}: {rate:.0} a second, {cost:.2} times the cost among the fewest"
            );
        }
        assert!(told.iter().all(|(_, rate, _)| *rate > 0.0), "{told:?}");
        let (_, _, cost) = told.last().expect("several sizes");
        assert!(!is_strict || *cost < MOST, "{kind:?} {action}: {cost:.2}");
    }
    for House { server, .. } in houses {
        server.terminate();
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
