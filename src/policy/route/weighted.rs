//! A choice by weight.

use super::{Field, SettingsError};
use crate::policy::Draw;

/// Alternatives of which each is drawn as often as it weighs, whatever they weigh together.
///
/// ```
/// use tower_mesh::policy::{Draw, route::Weighted};
///
/// let weighted = Weighted::new([("v1", 75), ("v2", 0), ("v3", 25)])?;
/// assert_eq!(weighted.pick(Draw::new(0)), &"v1");
/// assert_eq!(weighted.pick(Draw::new(u64::MAX)), &"v3"); // what weighs nothing is never picked
/// # Ok::<(), tower_mesh::policy::route::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighted<T> {
    /// Each with the weight of all up to and with it.
    all: Vec<(T, u64)>,
}

impl<T> Weighted<T> {
    /// Several, by weight. One alone is always picked, whatever it weighs.
    ///
    /// # Errors
    ///
    /// There is none, or all of several weigh nothing, or they weigh more than four bytes can say.
    pub fn new(weighted: impl IntoIterator<Item = (T, u32)>) -> Result<Self, SettingsError> {
        let mut total = 0;
        let mut all: Vec<(T, u64)> = weighted
            .into_iter()
            .map(|(item, weight)| {
                total += u64::from(weight);
                (item, total)
            })
            .collect();
        if let [(_, weight)] = all.as_mut_slice() {
            (*weight, total) = (1, 1);
        }
        if total == 0 || total > u64::from(u32::MAX) {
            return Err(SettingsError::new(Field::Weights, total.to_string()));
        }
        Ok(Self { all })
    }

    /// One, always.
    #[must_use]
    pub fn only(item: T) -> Self {
        Self { all: vec![(item, 1)] }
    }

    /// One of them.
    #[must_use]
    #[inline]
    pub fn pick(&self, draw: Draw) -> &T {
        &self.all[self.number(draw)].0
    }

    /// Which one, counted from 0.
    #[must_use]
    #[inline]
    pub fn number(&self, draw: Draw) -> usize {
        if self.is_certain() {
            return 0;
        }
        let drawn = draw.below(self.total());
        self.all.iter().position(|(_, up_to)| drawn < *up_to).unwrap_or(self.all.len() - 1)
    }

    /// The one of this number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&T> {
        self.all.get(number).map(|(item, _)| item)
    }

    /// Whether there is nothing to draw.
    #[must_use]
    #[inline]
    pub fn is_certain(&self) -> bool {
        self.all.len() == 1
    }

    /// Each with what it weighs.
    pub fn iter(&self) -> impl Iterator<Item = (&T, u64)> {
        let before = std::iter::once(0).chain(self.all.iter().map(|(_, up_to)| *up_to));
        self.all.iter().zip(before).map(|((item, up_to), before)| (item, up_to - before))
    }

    /// What all weigh.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.all.last().map_or(0, |(_, total)| *total)
    }

    /// The same of other things.
    #[must_use]
    pub fn map<U>(self, mut each: impl FnMut(T) -> U) -> Weighted<U> {
        Weighted { all: self.all.into_iter().map(|(item, up_to)| (each(item), up_to)).collect() }
    }
}
