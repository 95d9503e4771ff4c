//! The report for programs.

use serde_json::{Value, json};

use super::super::statistics::{Trim, Verdict};
use super::{Report, test};

impl Report {
    /// The same as one JSON object; times in seconds, probabilities after Holm's correction.
    pub fn to_json(&self) -> Value {
        let classes = self.classes.iter().map(|class| {
            json!({
                "name": class.name, "count": class.count,
                "median": class.median, "p90": class.p90, "p99": class.p99,
            })
        });
        let pairs = self.pairs.iter().map(|pair| {
            let (compared, medians) = (&pair.comparison, pair.comparison.medians);
            json!({
                "first": compared.first, "second": compared.second,
                "medians": { "difference": medians.difference, "low": medians.low, "high": medians.high },
                "means": { "difference": compared.welch.difference, "t": compared.welch.t, "p": pair.welch_p },
                "distributions": { "d": compared.kolmogorov_smirnov.d, "p": pair.kolmogorov_smirnov_p },
                "verdict": verdict_json(pair.verdict),
            })
        });
        let (trim, upper) = match self.terms.trim {
            Trim::Keep => ("keep", None),
            Trim::Crop { upper } => ("crop", Some(upper)),
            Trim::Winsorise { upper } => ("winsorise", Some(upper)),
        };
        json!({
            "terms": {
                "alpha": self.terms.alpha, "power": self.terms.power, "threshold": self.terms.threshold,
                "trim": trim, "trim_upper": upper,
            },
            "classes": classes.collect::<Vec<_>>(), "pairs": pairs.collect::<Vec<_>>(),
            "separable": self.is_separable(), "conclusive": self.is_conclusive(),
        })
    }
}

fn verdict_json(verdict: Verdict) -> Value {
    match verdict {
        Verdict::Separable { by, found_by } => {
            json!({ "is": "separable", "by": by, "found_by": test(found_by) })
        }
        Verdict::TooSmallToMatter { by, found_by } => {
            json!({ "is": "too_small_to_matter", "by": by, "found_by": test(found_by) })
        }
        Verdict::NotSeparable { smallest } => json!({ "is": "not_separable", "smallest": smallest }),
    }
}
