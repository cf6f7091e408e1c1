//! What retries are told to do.

use std::time::Duration;

use http::{HeaderMap, Method};

use super::{HeaderMatch, RetryOn, SettingsBuilder, Statuses, Word};
use crate::policy::backoff::Backoff;

/// What retries are told to do: valid by construction.
///
/// By default nothing is tried again. Once something is, the defaults are a mesh's: every method, waits of Envoy's, and
/// bodies up to one mebibyte.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::retry::{Methods, RetryOn, Settings, Word};
///
/// let settings = Settings::builder()
///     .attempts(3)
///     .on(RetryOn::NONE.word(Word::GatewayError).status(429))
///     .per_try_timeout(Duration::from_millis(500))
///     .methods(Methods::Safe)
///     .build()?;
/// assert_eq!(settings.attempts(), 3);
///
/// let error = Settings::builder().per_try_timeout(Duration::ZERO).build().unwrap_err();
/// assert_eq!(error.to_string(), "per_try_timeout is 0ns, but must be at least 1 ms");
/// # Ok::<(), tower_mesh::policy::retry::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub(super) attempts: u32,
    pub(super) on: RetryOn,
    /// What `on` says of statuses, to be asked in one step.
    pub(super) statuses: Statuses,
    pub(super) backoff: Backoff,
    pub(super) per_try_timeout: Option<Duration>,
    pub(super) methods: Methods,
    pub(super) avoid_previous_hosts: bool,
    pub(super) honour_retry_after: Option<Duration>,
    pub(super) body_limit: usize,
    pub(super) trust_request_headers: bool,
    pub(super) count_attempts: bool,
    pub(super) count_attempts_in_response: bool,
    pub(super) retriable_headers: Vec<HeaderMatch>,
    pub(super) retriable_request_headers: Vec<HeaderMatch>,
    pub(super) hedging: bool,
    pub(super) judge_local_answers: bool,
}

/// Which requests may be tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Methods {
    /// All of them, as the mesh does.
    #[default]
    All,
    /// Those that change nothing: GET, HEAD, OPTIONS and TRACE.
    Safe,
}

impl Settings {
    /// Starts from the defaults: nothing is tried again.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// Nothing is tried again.
    #[must_use]
    pub fn off() -> Self {
        Self::builder().settings()
    }

    /// What Istio does where nobody has said anything: two retries, where no connection came about or an upstream says by
    /// gRPC that it is not there; other hosts than before. An application's 503 is not tried again.
    #[must_use]
    pub fn istio_default() -> Self {
        Self::istio(RetryOn::NONE)
    }

    /// What Istio did in earlier years: the same, and an application's 503 is tried again.
    #[must_use]
    pub fn istio_default_with_503() -> Self {
        Self::istio(RetryOn::NONE.status(503))
    }

    /// What osm-edge does where endpoints, or clusters, stand by: a request that is answered by a 5xx, whoever said it, is
    /// sent once more, at once. A [balancer](crate::policy::balance) below then asks one that
    /// [stands by](crate::policy::balance::Endpoint::standby).
    #[must_use]
    pub fn failover() -> Self {
        let on = RetryOn::osm("5xx").on;
        let settings = Self::builder().attempts(1).on(on).backoff(Backoff::AT_ONCE);
        settings.judge_local_answers(true).avoid_previous_hosts(true).settings()
    }

    fn istio(more: RetryOn) -> Self {
        let on = RetryOn::ISTIO_DEFAULT.or(more);
        Self::builder().attempts(2).on(on).avoid_previous_hosts(true).settings()
    }

    /// How often a request is tried again.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Which answers are tried again.
    #[must_use]
    pub const fn on(&self) -> &RetryOn {
        &self.on
    }

    /// How long is waited before.
    #[must_use]
    pub const fn backoff(&self) -> Backoff {
        self.backoff
    }

    /// How long one try may take.
    #[must_use]
    pub const fn per_try_timeout(&self) -> Option<Duration> {
        self.per_try_timeout
    }

    /// Which requests may be tried again.
    #[must_use]
    pub const fn methods(&self) -> Methods {
        self.methods
    }

    /// Whether a balancer should choose hosts that have not been tried.
    #[must_use]
    pub const fn avoid_previous_hosts(&self) -> bool {
        self.avoid_previous_hosts
    }

    /// The longest wait that an upstream may ask for; none if it is not asked.
    #[must_use]
    pub const fn honour_retry_after(&self) -> Option<Duration> {
        self.honour_retry_after
    }

    /// Whether what our own layers answered is judged by its status.
    #[must_use]
    pub const fn judges_local_answers(&self) -> bool {
        self.judge_local_answers
    }

    /// How much of a request's body is kept.
    #[must_use]
    pub const fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// Whether callers may say how their requests are tried.
    #[must_use]
    pub const fn trust_request_headers(&self) -> bool {
        self.trust_request_headers
    }

    /// Whether each try is numbered for the upstream.
    #[must_use]
    pub const fn count_attempts(&self) -> bool {
        self.count_attempts
    }

    /// Whether the caller is told how many tries there were.
    #[must_use]
    pub const fn count_attempts_in_response(&self) -> bool {
        self.count_attempts_in_response
    }

    /// Which headers of an answer have it tried again.
    #[must_use]
    pub fn retriable_headers(&self) -> &[HeaderMatch] {
        &self.retriable_headers
    }

    /// One of which a request must have; any may be tried again if there are none.
    #[must_use]
    pub fn retriable_request_headers(&self) -> &[HeaderMatch] {
        &self.retriable_request_headers
    }

    /// Whether a try that is late is joined by another, instead of given up.
    #[must_use]
    pub const fn hedging(&self) -> bool {
        self.hedging
    }

    /// Whether nothing at all is asked for.
    #[inline]
    #[must_use]
    pub const fn is_off(&self) -> bool {
        !(self.retries_something()
            || self.per_try_timeout.is_some()
            || self.trust_request_headers
            || self.count_attempts
            || self.count_attempts_in_response)
    }

    /// Whether some answers are tried again.
    #[must_use]
    pub const fn retries_something(&self) -> bool {
        self.attempts > 0 && (!self.on.is_empty() || self.hedging)
    }

    /// Whether only some requests may be tried again.
    #[inline]
    #[must_use]
    pub const fn is_restricted(&self) -> bool {
        !matches!(self.methods, Methods::All) || !self.retriable_request_headers.is_empty()
    }

    /// Whether such a request may be tried again.
    #[must_use]
    pub fn takes(&self, method: Option<&Method>, headers: Option<&HeaderMap>) -> bool {
        let matched = |headers| self.retriable_request_headers.iter().any(|wanted| wanted.matches(headers));
        let method = self.methods == Methods::All || method.is_none_or(Method::is_safe);
        method && (self.retriable_request_headers.is_empty() || headers.is_none_or(matched))
    }
}

impl RetryOn {
    /// What Istio tries again where nobody has said anything.
    pub const ISTIO_DEFAULT: Self = Self::NONE
        .word(Word::ConnectFailure)
        .word(Word::RefusedStream)
        .word(Word::Unavailable)
        .word(Word::Cancelled)
        .word(Word::RetriableStatusCodes);
}
