//! Who is next, by weight: the earliest deadline first.
//!
//! Each has a deadline; who has the earliest is picked, and gets a new one that lies further off the lighter he is. So
//! picks are spread as evenly as weights allow, and shares are exact. Weights may change from pick to pick: that of who
//! is picked is asked for just then.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use crate::policy::Draw;

/// Numbers from 0 on, each with a weight.
#[derive(Debug)]
pub(super) struct Edf {
    queue: BinaryHeap<Reverse<Entry>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    deadline: f64,
    number: u32,
}

impl Edf {
    /// With these weights, begun somewhere in the schedule: a weight of zero or less is never picked.
    pub(super) fn new(weights: impl IntoIterator<Item = f64>, draw: Draw) -> Self {
        let weights = (0..).zip(weights).filter(|(_, weight)| *weight > 0.0);
        let entry = |(number, weight): (u32, f64)| {
            // Whoever is somewhere between two of his turns comes when the rest of the time is over.
            let part = 1.0 - draw.nth(u64::from(number)).unit();
            Reverse(Entry { deadline: part / weight, number })
        };
        Self { queue: weights.map(entry).collect() }
    }

    /// Who is next, if anybody is there; `weight` is what he weighs from now on.
    pub(super) fn pick(&mut self, weight: impl FnOnce(u32) -> f64) -> Option<u32> {
        let mut first = self.queue.peek_mut()?;
        let Reverse(Entry { deadline, number }) = *first;
        // He sinks to where his new deadline belongs when this is let go of.
        first.0.deadline = deadline + 1.0 / weight(number).max(f64::MIN_POSITIVE);
        Some(number)
    }
}

impl Ord for Entry {
    /// Of two with one deadline the one of the lower number is first.
    fn cmp(&self, other: &Self) -> Ordering {
        self.deadline.total_cmp(&other.deadline).then(self.number.cmp(&other.number))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(weights: &[f64], draw: u64, count: usize) -> Vec<u32> {
        let mut edf = Edf::new(weights.iter().copied(), Draw::new(draw));
        (0..count).filter_map(|_| edf.pick(|number| weights[number as usize])).collect()
    }

    #[test]
    fn as_many_picks_in_a_row_as_the_weights_sum_up_to_are_shared_by_weight_wherever_one_looks() {
        for draw in 0..50 {
            let picks = picks(&[1.0, 2.0, 3.0], draw << 58, 60);
            for six in picks.windows(6) {
                let count = |number| six.iter().filter(|pick| **pick == number).count();
                assert_eq!([0, 1, 2].map(count), [1, 2, 3], "{picks:?}");
            }
        }
    }

    #[test]
    fn the_heavy_are_spread_among_the_light() {
        let picks = picks(&[4.0, 1.0, 1.0], 7, 60);
        assert!(picks.windows(4).any(|four| four.contains(&1) || four.contains(&2)));
        assert!(picks.windows(6).all(|six| six.iter().filter(|pick| **pick == 0).count() == 4));
        // Never all turns of one at once.
        assert!(picks.windows(4).all(|four| four != [0; 4]), "{picks:?}");
    }

    #[test]
    fn it_begins_anywhere() {
        let first: std::collections::BTreeSet<_> = (0..32).map(|draw| picks(&[1.0; 5], draw, 1)).collect();
        assert_eq!(first.len(), 5);
    }

    #[test]
    fn who_weighs_nothing_is_never_picked() {
        assert!(picks(&[0.0, 1.0, 0.0], 3, 20).iter().all(|pick| *pick == 1));
        assert!(picks(&[0.0], 3, 20).is_empty());
    }

    #[test]
    fn a_weight_that_changes_counts_from_the_next_turn_on() {
        let mut edf = Edf::new([1.0, 1.0], Draw::new(1));
        // Number 0 has nine requests in flight: a tenth of its weight.
        let picks: Vec<_> = (0..110).filter_map(|_| edf.pick(|number| [0.1, 1.0][number as usize])).collect();
        let of_0 = picks.iter().filter(|pick| **pick == 0).count();
        assert!((10..=11).contains(&of_0), "{of_0}");
    }
}
