//! How long: the text form of a duration (`250ms`, `15m`, `1h30m`, `30d`) and back.
//!
//! Lives here because windows (`5/15m`) are values of the domain and the configuration shares the same notation.
//! Calendar units (weeks, months, years) do not belong here: their length is an opinion.

use std::time::Duration;

/// The units from the longest to the shortest, each with its length in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a duration: whole numbers, each with a unit (`ms`, `s`, `m`, `h`, `d`), the longer unit first.
///
/// `0s` is a duration; a bare number is not, because nobody can tell whether `15` means seconds or minutes.
///
/// # Errors
///
/// A sentence about what is wrong with the text: no unit, an unknown unit, units out of order or given twice, anything
/// but digits before a unit, more milliseconds than 64 bits hold.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    if text.is_empty() {
        return Err("a duration is missing; write one such as `250ms`, `15m` or `30d`".to_owned());
    }
    let mut rest = text;
    let mut millis: u64 = 0;
    let mut next_allowed = 0;
    while !rest.is_empty() {
        let (digits, tail) = split_where(rest, |c| !c.is_ascii_digit());
        let (unit, tail) = split_where(tail, |c| !c.is_ascii_alphabetic());
        if digits.is_empty() {
            return Err(format!("`{text}` is not a duration; write one such as `250ms`, `15m` or `1h30m`"));
        }
        if unit.is_empty() {
            return Err(if tail.is_empty() {
                format!(
                    "`{text}` has no unit at its end; write `{text}s` for seconds or `{text}m` for minutes"
                )
            } else {
                format!("`{text}` is not a duration: only whole numbers with a unit, without spaces")
            });
        }
        let Some(rank) = UNITS.iter().position(|(name, _)| *name == unit) else {
            return Err(format!("`{unit}` in `{text}` is not a unit of time; use ms, s, m, h or d"));
        };
        if rank < next_allowed {
            return Err(format!(
                "`{text}` has its units out of order; write the longer one first, each once"
            ));
        }
        let too_long = || format!("`{text}` is longer than a duration can be");
        let number: u64 = digits.parse().map_err(|_| too_long())?;
        let part = number.checked_mul(UNITS[rank].1).ok_or_else(too_long)?;
        millis = millis.checked_add(part).ok_or_else(too_long)?;
        next_allowed = rank + 1;
        rest = tail;
    }
    Ok(Duration::from_millis(millis))
}

/// Writes a duration the way [`parse_duration`] reads it, in the fewest parts: `90m` comes back as `1h30m`.
///
/// Anything finer than a millisecond is cut off: no text that can be read here has it.
pub fn format_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if left == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, length) in UNITS {
        if left >= length {
            text.push_str(&format!("{}{unit}", left / length));
            left %= length;
        }
    }
    text
}

fn split_where(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(stop).unwrap_or(text.len()))
}
