//! The interval holds what it should, as often as it says.

use std::slice::from_ref;

use proptest::prelude::*;

use super::*;

fn draws(seed: u64, is_geometric: bool) -> Draws {
    Draws { confidence: 0.95, resamples: 400, seed, is_geometric }
}

fn normal(random: &mut SplitMix64) -> f64 {
    (-2.0_f64 * random.uniform().ln()).sqrt() * (std::f64::consts::TAU * random.uniform()).cos()
}

/// Slices around 1, with so much noise between them and, of a kind that lasts for about two seconds, within.
fn side(random: &mut SplitMix64, slices: usize, between: f64, within: f64) -> Vec<Vec<f64>> {
    let slice = |random: &mut SplitMix64| {
        let (mood, mut last) = (1.0 + between * normal(random), 0.0);
        let second = |_| {
            last = 0.5 * last + within * normal(random);
            (mood + last).max(0.01)
        };
        (0..60).map(second).collect()
    };
    (0..slices).map(|_| slice(random)).collect()
}

/// How many of 200 comparisons of the same with the same find an interval without 1.
fn false_alarms(slices: usize, between: f64, within: f64) -> usize {
    let mut random = SplitMix64::new(42);
    let alarm = |_: &usize| {
        let [a, b] = [(); 2].map(|()| side(&mut random, slices, between, within));
        let found = ratio(&a, &b, &draws(random.bits(), false)).unwrap();
        !(found.low..=found.high).contains(&1.0)
    };
    (0..200).filter(alarm).count()
}

#[test]
fn the_same_against_the_same_is_seldom_found_different() {
    // Ten of 200 are to be expected; the blocks of one slice are a little too sure, as is known of them.
    for (slices, between, within) in [(1, 0.0, 0.1), (3, 0.03, 0.1), (5, 0.03, 0.1), (8, 0.0, 0.1)] {
        let alarms = false_alarms(slices, between, within);
        assert!(alarms <= 22, "{alarms} of 200 with {slices} slices");
    }
}

#[test]
fn a_part_of_a_degree_of_freedom_is_none() {
    let of = |degrees| Estimate { log: 0.0, error: 0.1, degrees };
    // 4 ÷ (1/2 + 1/3) = 4.8
    assert_eq!(degrees(&of(2.0), &of(3.0)), 4);
    assert_eq!(
        degrees(&of(2.0), &Estimate { error: 0.102, ..of(2.0) }),
        4,
        "3.998, for the noise of the errors"
    );
}

#[test]
fn seconds_that_resemble_each_other_make_the_interval_wider() {
    let calm: Vec<f64> = (0..60).map(|second| 1.0 + 0.1 * f64::from(second % 2)).collect();
    let lasting: Vec<f64> = (0..60).map(|second| 1.0 + 0.1 * f64::from(second / 10 % 2)).collect();
    let width = |values: &Vec<f64>| {
        let found = ratio(from_ref(values), from_ref(values), &draws(1, false)).unwrap();
        found.high - found.low
    };
    assert!(width(&lasting) > 2.0 * width(&calm), "{} {}", width(&lasting), width(&calm));
}

#[test]
fn the_spread_of_three_slices_is_not_taken_for_smaller_than_it_is() {
    // Their logarithms have a standard deviation of 0.1, so the difference of two such means has 0.1 · √(2/3), on four
    // degrees of freedom.
    let side = [-0.1_f64, 0.0, 0.1].map(|log| vec![log.exp(); 20]);
    let found = ratio(&side, &side, &Draws { resamples: 4_000, ..draws(1, true) }).unwrap();
    let expected = 0.1 * (2.0_f64 / 3.0).sqrt() * 2.776;
    assert!((found.high.ln() / expected - 1.0).abs() < 0.06, "{} instead of {expected}", found.high.ln());
}

#[test]
fn what_allows_no_statement_has_no_interval() {
    let few = [vec![1.0; 5]];
    assert_eq!(ratio(&few, &few, &draws(1, false)), None, "five seconds are three blocks");
    let zero = [vec![0.0; 60]];
    assert_eq!(ratio(&zero, &zero, &draws(1, false)), None);
    assert_eq!(ratio(&zero, &zero, &draws(1, true)), None);
    assert_eq!(ratio(&[], &[], &draws(1, true)), None);
    assert_eq!((average(&[], true), average(&[], false), average(&zero, false)), (None, None, Some(0.0)));
    let constant = [vec![2.0; 60]];
    let found = ratio(&constant, &[vec![3.0; 60]], &draws(1, true)).unwrap();
    assert!((found.ratio - 1.5).abs() < 1e-12 && (found.high / found.low - 1.0).abs() < 1e-9, "{found:?}");
}

#[test]
fn one_stalled_second_outweighs_all_others_only_in_the_arithmetic_mean() {
    let mut values = vec![0.03; 60];
    values[30] = 5.0;
    let [arithmetic, geometric] =
        [false, true].map(|geometric| average(&[values.clone()], geometric).unwrap());
    assert!(arithmetic > 0.1 && geometric < 0.033, "{arithmetic} {geometric}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_ratio_turns_around_and_does_not_depend_on_the_unit(seed: u64, slices in 1_usize..6, factor in 0.1_f64..10.0) {
        let mut random = SplitMix64::new(seed);
        let [a, b] = [(); 2].map(|()| side(&mut random, slices, 0.02, 0.1));
        let scaled: Vec<Vec<f64>> = b.iter().map(|slice| slice.iter().map(|value| value * factor).collect()).collect();
        let [there, back, scaled] = [ratio(&a, &b, &draws(1, true)), ratio(&b, &a, &draws(1, true)), ratio(&a, &scaled, &draws(1, true))]
            .map(Option::unwrap);
        prop_assert!((there.ratio * back.ratio - 1.0).abs() < 1e-9);
        prop_assert!(there.low <= there.ratio && there.ratio <= there.high);
        prop_assert!((scaled.ratio / there.ratio / factor - 1.0).abs() < 1e-9);
        prop_assert!((scaled.high / there.high / factor - 1.0).abs() < 1e-9);
    }
}
