//! Each upstream's share over time.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{display::widest, tally::named};
use crate::testing::course::Course;

type Codes = BTreeMap<String, u64>;

/// A run has at most so many buckets.
const BUCKETS: u64 = 300;

/// Seconds that people count in.
const WIDTHS: [u64; 12] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];

/// Who of several upstreams was called when, and what they answered; printed it is a table of their shares. Made by
/// [`Report::shares_over_time`](super::Report::shares_over_time).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharesOverTime {
    bucket_s: u64,
    upstreams: BTreeMap<String, BTreeMap<u64, Codes>>,
}

impl Default for SharesOverTime {
    fn default() -> Self {
        Self { bucket_s: 1, upstreams: BTreeMap::new() }
    }
}

impl SharesOverTime {
    /// A row of the table is so many seconds: one, unless the run was long.
    #[must_use]
    pub const fn bucket(&self) -> u64 {
        self.bucket_s
    }

    /// The calls of each upstream by the second in which a row begins, and by status; `-1` got no whole answer. A row
    /// without calls is not there.
    #[must_use]
    pub const fn upstreams(&self) -> &BTreeMap<String, BTreeMap<u64, BTreeMap<String, u64>>> {
        &self.upstreams
    }

    /// How much of what all were asked in the row that holds this second this one was, in percent; none, if nobody was
    /// asked anything.
    #[must_use]
    pub fn share(&self, upstream: &str, second: u64) -> Option<f64> {
        let row = second - second % self.bucket_s.max(1);
        let own = self.upstreams.get(upstream).map_or(0, |rows| calls(rows, row));
        let all: u64 = self.upstreams.values().map(|rows| calls(rows, row)).sum();
        (all > 0).then(|| 100.0 * own as f64 / all as f64)
    }

    pub(super) fn add(&mut self, upstream: &str, course: &Course, elapsed_ms: f64) {
        let seconds = (elapsed_ms / 1e3).ceil() as u64;
        let wide = |width: &u64| seconds.div_ceil(*width) <= BUCKETS;
        let days = || seconds.div_ceil(BUCKETS).next_multiple_of(86400);
        self.bucket_s = WIDTHS.into_iter().find(wide).unwrap_or_else(days);
        let rows = course.buckets(self.bucket_s * 1000).into_iter();
        let rows = rows.map(|(row, codes)| (row * self.bucket_s, named(codes))).collect();
        self.upstreams.insert(upstream.to_owned(), rows);
    }

    /// Where there is but one, its share says nothing.
    pub(super) fn is_no_choice(&self) -> bool {
        self.upstreams.len() < 2
    }
}

fn calls(rows: &BTreeMap<u64, Codes>, row: u64) -> u64 {
    rows.get(&row).map_or(0, |codes| codes.values().sum())
}

impl fmt::Display for SharesOverTime {
    /// A row for each second in which anybody was called, a column for each upstream.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, number) in self.upstreams.keys().zip(1..) {
            writeln!(f, "  {:>4} {name}", format!("#{number}"))?;
        }
        let mut rows: Vec<_> = self.upstreams.values().flat_map(BTreeMap::keys).copied().collect();
        rows.sort_unstable();
        rows.dedup();
        let times: Vec<_> = rows.iter().map(|row| format!("{row} s")).collect();
        let (first, width) = (widest(&times), "100.0 %".len());
        let all = |row: u64| -> u64 { self.upstreams.values().map(|rows| calls(rows, row)).sum() };
        let count = widest(rows.iter().map(|row| all(*row))).max("calls".len());
        write!(f, "  {:first$}  {:>count$}", "", "calls")?;
        (1..=self.upstreams.len()).try_for_each(|number| write!(f, "  {:>width$}", format!("#{number}")))?;
        writeln!(f)?;
        for (row, time) in rows.iter().zip(&times) {
            let all = all(*row);
            write!(f, "  {time:>first$}  {all:>count$}")?;
            for upstream in self.upstreams.values() {
                let share = 100.0 * calls(upstream, *row) as f64 / all.max(1) as f64;
                write!(f, "  {:>width$}", format!("{share:.1} %"))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
