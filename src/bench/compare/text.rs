//! The comparison for people.

use std::fmt;

use super::{Comparison, Comparisons, Judgement, Metric, Verdict, Weight};
use crate::bench::format::{bytes, percent, printable, rate, seconds};

impl Comparison {
    /// The client's own ceiling of both, as a sentence.
    pub fn ceilings(&self) -> String {
        let [a, b] = [self.ceiling_a_per_second, self.ceiling_b_per_second].map(rate);
        format!("the client's own ceiling: a {a}, b {b}")
    }
}

impl Judgement {
    /// A value of its metric with the unit.
    pub fn value(&self, value: f64) -> String {
        match self.metric {
            Metric::Throughput | Metric::Knee => rate(value),
            Metric::SuccessShare => percent(value),
            Metric::LatencyP50 | Metric::LatencyP99 | Metric::ServiceMean | Metric::CpuPerAnswer => {
                seconds(value)
            }
            Metric::Rss => bytes(value),
        }
    }

    /// The change as a percentage; a dash where there is none.
    pub fn change(&self) -> String {
        self.interval.map_or("–".to_owned(), |found| signed(found.ratio))
    }

    /// Within what the change lies; a dash where there are too few seconds.
    pub fn range(&self) -> String {
        self.interval
            .map_or("–".to_owned(), |found| format!("{} … {}", signed(found.low), signed(found.high)))
    }
}

/// A ratio as a change.
fn signed(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    let decimals = if percent.abs() < 0.995 { 2 } else { 1 };
    let text = format!("{:.decimals$}", percent.abs());
    let is_none = text.chars().all(|c| matches!(c, '0' | '.'));
    let sign = if is_none {
        "±"
    } else if percent < 0.0 {
        "−"
    } else {
        "+"
    };
    format!("{sign}{text} %")
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoDifferenceShown => "no difference shown",
            Self::TooNoisyToSay => "too noisy to say",
        })
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subject => "differs",
            Self::Doubt => "doubt",
            Self::Incomparable => "not comparable",
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for remark in &self.remarks {
            writeln!(f, "{}: {}", remark.weight, printable(&remark.text))?;
        }
        let interval = format!("{:.2} % interval", self.confidence * 100.0);
        let mut rows =
            vec![["metric".to_owned(), "a".into(), "b".into(), "change".into(), interval, "verdict".into()]];
        rows.extend(self.judgements.iter().map(|one| {
            let verdict = one.verdict.to_string();
            [one.metric.to_string(), one.value(one.a), one.value(one.b), one.change(), one.range(), verdict]
        }));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        for row in &rows {
            let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                5 => cell.clone(),
                _ => format!("{cell:>width$}"),
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  "))?;
        }
        writeln!(f, "{}", self.ceilings())
    }
}

impl fmt::Display for Comparisons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pair in &self.pairs {
            if !pair.name.is_empty() {
                writeln!(f, "{}", printable(&pair.name))?;
            }
            writeln!(f, "{}", pair.comparison)?;
        }
        for (file, names) in [("a", &self.only_in_a), ("b", &self.only_in_b)] {
            if !names.is_empty() {
                writeln!(f, "only in {file}: {}", printable(&names.join("; ")))?;
            }
        }
        let effect = percent(self.terms.minimum_effect);
        writeln!(
            f,
            "b against a, averages of the seconds; what matters: {effect}, of successes {}",
            percent(0.001)
        )
    }
}
