//! A run as a picture: what callers got over time, when circuits were open, and who answered.
//!
//! Numbers tell how much; only a timeline tells when, and what happened at the same time elsewhere: that the errors end
//! where the endpoint leaves, and come again when it returns. The picture is plain SVG, written without a library, with
//! the same bytes for the same run.

mod codes;
mod colours;
mod lanes;
mod scale;
mod spans;
mod svg;

use std::collections::{BTreeMap, BTreeSet};

use self::{
    colours::Colours,
    scale::{Scale, bucket},
    spans::Span,
    svg::{Svg, num},
};
use super::{Report, tally::named};
use crate::testing::course::Course;

type Codes = BTreeMap<String, u64>;

/// Calls by bucket, and in it by code.
type Rows = BTreeMap<u64, Codes>;

impl Report {
    /// A picture of the run over time, as the text of an SVG file: the answers by code, the spans in which circuits were
    /// open, and for each upstream its share of the calls, what it answered, and when it was ejected.
    ///
    /// Upstreams are those that the report was told of, by [`with_upstreams`](Self::with_upstreams); circuits and
    /// ejections those of the [events](crate::testing::Load::events) that the load listened to. Whoever points at a span reads
    /// why.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_mesh::testing::{Echo, Load};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let upstream = Echo::new()
    ///     .from(Duration::from_secs(8), |echo| echo.status(503))
    ///     .from(Duration::from_secs(16), |echo| echo);
    /// let report = Load::open().rate(10.0).duration(Duration::from_secs(20)).run(upstream.clone()).await;
    /// let picture = report.with_upstream("reviews", &upstream.seen()).plot();
    /// assert!(picture.starts_with("<svg ") && picture.contains("200 calls in 20 s"));
    /// # }
    /// ```
    #[must_use]
    pub fn plot(&self) -> String {
        Plot::of(self).drawn()
    }
}

/// A report, prepared to be drawn.
struct Plot<'a> {
    report: &'a Report,
    scale: Scale,
    answers: Rows,
    upstreams: BTreeMap<&'a str, Rows>,
    /// What all upstreams together were asked, by bucket.
    asked: BTreeMap<u64, u64>,
    circuits: BTreeMap<&'a str, Vec<Span>>,
    ejections: BTreeMap<&'a str, Vec<Span>>,
    colours: Colours,
}

impl<'a> Plot<'a> {
    fn of(report: &'a Report) -> Self {
        // A report that was read back knows no more than its tables.
        let is_whole = report.course.is_empty() == (report.requests == 0);
        let least = if is_whole { 1 } else { 1000 * report.shares_over_time.bucket() };
        let scale = Scale::new(report.elapsed_ms, bucket(report.elapsed_ms, report.requests, least));
        let rows = |course: Option<&Course>, table: Option<&Rows>| match course.filter(|_| is_whole) {
            Some(course) => {
                course.buckets(scale.bucket).into_iter().map(|(row, codes)| (row, named(codes))).collect()
            }
            None => table.map_or_else(Rows::new, |table| scale.rows(table)),
        };
        let table = |name: &String| report.shares_over_time.upstreams().get(name);
        let upstreams: BTreeMap<_, _> = report
            .upstreams
            .keys()
            .map(|name| (name.as_str(), rows(report.courses.get(name), table(name))))
            .filter(|(_, lane)| is_whole || !lane.is_empty())
            .collect();
        let answers = rows(Some(&report.course), Some(&report.seconds));
        let codes: BTreeSet<_> =
            answers.values().chain(upstreams.values().flat_map(Rows::values)).flat_map(Codes::keys).collect();
        let mut asked = BTreeMap::new();
        for (row, codes) in upstreams.values().flatten() {
            *asked.entry(*row).or_default() += codes.values().sum::<u64>();
        }
        Self {
            report,
            asked,
            colours: Colours::of(codes.into_iter()),
            answers,
            upstreams,
            circuits: spans::circuits(&report.events, scale.end),
            ejections: spans::ejections(&report.events, scale.end),
            scale,
        }
    }

    fn drawn(&self) -> String {
        let mut svg = Svg::new();
        let Report { requests, elapsed_ms, qps, latency, .. } = self.report;
        let called = if *requests == 1 { "call" } else { "calls" };
        let title = format!("{requests} {called} in {} s", num(elapsed_ms / 1e3));
        svg.title(&title);
        let [p50, p99] = [50.0, 99.0].map(|p| num(latency.percentile(p).as_secs_f64() * 1e3));
        svg.small(&format!("{} a second; half of them within {p50} ms, 99 % within {p99} ms", num(*qps)));
        self.legend(&mut svg);
        let top = svg.y;
        self.codes(&mut svg);
        self.circuits(&mut svg);
        self.upstreams(&mut svg);
        self.axis(&mut svg, top);
        svg.finished(&title)
    }
}
