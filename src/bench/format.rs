//! Numbers as people read them: three digits, and the unit that suits them.

use std::time::Duration;

/// Three digits and one of s, ms, µs.
pub fn time(time: Duration) -> String {
    seconds(time.as_secs_f64())
}

/// The same for a number of seconds, which is not negative.
pub fn seconds(seconds: f64) -> String {
    // A value that would be rounded up to a thousand belongs to the next unit.
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];
    let (length, unit) =
        units.into_iter().find(|(length, _)| seconds >= *length * 0.9995).unwrap_or((1e-6, "µs"));
    format!("{} {unit}", digits(seconds / length))
}

/// So many a second.
pub fn rate(per_second: f64) -> String {
    format!("{}/s", digits(per_second))
}

/// A share of one as per cent.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let exact = if percent > 0.0 && percent < 0.995 { format!("{percent:.3}") } else { digits(percent) };
    format!("{exact} %")
}

/// Octets in powers of 1024.
pub fn bytes(bytes: f64) -> String {
    let units = [(f64::from(1 << 30), "GiB"), (f64::from(1 << 20), "MiB"), (1024.0, "KiB")];
    match units.into_iter().find(|(size, _)| bytes >= size * 0.9995) {
        Some((size, unit)) => format!("{} {unit}", digits(bytes / size)),
        None => format!("{} B", digits(bytes)),
    }
}

/// Three digits, or all of a larger number, in groups of three.
pub fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    let plain = format!("{value:.decimals$}");
    if value.abs() < 9_999.5 { plain } else { grouped(&plain) }
}

/// `text` of a file or a server for a terminal: nothing in it moves the cursor or turns the direction around.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_harmless(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// Whether a character shows itself and does nothing else. What turns the direction of text around could make a line
/// read as another one (Boucher, Anderson, "Trojan Source", 2021).
pub(super) fn is_harmless(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left.is_multiple_of(3) && text.ends_with(|c: char| c.is_ascii_digit()) {
            // Narrow and not to be broken.
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_the_unit() {
        for (micros, text) in [
            (0, "0 µs"),
            (7, "7.00 µs"),
            (999, "999 µs"),
            (1_000, "1.00 ms"),
            (31_240, "31.2 ms"),
            (999_600, "1.00 s"),
            (12_345_678, "12.3 s"),
        ] {
            assert_eq!(time(Duration::from_micros(micros)), text);
        }
        assert_eq!([rate(0.0), rate(99.96), rate(12_345.6)], ["0/s", "100/s", "12\u{202f}346/s"]);
        assert_eq!([percent(0.0), percent(0.000_5), percent(0.98)], ["0 %", "0.050 %", "98.0 %"]);
        assert_eq!([bytes(512.0), bytes(1536.0), bytes(3.0e9)], ["512 B", "1.50 KiB", "2.79 GiB"]);
        assert_eq!(printable("a\u{1b}[2J\u{202e}é"), "a\u{fffd}[2J\u{fffd}é");
        assert_eq!(digits(-1_234_567.0), "-1\u{202f}234\u{202f}567");
    }
}
