//! A block whose values cannot mean anything.

use std::{fmt, time::Duration};

use crate::{
    config::{Document, Error, GoDuration, nearest},
    policy::timeout,
};

/// A block whose values cannot mean anything: which field, what it is, what would be accepted.
///
/// ```
/// use tower_mesh::{config::{self, osm::CircuitBreaking}, policy::circuit_breaker::Settings};
///
/// let (block, _) = config::from_yaml::<CircuitBreaking>("errorRatioThreshold: 1.5")?;
/// let invalid = Settings::try_from(block).unwrap_err();
/// assert_eq!(
///     invalid.to_string(),
///     "`errorRatioThreshold` is 1.5, but must be above 0 and at most 1 (0.10 is ten percent), or 0 for unset",
/// );
/// # Ok::<(), config::Errors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` is {found}, but must be {accepted}{}", Hint(.hint.as_deref()))]
pub struct InvalidBlock {
    pub(super) field: &'static str,
    pub(super) found: String,
    pub(super) accepted: String,
    hint: Option<String>,
}

impl InvalidBlock {
    pub(super) fn new(field: &'static str, found: impl fmt::Display, accepted: impl Into<String>) -> Self {
        Self { field, found: found.to_string(), accepted: accepted.into(), hint: None }
    }

    /// A word that is none of these; the one that was probably meant is told.
    pub(super) fn word(field: &'static str, word: &str, known: &[&str], accepted: impl Into<String>) -> Self {
        let hint = nearest(word, known).map(|meant| format!("did you mean `{meant}`?"));
        Self { hint, ..Self::new(field, format_args!("`{word}`"), accepted) }
    }

    /// As an error about the block at this path of a document.
    pub(super) fn at(self, document: &Document, block: &str) -> Error {
        let Self { field, found, accepted, hint } = self;
        let message = format!("`{field}` cannot be {found}");
        let error = Error::at(document, &format!("{block}.{field}"), message).accepted(accepted);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

struct Hint<'a>(Option<&'a str>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

/// What is set: neither absent nor zero.
pub(super) fn set<T: Default + PartialEq>(value: Option<T>) -> Option<T> {
    value.filter(|value| *value != T::default())
}

/// A time to which a timer can be set.
pub(super) fn millis(
    field: &'static str,
    time: GoDuration,
    accepted: &'static str,
) -> Result<Duration, InvalidBlock> {
    let whole = time.whole_millis().map_err(|unfit| InvalidBlock {
        hint: unfit.meant().map(|meant| format!("write `{meant}`")),
        ..InvalidBlock::new(field, time, accepted)
    })?;
    if whole > timeout::LONGEST {
        return Err(InvalidBlock::new(field, time, "no longer than a timer can be set to: two years"));
    }
    Ok(whole)
}

/// What [`millis`] accepts.
pub(super) const WHOLE: &str = "at least 1ms, in whole milliseconds";
