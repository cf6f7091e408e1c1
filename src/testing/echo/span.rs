//! Durations as Go spells them: `200ms`, `1h2m3.5s`, `.5s`.

use std::time::Duration;

/// Longest name first, so that `ms` is not read as minutes.
const UNITS: [(&str, f64); 7] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12)];

/// The duration, unless the text is none or too long for nanoseconds in 64 bits.
pub(super) fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let (mut nanos, mut left) = (0.0, text);
    while !left.is_empty() {
        let digits = left.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(left.len());
        let (number, after) = left.split_at(digits);
        let (unit, size) = UNITS.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        nanos += number.parse::<f64>().ok()? * size;
        left = &after[unit.len()..];
    }
    // The cast is exact: the bound was checked.
    (!text.is_empty() && nanos < u64::MAX as f64).then(|| Duration::from_nanos(nanos.round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let millis = |text| parse(text).map(|span| span.as_micros() as f64 / 1000.0);
        for (text, expected) in [
            ("200ms", 200.0),
            ("1h2m3.5s", 3_723_500.0),
            (".5s", 500.0),
            ("1m0s", 60_000.0),
            ("250us", 0.25),
            ("0", 0.0),
        ] {
            assert_eq!(millis(text), Some(expected), "{text}");
        }
        for text in ["", "60", "1d", "1 m", "-1s", "s", "1.2.3s", "ms200", "999999999h"] {
            assert_eq!(millis(text), None, "{text}");
        }
    }
}
