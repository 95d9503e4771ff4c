//! Verdicts on classes whose truth is known.

use super::super::dice::Dice;
use super::super::*;

/// Times as servers give them: a floor, a long tail, and now and then an interrupt.
fn times(dice: &mut Dice, count: usize, shift: f64) -> Vec<f64> {
    dice.many(count, |dice| {
        let interrupt = if dice.uniform() < 0.01 { 5e-3 * dice.uniform() } else { 0.0 };
        20e-3 + shift + 50e-6 * (0.5 * dice.normal()).exp() + interrupt
    })
}

fn judged(first: Vec<f64>, second: Vec<f64>, terms: &Terms) -> Judgement {
    let classes = [Class::new("first", first).unwrap(), Class::new("second", second).unwrap()];
    judge_all(&classes, terms).unwrap().remove(0)
}

#[test]
fn equal_classes_are_not_separable() {
    let terms = Terms::new(LOCAL_NETWORK);
    let wrong = (0..100).filter(|seed| {
        let mut dice = Dice::new(1_000 + seed);
        let judged = judged(times(&mut dice, 1_000, 0.0), times(&mut dice, 1_000, 0.0), &terms);
        !matches!(judged.verdict, Verdict::NotSeparable { .. })
    });
    assert!(wrong.count() <= 1);
}

#[test]
fn a_known_shift_is_found_with_the_expected_number_of_values_and_not_with_far_fewer() {
    let terms = Terms { trim: Trim::Keep, ..Terms::new(0.05) };
    let count = terms.samples_for(0.2, 1.0, 1);
    let found = |count: usize| {
        let found = (0..100).filter(|seed| {
            let mut dice = Dice::new(2_000 + seed);
            let (first, second) =
                (dice.many(count, Dice::normal), dice.many(count, |dice| 0.2 + dice.normal()));
            matches!(judged(first, second, &terms).verdict, Verdict::Separable { .. })
        });
        found.count()
    };
    // 90 expected, with a deviation of 3.
    let (enough, a_quarter) = (found(count), found(count / 4));
    assert!((81..=99).contains(&enough), "{enough} with {count}");
    assert!(a_quarter < 40, "{a_quarter} with {}", count / 4);
}

#[test]
fn what_would_have_been_found_is_found_once_it_is_there() {
    let (mut dice, terms) = (Dice::new(31), Terms::new(LOCAL_NETWORK));
    let (first, second) = (times(&mut dice, 4_000, 0.0), times(&mut dice, 4_000, 0.0));
    let calm = judged(first.clone(), second.clone(), &terms);
    let Verdict::NotSeparable { smallest } = calm.verdict else { panic!("{calm:?}") };
    assert!((1e-6..5e-6).contains(&smallest), "{smallest:e}");
    let shifted = second.iter().map(|value| value + 2.0 * smallest).collect();
    let judged = judged(first, shifted, &terms);
    let Verdict::Separable { by, .. } = judged.verdict else { panic!("{judged:?}") };
    assert!((1.0..3.0).contains(&(by / smallest)), "{by:e} for twice {smallest:e}");
    let medians = judged.comparison.medians;
    assert!(medians.low <= -2.0 * smallest && -2.0 * smallest <= medians.high, "{medians:?}");
}

#[test]
fn another_shape_with_the_same_mean_is_found_by_its_distribution_alone() {
    let (mut dice, terms) = (Dice::new(41), Terms { trim: Trim::Keep, ..Terms::new(0.1) });
    let (first, second) = (dice.many(2_000, Dice::normal), dice.many(2_000, |dice| 2.0 * dice.normal()));
    let judged = judged(first, second, &terms);
    let Verdict::Separable { by, found_by } = judged.verdict else { panic!("{judged:?}") };
    assert_eq!(found_by, FoundBy::KolmogorovSmirnov);
    // The difference of the mean absolute values: √(2/π).
    assert!((by - 0.798).abs() < 0.1, "{by}");
}

#[test]
fn outliers_hide_a_shift_only_as_long_as_they_are_kept() {
    let mut dice = Dice::new(51);
    let (first, second) = (times(&mut dice, 1_500, 0.0), times(&mut dice, 1_500, 10e-6));
    for (trim, seen) in
        [(Trim::Keep, false), (Trim::Crop { upper: 0.95 }, true), (Trim::Winsorise { upper: 0.95 }, true)]
    {
        let judged = judged(first.clone(), second.clone(), &Terms { trim, ..Terms::new(INTERNET / 10.0) });
        assert_eq!(judged.welch_p <= 0.001, seen, "{trim:?}: {}", judged.welch_p);
    }
}

#[test]
fn classes_far_apart_are_separable_whatever_their_sizes() {
    let mut dice = Dice::new(61);
    let (many, few) = (times(&mut dice, 5_000, 0.0), times(&mut dice, 30, 1.0));
    for trim in [Trim::Keep, Trim::Crop { upper: 0.5 }, Trim::Winsorise { upper: 0.5 }] {
        let judged = judged(many.clone(), few.clone(), &Terms { trim, ..Terms::new(INTERNET) });
        let Verdict::Separable { by, found_by } = judged.verdict else { panic!("{judged:?}") };
        assert!((by - 1.0).abs() < 0.01 && found_by == FoundBy::Both, "{by} {found_by:?}");
    }
}

#[test]
fn a_slow_path_that_few_take_matters_although_the_means_are_compared_without_it() {
    let (mut dice, terms) = (Dice::new(71), Terms::new(INTERNET));
    let first = times(&mut dice, 20_000, 0.0);
    let second = times(&mut dice, 20_000, 0.0).into_iter();
    let second = second.map(|value| if dice.uniform() < 0.03 { value + 5e-3 } else { value }).collect();
    let judged = judged(first, second, &terms);
    let Verdict::Separable { by, .. } = judged.verdict else { panic!("{judged:?}") };
    assert!((by - 0.03 * 5e-3).abs() < 0.01 * 5e-3, "{by:e}");
}
