//! A host that has just come gets less at first.

use std::{fmt, time::Duration};

use crate::policy::{Invalid, Setting};

/// How much of its weight a host has that came so long ago: caches are cold and pools empty at first.
///
/// Its share grows with its age, from the least one up to the whole when the window is over.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::balance::SlowStart;
///
/// let slow = SlowStart::builder(Duration::from_secs(60)).build()?;
/// let at = |seconds| slow.factor(Duration::from_secs(seconds));
/// assert_eq!([at(0), at(6), at(30), at(60), at(600)], [0.1, 0.1, 0.5, 1.0, 1.0]);
///
/// let error = SlowStart::builder(Duration::ZERO).build().unwrap_err();
/// assert_eq!(error.to_string(), "window is zero, but must be longer than zero");
/// # Ok::<(), tower_mesh::policy::balance::SlowStartError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlowStart {
    window: Duration,
    minimum_percent: f64,
    aggression: f64,
}

/// Collects a [`SlowStart`]; what is wrong with it is said by [`build`](Self::build).
#[derive(Debug, Clone, Copy)]
#[must_use = "settings come out of `build`"]
pub struct SlowStartBuilder(SlowStart);

/// A setting that cannot mean anything.
pub type SlowStartError = Invalid<SlowStartField>;

/// A setting that can be wrong; prints as its name in the builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the builder's method of that name")]
pub enum SlowStartField {
    Window,
    MinimumPercent,
    Aggression,
}

impl SlowStart {
    /// Starts from the defaults: a tenth at least, and growing evenly.
    pub const fn builder(window: Duration) -> SlowStartBuilder {
        SlowStartBuilder(Self { window, minimum_percent: 10.0, aggression: 1.0 })
    }

    /// How long it takes.
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// The least share, in percent.
    #[must_use]
    pub const fn minimum_percent(&self) -> f64 {
        self.minimum_percent
    }

    /// How it grows: evenly with 1, first quickly with more, first slowly with less.
    #[must_use]
    pub const fn aggression(&self) -> f64 {
        self.aggression
    }

    /// The share of its weight that a host of this age has, up to 1.
    #[must_use]
    pub fn factor(&self, age: Duration) -> f64 {
        if age >= self.window {
            return 1.0;
        }
        let share = age.max(Duration::from_millis(1)).as_secs_f64() / self.window.as_secs_f64();
        let grown = if self.aggression == 1.0 { share } else { share.powf(self.aggression.recip()) };
        grown.max(self.minimum_percent / 100.0).min(1.0)
    }
}

impl SlowStartBuilder {
    /// The least share, in percent (10).
    pub const fn minimum_percent(mut self, percent: f64) -> Self {
        self.0.minimum_percent = percent;
        self
    }

    /// How it grows (1): evenly with 1, first quickly with more, first slowly with less.
    pub const fn aggression(mut self, aggression: f64) -> Self {
        self.0.aggression = aggression;
        self
    }

    /// The settings, if they mean something.
    ///
    /// # Errors
    ///
    /// The first field that cannot mean anything.
    pub fn build(self) -> Result<SlowStart, SlowStartError> {
        let SlowStart { window, minimum_percent, aggression } = self.0;
        if window.is_zero() {
            return Err(Invalid::new(SlowStartField::Window, "zero"));
        }
        if !(0.0..=100.0).contains(&minimum_percent) {
            return Err(Invalid::new(SlowStartField::MinimumPercent, minimum_percent.to_string()));
        }
        if !(aggression > 0.0 && aggression.is_finite()) {
            return Err(Invalid::new(SlowStartField::Aggression, aggression.to_string()));
        }
        Ok(self.0)
    }
}

impl Setting for SlowStartField {
    fn accepted(self) -> &'static str {
        match self {
            Self::Window => "longer than zero",
            Self::MinimumPercent => "0 to 100",
            Self::Aggression => "above 0",
        }
    }
}

impl fmt::Display for SlowStartField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Window => "window",
            Self::MinimumPercent => "minimum_percent",
            Self::Aggression => "aggression",
        })
    }
}
