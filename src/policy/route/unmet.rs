//! What a request is not, in words.

use std::fmt;

use super::{TextMatch, ValueMatch, text::Verb};

/// What a request is not: the first thing that a condition asks for in vain.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmet<'c> {
    pub(super) what: &'static str,
    /// Of a header, or a parameter.
    pub(super) name: &'c str,
    pub(super) wants: Wants<'c>,
    pub(super) found: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wants<'c> {
    Text(&'c TextMatch),
    Not(&'c TextMatch),
    Present,
    Absent,
    Port(u16),
}

impl<'c> Wants<'c> {
    pub(super) const fn of(value: &'c ValueMatch, inverted: bool) -> Self {
        match (value, inverted) {
            (ValueMatch::Present, false) => Self::Present,
            (ValueMatch::Present, true) => Self::Absent,
            (ValueMatch::Text(text), false) => Self::Text(text),
            (ValueMatch::Text(text), true) => Self::Not(text),
        }
    }
}

impl fmt::Display for Wants<'_> {
    /// As it goes on after "header `x`".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Not(text) => text.said(Verb::IsNot).fmt(f),
            Self::Present => f.write_str("is present"),
            Self::Absent => f.write_str("is absent"),
            Self::Port(port) => write!(f, "is {port}"),
        }
    }
}

impl fmt::Display for Unmet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        if !self.name.is_empty() {
            write!(f, " `{}`", self.name)?;
        }
        match self.wants {
            Wants::Present => f.write_str(" must be present"),
            Wants::Absent => f.write_str(" must be absent"),
            Wants::Port(port) => write!(f, " must be {port}"),
            Wants::Text(text) => write!(f, " must {}", text.said(Verb::Be)),
            Wants::Not(text) => write!(f, " must not {}", text.said(Verb::Be)),
        }?;
        match (&self.found, self.wants) {
            (Some(found), _) if found.is_empty() => f.write_str(", but is empty"),
            (Some(found), _) => write!(f, ", but is `{found}`"),
            (None, Wants::Present) => f.write_str(", but is not"),
            // Absent, and refused for what it would be then.
            (None, Wants::Not(_)) => f.write_str(", but is absent, which counts as empty"),
            (None, _) => f.write_str(", but is absent"),
        }
    }
}
