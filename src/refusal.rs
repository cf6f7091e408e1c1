//! Why a layer answered by itself, and what it did to an answer.

use std::{borrow::Cow, fmt, ops::BitOr, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use crate::policy::Outcome;

/// Why a layer refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A circuit breaker is open.
    CircuitOpen,
}

impl Reason {
    /// A short name, stable enough to be a key in a report or a metric.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CircuitOpen => "circuit_open",
        }
    }

    /// What such a refusal tells a policy further out about the upstream.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::CircuitOpen => Outcome::Local,
        }
    }

    /// The response flags that Envoy would log.
    #[must_use]
    pub const fn flags(self) -> Flags {
        match self {
            // Envoy's "upstream overflow (circuit breaking)": it has no flag that is nearer to an open circuit.
            Self::CircuitOpen => Flags::UO,
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::CircuitOpen => "the circuit is open",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A layer's own answer, as data: a protocol writes it down as a response or as an error.
///
/// Over HTTP it becomes a response that carries this value in its extensions; over [`Plain`](crate::Plain) services
/// it becomes the service's error, by `From<Refusal>`.
///
/// A layer that answers in an upstream's place must not hide it: whoever stands above (a retry, an outlier detector,
/// an access log) has to tell a local 503 from an upstream's. So a local answer carries its [`Refusal`] in the
/// response's extensions, or is one, where a protocol answers with errors; and any answer that a layer touched may
/// carry [`Flags`].
///
/// ```
/// use http::StatusCode;
/// use tower_mesh::{Flags, Reason, Refusal};
///
/// let refusal = Refusal::new(Reason::CircuitOpen, StatusCode::CONFLICT).content("Coming soon ...");
/// assert_eq!(refusal.to_string(), "refused: the circuit is open (409 Conflict)");
/// assert_eq!(refusal.flags(), Flags::UO);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refused: {} ({status})", .reason.sentence())]
pub struct Refusal {
    reason: Reason,
    status: StatusCode,
    content: Bytes,
    content_type: Option<HeaderValue>,
    grpc: Option<Grpc>,
    details: Cow<'static, str>,
    retry_after: Option<Duration>,
}

/// How a refusal is told to a gRPC caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grpc {
    /// As a trailers-only reply with this gRPC status and the content as message.
    Status(u8),
    /// As the same plain HTTP answer that other callers get.
    Plain,
}

impl Refusal {
    /// An answer with this status, without content.
    #[must_use]
    pub const fn new(reason: Reason, status: StatusCode) -> Self {
        Self {
            reason,
            status,
            content: Bytes::new(),
            content_type: None,
            grpc: None,
            details: Cow::Borrowed(""),
            retry_after: None,
        }
    }

    /// The response's body; a gRPC caller gets it as message.
    #[must_use]
    pub fn content(mut self, content: impl Into<Bytes>) -> Self {
        self.content = content.into();
        self
    }

    /// The body's `content-type`; none by default.
    #[must_use]
    pub fn content_type(mut self, content_type: HeaderValue) -> Self {
        self.content_type = Some(content_type);
        self
    }

    /// How a gRPC caller is told; by default with the gRPC status that Envoy maps the HTTP status to.
    #[must_use]
    pub const fn grpc(mut self, grpc: Grpc) -> Self {
        self.grpc = Some(grpc);
        self
    }

    /// What stood in the way, for logs: never sent.
    #[must_use]
    pub fn details(mut self, details: impl Into<Cow<'static, str>>) -> Self {
        self.details = details.into();
        self
    }

    /// When another try may fare better: for those above, not sent.
    #[must_use]
    pub const fn retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// Why it was refused.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The content of the answer.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.content
    }

    /// The `content-type` of the answer.
    #[must_use]
    pub const fn body_type(&self) -> Option<&HeaderValue> {
        self.content_type.as_ref()
    }

    /// The answer to a gRPC caller.
    #[must_use]
    pub const fn grpc_answer(&self) -> Grpc {
        match self.grpc {
            Some(grpc) => grpc,
            None => Grpc::Status(grpc_status(self.status)),
        }
    }

    /// What stood in the way.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.details
    }

    /// How long to wait before another try, where that is known.
    #[must_use]
    pub const fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The response flags that Envoy would log for this answer.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        self.reason.flags()
    }
}

/// The gRPC status by which Envoy tells a gRPC caller of a local answer with this HTTP status.
const fn grpc_status(status: StatusCode) -> u8 {
    match status.as_u16() {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

/// Envoy's response flags, and [one of ours](Self::FB): what happened to a request on its way, as a set.
///
/// Kept in the extensions of a response that a layer made or touched.
///
/// ```
/// use tower_mesh::Flags;
///
/// let flags = Flags::DI | Flags::FI;
/// assert!(flags.contains(Flags::FI));
/// assert_eq!(flags.to_string(), "FI,DI");
/// assert_eq!(Flags::NONE.to_string(), "-");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u16);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal,)*) => {
        impl Flags {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
            const NAMES: &[(Self, &str)] = &[$((Self::$name, stringify!($name)),)*];
        }
    };
}

flags! {
    /// Upstream overflow: a limit or a circuit breaker refused.
    UO = 0,
    /// No healthy upstream.
    UH = 1,
    /// Upstream connection failure.
    UF = 2,
    /// Upstream request timeout.
    UT = 3,
    /// Upstream connection termination.
    UC = 4,
    /// Upstream remote reset.
    UR = 5,
    /// No route.
    NR = 6,
    /// No cluster.
    NC = 7,
    /// Rate limited.
    RL = 8,
    /// Rate limit service error.
    RLSE = 9,
    /// Fault injected.
    FI = 10,
    /// Delay injected.
    DI = 11,
    /// Upstream retry limit exceeded.
    URX = 12,
    /// Dropped by overload.
    DO = 13,
    /// A fallback answered. This one is ours: Envoy has no fallbacks, and no flag for them.
    FB = 14,
}

impl Flags {
    /// Nothing happened.
    pub const NONE: Self = Self(0);

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether none is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, rhs: Self) -> Self {
        Self(self.0 | rhs.0)
    }
}

impl fmt::Display for Flags {
    /// As in Envoy's access log: `UO,URX`, or `-`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Self::NAMES.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| name);
        match names.next() {
            None => f.write_str("-"),
            Some(first) => {
                f.write_str(first)?;
                names.try_for_each(|name| write!(f, ",{name}"))
            }
        }
    }
}
