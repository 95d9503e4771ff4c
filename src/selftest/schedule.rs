//! In which order classes are measured.
//!
//! A processor that warms up or a neighbour that wakes makes everything slower for a while. Measured one class after
//! another, that would look like a difference between them; in rounds it hits all alike, and the random order within a
//! round keeps any class from always coming after the same other one, whose traces in the caches it would inherit.

/// `rounds` rounds in which each of `classes` comes once, in a random order; one flat list.
///
/// `next` gives 64 uniform random bits. The order is a function of them and of nothing else, so that a seed repeats it.
pub fn interleave<T: Copy>(classes: &[T], rounds: usize, mut next: impl FnMut() -> u64) -> Vec<T> {
    let mut order = Vec::with_capacity(classes.len() * rounds);
    for _ in 0..rounds {
        let start = order.len();
        order.extend_from_slice(classes);
        shuffle(&mut order[start..], &mut next);
    }
    order
}

/// Fisher and Yates' shuffle, as in Knuth, The Art of Computer Programming, 3.4.2, algorithm P.
fn shuffle<T>(items: &mut [T], next: &mut impl FnMut() -> u64) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last as u64 + 1, next) as usize);
    }
}

/// A uniform number below `bound`, which is not zero, without the bias of a remainder (Lemire, "Fast random integer
/// generation in an interval", 2019, algorithm 5).
fn below(bound: u64, next: &mut impl FnMut() -> u64) -> u64 {
    let unfair = bound.wrapping_neg() % bound;
    loop {
        let product = u128::from(next()) * u128::from(bound);
        if product as u64 >= unfair {
            return (product >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selftest::statistics::dice::Dice;

    #[test]
    fn every_round_has_each_class_once() {
        let mut dice = Dice::new(1);
        let order = interleave(&["known", "unknown", "locked"], 50, || dice.bits());
        assert_eq!(order.len(), 150);
        for round in order.chunks(3) {
            let mut round = round.to_vec();
            round.sort_unstable();
            assert_eq!(round, ["known", "locked", "unknown"]);
        }
    }

    #[test]
    fn a_seed_repeats_the_order_and_another_does_not() {
        let order = |seed| {
            let mut dice = Dice::new(seed);
            interleave(&[0, 1, 2, 3], 20, || dice.bits())
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn all_orders_of_a_round_are_equally_likely() {
        let (mut dice, mut counts) = (Dice::new(7), [0_i32; 27]);
        for round in interleave(&[0, 1, 2], 6_000, || dice.bits()).chunks(3) {
            counts[round[0] * 9 + round[1] * 3 + round[2]] += 1;
        }
        let seen: Vec<_> = counts.into_iter().filter(|count| *count > 0).collect();
        // A thousand each; the standard deviation is 29.
        assert_eq!(seen.len(), 6);
        assert!(seen.iter().all(|count| (count - 1_000).abs() < 120), "{seen:?}");
    }

    #[test]
    fn nothing_to_measure_is_an_empty_order() {
        assert!(interleave::<u8>(&[], 3, || 0).is_empty());
        assert!(interleave(&["one"], 0, || 0).is_empty());
    }
}
