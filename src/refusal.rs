//! Why a layer answered by itself, and what it did to an answer.

mod flags;

use std::{borrow::Cow, fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};

pub use self::flags::Flags;
use crate::policy::{Failure, Outcome};

/// Why a layer refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A circuit breaker is open.
    CircuitOpen,
    /// As many calls are in flight as may be, and as many wait as may wait.
    PendingOverflow,
    /// As many requests are in flight as may be; this limit has no queue.
    RequestOverflow,
    /// The answer was not complete in time, all tries together.
    Timeout,
    /// One try was not answered in time.
    TryTimeout,
    /// Nothing moved for too long.
    IdleTimeout,
    /// A fault was injected.
    FaultAbort,
    /// There are rules for the host, and none takes the request.
    NoRoute,
    /// A rule leads to what there is not: a subset that no policy names, a port that the service has not.
    NoCluster,
    /// There is nobody to ask: no endpoint is of the subset, or none is healthy.
    NoHealthyUpstream,
    /// A rule answers by itself, or sends its caller elsewhere.
    DirectAnswer,
}

impl Reason {
    /// A short name, stable enough to be a key in a report or a metric.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CircuitOpen => "circuit_open",
            Self::PendingOverflow => "pending_overflow",
            Self::RequestOverflow => "request_overflow",
            Self::Timeout => "timeout",
            Self::TryTimeout => "try_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::FaultAbort => "fault_abort",
            Self::NoRoute => "no_route",
            Self::NoCluster => "no_cluster",
            Self::NoHealthyUpstream => "no_healthy_upstream",
            Self::DirectAnswer => "direct_answer",
        }
    }

    /// What such a refusal tells a policy further out about the upstream.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::CircuitOpen
            | Self::PendingOverflow
            | Self::RequestOverflow
            | Self::FaultAbort
            | Self::NoRoute
            | Self::NoCluster
            | Self::NoHealthyUpstream
            | Self::DirectAnswer => Outcome::Local,
            // We gave up, but it was the upstream that did not answer.
            Self::Timeout | Self::TryTimeout | Self::IdleTimeout => Outcome::Failure(Failure::Status(504)),
        }
    }

    /// The response flags that Envoy would log.
    #[must_use]
    pub const fn flags(self) -> Flags {
        match self {
            // Envoy's "upstream overflow (circuit breaking)": it has no flag that is nearer to an open circuit.
            Self::CircuitOpen | Self::PendingOverflow | Self::RequestOverflow => Flags::UO,
            Self::Timeout | Self::TryTimeout => Flags::UT,
            Self::IdleTimeout => Flags::SI,
            Self::FaultAbort => Flags::FI,
            Self::NoRoute => Flags::NR,
            Self::NoCluster => Flags::NC,
            Self::NoHealthyUpstream => Flags::UH,
            Self::DirectAnswer => Flags::NONE,
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::CircuitOpen => "the circuit is open",
            Self::PendingOverflow => "too many requests wait already",
            Self::RequestOverflow => "too many requests are in flight",
            Self::Timeout => "the answer did not come in time",
            Self::TryTimeout => "a try was not answered in time",
            Self::IdleTimeout => "nothing moved for too long",
            Self::FaultAbort => "a fault was injected",
            Self::NoRoute => "no rule takes the request",
            Self::NoCluster => "the rule leads to what there is not",
            Self::NoHealthyUpstream => "there is no healthy upstream",
            Self::DirectAnswer => "a rule answers by itself",
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
    /// The content type among them. Boxed, since an error may be one of these.
    headers: Option<Box<HeaderMap>>,
    grpc: Option<Grpc>,
    details: Cow<'static, str>,
    retry_after: Option<Duration>,
    touched: Flags,
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
            headers: None,
            grpc: None,
            details: Cow::Borrowed(""),
            retry_after: None,
            touched: Flags::NONE,
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
    pub fn content_type(self, content_type: HeaderValue) -> Self {
        self.header(CONTENT_TYPE, content_type)
    }

    /// The response's body as plain text, as all of Envoy's own answers are.
    #[must_use]
    pub fn text(self, content: impl Into<Bytes>) -> Self {
        self.content(content).content_type(HeaderValue::from_static("text/plain"))
    }

    /// A header of the answer, to gRPC callers too.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.get_or_insert_default().insert(name, value);
        self
    }

    /// What else happened to the request on its way: flags beside those of the reason.
    #[must_use]
    pub fn touched(mut self, flags: Flags) -> Self {
        self.touched = self.touched | flags;
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
    pub fn body_type(&self) -> Option<&HeaderValue> {
        self.headers.as_ref()?.get(CONTENT_TYPE)
    }

    /// The headers of the answer, but for what is said of its body.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let all = self.headers.iter().flat_map(|headers| headers.iter());
        all.filter(|(name, _)| *name != CONTENT_TYPE)
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
        self.reason.flags().with(self.touched)
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
