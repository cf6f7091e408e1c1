//! A fraction such as `0.10`, kept as the `f64` that was written.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// The name under which the positioned deserializer knows a ratio.
pub(super) const NAME: &str = "Ratio";

/// A finite number that is meant as a fraction; whether it lies between 0 and 1 is judged where it is used.
///
/// Go holds these as `float32` and prints the shortest text again, so that its data plane sees `0.1`; an `f32` that is
/// widened would see `0.10000000149`, and twenty errors among two hundred would no longer reach a tenth.
///
/// ```
/// # use tower_mesh::config::Ratio;
/// let ratio: Ratio = serde_json::from_str("0.10")?;
/// assert_eq!(ratio.get(), 0.1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize)]
pub struct Ratio(f64);

impl Ratio {
    /// `None` unless the value is finite.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The number as written.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, Number)
    }
}

struct Number;

impl<'de> de::Visitor<'de> for Number {
    type Value = Ratio;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number: a fraction between 0 and 1, such as 0.10")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Ratio, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Ratio, E> {
        Ratio::new(value).ok_or_else(|| E::invalid_value(de::Unexpected::Float(value), &self))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Ratio, E> {
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Ratio, E> {
        self.visit_f64(value as f64)
    }

    /// Older manifests quote their ratios.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Ratio, E> {
        let number = text.parse().ok().and_then(Ratio::new);
        number.ok_or_else(|| E::invalid_type(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_is_a_tenth_in_sixty_four_bits() {
        for text in ["0.10", "\"0.10\"", "1e-1"] {
            assert_eq!(serde_json::from_str::<Ratio>(text).unwrap().get(), 0.1);
        }
        assert_eq!(serde_json::to_string(&Ratio(0.1)).unwrap(), "0.1");
    }

    #[test]
    fn range_is_not_judged_here_but_only_numbers_are_finite() {
        assert_eq!(serde_json::from_str::<Ratio>("-2").unwrap().get(), -2.0);
        for text in ["\"ten percent\"", "\"NaN\"", "\"inf\"", "\"\"", "true", "null"] {
            assert!(serde_json::from_str::<Ratio>(text).is_err(), "{text}");
        }
    }
}
