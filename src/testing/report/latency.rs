//! How long calls took.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long calls took: exact, not estimated from a histogram.
///
/// Serialised it is a summary in milliseconds; read back, it knows no more than that, and answers a percentile with
/// the next one that it knows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "Summary", from = "Summary")]
pub struct Latency {
    /// In nanoseconds, the shortest first; empty when read back.
    sorted: Vec<u64>,
    summary: Summary,
}

/// In milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Summary {
    min: f64,
    avg: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

impl Latency {
    pub(super) fn new(mut nanos: Vec<u64>) -> Self {
        nanos.sort_unstable();
        let at = |p| rank(&nanos, p) as f64 / 1e6;
        let sum = nanos.iter().map(|nanos| u128::from(*nanos)).sum::<u128>() as f64;
        let summary = Summary {
            min: at(0.0),
            avg: if nanos.is_empty() { 0.0 } else { sum / nanos.len() as f64 / 1e6 },
            p50: at(50.0),
            p90: at(90.0),
            p99: at(99.0),
            max: at(100.0),
        };
        Self { sorted: nanos, summary }
    }

    /// The latency that `p` percent of the calls did not exceed; zero when there was no call.
    #[must_use]
    pub fn percentile(&self, p: f64) -> Duration {
        if !self.sorted.is_empty() {
            return Duration::from_nanos(rank(&self.sorted, p));
        }
        let Summary { min, p50, p90, p99, max, .. } = self.summary;
        let known = [(0.0, min), (50.0, p50), (90.0, p90), (99.0, p99)];
        millis(known.into_iter().find(|(known, _)| p <= *known).map_or(max, |(_, value)| value))
    }

    /// The shortest.
    #[must_use]
    pub fn min(&self) -> Duration {
        self.percentile(0.0)
    }

    /// The mean.
    #[must_use]
    pub fn avg(&self) -> Duration {
        millis(self.summary.avg)
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Duration {
        self.percentile(100.0)
    }

    pub(super) fn sorted(&self) -> &[u64] {
        &self.sorted
    }
}

/// The nearest rank: always a latency that occurred.
fn rank(sorted: &[u64], p: f64) -> u64 {
    let rank = (p / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(0)
}

fn millis(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default()
}

impl From<Summary> for Latency {
    fn from(summary: Summary) -> Self {
        Self { sorted: Vec::new(), summary }
    }
}

impl From<Latency> for Summary {
    fn from(latency: Latency) -> Self {
        latency.summary
    }
}
