//! How many retries may be under way at once.

use super::{Budget, Settings, recent::Recent};
use crate::{
    policy::Time,
    sync::{AtomicU64, Mutex, Ordering, PoisonError},
};

/// A limit on retries under way, those that pause before their try among them: a number, or a share of what else is in
/// flight.
///
/// A retry is more work for a service that could not do the work it had. When many fail at once, many would be tried
/// again at once; this keeps the retries a small part of the whole.
///
/// ```
/// use tower_mesh::policy::{Time, limits::{Retries, Settings}};
///
/// let retries = Retries::new(&Settings::builder().retries(1).build()?);
/// let begin = || retries.begin(|| 100, || Time::from_nanos(0));
/// assert!(begin());
/// assert!(!begin());
/// retries.end();
/// assert!(begin());
/// assert_eq!(retries.overflow(), 1);
/// # Ok::<(), tower_mesh::policy::limits::SettingsError>(())
/// ```
#[derive(Debug)]
pub struct Retries {
    allowed: Allowed,
    under_way: AtomicU64,
    overflow: AtomicU64,
    /// If requests count for a while though they have ended.
    recent: Option<Mutex<Recent>>,
}

#[derive(Debug)]
enum Allowed {
    All,
    Number(u32),
    Share(Budget),
}

impl Retries {
    /// None is under way yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let budget = settings.retry_budget();
        Self {
            allowed: match (budget, settings.retries()) {
                (Some(budget), _) => Allowed::Share(budget),
                (None, Some(number)) => Allowed::Number(number),
                (None, None) => Allowed::All,
            },
            under_way: AtomicU64::new(0),
            overflow: AtomicU64::new(0),
            recent: budget.and_then(Budget::interval).map(|interval| Mutex::new(Recent::new(interval))),
        }
    }

    /// Whether one more may begin; if so, it is to be [ended](Self::end). It is asked at most once how many requests
    /// are in flight or wait, and when it is.
    #[must_use]
    pub fn begin(&self, in_flight: impl FnOnce() -> u64, now: impl FnOnce() -> Time) -> bool {
        let allowed = match self.allowed {
            Allowed::All => u64::MAX,
            Allowed::Number(number) => number.into(),
            Allowed::Share(budget) => budget.allows(in_flight() + self.recent(now)),
        };
        let one_more = |under_way| (under_way < allowed).then_some(under_way + 1);
        let begins = self.under_way.fetch_update(Ordering::AcqRel, Ordering::Relaxed, one_more).is_ok();
        if !begins {
            self.overflow.fetch_add(1, Ordering::Relaxed);
        }
        begins
    }

    /// One that began has ended.
    pub fn end(&self) {
        self.under_way.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether it wants to be told of requests that [have ended](Self::request_ended).
    #[must_use]
    pub const fn looks_back(&self) -> bool {
        self.recent.is_some()
    }

    /// A request, no matter whether it was a retry, has ended.
    pub fn request_ended(&self, began: Time, now: Time) {
        if let Some(recent) = &self.recent {
            recent.lock().unwrap_or_else(PoisonError::into_inner).ended(began, now);
        }
    }

    /// How many are under way.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.under_way.load(Ordering::Relaxed)
    }

    /// How many would have begun, had there not been too many.
    #[must_use]
    pub fn overflow(&self) -> u64 {
        self.overflow.load(Ordering::Relaxed)
    }

    fn recent(&self, now: impl FnOnce() -> Time) -> u64 {
        let Some(recent) = &self.recent else { return 0 };
        let now = now();
        recent.lock().unwrap_or_else(PoisonError::into_inner).count(now)
    }
}
