//! A block whose values cannot mean anything.

use crate::config::{Document, Error};

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
#[error("`{field}` is {found}, but must be {accepted}")]
pub struct InvalidBlock {
    pub(super) field: &'static str,
    pub(super) found: String,
    pub(super) accepted: String,
}

impl InvalidBlock {
    pub(super) fn new(
        field: &'static str,
        found: impl std::fmt::Display,
        accepted: impl Into<String>,
    ) -> Self {
        Self { field, found: found.to_string(), accepted: accepted.into() }
    }

    /// As an error about the block at this path of a document.
    pub(super) fn at(self, document: &Document, block: &str) -> Error {
        let Self { field, found, accepted } = self;
        let message = format!("`{field}` cannot be {found}");
        Error::at(document, &format!("{block}.{field}"), message).accepted(accepted)
    }
}

/// What is set: neither absent nor zero.
pub(super) fn set<T: Default + PartialEq>(value: Option<T>) -> Option<T> {
    value.filter(|value| *value != T::default())
}
