//! What the loader has to tell, although nothing is wrong.

use std::fmt;

use crate::config::{Document, Finding, Location};

/// Something that a user should know of a policy that loads: a field nobody knows, one that is not applied, a rule that
/// can never act. Prints as one line.
///
/// ```
/// let mesh = tower_mesh::Mesh::from_yaml("
/// apiVersion: policy.openservicemesh.io/v1alpha1
/// kind: UpstreamTrafficSetting
/// metadata: {name: reviews, namespace: bookinfo}
/// spec:
///   host: reviews.bookinfo.svc.cluster.local
///   connectionSettings: {http: {circuitBreaking: {minRequestAmount: 200}}}
/// ")?;
/// assert_eq!(
///     mesh.notes()[0].to_string(),
///     "line 7, column 31 spec.connectionSettings.http.circuitBreaking: can never open: no threshold is set",
/// );
/// # Ok::<(), tower_mesh::config::Errors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Note {
    /// Where.
    pub location: Location,
    /// The dotted path of the value, such as `spec.rateLimit`.
    pub path: String,
    /// What kind of thing is told.
    pub kind: NoteKind,
    /// What.
    pub message: String,
}

/// What kind of thing a [`Note`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoteKind {
    /// Nobody knows this field or kind, or it was read generously. An error under
    /// [`strict`](crate::mesh::MeshBuilder::strict).
    Unknown,
    /// It was read, and has no effect.
    NotApplied,
    /// It is applied, and does not do what it seems to.
    Surprise,
}

impl Note {
    pub(super) fn new(document: &Document, path: &str, kind: NoteKind, message: impl Into<String>) -> Self {
        Self { location: document.locate_nearest(path), path: path.to_owned(), kind, message: message.into() }
    }

    pub(super) fn not_applied(document: &Document, path: &str) -> Self {
        Self::new(document, path, NoteKind::NotApplied, "read, not applied yet")
    }

    pub(super) fn of(finding: &Finding) -> Self {
        let (location, path) = (finding.location.clone(), finding.path.clone());
        Self { location, path, kind: NoteKind::Unknown, message: finding.sentence() }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.location, self.path, self.message)
    }
}
