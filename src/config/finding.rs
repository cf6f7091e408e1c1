//! What a loader has to tell although nothing is wrong: unknown configuration is neither fatal nor silent.

use std::fmt;

use super::{error::Error, source::Location, unknown::listed};

/// Something in a text that was passed over or read generously. Strictness, one floor up, makes it an [`Error`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// Where.
    pub location: Location,
    /// The dotted path, such as `spec.connectionSettings.htp`.
    pub path: String,
    /// What.
    pub kind: FindingKind,
}

/// What a [`Finding`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// A field nobody reads.
    UnknownField {
        /// The field.
        name: String,
        /// The names that are known at that place.
        accepted: Vec<&'static str>,
        /// The known name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A field of Istio's that is given in both of its spellings: this one, the original, is passed over.
    SpelledTwice {
        /// The field as it is spelled here, such as `max_connections`.
        name: String,
        /// The spelling that counts, such as `maxConnections`.
        counts: &'static str,
    },
    /// A kind that is not known, but looks like one that is.
    UnknownKind {
        /// The kind.
        name: String,
        /// The known kind that was probably meant.
        nearest: &'static str,
    },
    /// `"200"` where `200` is meant: read as the number; Kubernetes would refuse it.
    QuotedNumber,
    /// `200` where a text is meant: read as the text; Kubernetes would refuse it.
    UnquotedText,
}

impl Finding {
    /// The same, as an error.
    pub fn to_error(&self) -> Error {
        let error = Error::located(self.location.clone(), &*self.path, self.message());
        let error = match &self.kind {
            FindingKind::UnknownField { accepted, .. } => error.accepted(listed(accepted)),
            _ => error,
        };
        error.also_hints(self.hint())
    }

    fn message(&self) -> String {
        match &self.kind {
            FindingKind::UnknownField { name, .. } => format!("the field `{name}` is unknown here"),
            FindingKind::SpelledTwice { name, counts } => {
                format!("`{name}` is `{counts}`, which is given too and counts")
            }
            FindingKind::UnknownKind { name, .. } => format!("the kind `{name}` is unknown"),
            FindingKind::QuotedNumber => "a number stands in quotes".into(),
            FindingKind::UnquotedText => "a text without quotes looks like something else".into(),
        }
    }

    fn hint(&self) -> Option<String> {
        match &self.kind {
            FindingKind::UnknownField { nearest, .. } => {
                nearest.map(|name| format!("did you mean `{name}`?"))
            }
            FindingKind::SpelledTwice { .. } => Some("remove one of them".into()),
            FindingKind::UnknownKind { nearest, .. } => Some(format!("did you mean `{nearest}`?")),
            FindingKind::QuotedNumber => Some("read as the number; leave the quotes out".into()),
            FindingKind::UnquotedText => Some("read as the text; put it in quotes".into()),
        }
    }

    /// What is the matter, without where.
    pub(crate) fn sentence(&self) -> String {
        let hint = self.hint().map_or_else(String::new, |hint| format!("; {hint}"));
        self.message() + &hint
    }
}

/// One line: `policy.yaml:14:9, spec.htp: the field `htp` is unknown here; did you mean `http`?`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.location, self.path, self.sentence())
    }
}
