//! The functions that turn a statistic into a probability.
//!
//! A crate would bring hundreds of distributions for these four.

use std::f64::consts::PI;

/// How likely a Student t of `degrees` of freedom is to be at least as far from zero as `t`.
pub(super) fn student_two_sided(t: f64, degrees: f64) -> f64 {
    let square = t * t;
    // Both shares by themselves: one minus a share near one would lose the tail.
    incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + square), square / (degrees + square))
}

/// How likely `trials` tosses of a fair coin give at most `heads` heads; fewer than `trials`.
pub(super) fn coin_at_most(heads: f64, trials: f64) -> f64 {
    incomplete_beta(trials - heads, heads + 1.0, 0.5, 0.5)
}

/// How likely Kolmogorov's statistic is above `lambda` (Marsaglia, Tsang, Wang, "Evaluating Kolmogorov's distribution",
/// 2003). Two series, each where it converges at once.
pub(super) fn kolmogorov_above(lambda: f64) -> f64 {
    if lambda < 0.1 {
        return 1.0;
    }
    if lambda < 1.18 {
        let term = |k: i32| (-f64::from(2 * k - 1).powi(2) * PI * PI / (8.0 * lambda * lambda)).exp();
        return 1.0 - (2.0 * PI).sqrt() / lambda * (1..=6).map(term).sum::<f64>();
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(k).powi(2) * lambda * lambda).exp()
    };
    (1..=8).map(term).sum()
}

/// The standard normal quantile of `p`, between 0 and 1, to nine digits: Acklam's rational approximation (2003).
pub(super) fn normal_quantile(p: f64) -> f64 {
    const CENTRE: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const CENTRE_BELOW: [f64; 6] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
        1.0,
    ];
    const TAIL: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const TAIL_BELOW: [f64; 5] =
        [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0];
    let polynomial = |factors: &[f64], x: f64| factors.iter().fold(0.0, |sum, factor| sum * x + factor);
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p < 0.02425 {
        let x = (-2.0 * p.ln()).sqrt();
        return polynomial(&TAIL, x) / polynomial(&TAIL_BELOW, x);
    }
    let (x, square) = (p - 0.5, (p - 0.5).powi(2));
    x * polynomial(&CENTRE, square) / polynomial(&CENTRE_BELOW, square)
}

/// The regularised incomplete beta function I_x(a, b) for `y` = 1 − `x` (DLMF §8.17), to nine digits or better for `a`
/// and `b` up to a million.
fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 || y <= 0.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    // The fraction converges on one side; the other is reached by symmetry (DLMF 8.17.4).
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - lower_beta(b, a, y, x);
    }
    lower_beta(a, b, x, y)
}

fn lower_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let ln = |share: f64, rest: f64| if rest < 0.5 { (-rest).ln_1p() } else { share.ln() };
    let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    (a * ln(x, y) + b * ln(y, x) - ln_beta).exp() / a / beta_fraction(a, b, x)
}

/// The continued fraction of DLMF 8.17.22, by Lentz's method as modified by Thompson and Barnett (1986).
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let not_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut value, mut above, mut below) = (1.0, 1.0, 0.0);
    // About the square root of the larger of a and b is enough.
    for step in 1..100_000_u32 {
        let m = f64::from(step / 2);
        let term = if step % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        below = not_zero(1.0 + term * below).recip();
        above = not_zero(1.0 + term / above);
        value *= above * below;
        if (above * below - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function for `x` ≥ 0.5: Lanczos (1964) with g = 7 and nine terms.
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        676.5203681218851,
        -1259.1392167224028,
        771.3234287776531,
        -176.6150291621406,
        12.507343278686905,
        -0.13857109526572012,
        9.984369578019572e-6,
        1.5056327351493116e-7,
    ];
    let x = x - 1.0;
    let (mut sum, mut at, base) = (0.9999999999998099, x, x + 7.5);
    for term in TERMS {
        at += 1.0;
        sum += term / at;
    }
    (2.0 * PI).sqrt().ln() + (x + 0.5) * base.ln() - base + sum.ln()
}
