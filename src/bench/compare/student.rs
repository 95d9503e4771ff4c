//! How far a mean may be off that rests on few values.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// Above so many degrees of freedom the distribution does not change any more in the digits that are shown.
const MOST_DEGREES: u32 = 1_000;

/// The t that a value of Student's distribution stays within, either way, with this `confidence` (between 0 and 1).
pub(super) fn student_within(confidence: f64, degrees_of_freedom: u32) -> f64 {
    let degrees = degrees_of_freedom.clamp(1, MOST_DEGREES);
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    // A hundred halvings reach the last digit of a float.
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if within(middle, degrees) < confidence { low = middle } else { high = middle }
    }
    low.tan() * f64::from(degrees).sqrt()
}

/// The probability of |t| below `tan(angle) · √degrees` (Abramowitz and Stegun, 26.7.3 and 26.7.4).
fn within(angle: f64, degrees: u32) -> f64 {
    let (sine, cosine) = angle.sin_cos();
    let is_odd = degrees % 2 == 1;
    let (mut term, mut sum) = (if is_odd { cosine } else { 1.0 }, 0.0);
    // The terms end at the power degrees − 2 of the cosine.
    for power in (u32::from(is_odd)..degrees.saturating_sub(1)).step_by(2) {
        sum += term;
        let power = f64::from(power);
        term *= (power + 1.0) / (power + 2.0) * cosine * cosine;
    }
    if is_odd { FRAC_2_PI * (angle + sine * sum) } else { sine * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_are_those_of_the_tables() {
        // mpmath 1.3 with 40 digits: the root of 1 − betainc(df/2, 1/2, 0, df/(df + t²), regularized=True) − confidence
        for (confidence, degrees, t) in [
            (0.95, 1, 12.7062047361747),
            (0.95, 2, 4.302652729749464),
            (0.99, 3, 5.840909309733357),
            (0.99, 8, 3.3553873313333955),
            (0.95, 30, 2.042272456301238),
            (0.99, 1_000, 2.580754698065951),
        ] {
            let found = student_within(confidence, degrees);
            assert!((found / t - 1.0).abs() < 1e-12, "{found} instead of {t}");
        }
        assert_eq!(student_within(0.9, 0), student_within(0.9, 1));
    }
}
