//! The report for people.

use std::fmt;

use super::super::statistics::{Terms, Trim, Verdict};
use super::{Report, test};

impl Report {
    fn verdict(&self, verdict: Verdict) -> String {
        let threshold = self.terms.threshold;
        match verdict {
            Verdict::Separable { by, found_by } => {
                format!("separable by {}, by {}", time(by), test(found_by))
            }
            Verdict::TooSmallToMatter { by, found_by } => {
                format!("differs by {}, by {}, too little to matter", time(by), test(found_by))
            }
            Verdict::NotSeparable { smallest } if smallest > threshold => format!(
                "unclear: less than {} goes unseen; {} times as many values would show {}",
                time(smallest),
                (smallest / threshold).powi(2).ceil(),
                time(threshold)
            ),
            Verdict::NotSeparable { smallest } => {
                format!("not separable; {} would have been seen", time(smallest))
            }
        }
    }
}

/// Three digits and the unit that suits them.
fn time(seconds: f64) -> String {
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")];
    let (length, unit) =
        units.into_iter().find(|(length, _)| seconds.abs() >= *length).unwrap_or((1e-9, "ns"));
    let value = seconds / length;
    let decimals = if value.abs() >= 100.0 { 0 } else { usize::from(value.abs() < 10.0) + 1 };
    format!("{value:.decimals$} {unit}")
}

fn signed(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "−" } else { "+" };
    format!("{sign}{}", time(seconds.abs()))
}

fn probability(p: f64) -> String {
    if p < 1e-300 {
        "0".to_owned()
    } else if p < 1e-3 {
        format!("{p:.0e}")
    } else {
        format!("{p:.3}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut classes = vec![["class", "n", "median", "p90", "p99"].map(str::to_owned)];
        classes.extend(self.classes.iter().map(|class| {
            let [median, p90, p99] = [class.median, class.p90, class.p99].map(time);
            [class.name.clone(), class.count.to_string(), median, p90, p99]
        }));
        let mut pairs = vec![
            ["pair", "medians", "99 % interval", "Welch p", "KS D", "KS p", "verdict"].map(str::to_owned),
        ];
        pairs.extend(self.pairs.iter().map(|pair| {
            let (compared, medians) = (&pair.comparison, pair.comparison.medians);
            [
                format!("{} / {}", compared.first, compared.second),
                signed(medians.difference),
                format!("{} … {}", signed(medians.low), signed(medians.high)),
                probability(pair.welch_p),
                format!("{:.4}", compared.kolmogorov_smirnov.d),
                probability(pair.kolmogorov_smirnov_p),
                self.verdict(pair.verdict),
            ]
        }));
        table(f, &classes)?;
        writeln!(f)?;
        table(f, &pairs)?;
        let Terms { alpha, power, threshold, trim } = self.terms;
        let trim = match trim {
            Trim::Keep => "all values".to_owned(),
            Trim::Crop { upper } => format!("values up to quantile {upper}"),
            Trim::Winsorise { upper } => format!("values cut down to quantile {upper}"),
        };
        let tests = 2 * self.pairs.len();
        write!(
            f,
            "\nHolm over {tests} tests at {alpha}, power {power}; what matters: {}; ",
            time(threshold)
        )?;
        writeln!(f, "Welch's test on {trim}, KS and the medians on all")
    }
}

/// Writes `rows` in columns; all cells but the first and the last of a row to the right.
fn table<const N: usize>(f: &mut fmt::Formatter<'_>, rows: &[[String; N]]) -> fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ if N > 5 && column == N - 1 => cell.clone(),
            _ => format!("{cell:>width$}"),
        });
        writeln!(f, "{}", cells.collect::<Vec<_>>().join("  "))?;
    }
    Ok(())
}
