//! One distribution of times.
//!
//! A high dynamic range histogram (Tene): exact to three digits from a microsecond to ten minutes, always of the same
//! size, and two of them add up without loss. As text it is the same again, so that results can be merged and compared
//! long after the run. The crate's own encoding would bring a compressor and a parser along, for files in which nobody
//! misses them.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::micros;

/// Longer times count as this one.
pub const LONGEST: Duration = Duration::from_secs(600);
/// The name of the encoding: microseconds, three digits.
const PREFIX: &str = "us3:";

/// Many times, each known to three digits. About 170 KiB, however many there are.
#[derive(Clone, PartialEq)]
pub struct Latencies(Histogram<u64>);

/// Why a text is no [`Latencies`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotLatencies {
    /// It begins with another name, perhaps that of a later encoding.
    #[error("a histogram has to begin with `us3:`")]
    Prefix,
    /// It is not base64, or it ends within a number.
    #[error("a histogram is cut off or damaged")]
    Damaged,
    /// The times do not ascend, or lie beyond what a histogram holds.
    #[error("a histogram has times out of order or out of range")]
    Range,
}

impl Latencies {
    /// Empty.
    pub fn new() -> Self {
        let longest = micros::of(LONGEST);
        Self(
            Histogram::new_with_bounds(1, longest, 3)
                .expect("one microsecond to ten minutes in three digits"),
        )
    }

    /// Adds one time: at least a microsecond, at most [`LONGEST`].
    pub fn record(&mut self, time: Duration) {
        self.0.saturating_record(micros::of(time.min(LONGEST)).max(1));
    }

    /// Adds all times of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all histograms have the same bounds");
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that a `share` (0 to 1) of all do not exceed; none of none.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_micros(self.0.value_at_quantile(share)))
    }

    /// The mean; none of none.
    pub fn mean(&self) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_secs_f64(self.0.mean() / 1e6))
    }

    /// The longest; none of none.
    pub fn max(&self) -> Option<Duration> {
        self.quantile(1.0)
    }

    /// Points of the curve over a log-nines axis, `per_nine` for each further nine: (number of nines, time). 0 is the
    /// fastest, 1 is p90, 3 is p99.9. It ends where less than one request would lie beyond.
    pub fn nines(&self, per_nine: u32) -> Vec<(f64, Duration)> {
        let most = (self.count() as f64).log10().max(0.0);
        let steps = (0_u32..).map(|step| f64::from(step) / f64::from(per_nine.max(1)));
        let point = |nines: f64| Some((nines, self.quantile(1.0 - 10_f64.powf(-nines))?));
        steps.take_while(|nines| *nines <= most).map_while(point).collect()
    }

    /// As text: `us3:`, then in base64 for each time that occurs the distance to the one before and how often, as
    /// LEB128.
    pub fn encode(&self) -> String {
        let (mut bytes, mut before) = (Vec::new(), 0);
        for step in self.0.iter_recorded() {
            let value = step.value_iterated_to();
            push_leb128(&mut bytes, value - before);
            push_leb128(&mut bytes, step.count_at_value());
            before = value;
        }
        format!("{PREFIX}{}", BASE64.encode(bytes))
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    ///
    /// Text of any other shape.
    pub fn decode(text: &str) -> Result<Self, NotLatencies> {
        let base64 = text.strip_prefix(PREFIX).ok_or(NotLatencies::Prefix)?;
        let bytes = BASE64.decode(base64).map_err(|_| NotLatencies::Damaged)?;
        let (mut bytes, mut value, mut total) = (bytes.as_slice(), 0_u64, 0_u64);
        let mut latencies = Self::new();
        // The last cell reaches a little further than the longest time.
        let longest = latencies.0.highest_equivalent(micros::of(LONGEST));
        while !bytes.is_empty() {
            let (gap, count) = (take_leb128(&mut bytes)?, take_leb128(&mut bytes)?);
            value = value.checked_add(gap).ok_or(NotLatencies::Range)?;
            total = total.checked_add(count).ok_or(NotLatencies::Range)?;
            if gap == 0 || count == 0 || value > longest {
                return Err(NotLatencies::Range);
            }
            latencies.0.saturating_record_n(value, count);
        }
        Ok(latencies)
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Latencies {
    /// As in a file: twenty thousand cells would hide all else in the message of a failed test.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Latencies").field(&self.encode()).finish()
    }
}

impl Serialize for Latencies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.encode())
    }
}

impl<'de> Deserialize<'de> for Latencies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::decode(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Seven bits an octet, the lowest first; the top bit says that more follow.
fn push_leb128(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take_leb128(bytes: &mut &[u8]) -> Result<u64, NotLatencies> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(NotLatencies::Damaged)?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return Err(NotLatencies::Range);
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(NotLatencies::Range)
}

#[cfg(test)]
mod tests;
