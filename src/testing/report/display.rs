//! A report as text: what fortio prints at the end of a run, and what it cannot know.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{Report, go::g, histogram, is_no_choice};

type Codes = BTreeMap<String, u64>;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        histogram::line(&self.latency, f)?;
        for p in self.percentiles.iter().filter(|_| self.requests > 0) {
            writeln!(f, "# target {}% {}", g(*p, 6), g(self.latency.percentile(*p).as_secs_f64(), 6))?;
        }
        for (code, count) in &self.codes {
            writeln!(f, "Code {code:>3} : {count} ({:.1} %)", self.percent(*count))?;
        }
        self.counts(f, "Errors", &self.errors)?;
        self.counts(f, "Refusals", &self.refusals)?;
        self.counts(f, "Flags", &self.flags)?;
        let together = self.flag_sets.iter().filter(|(set, _)| set.contains(','));
        let together = together.map(|(set, count)| (set.clone(), *count)).collect();
        self.counts(f, "Flags together", &together)?;
        if !self.events.is_empty() {
            writeln!(f, "Events")?;
            for event in &self.events {
                writeln!(f, "  {:>10.3} s  {}", event.at_ms as f64 / 1e3, event.line)?;
            }
        }
        if !self.upstreams.is_empty() {
            writeln!(f, "Upstreams")?;
            match is_no_choice(&self.upstream_calls) {
                true => table(f, self.upstreams.iter().map(|(name, codes)| (name.as_str(), codes)))?,
                false => self.shares(f)?,
            }
        }
        let (calls, avg) = (self.requests, self.latency.avg().as_secs_f64() * 1e3);
        writeln!(f, "All done {calls} calls (plus 0 warmup) {avg:.3} ms avg, {:.1} qps", self.qps)
    }
}

impl Report {
    fn percent(&self, count: u64) -> f64 {
        100.0 * count as f64 / self.requests.max(1) as f64
    }

    /// A row for each upstream: how often it was called, how much of all that is, and what it answered.
    fn shares(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: BTreeSet<_> = self.upstreams.values().flat_map(Codes::keys).collect();
        let head = ["", "calls", "share"].into_iter().chain(codes.iter().map(|code| code.as_str()));
        let row = |(name, calls): (&String, &u64)| {
            let answers = |code: &&String| self.upstreams.get(name)?.get(*code).copied();
            let answers = codes.iter().map(|code| answers(code).unwrap_or(0).to_string());
            let front = [name.clone(), calls.to_string(), format!("{:.1} %", self.share(name))];
            front.into_iter().chain(answers).collect()
        };
        let mut rows: Vec<Vec<_>> = vec![head.map(str::to_owned).collect()];
        rows.extend(self.upstream_calls.iter().map(row));
        let width = |column| widest(rows.iter().filter_map(|row| row.get(column)));
        let widths: Vec<_> = (0..codes.len() + 3).map(width).collect();
        for row in &rows {
            let mut cells = row.iter().zip(&widths);
            cells.next().map_or(Ok(()), |(name, width)| write!(f, "  {name:width$}"))?;
            cells.try_for_each(|(cell, width)| write!(f, "  {cell:>width$}"))?;
            writeln!(f)?;
        }
        Ok(())
    }

    fn counts(&self, f: &mut fmt::Formatter<'_>, title: &str, counts: &Codes) -> fmt::Result {
        if counts.is_empty() {
            return Ok(());
        }
        writeln!(f, "{title}")?;
        let (names, numbers) = (widest(counts.keys()), widest(counts.values()));
        counts.iter().try_for_each(|(name, count)| {
            writeln!(f, "  {name:names$}  {count:>numbers$} ({:.1} %)", self.percent(*count))
        })
    }
}

/// Prints a table of codes by second; made by [`Report::per_second`].
#[derive(Debug, Clone, Copy)]
pub struct PerSecond<'a>(&'a BTreeMap<u64, Codes>);

impl<'a> PerSecond<'a> {
    pub(super) const fn of(seconds: &'a BTreeMap<u64, Codes>) -> Self {
        Self(seconds)
    }
}

impl fmt::Display for PerSecond<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.keys().map(|second| format!("{second} s")).collect();
        table(f, names.iter().map(String::as_str).zip(self.0.values()))
    }
}

/// A row for each name, a column for each code that occurs.
fn table<'a>(
    f: &mut fmt::Formatter<'_>,
    rows: impl Iterator<Item = (&'a str, &'a Codes)> + Clone,
) -> fmt::Result {
    let codes: BTreeSet<_> = rows.clone().flat_map(|(_, codes)| codes.keys()).collect();
    let names = widest(rows.clone().map(|(name, _)| name));
    let width = widest(rows.clone().flat_map(|(_, codes)| codes.values())).max(widest(&codes));
    write!(f, "  {:names$}", "")?;
    codes.iter().try_for_each(|code| write!(f, "  {code:>width$}"))?;
    writeln!(f)?;
    for (name, row) in rows {
        write!(f, "  {name:>names$}")?;
        codes.iter().try_for_each(|code| write!(f, "  {:>width$}", row.get(*code).unwrap_or(&0)))?;
        writeln!(f)?;
    }
    Ok(())
}

pub(super) fn widest(all: impl IntoIterator<Item = impl fmt::Display>) -> usize {
    all.into_iter().map(|one| one.to_string().chars().count()).max().unwrap_or(0)
}
