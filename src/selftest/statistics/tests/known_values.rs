//! Each function and each test against values from elsewhere.

use super::super::distribution::{coin_at_most, kolmogorov_above, normal_quantile, student_two_sided};
use super::super::*;

/// Measurements of two classes as they are published with many implementations of Welch's test.
const A: [f64; 15] =
    [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
const B: [f64; 15] =
    [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.0, 23.9];
const C: [f64; 10] = [17.2, 20.9, 22.6, 18.1, 21.7, 21.4, 23.5, 24.2, 14.7, 21.8];
const D: [f64; 20] = [
    21.5, 22.8, 21.0, 23.0, 21.6, 23.6, 22.5, 20.7, 23.4, 21.8, 20.7, 21.7, 21.5, 22.5, 23.6, 21.5, 22.5,
    23.5, 21.5, 21.8,
];

#[track_caller]
fn close(value: f64, expected: f64, digits: i32) {
    let off = (value - expected).abs();
    assert!(off <= expected.abs() * 10_f64.powi(-digits), "{value:e} instead of {expected:e}");
}

fn sample(values: &[f64]) -> Sample {
    Sample::new(values.to_vec()).unwrap()
}

#[test]
fn student_is_right_in_the_tails() {
    // mpmath 1.4.1 with 60 digits: betainc(df/2, 1/2, 0, df/(df + t²), regularized=True)
    for (t, degrees, p) in [
        (0.5, 1.0, 0.704832764699133),
        (2.0, 10.0, 0.0733880347707404),
        (3.3, 4.7, 0.0235448453443547),
        (6.0, 50.0, 2.18893948507999e-7),
        (-12.0, 200.0, 2.42213600524663e-25),
        (40.0, 1_000.0, 1.04788521551734e-209),
        (1e-6, 7.0, 0.999999230017098),
    ] {
        close(student_two_sided(t, degrees), p, 10);
    }
    // scipy 1.17.1: 2 · stats.t.sf(t, df)
    for (t, degrees, p) in [
        (2.5, 2e6, 0.012419410076760826),
        (1e-3, 1e5, 0.9992021175668878),
        (5.0, 3e5, 5.736253392392774e-7),
        (30.0, 1e6, 1.2020094233664118e-197),
    ] {
        close(student_two_sided(t, degrees), p, 7);
    }
    assert_eq!((student_two_sided(0.0, 7.0), student_two_sided(1e200, 7.0)), (1.0, 0.0));
}

#[test]
fn the_other_distributions_are_right() {
    // scipy 1.17.1: special.kolmogorov, stats.norm.ppf, stats.binom.cdf(heads, trials, 0.5)
    for (lambda, p) in [
        (0.3, 0.9999906941986655),
        (0.5, 0.9639452436648751),
        (0.8, 0.5441424115741981),
        (1.1799, 0.12351204971188676),
        (1.18, 0.1234538094297657),
        (2.0, 0.0006709252557796953),
        (4.0, 2.532833109818835e-14),
    ] {
        close(kolmogorov_above(lambda), p, 12);
    }
    for (p, z) in [
        (1e-12, -7.034483825301131),
        (0.00025, -3.480756404346212),
        (0.02425, -1.972961051311885),
        (0.3, -0.5244005127080409),
        (0.9, 1.2815515655446004),
        (0.9995, 3.2905267314919255),
    ] {
        close(normal_quantile(p), z, 8);
    }
    close(coin_at_most(9.0, 30.0), 0.021386972628533847, 12);
    close(coin_at_most(449.0, 1_000.0), 0.0006958707972110504, 10);
    close(coin_at_most(498_000.0, 1e6), 3.1804668750394e-5, 7);
}

#[test]
fn welch_agrees_with_others() {
    // scipy 1.17.1: stats.ttest_ind(…, equal_var=False)
    for (first, second, t, degrees, p) in [
        (&A[..], &B[..], -2.835263800664482, 27.713625968118762, 0.008452732437443423),
        (&C[..], &D[..], -1.5654335235985037, 9.904741248650831, 0.14884169660532817),
        (&[5.0; 4][..], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.5][..], 1.7260884807271522, 5.0, 0.14492024445345428),
    ] {
        let found = welch(&sample(first), &sample(second)).unwrap();
        close(found.t, t, 12);
        close(found.degrees_of_freedom, degrees, 12);
        close(found.p, p, 11);
    }
}

#[test]
fn kolmogorov_smirnov_agrees_with_others_and_passes_ties_together() {
    // scipy 1.17.1: D of stats.ks_2samp, p by special.kolmogorov of it with Stephens' correction
    let (ties, more_ties) = ([1.0, 1.0, 1.0, 2.0, 2.0, 3.0], [1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 9.0]);
    for (first, second, d, p) in [
        (&A[..], &B[..], 0.5333333333333333, 0.016786481071967625),
        (&C[..], &D[..], 0.35, 0.31463811897191263),
        (&ties[..], &more_ties[..], 0.375, 0.6076059564961751),
    ] {
        for (first, second) in [(first, second), (second, first)] {
            let found = kolmogorov_smirnov(&sample(first), &sample(second));
            close(found.d, d, 12);
            close(found.p, p, 10);
        }
    }
    let same = kolmogorov_smirnov(&sample(&A), &sample(&A));
    assert_eq!((same.d, same.p), (0.0, 1.0));
    assert_eq!(kolmogorov_smirnov(&sample(&[1.0; 40]), &sample(&[2.0; 40])).d, 1.0);
}

#[test]
fn what_allows_no_statement_is_an_error_and_not_a_number() {
    let (one, two) = (sample(&[1.0]), sample(&[2.0, 2.0]));
    assert_eq!(welch(&one, &two), Err(Unfit::TooFew { count: 1, least: 2 }));
    assert_eq!(welch(&two, &sample(&[3.0, 3.0])), Err(Unfit::Constant));
    // Squares that are too small for a float.
    assert_eq!(welch(&sample(&[1e-200, 2e-200]), &sample(&[1e-200, 3e-200])), Err(Unfit::Constant));
    let small = welch(&sample(&[1e-90, 2e-90]), &sample(&[1e-90, 3e-90])).unwrap();
    assert!(small.degrees_of_freedom == 1.0 && (0.5..1.0).contains(&small.p), "{small:?}");
}
