//! What a histogram keeps, and that its text keeps the same.

use proptest::prelude::*;

use super::*;

fn of(micros: impl IntoIterator<Item = u64>) -> Latencies {
    let mut latencies = Latencies::new();
    micros.into_iter().for_each(|micros| latencies.record(Duration::from_micros(micros)));
    latencies
}

#[test]
fn quantiles_are_right_to_three_digits() {
    let latencies = of(1..=100_000);
    for (share, micros) in [(0.5, 50_000.0), (0.99, 99_000.0), (0.999, 99_900.0)] {
        let found = latencies.quantile(share).unwrap().as_micros() as f64;
        assert!((found / micros - 1.0).abs() < 1e-3, "{share}: {found}");
    }
    assert_eq!(latencies.count(), 100_000);
    assert!((latencies.mean().unwrap().as_secs_f64() - 0.05).abs() < 1e-4);
}

#[test]
fn none_has_no_quantile_and_the_extremes_are_kept_at_the_ends() {
    let none = Latencies::new();
    assert_eq!((none.quantile(0.5), none.mean(), none.max()), (None, None, None));
    assert!(none.nines(4).is_empty());
    let ends = of([0, u64::MAX]);
    assert_eq!(ends.quantile(0.0), Some(Duration::from_micros(1)));
    assert!(ends.max().unwrap() >= LONGEST && ends.max().unwrap() < LONGEST + Duration::from_secs(1));
}

#[test]
fn the_curve_ends_where_no_request_lies_beyond() {
    let points = of((1..=1_000).map(|micros| micros * 10)).nines(2);
    assert_eq!(points.len(), 7);
    assert_eq!(points[2], (1.0, of([9_000]).max().unwrap()));
    assert_eq!(points.last().unwrap().0, 3.0);
}

#[test]
fn the_encoding_is_what_files_hold() {
    assert_eq!(Latencies::new().encode(), "us3:");
    // 3 twice, then 300 once: 03 02, then a distance of 297 as a9 02, 01.
    assert_eq!(of([3, 300, 3]).encode(), "us3:AwKpAgE");
}

#[test]
fn damaged_text_is_refused() {
    for (text, why) in [
        ("", NotLatencies::Prefix),
        ("us4:AwKpAgE", NotLatencies::Prefix),
        ("us3:!", NotLatencies::Damaged),
        ("us3:AwKp", NotLatencies::Damaged),
        // A distance of zero; a count of zero; eleven octets; beyond ten minutes.
        ("us3:AAE", NotLatencies::Range),
        ("us3:AQA", NotLatencies::Range),
        ("us3:gICAgICAgICAgAE", NotLatencies::Range),
        ("us3://///////38B", NotLatencies::Range),
    ] {
        assert_eq!(Latencies::decode(text), Err(why), "{text}");
    }
}

proptest! {
    #[test]
    fn text_is_the_same_histogram_again(times in proptest::collection::vec(0_u64..2_000_000_000, 0..200)) {
        let latencies = of(times);
        let again = Latencies::decode(&latencies.encode()).unwrap();
        prop_assert_eq!(&again, &latencies);
        prop_assert_eq!(again.encode(), latencies.encode());
    }

    #[test]
    fn merged_is_recorded_together(
        first in proptest::collection::vec(1_u64..700_000_000, 0..60),
        second in proptest::collection::vec(1_u64..700_000_000, 0..60),
    ) {
        let mut merged = of(first.clone());
        merged.merge(&Latencies::decode(&of(second.clone()).encode()).unwrap());
        prop_assert_eq!(merged, of(first.into_iter().chain(second)));
    }

    #[test]
    fn no_text_panics(text in "us3:[A-Za-z0-9+/]{0,40}") {
        if let Ok(latencies) = Latencies::decode(&text) {
            prop_assert_eq!(Latencies::decode(&latencies.encode()), Ok(latencies));
        }
    }
}
