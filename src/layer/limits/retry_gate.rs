//! Whether one more call may be tried again.

use std::fmt;

use super::station::Station;
use crate::layer::{clock, seat::Shared};

/// Asks, for whoever retries, whether one more retry may be under way.
///
/// Retries are limited by what else is in flight, and that is known to the limits, which stand further in: so they give
/// this to a layer that retries. With limits for each endpoint it is one gate for all of them.
///
/// ```
/// use tower_mesh::{LimitsLayer, policy::limits::Settings};
///
/// let limits = LimitsLayer::new(Settings::builder().retries(1).build()?);
/// let gate = limits.retry_gate();
/// let place = gate.begin();
/// assert!(place.is_some());
/// assert!(gate.begin().is_none()); // one is under way
/// drop(place);
/// assert!(gate.begin().is_some());
/// assert_eq!(limits.handle().status().retry_overflow, 1);
/// # Ok::<(), tower_mesh::policy::limits::SettingsError>(())
/// ```
pub struct RetryGate(pub(super) Shared<Station>);

/// A retry that is under way: it pauses, or is being tried. It has ended when this is dropped.
#[must_use = "the retry has ended when this is dropped"]
pub struct RetryPlace(Shared<Station>);

impl RetryGate {
    /// Begins a retry, if one more may be under way.
    pub fn begin(&self) -> Option<RetryPlace> {
        let station = self.0.clone();
        station.retries.begin(|| station.load(), clock::now).then(|| RetryPlace(station))
    }
}

impl Drop for RetryPlace {
    fn drop(&mut self) {
        self.0.retries.end();
    }
}

impl Clone for RetryGate {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Debug for RetryGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RetryGate").field(&self.0.retries).finish()
    }
}

impl fmt::Debug for RetryPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RetryPlace")
    }
}
