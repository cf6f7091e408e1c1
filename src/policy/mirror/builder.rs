//! Collects settings, and says what is wrong with them.

use std::time::Duration;

use super::{Field, Settings, SettingsError};
use crate::policy::{PartsPerMillion, time::is_whole_millis};

/// Collects [`Settings`]; what is wrong with them is said by [`build`](Self::build).
#[derive(Debug, Clone)]
#[must_use = "settings come out of `build`"]
pub struct SettingsBuilder {
    percent: f64,
    settings: Settings,
}

impl Default for SettingsBuilder {
    fn default() -> Self {
        Self { percent: 100.0, settings: Settings::ALL }
    }
}

impl SettingsBuilder {
    /// Copies so many percent of the requests: 0, or 0.0001 to 100 (100, as in Istio).
    pub const fn percent(mut self, percent: f64) -> Self {
        self.percent = percent;
        self
    }

    /// Has at most so many copies under way at once (1024); a request that comes while there are as many is not copied.
    pub const fn most_under_way(mut self, most: u32) -> Self {
        self.settings.most_under_way = most;
        self
    }

    /// Gives a copy up that takes longer, up to the end of its answer: whole milliseconds (a minute).
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.settings.timeout = Some(time);
        self
    }

    /// Lets a copy take as long as it does. One that hangs then keeps its place among those under way.
    pub const fn no_timeout(mut self) -> Self {
        self.settings.timeout = None;
        self
    }

    /// Copies requests with a body of up to so many bytes (1 MiB): it is kept while it is sent, and its copy is sent when
    /// it is whole.
    ///
    /// Retries keep it too, for themselves. Where both do, as much is kept as the one asks for that asks for more.
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.settings.body_limit = bytes;
        self
    }

    /// Appends `-shadow` to the host that a copy is for (no), as meshes once did: `reviews:9080` becomes
    /// `reviews-shadow:9080`, in the URI and in the `host` header as far as they are there.
    ///
    /// Whoever reads logs can then tell copies. A service that connects to whatever the URI names would connect to that
    /// name.
    pub const fn shadow_host(mut self, shadow: bool) -> Self {
        self.settings.shadow_host = shadow;
        self
    }

    /// The settings, if they mean something.
    ///
    /// # Errors
    ///
    /// The first field, in the order of this page, that cannot mean anything.
    pub fn build(self) -> Result<Settings, SettingsError> {
        let share = PartsPerMillion::from_percent(self.percent)
            .map_err(|_| SettingsError::new(Field::Percent, self.percent.to_string()))?;
        if self.settings.most_under_way == 0 {
            return Err(SettingsError::new(Field::MostUnderWay, "0"));
        }
        if let Some(time) = self.settings.timeout
            && (time.is_zero() || !is_whole_millis(time))
        {
            return Err(SettingsError::new(Field::Timeout, format!("{time:?}")));
        }
        Ok(Settings { share, ..self.settings })
    }
}
