//! Who allows one more retry.

use std::{any::Any, fmt, sync::Arc};

use crate::{
    layer::{clock, lane, limits},
    policy::budget::{Budget, Settings},
};

/// Allows retries, or does not: a limit on how many are under way, or a budget.
///
/// It is asked when a retry has been decided on, and what it gives is held until that retry's own outcome is decided, the
/// wait before it included.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use tower_mesh::{RetryLayer, layer::retry::{Gate, Place}, policy::retry::Settings};
///
/// /// One retry at a time.
/// struct One(Arc<()>);
///
/// impl Gate for One {
///     fn begin(&self) -> Option<Place> {
///         (Arc::strong_count(&self.0) == 1).then(|| Place::holding(Arc::clone(&self.0)))
///     }
/// }
///
/// let layer = RetryLayer::new(Settings::istio_default()).gated_by(One(Arc::default()));
/// # let _ = layer;
/// ```
pub trait Gate: Send + Sync + 'static {
    /// A place for one more retry; none if there are too many.
    fn begin(&self) -> Option<Place>;

    /// A request came, before its first try.
    fn arrived(&self) {}
}

/// A place for a retry: it is given back when this is dropped.
pub struct Place {
    _held: Option<Box<dyn Any + Send>>,
}

impl Place {
    /// A place that nobody has to be told of when it is free again.
    #[must_use]
    pub const fn free() -> Self {
        Self { _held: None }
    }

    /// A place that is given back by dropping this.
    #[must_use]
    pub fn holding(held: impl Send + 'static) -> Self {
        Self { _held: Some(Box::new(held)) }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

impl<G: Gate> Gate for Arc<G> {
    fn begin(&self) -> Option<Place> {
        (**self).begin()
    }

    fn arrived(&self) {
        (**self).arrived();
    }
}

impl Gate for limits::RetryGate {
    fn begin(&self) -> Option<Place> {
        Self::begin(self).map(Place::holding)
    }
}

/// A [budget](crate::policy::budget) of retries, for all the layers that are gated by it or by a clone.
///
/// ```
/// use tower_mesh::{RetryLayer, layer::retry::RetryBudget};
/// use tower_mesh::policy::{budget, retry::Settings};
///
/// let budget = RetryBudget::new(budget::Settings::builder().ratio(0.1).build()?);
/// let reviews = RetryLayer::new(Settings::istio_default()).gated_by(budget.clone());
/// let ratings = RetryLayer::new(Settings::istio_default()).gated_by(budget);
/// # let _ = (reviews, ratings);
/// # Ok::<(), tower_mesh::policy::budget::SettingsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RetryBudget(Arc<Budget>);

impl RetryBudget {
    /// A budget that nobody has drawn on.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Budget::new(settings, lane::count())))
    }
}

impl Gate for RetryBudget {
    fn begin(&self) -> Option<Place> {
        self.0.withdraw(clock::now()).then(Place::free)
    }

    fn arrived(&self) {
        self.0.arrived(lane::here(), clock::now());
    }
}
