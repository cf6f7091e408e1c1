//! From milliseconds to the width of the picture.

use super::{
    Codes, Rows,
    svg::{LEFT, RIGHT},
};

/// So many bars are as many as can be told apart.
const BARS: u64 = 120;

/// How wide a bar may be: what people count in.
const BUCKETS: [u64; 20] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000,
    600_000, 1_800_000,
];

/// How many milliseconds a bar stands for: few enough to see when things happen, and enough for some calls in each.
pub(super) fn bucket(elapsed_ms: f64, requests: u64, least: u64) -> u64 {
    let bars = (requests / 50).clamp(20, BARS) as f64;
    let fits = |width: &u64| elapsed_ms / *width as f64 <= bars && width.is_multiple_of(least);
    let whole = || (elapsed_ms / bars).ceil() as u64;
    BUCKETS.into_iter().find(fits).unwrap_or_else(|| whole().next_multiple_of(least.max(3_600_000)))
}

/// What is where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// How long the run took, in milliseconds; not nothing.
    pub(super) end: f64,
    /// What a bar stands for, in milliseconds.
    pub(super) bucket: u64,
}

impl Scale {
    pub(super) const fn new(elapsed_ms: f64, bucket: u64) -> Self {
        Self { end: elapsed_ms.max(1.0), bucket }
    }

    /// Where a moment is.
    pub(super) fn x(&self, ms: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (ms / self.end).clamp(0.0, 1.0)
    }

    /// Where a bar begins, and how wide it is.
    pub(super) fn bar(&self, row: u64) -> (f64, f64) {
        let [from, to] = [row, row + 1].map(|row| self.x((row * self.bucket) as f64));
        (from, to - from)
    }

    /// A table of seconds in bars, which must be wider.
    pub(super) fn rows(&self, seconds: &Rows) -> Rows {
        let mut rows = Rows::new();
        for (second, codes) in seconds {
            let row: &mut Codes = rows.entry(second * 1000 / self.bucket).or_default();
            for (code, count) in codes {
                *row.entry(code.clone()).or_default() += count;
            }
        }
        rows
    }
}

/// A step for the marks of an axis: at most so many of them up to `end`.
pub(super) fn step(end: f64, marks: f64) -> f64 {
    let least = (end / marks).max(1e-3);
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    // A little less is the same: powers of ten are not exact.
    steps.into_iter().find(|step| *step * 1.000_001 >= least).unwrap_or(10.0 * power)
}

/// The marks of an axis up to `end`, at a [`step`].
pub(super) fn marks(end: f64, step: f64) -> impl Iterator<Item = f64> {
    (0_u32..).map(move |number| f64::from(number) * step).take_while(move |mark| *mark <= end * 1.000_001)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_many_as_can_be_told_apart_and_hold_some_calls() {
        assert_eq!(bucket(20_000.0, 10_000, 1), 200);
        assert_eq!(bucket(5_000.0, 40, 1), 500);
        assert_eq!(bucket(20_000.0, 10_000, 1000), 1000);
        assert_eq!(bucket(0.0, 0, 1), 1);
        assert_eq!(bucket(30.0 * 86_400_000.0, 1_000_000, 1), 6 * 3_600_000);
    }

    #[test]
    fn an_axis_counts_as_people_do() {
        let steps = [20.0, 60.0, 0.35, 100.0, 7.0].map(|end| step(end, 10.0));
        assert_eq!(steps, [2.0, 10.0, 0.05, 10.0, 1.0]);
        assert_eq!(marks(20.0, 5.0).collect::<Vec<_>>(), [0.0, 5.0, 10.0, 15.0, 20.0]);
    }
}
