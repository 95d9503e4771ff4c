//! Durations and sizes as people write them.

use std::time::Duration;

use guardhouse::config::units::{format_bytes, parse_bytes};
use guardhouse::domain::duration::{format_duration, parse_duration};
use proptest::prelude::*;

#[test]
fn durations_are_whole_numbers_with_units() {
    for (text, millis) in [
        ("0s", 0),
        ("250ms", 250),
        ("20s", 20_000),
        ("15m", 900_000),
        ("6h", 21_600_000),
        ("30d", 2_592_000_000),
        ("1h30m", 5_400_000),
        ("1d2h3m4s5ms", 93_784_005),
    ] {
        assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
    }
}

#[test]
fn durations_that_mean_nothing_or_two_things_are_refused_with_a_reason() {
    for (text, reason) in [
        ("", "missing"),
        ("15", "has no unit"),
        ("0", "has no unit"),
        ("m", "is not a duration"),
        ("-5s", "is not a duration"),
        ("1.5h", "only whole numbers"),
        ("5 s", "without spaces"),
        (" 5s", "is not a duration"),
        ("1h30", "has no unit"),
        ("5min", "`min`"),
        ("2w", "`w`"),
        ("5S", "`S`"),
        ("30m1h", "out of order"),
        ("1m1m", "out of order"),
        ("99999999999999999999s", "longer than"),
        ("213503982335d", "longer than"),
        ("213503982334d18446744073709551615ms", "longer than"),
    ] {
        let error = parse_duration(text).expect_err(text);
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn durations_are_written_in_the_fewest_parts() {
    for (millis, text) in [(0, "0s"), (90_000, "1m30s"), (86_400_000, "1d"), (1_001, "1s1ms")] {
        assert_eq!(format_duration(Duration::from_millis(millis)), text);
    }
    assert_eq!(format_duration(Duration::from_micros(1_999)), "1ms");
}

#[test]
fn sizes_are_whole_numbers_with_binary_units() {
    for (text, bytes) in [("0B", 0), ("7B", 7), ("16KiB", 16_384), ("19MiB", 19_922_944), ("2GiB", 1 << 31)] {
        assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
    }
}

#[test]
fn sizes_in_other_units_are_refused_with_the_right_one() {
    for (text, reason) in [
        ("", "is not a size"),
        ("MiB", "is not a size"),
        ("-1B", "is not a size"),
        ("16", "has no unit"),
        ("16KB", "`16KiB`"),
        ("19MB", "`19MiB`"),
        ("1g", "`1GiB`"),
        ("16kib", "`16KiB`"),
        ("16 KiB", "`16KiB`"),
        ("1.5GiB", "is not a unit of size"),
        ("1TiB", "is not a unit of size"),
        ("17179869184GiB", "larger than"),
        ("99999999999999999999B", "larger than"),
    ] {
        let error = parse_bytes(text).expect_err(text);
        assert!(error.contains(reason), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn every_duration_comes_back(millis: u64) {
        let duration = Duration::from_millis(millis);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn every_size_comes_back(bytes: u64, shift in 0u32..40) {
        for bytes in [bytes, bytes >> shift << shift] {
            prop_assert_eq!(parse_bytes(&format_bytes(bytes)), Ok(bytes));
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "[0-9a-zA-Z. ä-]{0,24}") {
        let _ = (parse_duration(&text), parse_bytes(&text));
    }
}
