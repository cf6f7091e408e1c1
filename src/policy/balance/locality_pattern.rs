//! Which localities are meant, in a few words.

use std::{fmt, str::FromStr};

use super::Locality;

/// Localities that are meant together: `*`, `us/*`, `us/z1/*`, `us/z1/sz1`; what is left out at the end is any.
///
/// ```
/// use tower_mesh::policy::balance::{Locality, LocalityPattern};
///
/// let pattern: LocalityPattern = "us/z1/*".parse()?;
/// assert!(pattern.matches(&Locality::new("us", "z1", "rack4")));
/// assert!(!pattern.matches(&Locality::new("us", "z2", "rack4")));
/// assert!("us*".parse::<LocalityPattern>().is_err());
/// # Ok::<(), tower_mesh::policy::balance::LocalityPatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalityPattern {
    /// As it is written: no `*` but as the last part.
    text: String,
}

/// The text means no localities.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` means no localities: write `*`, `REGION/*`, `REGION/ZONE/*`, `REGION/ZONE/SUBZONE`, or a part of that"
)]
pub struct LocalityPatternError(String);

const ANY: &str = "*";

impl LocalityPattern {
    /// Whether this locality is meant.
    #[must_use]
    pub fn matches(&self, locality: &Locality) -> bool {
        let own = [locality.region(), locality.zone(), locality.subzone()];
        self.parts().zip(own).all(|(part, own)| part == ANY || part == own)
    }

    /// Whether a locality can be meant by both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.parts().zip(other.parts()).all(|(own, other)| own == ANY || other == ANY || own == other)
    }

    /// Those that are written; the others are any.
    fn parts(&self) -> impl Iterator<Item = &str> {
        self.text.split('/')
    }
}

impl FromStr for LocalityPattern {
    type Err = LocalityPatternError;

    fn from_str(text: &str) -> Result<Self, LocalityPatternError> {
        let mut parts = text.split('/').rev();
        let is_part = |part: &str| !part.is_empty() && !part.contains(['*', ' ', '\t', '\n']);
        let last = parts.next().is_some_and(|last| last == ANY || is_part(last));
        let few = text.matches('/').count() <= 2;
        if few && last && parts.all(is_part) {
            Ok(Self { text: text.to_owned() })
        } else {
            Err(LocalityPatternError(text.to_owned()))
        }
    }
}

impl fmt::Display for LocalityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
