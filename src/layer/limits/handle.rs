//! Limits seen from outside of a request's way.

use std::fmt;

use super::station::Station;
use crate::{
    layer::{host::HostPort, seat::Shared},
    policy::limits::{Limits, Settings},
};

/// Limits seen from elsewhere: how much is in flight, how much waits, how often they refused.
///
/// It needs no service, can be cloned cheaply and given to another task, and keeps the counts alive. To look takes no
/// lock, unless each endpoint has limits of its own.
///
/// ```
/// use tower_mesh::{LimitsLayer, policy::limits::Settings};
///
/// let layer = LimitsLayer::new(Settings::builder().connections(10).build()?);
/// let handle = layer.handle();
/// assert_eq!((handle.active(), handle.waiting(), handle.overflows()), (0, 0, 0));
/// # Ok::<(), tower_mesh::policy::limits::SettingsError>(())
/// ```
pub struct LimitsHandle(pub(super) Shared<Station>);

/// What is in flight and what was refused. Without limits nothing of it is counted but retries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// How many calls are in flight.
    pub active: u64,
    /// How many wait.
    pub waiting: u64,
    /// How often a call was refused because as many waited as may.
    pub pending_overflow: u64,
    /// How often a call was refused because as many were in flight as may be.
    pub request_overflow: u64,
    /// How many retries are under way.
    pub retries: u64,
    /// How many retries would have begun, had there not been too many.
    pub retry_overflow: u64,
}

impl Status {
    fn of(limits: &Limits) -> Self {
        Self {
            active: limits.active().into(),
            waiting: limits.waiting().into(),
            pending_overflow: limits.pending_overflow(),
            request_overflow: limits.request_overflow(),
            ..Self::default()
        }
    }
}

impl LimitsHandle {
    /// What it was told to do.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How many calls are in flight.
    #[must_use]
    pub fn active(&self) -> u64 {
        self.status().active
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.status().waiting
    }

    /// How often a call was refused.
    #[must_use]
    pub fn overflows(&self) -> u64 {
        let status = self.status();
        status.pending_overflow + status.request_overflow
    }

    /// All counts. While calls come and go, each is of a moment of its own.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut status = Status::of(&self.0.all);
        if let Some(each) = &self.0.each {
            each.each(|_, limits| {
                status.active += u64::from(limits.active());
                status.waiting += u64::from(limits.waiting());
            });
            status.pending_overflow = each.pending_overflow();
            status.request_overflow = each.request_overflow();
        }
        status.retries = self.0.retries.under_way();
        status.retry_overflow = self.0.retries.overflow();
        status
    }

    /// The endpoints that are in use, and some that were, where each has limits of its own.
    ///
    /// One that nobody uses may be forgotten, and its refusals then stand in the [`status`](Self::status) alone.
    #[must_use]
    pub fn endpoints(&self) -> Vec<(HostPort, Status)> {
        let mut endpoints = Vec::new();
        if let Some(each) = &self.0.each {
            each.each(|endpoint, limits| endpoints.push((endpoint.clone(), Status::of(limits))));
        }
        endpoints
    }
}

impl Clone for LimitsHandle {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Debug for LimitsHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitsHandle")
            .field("settings", self.settings())
            .field("status", &self.status())
            .finish()
    }
}
