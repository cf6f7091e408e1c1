//! What a call came to.

/// What a call came to, as policies count it. A protocol says which: see
/// [`Answers::classify`](crate::layer::protocol::Answers::classify).
///
/// ```
/// use tower_mesh::policy::{Failure, Outcome};
///
/// assert!(Outcome::Failure(Failure::Status(503)).is_failure());
/// assert!(!Outcome::Local.is_failure()); // our own limit refused: that tells nothing about the upstream
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The upstream answered, and well enough. A 404 is a success of the upstream.
    Success,
    /// The upstream answered badly, or not at all.
    Failure(Failure),
    /// We answered in its place, for a reason of our own; the upstream had no part in it.
    Local,
    /// The caller went away before there was an answer.
    Abandoned,
}

/// How a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// Answered with this HTTP status; a gRPC status counts as the HTTP status that Envoy maps it to.
    Status(u16),
    /// No connection came about, so that nothing of the request was sent.
    Connect,
    /// No answer came: the connection was reset or lost, or the service returned an error that says no more.
    Transport,
}

impl Outcome {
    /// Whether the upstream failed.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failure(_))
    }
}
