//! What a filter promises: no false negatives, and as many false positives as it says.

use proptest::prelude::*;

use super::super::layout::Shape;
use super::super::rice::{Cut, Encoder, PADDING, holds};
use super::*;

#[test]
fn the_fingerprint_is_the_beginning_of_the_sha1() {
    // FIPS 180: the digest of "abc" begins so.
    assert_eq!(fingerprint(b"abc"), 0xa999_3e36_4706_816a);
}

#[test]
fn every_entry_is_found_whatever_the_bits_and_the_number() {
    for (bits, count) in
        [(8, 1), (10, 2), (20, 255), (20, 256), (32, 257), (8, 3_000), (20, 3_000), (32, 3_000)]
    {
        let desk = Desk::with(members(count));
        let report = desk.build(PASSWORDS, bits).unwrap();
        let filter = desk.filter();
        assert_eq!((report.entries, filter.entries()), (count.into(), count.into()));
        for number in 0..count {
            assert!(
                filter.contains(member(number).as_bytes()).unwrap(),
                "{number} of {count} at {bits} bits"
            );
        }
    }
}

#[test]
fn strangers_are_taken_for_entries_as_often_as_the_filter_says() {
    let desk = Desk::with(members(5_000));
    desk.build(PASSWORDS, 10).unwrap();
    let filter = desk.filter();
    assert!((filter.false_positive_rate() - 1.0 / 1024.0).abs() < 1e-12);
    let strangers = 200_000;
    let taken =
        (0..strangers).filter(|n| filter.contains(format!("stranger {n}").as_bytes()).unwrap()).count();
    // 195.3 are expected with a standard deviation of 14: this is five of them, and the draw is always the same.
    assert!((125..=265).contains(&taken), "{taken}");
}

#[test]
fn more_bits_take_fewer_strangers() {
    let desk = Desk::with(members(2_000));
    desk.build(PASSWORDS, 32).unwrap();
    let filter = desk.filter();
    assert!((0..20_000).all(|n| !filter.contains(format!("stranger {n}").as_bytes()).unwrap()));
}

#[test]
fn an_entry_takes_1_8_bits_more_than_its_bits() {
    let desk = Desk::with(members(100_000));
    let report = desk.build(PASSWORDS, 20).unwrap();
    let each = report.octets as f64 * 8.0 / report.entries as f64;
    assert!((21.75..21.83).contains(&each), "{each}");
}

#[test]
fn an_empty_list_holds_nothing() {
    let desk = Desk::with("");
    assert_eq!(desk.build(PASSWORDS, 20).unwrap().entries, 0);
    let filter = desk.filter();
    assert_eq!((filter.entries(), filter.false_positive_rate()), (0, 0.0));
    assert!(!filter.contains(b"").unwrap() && !filter.contains(b"password").unwrap());
}

#[test]
fn a_filter_tells_what_it_was_made_of() {
    let desk = Desk::with(members(1));
    desk.build(PASSWORDS, 20).unwrap();
    assert_eq!(desk.filter().source(), "a list of the tests");
}

#[test]
fn the_ends_of_the_range_have_a_place() {
    let shape = Shape { bits: 32, entries: MOST_ENTRIES };
    assert_eq!(shape.place(0), (0, 0));
    assert_eq!(shape.place(u64::MAX).0, shape.blocks() - 1);
    assert_eq!(Shape { bits: 8, entries: 1 }.place(u64::MAX), (0, 255));
}

fn coded(values: &[u64], rice: u32) -> (Vec<u8>, usize) {
    let mut encoder = Encoder::new(rice);
    values.iter().for_each(|value| encoder.push(*value));
    let mut octets = encoder.finish(<[u8]>::to_vec);
    let length = octets.len();
    octets.extend([0; PADDING]);
    (octets, length)
}

proptest! {
    #[test]
    fn a_block_holds_its_values_and_no_others(
        rice in 7_u32..32,
        values in prop::collection::btree_set(any::<u64>(), 0..300),
        strangers in prop::collection::vec(any::<u64>(), 20),
    ) {
        // As far as a block reaches: 2^8 gaps of 2^(rice + 1).
        let within = |value: u64| value >> (55 - rice);
        let values: Vec<_> = values.into_iter().map(within).collect();
        let (octets, length) = coded(&values, rice);
        let asked = strangers.into_iter().map(within).chain(0..20).chain(values.iter().copied());
        for value in asked {
            prop_assert_eq!(holds(&octets, length, rice, value), Ok(values.contains(&value)));
        }
    }

    #[test]
    fn any_octets_are_read_to_an_end(rice in 7_u32..32, mut octets in prop::collection::vec(any::<u8>(), 0..600)) {
        let length = octets.len();
        octets.extend([0; PADDING]);
        // What is said of them does not matter, only that something is.
        let _ = holds(&octets, length, rice, u64::MAX);
    }
}

#[test]
fn values_that_meet_are_written_twice_and_a_cut_code_is_seen() {
    let (octets, length) = coded(&[5, 5, 9], 7);
    assert_eq!(length, 3);
    assert_eq!(holds(&octets, length, 7, 9), Ok(true));
    assert_eq!(holds(&octets, 2, 7, 9), Ok(false), "the last code has lost its one");
    let (octets, _) = coded(&[1 << 20], 31);
    assert_eq!(holds(&octets, 2, 31, 9), Err(Cut));
}
