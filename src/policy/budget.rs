//! How many retries there may be for so many requests.
//!
//! Retries help against the odd failure. Against an outage they are more load on what is down: with three tries each, a
//! service that fails gets three times its traffic. A budget lets retries be a share of the requests, and a few besides
//! so that a service with little traffic has some.

use std::time::Duration;

use super::{Fraction, Lane, Time, parts::Parts, time::nanos};
use crate::sync::{AtomicU64, Mutex, Ordering, PoisonError};

/// The window moves on in so many steps.
const STEPS: u64 = 10;
/// One more than are counted, so that the oldest is not overwritten while it counts.
const SLOTS: usize = STEPS as usize + 1;

/// What a budget is told to allow: valid by construction.
///
/// By default a fifth of the requests of the last ten seconds, and ten retries a second besides.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::budget::Settings;
///
/// let settings = Settings::builder().ratio(0.1).minimum_per_second(1).over(Duration::from_secs(5)).build()?;
/// assert_eq!(settings.allowed(200), 20 + 5);
///
/// let error = Settings::builder().ratio(2.0).build().unwrap_err();
/// assert_eq!(error.to_string(), "ratio is 2, but must be above 0 and at most 1 (0.20 is twenty percent)");
/// # Ok::<(), tower_mesh::policy::budget::SettingsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    ratio: Fraction,
    minimum: u64,
    step: u64,
}

/// Collects [`Settings`]; what is wrong with them is said by [`build`](Self::build).
#[derive(Debug, Clone, Copy)]
#[must_use = "settings come out of `build`"]
pub struct SettingsBuilder {
    ratio: f64,
    minimum_per_second: u32,
    over: Duration,
}

/// A setting that cannot mean anything.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The share of the requests.
    #[error("ratio is {0}, but must be above 0 and at most 1 (0.20 is twenty percent)")]
    Ratio(f64),
    /// How long requests count.
    #[error("over is {0:?}, but must be 10 ms to an hour")]
    Over(Duration),
}

impl Default for SettingsBuilder {
    fn default() -> Self {
        Self { ratio: 0.2, minimum_per_second: 10, over: Duration::from_secs(10) }
    }
}

impl SettingsBuilder {
    /// Allows so large a share of the requests: `0.20` is twenty percent (0.20).
    pub const fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = ratio;
        self
    }

    /// Allows so many retries a second besides (10); they are for the whole window at once.
    pub const fn minimum_per_second(mut self, amount: u32) -> Self {
        self.minimum_per_second = amount;
        self
    }

    /// Counts the requests, and the retries, of the last while (10 s). It moves on by tenths.
    pub const fn over(mut self, time: Duration) -> Self {
        self.over = time;
        self
    }

    /// The settings, if they mean something.
    ///
    /// # Errors
    ///
    /// The first setting, in the order of this page, that cannot mean anything.
    pub fn build(self) -> Result<Settings, SettingsError> {
        let ratio = Fraction::try_from(self.ratio).map_err(|_| SettingsError::Ratio(self.ratio))?;
        if !(Duration::from_millis(10)..=Duration::from_secs(3600)).contains(&self.over) {
            return Err(SettingsError::Over(self.over));
        }
        let minimum = u128::from(self.minimum_per_second) * self.over.as_millis() / 1000;
        // An hour of the largest amount fits.
        Ok(Settings { ratio, minimum: minimum as u64, step: nanos(self.over) / STEPS })
    }
}

impl Settings {
    /// Starts from the defaults.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// How many retries so many requests allow.
    #[must_use]
    pub const fn allowed(&self, requests: u64) -> u64 {
        self.minimum.saturating_add(self.ratio.of(requests))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { ratio: Fraction::FIFTH, minimum: 100, step: 1_000_000_000 }
    }
}

/// A budget of retries: requests fill it, retries draw on it.
///
/// ```
/// use tower_mesh::policy::{Lane, Time, budget::{Budget, Settings}};
///
/// let budget = Budget::new(Settings::builder().minimum_per_second(0).build()?, 1);
/// let now = Time::from_nanos(0);
/// (0..10).for_each(|_| budget.arrived(Lane::new(0), now));
/// assert!(budget.withdraw(now) && budget.withdraw(now)); // a fifth of ten
/// assert!(!budget.withdraw(now));
/// # Ok::<(), tower_mesh::policy::budget::SettingsError>(())
/// ```
#[derive(Debug)]
pub struct Budget {
    settings: Settings,
    /// Requests, counted where nobody meets.
    lanes: Box<[Ring]>,
    /// Retries are rare, and must be counted together with the judgement that allows them.
    spent: Mutex<Spent>,
}

/// The retries of the last steps.
#[derive(Debug)]
struct Spent {
    retries: Parts<SLOTS>,
    /// The step of the last retry: time does not go back, also when threads read the clock one way and come another.
    latest: u64,
}

/// A lane's counts of the last steps, on cache lines of their own. Each word is the number of the step and the count of
/// it: who finds the word of an earlier step begins it anew.
#[derive(Debug)]
#[repr(align(128))]
struct Ring([AtomicU64; SLOTS]);

const COUNT: u32 = 32;
const COUNTS: u64 = (1 << COUNT) - 1;

impl Ring {
    fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }

    #[inline]
    fn add(&self, step: u64) {
        let (word, epoch) = (&self.0[slot(step)], epoch(step));
        if word.load(Ordering::Relaxed) >> COUNT == epoch {
            word.fetch_add(1, Ordering::Relaxed);
        } else {
            self.begin(word, epoch);
        }
    }

    /// Out of line: once for each step.
    #[cold]
    fn begin(&self, word: &AtomicU64, epoch: u64) {
        let mut seen = word.load(Ordering::Relaxed);
        loop {
            let next = match seen >> COUNT {
                same if same == epoch => seen + 1,
                // Another thread of this lane is a whole window ahead: what is added now counts no longer. A word that
                // nobody has written is that of no step.
                other if seen != 0 && is_later(other, epoch) => return,
                _ => epoch << COUNT | 1,
            };
            match word.compare_exchange(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => seen = other,
            }
        }
    }

    fn sum(&self, step: u64) -> u64 {
        let live = |at: u64| {
            let word = self.0[slot(at)].load(Ordering::Relaxed);
            if word >> COUNT == epoch(at) { word & COUNTS } else { 0 }
        };
        (first(step)..=step).map(live).sum()
    }
}

/// Epochs have as many bits as counts, and begin anew after the last one: later is what is nearer ahead than behind.
const fn is_later(epoch: u64, than: u64) -> bool {
    matches!(epoch.wrapping_sub(than) & COUNTS, 1..=0x7fff_ffff)
}

/// The first step that still counts.
const fn first(step: u64) -> u64 {
    step.saturating_sub(STEPS - 1)
}

const fn slot(step: u64) -> usize {
    (step % SLOTS as u64) as usize
}

/// What a word remembers of its step; never that of a word that was not written.
const fn epoch(step: u64) -> u64 {
    (step / SLOTS as u64 + 1) & COUNTS
}

impl Budget {
    /// A budget that nobody has drawn on, for so many lanes.
    #[must_use]
    pub fn new(settings: Settings, lanes: usize) -> Self {
        let lanes = (0..lanes.max(1).next_power_of_two()).map(|_| Ring::new()).collect();
        Self { settings, lanes, spent: Mutex::new(Spent { retries: Parts::new(), latest: 0 }) }
    }

    /// What it was told.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A request came, whatever becomes of it.
    #[inline]
    pub fn arrived(&self, lane: Lane, now: Time) {
        self.lanes[lane.among(self.lanes.len())].add(self.step(now));
    }

    /// Draws on the budget for one retry; false if there is nothing left.
    pub fn withdraw(&self, now: Time) -> bool {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let step = self.step(now).max(spent.latest);
        let requests = self.lanes.iter().map(|lane| lane.sum(step)).sum();
        if spent.retries.since(first(step)) >= self.settings.allowed(requests) {
            return false;
        }
        spent.retries.add(step);
        spent.latest = step;
        true
    }

    const fn step(&self, now: Time) -> u64 {
        now.as_nanos() / self.settings.step
    }
}
