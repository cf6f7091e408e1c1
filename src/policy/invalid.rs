//! What is wrong with settings that cannot mean anything.

use std::fmt;

/// A setting that cannot mean anything: which one, what it was; and, as text, what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {found}, but must be {}", .field.accepted())]
pub struct Invalid<F: Setting> {
    field: F,
    found: String,
}

/// A setting that can be wrong; prints as its name in the builder.
pub trait Setting: Copy + fmt::Debug + fmt::Display {
    /// What would be accepted.
    fn accepted(self) -> &'static str;
}

impl<F: Setting> Invalid<F> {
    pub(super) fn new(field: F, found: impl Into<String>) -> Self {
        Self { field, found: found.into() }
    }

    /// Which setting.
    #[must_use]
    pub const fn field(&self) -> F {
        self.field
    }

    /// What would be accepted.
    #[must_use]
    pub fn accepted(&self) -> &'static str {
        self.field.accepted()
    }

    /// What it was.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}
