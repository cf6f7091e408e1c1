//! How an upstream fails, and what is wrong with a script.

use std::{error::Error, fmt, io, sync::LazyLock, time::Duration};

/// How an [`Echo`](super::Echo) fails other than by a status.
///
/// Its source is what a client's error would stand on: an `io::Error` of the same meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EchoError {
    /// Nobody listens: the request was never sent.
    Refused,
    /// The connection ended before the response's head.
    Reset,
    /// The connection ended in the response's body.
    Broken,
    /// The request's own body failed.
    Request,
}

static REFUSED: LazyLock<io::Error> = LazyLock::new(|| io::ErrorKind::ConnectionRefused.into());
static RESET: LazyLock<io::Error> = LazyLock::new(|| io::ErrorKind::ConnectionReset.into());

impl Error for EchoError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused => Some(&*REFUSED),
            Self::Reset | Self::Broken => Some(&*RESET),
            Self::Request => None,
        }
    }
}

impl fmt::Display for EchoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::Reset => "connection reset before the response",
            Self::Broken => "connection reset in the response's body",
            Self::Request => "the request's body failed",
        })
    }
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
#[error("{message}")]
pub struct ScriptError {
    parameter: String,
    message: String,
}

impl ScriptError {
    pub(super) fn new(parameter: &str, value: &str, why: impl fmt::Display) -> Self {
        Self { parameter: parameter.to_owned(), message: format!("{parameter}={value}: {why}") }
    }

    /// Not a parameter, but when it is to hold.
    pub(super) fn moment(moment: &str, message: String) -> Self {
        Self { parameter: moment.to_owned(), message }
    }

    /// It is wrong with what was to hold from this moment on.
    pub(super) fn from(self, moment: Duration) -> Self {
        Self { message: format!("from {moment:?} on: {}", self.message), ..self }
    }

    /// The parameter that is wrong; or the moment, in a timeline.
    #[must_use]
    pub fn parameter(&self) -> &str {
        &self.parameter
    }
}
