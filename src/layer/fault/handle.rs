//! What a fault layer did, seen from outside of a request's way.

use std::fmt;

use super::station::Station;
use crate::{
    layer::seat::Shared,
    policy::fault::{Counts, Settings},
};

/// A fault layer seen from elsewhere.
///
/// ```
/// use tower_mesh::{FaultLayer, policy::fault::Settings};
///
/// let layer = FaultLayer::new(Settings::builder().abort(503, 10.0).most_active(5).build()?);
/// let handle = layer.handle();
/// assert_eq!(handle.counts().aborts, 0); // nobody has called yet
/// # Ok::<(), tower_mesh::policy::fault::SettingsError>(())
/// ```
#[derive(Clone)]
pub struct FaultHandle(pub(super) Shared<Station>);

impl FaultHandle {
    /// What it was told to do.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.0.faults.settings()
    }

    /// How many requests have met with a fault so far, and how many do now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.faults.counts()
    }
}

impl fmt::Debug for FaultHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultHandle")
            .field("settings", self.settings())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
