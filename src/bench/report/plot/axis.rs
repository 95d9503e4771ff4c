//! From values to places, and which values are written beside them.

/// One axis.
pub(in crate::bench::report) struct Axis {
    /// What is on it, with the unit.
    pub(super) label: String,
    pub(super) ticks: Vec<(f64, String)>,
    low: f64,
    high: f64,
    is_log: bool,
}

impl Axis {
    /// From zero to a round number that is not below `most`, with what `format` makes of the ticks.
    pub(in crate::bench::report) fn linear(label: &str, most: f64, format: impl Fn(f64) -> String) -> Self {
        let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
        let step = round_up(most / 6.0);
        let count = (most / step - 1e-9).ceil().max(1.0) as u32;
        let ticks =
            (0..=count).map(|index| f64::from(index) * step).map(|value| (value, format(value))).collect();
        Self { label: label.to_owned(), ticks, low: 0.0, high: f64::from(count) * step, is_log: false }
    }

    /// From zero to exactly `most` seconds of a run.
    pub(in crate::bench::report) fn seconds(most: f64) -> Self {
        let mut axis = Self::linear("seconds since the end of the warm-up", most, plain);
        axis.high = if most.is_finite() && most > 0.0 { most } else { 1.0 };
        axis.ticks.retain(|(value, _)| *value <= axis.high);
        axis
    }

    /// Times in seconds on a logarithmic axis that holds all of `values`.
    pub(in crate::bench::report) fn times(label: &str, values: impl Iterator<Item = f64>) -> Self {
        let values = values.filter(|value| value.is_finite() && *value > 0.0);
        let (low, high) =
            values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if high > 0.0 { (low, high) } else { (1e-3, 1.0) };
        let round = |decade: i32, digit: f64| digit * 10_f64.powi(decade);
        let decades = || (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
        let all: Vec<f64> =
            decades().flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| round(decade, digit))).collect();
        // The last round number below the lowest value, and the first one above the highest.
        let first = all.iter().rposition(|tick| *tick <= low * (1.0 + 1e-9)).unwrap_or(0);
        let last = all.iter().position(|tick| *tick >= high * (1.0 - 1e-9)).unwrap_or(all.len() - 1);
        let last = if last == first { (last + 1).min(all.len() - 1) } else { last };
        let inner = &all[first..=last];
        let is_decade = |tick: f64| (tick.log10() - tick.log10().round()).abs() < 1e-9;
        let few = inner.len() <= 9;
        let ticks =
            inner.iter().filter(|tick| few || is_decade(**tick)).map(|tick| (*tick, short_time(*tick)));
        Self {
            label: label.to_owned(),
            ticks: ticks.collect(),
            low: all[first],
            high: all[last],
            is_log: true,
        }
    }

    /// Percentiles on a log-nines axis: each further nine is as far as the one before. Values are numbers of nines.
    pub(in crate::bench::report) fn nines(most: f64) -> Self {
        let high = most.max(1.0);
        let nines = (1..).map(f64::from).take_while(|nines| *nines <= high);
        let ticks = [0.0, 0.5_f64.log10().abs()].into_iter().chain(nines);
        let name = |nines: f64| match nines {
            0.0 => "0 %".to_owned(),
            nines if nines < 1.0 => "50 %".to_owned(),
            nines => format!("{:.*} %", (nines as usize).saturating_sub(2), 100.0 - 10_f64.powf(2.0 - nines)),
        };
        let ticks = ticks.map(|nines| (nines, name(nines))).collect();
        Self {
            label: "share of the requests that were answered within the time".to_owned(),
            ticks,
            low: 0.0,
            high,
            is_log: false,
        }
    }

    /// Where `value` lies, 0 at the beginning and 1 at the end; what lies outside is moved to the edge.
    pub(super) fn place(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.is_log { value.max(f64::MIN_POSITIVE).ln() } else { value };
        let place = (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low));
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// The next of 1, 2, 5, 10 … that is not below `value`.
fn round_up(value: f64) -> f64 {
    let decade = 10_f64.powi(value.log10().floor() as i32);
    let digit = [1.0, 2.0, 5.0, 10.0].into_iter().find(|digit| digit * decade >= value * (1.0 - 1e-9));
    digit.unwrap_or(10.0) * decade
}

/// A tick without digits that say nothing.
pub(in crate::bench::report) fn plain(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded.abs() >= 1e4 { crate::bench::format::digits(rounded) } else { rounded.to_string() }
}

fn short_time(seconds: f64) -> String {
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];
    let (length, unit) =
        units.into_iter().find(|(length, _)| seconds >= *length * 0.9995).unwrap_or((1e-6, "µs"));
    format!("{} {unit}", (seconds / length * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_hold_all_values() {
        assert_eq!(names(&Axis::linear("", 47.0, plain)), ["0", "10", "20", "30", "40", "50"]);
        assert_eq!(names(&Axis::linear("", 0.0, plain)), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(names(&Axis::linear("", 50_000.0, plain)).last(), Some(&"50\u{202f}000"));
        assert_eq!(names(&Axis::seconds(47.0)), ["0", "10", "20", "30", "40"]);
        let times = Axis::times("", [0.023, 0.31].into_iter());
        assert_eq!(names(&times), ["20 ms", "50 ms", "100 ms", "200 ms", "500 ms"]);
        assert_eq!((times.place(0.02), times.place(0.5), times.place(9.0)), (0.0, 1.0, 1.0));
        let wide = Axis::times("", [15e-6, 40.0].into_iter());
        assert_eq!(names(&wide), ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
        assert_eq!(names(&Axis::times("", [0.01].into_iter())), ["10 ms", "20 ms"]);
        assert_eq!(names(&Axis::times("", std::iter::empty())).first(), Some(&"1 ms"));
        assert_eq!(names(&Axis::nines(4.2)), ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
    }
}
