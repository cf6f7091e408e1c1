//! fortio's histogram: coarse where it may be, and the same buckets in every run.

use std::fmt;

use super::{Latency, go::g};

/// The upper edges of fortio's buckets, in milliseconds; what is above the last is in one more.
const EDGES: [u64; 56] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100,
    120, 140, 160, 180, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000, 2000, 3000, 4000, 5000,
    7500, 10_000, 20_000, 30_000, 40_000, 50_000, 75_000, 100_000,
];

const MILLI: u64 = 1_000_000;

/// Prints latencies as fortio's histogram; made by [`Report::histogram`](super::Report::histogram).
#[derive(Debug, Clone, Copy)]
pub struct Histogram<'a>(&'a Latency);

impl<'a> Histogram<'a> {
    pub(super) const fn of(latency: &'a Latency) -> Self {
        Self(latency)
    }
}

impl fmt::Display for Histogram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = self.0.sorted();
        let (Some(min), Some(max)) = (sorted.first(), sorted.last()) else { return f.write_str("no data\n") };
        f.write_str("# range, mid point, percentile, count\n")?;
        let (mut done, mut from) = (0, *min);
        for edge in EDGES.iter().map(|edge| edge * MILLI).chain([u64::MAX]) {
            let upto = sorted.partition_point(|nanos| *nanos <= edge);
            if upto > done {
                let sign = if done == 0 { ">=" } else { ">" };
                let (start, end) = (seconds(from), seconds(edge.min(*max)));
                let percent = 100.0 * upto as f64 / sorted.len() as f64;
                let middle = g(f64::midpoint(start, end), 6);
                writeln!(
                    f,
                    "{sign} {} <= {} , {middle} , {percent:.2}, {}",
                    g(start, 6),
                    g(end, 6),
                    upto - done
                )?;
                done = upto;
            }
            from = from.max(edge);
        }
        Ok(())
    }
}

/// The first line of fortio's histogram, which stands for itself in its short form.
pub(super) fn line(latency: &Latency, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let sorted = latency.sorted();
    if sorted.is_empty() {
        return Ok(());
    }
    let count = sorted.len() as f64;
    let sum = seconds(1) * sorted.iter().map(|nanos| u128::from(*nanos)).sum::<u128>() as f64;
    let avg = sum / count;
    let spread = sorted.iter().map(|nanos| (seconds(*nanos) - avg).powi(2)).sum::<f64>() / count;
    writeln!(
        f,
        "Aggregated Function Time : count {count} avg {} +/- {} min {} max {} sum {}",
        g(avg, 8),
        g(spread.sqrt(), 4),
        latency.min().as_secs_f64(),
        latency.max().as_secs_f64(),
        g(sum, 9),
    )
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
