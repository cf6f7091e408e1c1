//! What Istio asks of a duration, beyond that it is one.
//!
//! Its validation wants at least a millisecond, and whole milliseconds, of nearly every duration. The structs of this
//! dialect ask it while they are read, so that the complaint has its place; who makes such a struct by hand asks
//! [`GoDuration::whole_millis`].

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, de};

use crate::config::{GoDuration, InvalidDuration};

const MILLI: i64 = 1_000_000;

impl GoDuration {
    /// As Istio accepts it: at least a millisecond, in whole milliseconds.
    ///
    /// ```
    /// # use tower_mesh::config::GoDuration;
    /// let whole = |text: &str| text.parse::<GoDuration>().unwrap().whole_millis().map_err(|unfit| unfit.to_string());
    /// assert_eq!(whole("0.5s"), Ok(std::time::Duration::from_millis(500)));
    /// assert_eq!(whole("0.5ms").unwrap_err(), "duration must be greater than 1ms, or just that, found `500µs`");
    /// assert_eq!(whole("1.5ms").unwrap_err(), "only durations to ms precision are supported, found `1.5ms`");
    /// ```
    ///
    /// # Errors
    ///
    /// If it is shorter than a millisecond, or finer.
    pub fn whole_millis(self) -> Result<Duration, UnfitDuration> {
        match self.to_std() {
            Some(duration) if self.nanos() >= MILLI && self.nanos() % MILLI == 0 => Ok(duration),
            _ => Err(UnfitDuration(self)),
        }
    }

    /// The same, where Istio takes zero too: to mean "never".
    ///
    /// # Errors
    ///
    /// If it is shorter than a millisecond without being zero, or finer.
    pub fn whole_millis_or_zero(self) -> Result<Duration, UnfitDuration> {
        if self.nanos() == 0 { Ok(Duration::ZERO) } else { self.whole_millis() }
    }
}

/// A duration that Istio refuses: shorter than a millisecond, or finer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfitDuration(GoDuration);

impl UnfitDuration {
    /// What to write instead; none if it was not longer than zero, because then something else was meant.
    pub fn meant(self) -> Option<GoDuration> {
        let millis = self.0.nanos().checked_add(MILLI - 1)? / MILLI;
        (self.0.nanos() > 0).then(|| GoDuration::from_nanos(millis * MILLI))
    }

    /// What Istio says of it; it takes a millisecond too.
    const fn rule(self) -> &'static str {
        match self.0.nanos() {
            ..MILLI => "duration must be greater than 1ms, or just that",
            _ => "only durations to ms precision are supported",
        }
    }
}

impl fmt::Display for UnfitDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, found `{}`", self.rule(), self.0)
    }
}

impl std::error::Error for UnfitDuration {}

/// For serde's `deserialize_with`: at least a millisecond, in whole ones.
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<GoDuration>, D::Error> {
    Ok(Option::<Whole<false>>::deserialize(deserializer)?.map(|Whole(duration)| duration))
}

/// The same, or zero.
pub(super) fn whole_or_zero<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<GoDuration>, D::Error> {
    Ok(Option::<Whole<true>>::deserialize(deserializer)?.map(|Whole(duration)| duration))
}

struct Whole<const ZERO: bool>(GoDuration);

impl<'de, const ZERO: bool> Deserialize<'de> for Whole<ZERO> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text::<ZERO>).map(Self)
    }
}

struct Text<const ZERO: bool>;

impl<const ZERO: bool> de::Visitor<'_> for Text<ZERO> {
    type Value = GoDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as `1m` or `200ms`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<GoDuration, E> {
        let duration: GoDuration = text.parse().map_err(|invalid: InvalidDuration| E::custom(invalid))?;
        let judged = if ZERO { duration.whole_millis_or_zero() } else { duration.whole_millis() };
        judged.map_err(|unfit| E::custom(format_args!("{}, found {text:?}", unfit.rule())))?;
        Ok(duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Result<Duration, Option<String>> {
        let duration: GoDuration = text.parse().unwrap();
        duration.whole_millis().map_err(|unfit| unfit.meant().map(|meant| meant.to_string()))
    }

    #[test]
    fn a_millisecond_is_the_least_and_the_finest() {
        assert_eq!(judged("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(judged("1h1ms"), Ok(Duration::from_millis(3_600_001)));
        for (text, meant) in [
            ("0s", None),
            ("-1s", None),
            ("999999ns", Some("1ms")),
            ("1ns", Some("1ms")),
            ("1000001ns", Some("2ms")),
            ("1.0005s", Some("1.001s")),
            ("2562047h47m16.854775807s", None),
        ] {
            assert_eq!(judged(text), Err(meant.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn zero_is_taken_only_where_it_means_never() {
        let zero = GoDuration::default();
        assert_eq!((zero.whole_millis_or_zero(), zero.whole_millis().is_err()), (Ok(Duration::ZERO), true));
        for nanos in [-1, 1, MILLI + 1] {
            assert!(GoDuration::from_nanos(nanos).whole_millis_or_zero().is_err(), "{nanos}");
        }
    }
}
