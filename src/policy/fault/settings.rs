//! Which faults are to be injected.

use std::time::Duration;

use http::StatusCode;

use super::SettingsBuilder;
use crate::policy::{GrpcStatus, PartsPerMillion};

/// Which faults are to be injected: valid by construction. By default none.
///
/// A share belongs to each fault: Istio takes a fault without one for 0 %, which is never what was meant.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::{GrpcStatus, fault::Settings};
///
/// let settings = Settings::builder()
///     .delay(Duration::from_secs(5), 0.1)
///     .abort_grpc(GrpcStatus::Unavailable, 10.0)
///     .build()?;
/// assert!(!settings.is_off());
///
/// let error = Settings::builder().abort(600, 100.0).build().unwrap_err();
/// assert_eq!(error.to_string(), "abort status is 600, but must be a status that Envoy aborts with: 200 to 599");
/// # Ok::<(), tower_mesh::policy::fault::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub(super) delay: Option<(Delay, PartsPerMillion)>,
    pub(super) abort: Option<(Abort, PartsPerMillion)>,
    pub(super) denominator: Denominator,
    pub(super) exclusive: bool,
    pub(super) most_active: Option<u32>,
}

/// How long a request is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delay {
    /// For so long.
    Fixed(Duration),
    /// For as many milliseconds as its header `x-envoy-fault-delay-request` says.
    ByHeader,
}

/// What a request is answered with, instead of being given on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Abort {
    /// With this.
    With(Answer),
    /// With what its header `x-envoy-fault-abort-request` or `x-envoy-fault-abort-grpc-request` says.
    ByHeader,
}

/// The status that an abort answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Answer {
    /// This one of HTTP; a gRPC caller gets the gRPC status that Envoy maps it to.
    Http(StatusCode),
    /// This one of gRPC; a caller who does not speak gRPC gets, as from Envoy, a 200.
    Grpc(GrpcStatus),
}

/// What the share in a request's header is a share of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Denominator {
    /// Percent.
    #[default]
    Hundred,
    /// Hundredths of a percent.
    TenThousand,
    /// Parts per million.
    Million,
}

impl Settings {
    /// Collects settings.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// Nothing is asked for.
    #[must_use]
    pub fn off() -> Self {
        Self {
            delay: None,
            abort: None,
            denominator: Denominator::default(),
            exclusive: false,
            most_active: None,
        }
    }

    /// How requests are held back, and which share of them.
    #[must_use]
    pub const fn delay(&self) -> Option<(Delay, PartsPerMillion)> {
        self.delay
    }

    /// How requests are answered instead of being given on, and which share of them.
    #[must_use]
    pub const fn abort(&self) -> Option<(Abort, PartsPerMillion)> {
        self.abort
    }

    /// What the shares in requests' headers are shares of.
    #[must_use]
    pub const fn header_shares(&self) -> Denominator {
        self.denominator
    }

    /// Whether no request meets with both.
    #[must_use]
    pub const fn exclusive(&self) -> bool {
        self.exclusive
    }

    /// How many requests may meet with a fault at once; any number, if it does not say.
    #[must_use]
    pub const fn most_active(&self) -> Option<u32> {
        self.most_active
    }

    /// Whether no request ever meets with a fault.
    #[must_use]
    pub fn is_off(&self) -> bool {
        share(self.delay).is_none() && share(self.abort).is_none()
    }

    /// Whether requests' headers must be looked at.
    #[must_use]
    pub const fn reads_headers(&self) -> bool {
        matches!(self.delay, Some((Delay::ByHeader, _))) || matches!(self.abort, Some((Abort::ByHeader, _)))
    }

    /// Whether chance has a part in it, so that it matters which request it is.
    #[must_use]
    pub fn needs_luck(&self) -> bool {
        // A header may lower the share of one that would else always strike.
        self.reads_headers() || share(self.delay).needs_luck() || share(self.abort).needs_luck()
    }
}

/// The share of a fault, if there is one.
pub(super) fn share<T>(fault: Option<(T, PartsPerMillion)>) -> PartsPerMillion {
    fault.map_or(PartsPerMillion::NONE, |(_, share)| share)
}
