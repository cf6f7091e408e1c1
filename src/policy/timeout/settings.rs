//! What a timeout is told to do.

use std::time::Duration;

use super::{Limits, Said, SettingsBuilder};

/// What a timeout is told to do: valid by construction.
///
/// Nothing is limited by default, except that a gRPC call may ask for it by its `grpc-timeout`.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::timeout::Settings;
///
/// let settings = Settings::builder().total(Duration::from_millis(500)).build()?;
/// assert_eq!(settings.total(), Some(Duration::from_millis(500)));
///
/// let error = Settings::builder().total(Duration::from_micros(500)).build().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "total is 500µs, but must be a whole number of milliseconds, from 1 ms to 68719476734 ms (two years)"
/// );
/// # Ok::<(), tower_mesh::policy::timeout::SettingsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    pub(super) limits: Limits,
    pub(super) grpc_timeout: bool,
    pub(super) grpc_status: GrpcStatus,
    pub(super) trusted: Trusted,
    pub(super) tell_deadline: bool,
    pub(super) effort: Effort,
}

/// How much there is to do for a request; the most frequent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Nothing: there can be no limit.
    Nothing,
    /// What was set is the limit, whatever a request's head says.
    Settings,
    /// The same, unless it is a gRPC call.
    Grpc,
    /// Every head must be looked at.
    Heads,
}

/// Which of Envoy's request headers replace a limit, in both directions; they are taken off the request.
///
/// With two timeouts on a request's way, one around its retries and one around each try, each reads its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trusted {
    /// None of them: whoever sends a request could else set the limits.
    #[default]
    Nothing,
    /// `x-envoy-upstream-rq-timeout-ms` replaces the total.
    Total,
    /// `x-envoy-upstream-rq-per-try-timeout-ms` replaces the time to the head.
    Head,
    /// Each replaces its own.
    Both,
}

/// How a gRPC caller is told that time was up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrpcStatus {
    /// As Envoy tells it, by UNAVAILABLE (14).
    #[default]
    Unavailable,
    /// As gRPC would have it, by `DEADLINE_EXCEEDED` (4).
    DeadlineExceeded,
}

impl Trusted {
    pub(crate) const fn total(self) -> bool {
        matches!(self, Self::Total | Self::Both)
    }

    pub(crate) const fn head(self) -> bool {
        matches!(self, Self::Head | Self::Both)
    }
}

impl Settings {
    /// Starts from nothing.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// Nothing is limited, and nobody can ask for it.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            limits: Limits::NONE,
            grpc_timeout: false,
            grpc_status: GrpcStatus::Unavailable,
            trusted: Trusted::Nothing,
            tell_deadline: false,
            effort: Effort::Nothing,
        }
    }

    /// How long all of it may take.
    #[must_use]
    pub fn total(&self) -> Option<Duration> {
        self.limits.total()
    }

    /// How long it may take to the head of the answer.
    #[must_use]
    pub fn head(&self) -> Option<Duration> {
        self.limits.head()
    }

    /// For how long nothing may move.
    #[must_use]
    pub fn idle(&self) -> Option<Duration> {
        self.limits.idle()
    }

    /// Whether a gRPC call's `grpc-timeout` lowers the total.
    #[must_use]
    pub const fn reads_grpc_timeout(&self) -> bool {
        self.grpc_timeout
    }

    /// How a gRPC caller is told.
    #[must_use]
    pub const fn grpc_status(&self) -> GrpcStatus {
        self.grpc_status
    }

    /// Which request headers replace limits.
    #[must_use]
    pub const fn trusted(&self) -> Trusted {
        self.trusted
    }

    /// Whether the next hop is told how long it has.
    #[must_use]
    pub const fn tells_deadline(&self) -> bool {
        self.tell_deadline
    }

    /// Whether there can be no limit, and there is nothing to tell.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        matches!(self.effort, Effort::Nothing)
    }

    /// How much there is to do for a request.
    #[inline]
    pub(crate) const fn effort(&self) -> Effort {
        self.effort
    }

    /// The limits of a request whose headers say nothing.
    #[inline]
    pub(crate) const fn limits(&self) -> Limits {
        self.limits
    }

    /// The limits of a request whose headers say this: Envoy's replace what was set and what gRPC says, in both
    /// directions; gRPC's lowers.
    #[must_use]
    pub fn effective(&self, said: Said) -> Limits {
        if said.is_silent() {
            return self.limits;
        }
        let some = |time: Duration| (!time.is_zero()).then_some(time);
        let limits = self.limits.lowered_to(said.grpc);
        Limits::new(
            said.total.map_or_else(|| limits.total(), some),
            said.head.map_or_else(|| limits.head(), some),
            limits.idle(),
        )
    }
}
