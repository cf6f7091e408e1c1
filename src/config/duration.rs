//! Go's durations, byte for byte.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A signed span of time in nanoseconds, written as Go writes it: `1m30s`, `200ms`, `1.5h`.
///
/// Every duration in the mesh's YAML is a `metav1.Duration`: a text that Go's `time.ParseDuration` reads and that
/// `Duration.String()` prints. Rust's own `Duration` has no sign and no such text, so this type stands in the YAML.
///
/// ```
/// use tower_mesh::config::GoDuration;
///
/// let window: GoDuration = "1m".parse()?;
/// assert_eq!(window.to_std(), Some(std::time::Duration::from_secs(60)));
/// assert_eq!(window.to_string(), "1m0s");
/// # Ok::<(), tower_mesh::config::InvalidDuration>(())
/// ```
///
/// A bare number is refused, `0` too: the mesh's own schema says `type: string`. Zero is written `0s` (or `"0"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct GoDuration(i64);

impl GoDuration {
    /// From nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// As nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// As Rust's own duration; `None` when negative.
    pub fn to_std(self) -> Option<Duration> {
        u64::try_from(self.0).ok().map(Duration::from_nanos)
    }
}

impl FromStr for GoDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        parse(text).map(Self).map_err(|why| InvalidDuration { text: text.to_owned(), why })
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        let mut text = String::new();
        if self.0 < 0 {
            text.push('-');
        }
        match nanos {
            0 => text.push('0'),
            1..1_000 => text.push_str(&nanos.to_string()),
            1_000..1_000_000 => decimal(&mut text, nanos, 3),
            1_000_000..1_000_000_000 => decimal(&mut text, nanos, 6),
            _ => {
                let minutes = nanos / (60 * SECOND);
                if minutes >= 60 {
                    text.push_str(&format!("{}h", minutes / 60));
                }
                if minutes > 0 {
                    text.push_str(&format!("{}m", minutes % 60));
                }
                decimal(&mut text, nanos % (60 * SECOND), 9);
            }
        }
        text.push_str(match nanos {
            0 => "s",
            1..1_000 => "ns",
            1_000..1_000_000 => "µs",
            1_000_000..1_000_000_000 => "ms",
            _ => "s",
        });
        f.pad(&text)
    }
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = GoDuration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as `1m` or `200ms`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<GoDuration, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// A text that Go would not read as a duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidDuration {
    text: String,
    why: Why,
}

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match &self.why {
            Why::Empty => write!(f, "{text:?} is not a duration: a number and a unit are missing"),
            Why::Shape => write!(f, "{text:?} is not a duration such as `1m`, `200ms` or `1.5s`"),
            Why::NoUnit => write!(f, "the duration {text:?} lacks a unit (ns, us, ms, s, m, h)"),
            Why::Unit(unit) => {
                write!(f, "the duration {text:?} has the unknown unit {unit:?} (ns, us, ms, s, m, h)")
            }
            Why::TooLong => {
                write!(f, "the duration {text:?} exceeds 64 bits of nanoseconds (about 292 years)")
            }
        }
    }
}

impl std::error::Error for InvalidDuration {}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Empty,
    Shape,
    NoUnit,
    Unit(String),
    TooLong,
}

const SECOND: u64 = 1_000_000_000;
const LIMIT: u64 = 1 << 63;

/// `time.ParseDuration`, step for step, so that the roundings agree.
fn parse(text: &str) -> Result<i64, Why> {
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    match rest {
        "0" => return Ok(0),
        "" => return Err(Why::Empty),
        _ => {}
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(Why::Shape);
        }
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let unit = unit(name)?;
        let value = leading(whole)?.checked_mul(unit).filter(|value| *value <= LIMIT).ok_or(Why::TooLong)?;
        let value = value + part(fraction, unit);
        total = total.checked_add(value).filter(|total| *total <= LIMIT).ok_or(Why::TooLong)?;
        rest = after;
    }
    if negative {
        return Ok(0_i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| Why::TooLong)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn leading(digits: &str) -> Result<u64, Why> {
    if digits.is_empty() {
        return Ok(0);
    }
    digits.parse().ok().filter(|value| *value <= LIMIT).ok_or(Why::TooLong)
}

/// Go drops the digits of a fraction that no longer fit, and truncates what a float makes of the rest.
fn part(digits: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0);
    for digit in digits.bytes().map(|byte| u64::from(byte - b'0')) {
        if value > (LIMIT - 1) / 10 || value * 10 + digit > LIMIT {
            break;
        }
        value = value * 10 + digit;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

fn unit(name: &str) -> Result<u64, Why> {
    Ok(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        "" => return Err(Why::NoUnit),
        _ => return Err(Why::Unit(name.to_owned())),
    })
}

/// `value` with `places` digits behind the point, trailing zeros dropped.
fn decimal(text: &mut String, value: u64, places: u32) {
    let scale = 10_u64.pow(places);
    text.push_str(&(value / scale).to_string());
    let fraction = format!("{:0width$}", value % scale, width = places as usize);
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_and_prints_what_go_reads_and_prints() {
        for (text, nanos, print) in [
            ("1m", 60_000_000_000, "1m0s"),
            ("60s", 60_000_000_000, "1m0s"),
            ("60000ms", 60_000_000_000, "1m0s"),
            ("1m0s", 60_000_000_000, "1m0s"),
            (".5s", 500_000_000, "500ms"),
            ("5.s", 5_000_000_000, "5s"),
            ("1h2m3.5s", 3_723_500_000_000, "1h2m3.5s"),
            ("1h", 3_600_000_000_000, "1h0m0s"),
            ("-1.5h", -5_400_000_000_000, "-1h30m0s"),
            ("+5s", 5_000_000_000, "5s"),
            ("0", 0, "0s"),
            ("-0", 0, "0s"),
            ("0s", 0, "0s"),
            ("1500ns", 1_500, "1.5µs"),
            ("12us", 12_000, "12µs"),
            ("12µs", 12_000, "12µs"),
            ("12μs", 12_000, "12µs"),
            ("1.0000000009s", 1_000_000_000, "1s"),
            ("0.3333333333333333333h", 1_200_000_000_000, "20m0s"),
            ("0.9223372036854775807h", 3_320_413_933_267, "55m20.413933267s"),
            ("0.100000000000000000000h", 360_000_000_000, "6m0s"),
            ("0.830103483285477580700h", 2_988_372_539_827, "49m48.372539827s"),
            ("9223372036854775807ns", i64::MAX, "2562047h47m16.854775807s"),
            ("-9223372036854775808ns", i64::MIN, "-2562047h47m16.854775808s"),
            ("-2562047h47m16.854775808s", i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            let parsed: GoDuration = text.parse().unwrap();
            assert_eq!((parsed.nanos(), &*parsed.to_string()), (nanos, print), "{text}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for text in [
            "",
            "3",
            "-",
            "+",
            "s",
            ".",
            "-.",
            ".s",
            "+.s",
            "1d",
            "1 m",
            " 1m",
            "1m ",
            "1m\n",
            "1,5s",
            "1e3s",
            "--1s",
            "9223372036854775808ns",
            "9223372036854775.808us",
            "-9223372036854775809ns",
            "3000000h",
            "9223372036854ms775us808ns",
            "1S",
            "１m",
        ] {
            assert!(text.parse::<GoDuration>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn is_a_text_in_json_too() {
        assert_eq!(serde_json::to_string(&GoDuration::from_nanos(60_000_000_000)).unwrap(), r#""1m0s""#);
        assert!(serde_json::from_str::<GoDuration>("60").is_err());
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(nanos: i64) {
            let duration = GoDuration::from_nanos(nanos);
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[-+]?([0-9]{0,25}\\.?[0-9]{0,25}(ns|us|µs|ms|s|m|h)?){0,4}") {
            let _ = text.parse::<GoDuration>();
        }
    }
}
