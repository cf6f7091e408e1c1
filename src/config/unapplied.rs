//! A block that is known but not applied yet.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de,
    ser::{SerializeMap, SerializeSeq},
};

use super::tree::Number;

/// A value of any shape, kept as it was read.
///
/// A field that the mesh knows is no slip of the pen, whether or not it is applied here. So it stands in its struct,
/// with this as its type, the floor above can tell that it was read and has no effect, and whoever writes the struct out
/// again loses nothing.
///
/// ```
/// use tower_mesh::config::{self, istio::TrafficPolicy};
///
/// let (policy, findings) = config::from_yaml::<TrafficPolicy>("{tls: {mode: ISTIO_MUTUAL}}")?;
/// assert!(policy.tls.is_some() && findings.is_empty());
/// # Ok::<(), config::Errors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Unapplied {
    /// `null` inside a block: a field that is null is absent.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A mapping, in the order of the text.
    Map(Vec<(String, Self)>),
}

impl Serialize for Unapplied {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(Number::Unsigned(number)) => serializer.serialize_u64(*number),
            Self::Number(Number::Signed(number)) => serializer.serialize_i64(*number),
            Self::Number(Number::Float(number)) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Unapplied {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> de::Visitor<'de> for Anything {
    type Value = Unapplied;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Unapplied, E> {
        Ok(Unapplied::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unapplied, E> {
        Ok(Unapplied::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unapplied, E> {
        Ok(Unapplied::Number(Number::Unsigned(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unapplied, E> {
        Ok(Unapplied::Number(Number::Signed(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Unapplied, E> {
        Ok(Unapplied::Number(Number::Float(value)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Unapplied, E> {
        Ok(Unapplied::Text(text.to_owned()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Unapplied, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Unapplied::List(list))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Unapplied, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Unapplied::Map(map))
    }
}
