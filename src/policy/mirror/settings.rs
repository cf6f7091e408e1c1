//! Which requests are copied, and within which bounds.

use std::time::Duration;

use super::SettingsBuilder;
use crate::policy::PartsPerMillion;

/// Which requests a mirror gets, and within which bounds: valid by construction. By default all of them.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::{PartsPerMillion, mirror::Settings};
///
/// let settings = Settings::builder().percent(0.5).timeout(Duration::from_secs(5)).build()?;
/// assert_eq!(settings.share().parts(), 5000);
/// assert_eq!(Settings::default().share(), PartsPerMillion::ALL);
///
/// let error = Settings::builder().percent(101.0).build().unwrap_err();
/// assert_eq!(error.to_string(), "percent is 101, but must be 0, or 0.0001 to 100");
/// # Ok::<(), tower_mesh::policy::mirror::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub(super) share: PartsPerMillion,
    pub(super) most_under_way: u32,
    pub(super) timeout: Option<Duration>,
    pub(super) body_limit: usize,
    pub(super) shadow_host: bool,
}

impl Settings {
    pub(super) const ALL: Self = Self {
        share: PartsPerMillion::ALL,
        most_under_way: 1024,
        timeout: Some(Duration::from_secs(60)),
        // What Envoy keeps of a request, and what retries keep here.
        body_limit: 1 << 20,
        shadow_host: false,
    };

    /// Of this share, and else as by default.
    #[cfg(feature = "yaml")]
    pub(crate) fn sharing(share: PartsPerMillion) -> Self {
        Self { share, ..Self::ALL }
    }

    /// Collects settings.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// Which share of the requests is copied.
    #[must_use]
    pub const fn share(&self) -> PartsPerMillion {
        self.share
    }

    /// How many copies may be under way at once.
    #[must_use]
    pub const fn most_under_way(&self) -> u32 {
        self.most_under_way
    }

    /// How long a copy may take, up to the end of its answer.
    #[must_use]
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// How long the body may be of a request that is copied.
    #[must_use]
    pub const fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// Whether `-shadow` is appended to the host that a copy is for.
    #[must_use]
    pub const fn shadow_host(&self) -> bool {
        self.shadow_host
    }

    /// Whether nothing is ever copied.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.share.is_none()
    }

    /// Whether chance has a part in it, so that it matters which request it is.
    #[must_use]
    pub const fn needs_luck(&self) -> bool {
        self.share.needs_luck()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::ALL
    }
}
