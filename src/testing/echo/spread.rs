//! Values with percentages, as fortio spells them: `503:20,429:10` and something else otherwise.

use crate::policy::Draw;

/// Which value a draw gets: each has a share of a hundred percent, and the rest gets the rest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spread<T> {
    rest: Option<T>,
    /// Each value with the upper edge of its share.
    shares: Vec<(T, f64)>,
}

impl<T> Default for Spread<T> {
    fn default() -> Self {
        Self { rest: None, shares: Vec::new() }
    }
}

impl<T: Copy> Spread<T> {
    pub(super) const fn rest(mut self, value: T) -> Self {
        self.rest = Some(value);
        self
    }

    /// Gives `value` the next `percent` of the hundred, or what is left of them.
    pub(super) fn share(mut self, value: T, percent: f64) -> Self {
        let edge = sum(self.total(), percent.max(0.0)).min(100.0);
        self.shares.push((value, edge));
        self
    }

    pub(super) fn total(&self) -> f64 {
        self.shares.last().map_or(0.0, |(_, edge)| *edge)
    }

    /// Each value with its own part of the hundred.
    pub(super) fn percents(&self) -> impl Iterator<Item = (T, f64)> {
        let edges = std::iter::once(0.0).chain(self.shares.iter().map(|(_, edge)| *edge));
        self.shares.iter().zip(edges).map(|((value, edge), before)| (*value, edge - before))
    }

    /// What gets the rest of the hundred.
    pub(super) const fn left_over(&self) -> Option<T> {
        self.rest
    }

    pub(super) fn pick(&self, draw: Draw) -> Option<T> {
        self.shares.iter().find(|(_, edge)| hits(draw, *edge)).map(|(value, _)| *value).or(self.rest)
    }
}

/// Whether a chance of so many percent comes true: 100 always does, 0 never.
pub(super) fn hits(draw: Draw, percent: f64) -> bool {
    draw.unit() * 100.0 < percent
}

/// A sum of percentages to four digits, as fortio sums: ten times 10 are 100, and not a little less.
pub(super) fn sum(a: f64, b: f64) -> f64 {
    ((a + b) * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_that_make_a_hundred_leave_nothing_to_the_rest() {
        let tenths = (0..10).fold(Spread::default().rest(99), |all, value| all.share(value, 10.0));
        assert_eq!(tenths.pick(Draw::new(u64::MAX)), Some(9));
        assert_eq!(tenths.pick(Draw::new(0)), Some(0));
    }

    #[test]
    fn a_share_above_what_is_left_gets_what_is_left() {
        let spread = Spread::default().share('a', 70.0).share('b', 70.0);
        assert_eq!(spread.pick(Draw::new(u64::MAX)), Some('b'));
        assert!(Spread::default().share('a', f64::NAN).total() < f64::EPSILON);
    }
}
