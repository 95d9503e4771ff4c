//! Times as other systems write them. What has no zone is UTC; what is not between the years 1970 and 9999 is no time.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::domain::clock::Timestamp;

/// Milliseconds since 1970 as a number or as its digits, a text of [`written`], or MongoDB's `$date` of any of these.
pub(super) fn foreign(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => millis(number.as_i64()?),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => millis(text.parse().ok()?),
        Value::String(text) => written(text),
        Value::Object(object) => match object.get("$date")? {
            Value::Object(inner) => millis(inner.get("$numberLong")?.as_str()?.parse().ok()?),
            date @ (Value::Number(_) | Value::String(_)) => foreign(date),
            _ => None,
        },
        _ => None,
    }
}

/// RFC 3339, where PostgreSQL and Django may have a blank for the `T`, a zone without minutes, or none.
pub(super) fn written(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_at_checked(10)?;
    let (separator, time) = time.split_at_checked(1)?;
    if !matches!(separator, "T" | "t" | " ") {
        return None;
    }
    let zone = time.find(['+', '-', 'Z', 'z']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone);
    let zone = match zone.len() {
        0 => "Z".to_owned(),
        // `+05` and `+0530`.
        3 => format!("{zone}:00"),
        5 => format!("{}:{}", zone.get(..3)?, zone.get(3..)?),
        _ => zone.to_owned(),
    };
    rfc3339(&format!("{date}T{time}{zone}"))
}

/// RFC 3339 and nothing else.
pub(super) fn rfc3339(text: &str) -> Option<Timestamp> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    micros(i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000)).ok()?)
}

fn millis(millis: i64) -> Option<Timestamp> {
    micros(millis.checked_mul(1_000)?)
}

/// What would be clamped is no time.
fn micros(micros: i64) -> Option<Timestamp> {
    Some(Timestamp::from_micros(micros)).filter(|moment| moment.micros() == micros)
}
