//! Where in the world an endpoint is, or the client.

use std::{fmt, str::FromStr, sync::Arc};

/// A region, in it a zone, in that a subzone; what nobody knows is empty.
///
/// ```
/// use tower_mesh::policy::balance::Locality;
///
/// let locality: Locality = "us-central1/z1".parse()?;
/// assert_eq!((locality.region(), locality.zone(), locality.subzone()), ("us-central1", "z1", ""));
/// assert_eq!(locality.to_string(), "us-central1/z1");
/// # Ok::<(), tower_mesh::policy::balance::LocalityError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locality {
    region: Arc<str>,
    zone: Arc<str>,
    subzone: Arc<str>,
}

/// The text is no locality.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no locality: write `REGION/ZONE/SUBZONE`, or the first one or two of them")]
pub struct LocalityError(String);

impl Locality {
    /// This region, zone and subzone.
    #[must_use]
    pub fn new(region: &str, zone: &str, subzone: &str) -> Self {
        Self { region: region.into(), zone: zone.into(), subzone: subzone.into() }
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The zone in it.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// The subzone in that.
    #[must_use]
    pub fn subzone(&self) -> &str {
        &self.subzone
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.region.is_empty() && self.zone.is_empty() && self.subzone.is_empty()
    }
}

impl Default for Locality {
    /// Nobody knows where.
    fn default() -> Self {
        Self::new("", "", "")
    }
}

impl FromStr for Locality {
    type Err = LocalityError;

    fn from_str(text: &str) -> Result<Self, LocalityError> {
        let mut parts = text.split('/');
        let [region, zone, subzone] = [(); 3].map(|()| parts.next().unwrap_or_default());
        let wrong = parts.next().is_some() || text.contains(char::is_whitespace) || text.contains('*');
        if wrong { Err(LocalityError(text.to_owned())) } else { Ok(Self::new(region, zone, subzone)) }
    }
}

impl fmt::Display for Locality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, zone, subzone } = self;
        match (&**zone, &**subzone) {
            ("", "") => f.write_str(region),
            (zone, "") => write!(f, "{region}/{zone}"),
            (zone, subzone) => write!(f, "{region}/{zone}/{subzone}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locality_is_read_and_written_the_same() {
        for text in ["", "r", "r/z", "r/z/s", "r//s"] {
            assert_eq!(text.parse::<Locality>().expect(text).to_string(), text);
        }
        assert!("".parse::<Locality>().expect("nowhere").is_unknown());
    }

    #[test]
    fn what_is_no_locality_is_told_so() {
        for text in ["a/b/c/d", "a b", "r/*"] {
            assert_eq!(text.parse::<Locality>(), Err(LocalityError(text.to_owned())));
        }
    }
}
