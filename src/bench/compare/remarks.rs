//! Whether two results may be compared at all, and what differs between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde::Serialize;

use crate::bench::format::{percent, rate};
use crate::bench::result::{RunResult, Server};

/// Something about the two that whoever reads the verdicts should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// How much it weighs.
    pub weight: Weight,
    /// What it is, such as `connections: 16 → 32`.
    pub text: String,
}

/// How much a remark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// It differs, and a difference found may be its effect: a commit, a setting.
    Subject,
    /// It makes the verdicts less sure.
    Doubt,
    /// With it, the verdicts mean nothing about the server.
    Incomparable,
}

/// From which share of the client's ceiling a result may be about the client.
const NEAR_THE_CEILING: f64 = 0.7;

/// All remarks, the heaviest first.
pub(super) fn remarks(a: &RunResult, b: &RunResult) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut differs = |weight, what: &str, a: &dyn Display, b: &dyn Display| {
        let (a, b) = (a.to_string(), b.to_string());
        if a != b {
            remarks.push(Remark { weight, text: format!("{what}: {a} → {b}") });
        }
    };
    let (of_a, of_b) = (&a.workload, &b.workload);
    differs(Weight::Incomparable, "workload", &of_a.action, &of_b.action);
    differs(Weight::Incomparable, "load", &of_a.load, &of_b.load);
    differs(Weight::Incomparable, "connections", &of_a.connections, &of_b.connections);
    let none = "none".to_owned();
    for name in of_a.parameters.keys().chain(of_b.parameters.keys()).collect::<BTreeSet<_>>() {
        let [a, b] = [of_a, of_b].map(|workload| workload.parameters.get(name).unwrap_or(&none));
        // Among how many accounts people are is the server's side, as its database is: what they ask is the same.
        let weight = if name == "people" { Weight::Subject } else { Weight::Incomparable };
        differs(weight, name, a, b);
    }
    differs(Weight::Incomparable, "host", &a.host.name, &b.host.name);
    differs(Weight::Incomparable, "processor", &a.host.cpu, &b.host.cpu);
    differs(Weight::Incomparable, "cores", &a.host.cores, &b.host.cores);
    differs(Weight::Incomparable, "build profile", &a.server.profile, &b.server.profile);
    differs(Weight::Doubt, "operating system", &a.host.os, &b.host.os);
    differs(Weight::Doubt, "memory of the host", &a.host.memory_bytes, &b.host.memory_bytes);
    let file_system = |run: &RunResult| run.host.file_system.clone().unwrap_or_else(|| "unknown".to_owned());
    differs(Weight::Doubt, "file system of the server", &file_system(a), &file_system(b));
    let seconds = |run: &RunResult| {
        let window = run.workload.window;
        format!("{} s after {} s of warm-up", window.measured.as_secs_f64(), window.warm_up.as_secs_f64())
    };
    differs(Weight::Doubt, "length of a slice", &seconds(a), &seconds(b));
    differs(Weight::Subject, "version", &a.server.version, &b.server.version);
    let commit = |run: &RunResult| run.server.commit.clone().unwrap_or_else(|| "unknown".to_owned());
    differs(Weight::Subject, "commit", &commit(a), &commit(b));
    let [settings_a, settings_b] = [settings(&a.server), settings(&b.server)];
    for name in settings_a.keys().chain(settings_b.keys()).collect::<BTreeSet<_>>() {
        let [a, b] =
            [&settings_a, &settings_b].map(|settings| settings.get(name).copied().unwrap_or("not set"));
        differs(Weight::Subject, name, &a, &b);
    }
    remarks.extend(ceiling_remarks(a, b));
    remarks.sort_by_key(|remark| std::cmp::Reverse(remark.weight));
    remarks
}

fn settings(server: &Server) -> BTreeMap<&str, &str> {
    let setting = |line: &'_ str| line.find('=').map_or((line.len(), line.len()), |at| (at, at + 1));
    server
        .configuration
        .iter()
        .map(|line| {
            let (name, value) = setting(line);
            (line[..name].trim(), line[value..].trim())
        })
        .collect()
}

fn ceiling_remarks(a: &RunResult, b: &RunResult) -> Vec<Remark> {
    let doubt = |text| Remark { weight: Weight::Doubt, text };
    let mut remarks = Vec::new();
    for (name, run) in [("a", a), ("b", b)] {
        if let Some(share) = run.ceiling_share().filter(|share| *share > NEAR_THE_CEILING) {
            let ceiling = rate(run.ceiling.per_second);
            remarks
                .push(doubt(format!("{name} used {} of the client's ceiling of {ceiling}", percent(share))));
        }
    }
    let ratio = b.ceiling.per_second / a.ceiling.per_second;
    if ratio.is_finite() && !(0.9..=1.0 / 0.9).contains(&ratio) {
        let [a, b] = [a, b].map(|run| rate(run.ceiling.per_second));
        remarks
            .push(doubt(format!("the client's own ceiling: {a} → {b}, so the host itself was not the same")));
    }
    remarks
}
