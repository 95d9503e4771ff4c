//! What was found, for people and for programs.

use serde_json::{Value, json};

use super::{Finding, State};

/// All findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report(pub Vec<Finding>);

impl Report {
    /// How many findings are of this kind.
    pub fn count(&self, state: State) -> usize {
        self.0.iter().filter(|finding| finding.state == state).count()
    }

    /// As data.
    pub fn json(&self) -> Value {
        json!({
            "findings": self.0,
            "ok": self.count(State::Ok),
            "warn": self.count(State::Warn),
            "fail": self.count(State::Fail),
        })
    }

    /// For people; in colours on a terminal that has them.
    pub fn text(&self, coloured: bool) -> String {
        let mut text = String::new();
        let width = self.0.iter().map(|finding| finding.what.len()).max().unwrap_or(0);
        for Finding { state, what, value, advice } in &self.0 {
            let (word, colour) = match state {
                State::Ok => ("ok  ", "32"),
                State::Warn => ("warn", "33"),
                State::Fail => ("fail", "31"),
            };
            let word = if coloured { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() };
            text.push_str(&format!("{word}  {what:width$}  {value}\n"));
            if let Some(advice) = advice {
                text.push_str(&format!("      {:width$}  → {advice}\n", ""));
            }
        }
        let [ok, warn, fail] = [State::Ok, State::Warn, State::Fail].map(|state| self.count(state));
        text.push_str(&format!("{ok} as they should be, {warn} to look at, {fail} to mend"));
        text
    }
}
