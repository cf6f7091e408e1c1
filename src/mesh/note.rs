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
    /// Which thing, by a code that stays the same.
    pub code: Code,
    /// What.
    pub message: String,
    /// What to do about it, where that can be said.
    pub fix: Option<String>,
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

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $id:literal $name:literal,)*) => {
        /// Which thing a [`Note`] tells. Codes stay the same from version to version, so that a script can look for one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All codes, in their order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code: `TM201`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                }
            }

            /// Its name: `rule-shadowed`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

codes! {
    /// Nobody knows it, or it was read generously.
    Unknown = "TM001" "unknown",
    /// It was read, and has no effect here.
    NotApplied = "TM002" "not-applied",
    /// It does not do what it seems to, in a way that has no code of its own.
    Surprise = "TM003" "surprise",
    /// It is written as it was written years ago.
    OldSpelling = "TM004" "old-spelling",
    /// Another document of the same name, or for the same host, takes its place.
    Duplicate = "TM101" "duplicate",
    /// It is for other clients: by its gateways, its namespaces or its labels.
    OtherClients = "TM102" "other-clients",
    /// It looks like a service's name, and is one of a host outside of the cluster.
    OutsideDomain = "TM103" "outside-domain",
    /// An earlier rule takes all requests that it would take.
    RuleShadowed = "TM201" "rule-shadowed",
    /// No request can be what it asks for.
    RuleImpossible = "TM202" "rule-impossible",
    /// Rules for HTTP where no HTTP is spoken.
    NoHttp = "TM203" "no-http",
    /// A route leads to a host that no document knows.
    UnknownHost = "TM301" "unknown-host",
    /// A route leads to a subset that no rule for the host defines.
    UnknownSubset = "TM302" "unknown-subset",
    /// Weights that give other shares than it seems.
    Weights = "TM303" "weights",
    /// A fault meets every request, so that what comes after it never acts.
    FaultHides = "TM401" "fault-hides",
    /// The tries together may take longer than all of them may.
    TriesExceed = "TM402" "tries-exceed-timeout",
    /// Endpoints are to be picked or ejected, and nobody tells who they are.
    EndpointsUnknown = "TM501" "endpoints-unknown",
    /// So few endpoints may be ejected that none ever is.
    NeverEjects = "TM502" "never-ejects",
    /// Requests are to go elsewhere when endpoints are ill, and nobody finds out which are.
    FailoverBlind = "TM503" "failover-blind",
    /// Where outliers are detected the nearest endpoints come first, which nobody asked for.
    FailoverUnasked = "TM504" "failover-unasked",
    /// Who comes first depends on where the client is, and nobody says where.
    ClientNowhere = "TM505" "client-nowhere",
    /// A key is to decide who answers, and none is set.
    HashWithoutKey = "TM506" "hash-without-key",
    /// A selector selects no workload.
    SelectorEmpty = "TM511" "selector-empty",
    /// A subset has labels that no known endpoint has.
    SubsetEmpty = "TM512" "subset-empty",
    /// Requests are to be shared with localities in which no endpoint is.
    LocalityEmpty = "TM513" "locality-empty",
    /// Endpoints without a locality, where localities decide.
    LocalityUnknown = "TM514" "locality-unknown",
    /// Two endpoints at one address.
    DuplicateEndpoint = "TM515" "duplicate-endpoint",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Note {
    pub(super) fn new(document: &Document, path: &str, kind: NoteKind, message: impl Into<String>) -> Self {
        let code = match kind {
            NoteKind::Unknown => Code::Unknown,
            NoteKind::NotApplied => Code::NotApplied,
            NoteKind::Surprise => Code::Surprise,
        };
        let (location, path) = (document.locate_nearest(path), path.to_owned());
        Self { location, path, kind, code, message: message.into(), fix: None }
    }

    pub(super) fn not_applied(document: &Document, path: &str) -> Self {
        Self::new(document, path, NoteKind::NotApplied, "read, not applied yet")
    }

    pub(super) fn of(finding: &Finding) -> Self {
        let (location, path) = (finding.location.clone(), finding.path.clone());
        let (kind, code) = (NoteKind::Unknown, Code::Unknown);
        Self { location, path, kind, code, message: finding.sentence(), fix: None }
    }

    pub(super) fn coded(self, code: Code) -> Self {
        Self { code, ..self }
    }

    pub(super) fn mended_by(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.location, self.path, self.message)
    }
}
