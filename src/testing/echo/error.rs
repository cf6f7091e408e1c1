//! How an upstream fails, and what is wrong with a script.

/// How an [`Echo`](super::Echo) fails other than by a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EchoError {
    /// Nobody listens: the request was never sent.
    #[error("connection refused")]
    Refused,
    /// The connection ended before the response's head.
    #[error("connection reset before the response")]
    Reset,
    /// The connection ended in the response's body.
    #[error("connection reset in the response's body")]
    Broken,
    /// The request's own body failed.
    #[error("the request's body failed")]
    Request,
}

/// A script that means nothing: which parameter, and what is accepted.
///
/// ```
/// use tower_mesh::testing::Echo;
///
/// let error = "status=503:60,429:50".parse::<Echo>().unwrap_err();
/// assert_eq!(error.to_string(), "status=503:60,429:50: the percentages sum up to 110, above 100");
/// assert_eq!(error.parameter(), "status");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}={value}: {why}")]
pub struct ScriptError {
    parameter: String,
    value: String,
    why: String,
}

impl ScriptError {
    pub(super) fn new(parameter: &str, value: &str, why: impl Into<String>) -> Self {
        Self { parameter: parameter.to_owned(), value: value.to_owned(), why: why.into() }
    }

    /// The parameter that is wrong.
    #[must_use]
    pub fn parameter(&self) -> &str {
        &self.parameter
    }
}
