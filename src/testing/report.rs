//! What came of a load.
//!
//! A table that a test asserts on, a person reads, and a tool compares: the same run as numbers, as the text that
//! fortio prints at its end, and as JSON of a stable shape.
//!
//! ```
//! use tower_mesh::testing::{Echo, Load};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let upstream = Echo::new().every(5, 511);
//! let report = Load::workers(1).requests(1000).run(upstream.clone()).await;
//! let report = report.with_upstream("v1", &upstream.seen());
//!
//! assert_eq!(report.count(511), 200);
//! assert_eq!(report.latency.percentile(99.0).as_millis(), 1);
//! let json = serde_json::to_value(&report).unwrap();
//! assert_eq!(json["codes"], serde_json::json!({ "200": 800, "511": 200 }));
//! assert_eq!(json["upstreams"]["v1"]["511"], 200);
//! assert!(report.to_string().ends_with("All done 1000 calls (plus 0 warmup) 1.000 ms avg, 1000.0 qps\n"));
//! # }
//! ```

mod display;
mod go;
mod histogram;
mod latency;
mod log;
mod plot;
mod shares;
mod tally;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Seen, course::Course, upstreams::UpstreamsSeen};
use crate::refusal::{Flags, Reason};

pub use self::{
    display::PerSecond, histogram::Histogram, latency::Latency, log::Moment, shares::SharesOverTime,
};
pub(super) use self::{log::Log, tally::Tally};

/// The code of a call that got no whole response, as fortio prints it.
const NO_CODE: &str = "-1";

/// What came of a [`Load`](super::Load).
///
/// `Display` prints what fortio prints, then refusals, errors, events and upstreams where there are any;
/// [`histogram`](Self::histogram), [`per_second`](Self::per_second) and [`shares_over_time`](Self::shares_over_time) print
/// more, and [`plot`](Self::plot) draws a picture.
///
/// As JSON it has these keys, which will stay: `requests`, `codes` (status → count), `latency_ms` (`min`, `avg`,
/// `p50`, `p90`, `p99`, `max`), `refusals` (reason → count), `upstreams` (name → status → count), `events` (`at_ms`,
/// `kind`, `subject`, `detail`, `line`; and where they mean something, `endpoint`, `upstream`, `until_ms`),
/// `elapsed_ms`, `qps`, `seconds` (second → status → count), `errors` (message → count), `flags` (flag → count) and, if
/// there are any, `flag_sets` (the flags of an answer as in an access log, such as `DI,FI` → count); where there are
/// several upstreams, `upstream_calls` (name → count) and `shares_over_time` (`bucket_s`, `upstreams`: name → second →
/// status → count, by when calls arrived).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Calls made.
    pub requests: u64,
    codes: BTreeMap<String, u64>,
    /// From the call to the end of the response's body, or to the error.
    #[serde(rename = "latency_ms")]
    pub latency: Latency,
    /// Calls that a layer answered in the upstream's place, by the name of the reason.
    pub refusals: BTreeMap<String, u64>,
    /// What the upstreams answered, by their names: see [`with_upstream`](Self::with_upstream).
    pub upstreams: BTreeMap<String, BTreeMap<String, u64>>,
    /// The changes of state that the load was to listen to.
    pub events: Vec<Moment>,
    /// How long the run took.
    pub elapsed_ms: f64,
    /// Calls per second of that.
    pub qps: f64,
    seconds: BTreeMap<u64, BTreeMap<String, u64>>,
    /// Calls that got no whole response, by message.
    pub errors: BTreeMap<String, u64>,
    /// Envoy's response flags of the answers, each by itself.
    pub flags: BTreeMap<String, u64>,
    /// The flags of each answer together, as Envoy logs them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    flag_sets: BTreeMap<String, u64>,
    /// How often each upstream was called, which answers alone do not say.
    #[serde(default, skip_serializing_if = "is_no_choice")]
    upstream_calls: BTreeMap<String, u64>,
    /// When each upstream was called, and what it answered.
    #[serde(default, skip_serializing_if = "SharesOverTime::is_no_choice")]
    shares_over_time: SharesOverTime,
    /// When calls ended, and each upstream was called, to the millisecond.
    #[serde(skip)]
    course: Course,
    #[serde(skip)]
    courses: BTreeMap<String, Course>,
    #[serde(skip)]
    percentiles: Vec<f64>,
}

impl Report {
    /// Calls answered with this status.
    #[must_use]
    pub fn count(&self, status: u16) -> u64 {
        self.codes.get(&status.to_string()).copied().unwrap_or(0)
    }

    /// Calls by status; `-1` got no whole response, as fortio has it.
    #[must_use]
    pub const fn codes(&self) -> &BTreeMap<String, u64> {
        &self.codes
    }

    /// How often each upstream was called, by its name; of one upstream alone it is not known.
    #[must_use]
    pub const fn upstream_calls(&self) -> &BTreeMap<String, u64> {
        &self.upstream_calls
    }

    /// Calls that were refused for this reason.
    #[must_use]
    pub fn refused(&self, reason: Reason) -> u64 {
        self.refusals.get(reason.name()).copied().unwrap_or(0)
    }

    /// Calls whose answers bore these flags and no others; of [`Flags::NONE`], those that bore none.
    ///
    /// `flags` counts each flag by itself: an answer that was delayed and then aborted is a `DI` and an `FI` there.
    #[must_use]
    pub fn flagged(&self, flags: Flags) -> u64 {
        if flags.is_empty() {
            return self.requests.saturating_sub(self.flag_sets.values().sum());
        }
        self.flag_sets.get(&flags.to_string()).copied().unwrap_or(0)
    }

    /// Calls by the second of the run in which they ended, the first being 0, and by status. A second in which no
    /// call ended is not there.
    #[must_use]
    pub const fn seconds(&self) -> &BTreeMap<u64, BTreeMap<String, u64>> {
        &self.seconds
    }

    /// The latencies as fortio's histogram, to print.
    #[must_use]
    pub const fn histogram(&self) -> Histogram<'_> {
        Histogram::of(&self.latency)
    }

    /// A table of the run's seconds, to print.
    #[must_use]
    pub const fn per_second(&self) -> PerSecond<'_> {
        PerSecond::of(&self.seconds)
    }

    /// A table of each upstream's share over time, to print; of calls, by when they arrived there.
    #[must_use]
    pub const fn shares_over_time(&self) -> &SharesOverTime {
        &self.shares_over_time
    }

    /// Adds what an upstream saw.
    #[must_use]
    pub fn with_upstream(mut self, name: impl Into<String>, seen: &Seen) -> Self {
        let mut codes: BTreeMap<_, _> =
            seen.by_status.iter().map(|(status, count)| (status.to_string(), *count)).collect();
        let failed = seen.refused + seen.reset;
        if failed > 0 {
            codes.insert(NO_CODE.to_owned(), failed);
        }
        let name = name.into();
        self.upstream_calls.insert(name.clone(), seen.calls);
        self.shares_over_time.add(&name, &seen.course, self.elapsed_ms);
        self.courses.insert(name.clone(), seen.course.clone());
        self.upstreams.insert(name, codes);
        self
    }

    /// Adds what each of several upstreams saw, and which of them events tell of.
    #[must_use]
    pub fn with_upstreams(mut self, seen: &UpstreamsSeen) -> Self {
        for moment in &mut self.events {
            moment.find(&seen.addresses);
        }
        seen.each.iter().fold(self, |report, (name, seen)| report.with_upstream(name, seen))
    }

    /// How much of what several upstreams were asked this one was, in percent.
    #[must_use]
    pub fn share(&self, upstream: &str) -> f64 {
        let calls = self.upstream_calls.get(upstream).copied().unwrap_or(0);
        100.0 * calls as f64 / self.upstream_calls.values().sum::<u64>().max(1) as f64
    }
}

/// Where there is but one, its share says nothing.
fn is_no_choice(calls: &BTreeMap<String, u64>) -> bool {
    calls.len() < 2
}
