//! Outliers: what counts, who is ejected, for how long, and who returns when.

mod changes;
mod how_many;
mod rows;
mod settings;
mod split;
mod statistics;
mod ticks;

use std::time::Duration;

use tower_mesh::policy::{
    Draw, Time,
    balance::HostId,
    outlier::{Change, Detector, Kind, Record, Seen, Settings, SettingsBuilder, Share, Traffic},
};

/// Any chance comes true by it, and there is no jitter in it.
const LUCK: Draw = Draw::new(0);

fn settled(settings: SettingsBuilder) -> Settings {
    settings.build().expect("these mean something")
}

/// As Istio has it: no success rates.
fn istio() -> SettingsBuilder {
    Settings::builder().enforcing(Kind::SuccessRate, 0).enforcing(Kind::LocalOriginSuccessRate, 0)
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(millis: u64) -> Time {
    Time::from_nanos(millis * 1_000_000)
}

/// Hosts numbered from 1, each with its record, and who decides.
struct Pool {
    records: Vec<Record>,
    detector: Detector,
}

impl Pool {
    /// Ticks are counted from zero on.
    fn new(hosts: u64, settings: SettingsBuilder) -> Self {
        let mut detector = Detector::new(settled(settings));
        (1..=hosts).for_each(|host| detector.insert(HostId::new(host)));
        detector.start(at(0));
        Self { records: (1..=hosts).map(|_| Record::new()).collect(), detector }
    }

    /// A try of this host is over: what came of it.
    fn see(&mut self, host: u64, seen: Seen, millis: u64) -> Vec<Change> {
        let hits = self.records[host as usize - 1].note(self.detector.settings(), seen);
        let told = |kind| self.detector.detected(HostId::new(host), kind, LUCK, at(millis));
        hits.into_iter().filter_map(told).collect()
    }

    fn see_all(&mut self, host: u64, seen: impl IntoIterator<Item = Seen>, millis: u64) -> Vec<Change> {
        seen.into_iter().flat_map(|seen| self.see(host, seen, millis)).collect()
    }

    fn turn(&mut self, millis: u64) -> Vec<Change> {
        let (mut changes, records) = (Vec::new(), &self.records);
        let record = |host: HostId| &records[host.number() as usize - 1];
        self.detector.turn(at(millis), |host| record(host).take(), LUCK, &mut |change| {
            if let Change::Returned { host, .. } = change {
                record(host).clear();
            }
            changes.push(change);
        });
        changes
    }

    fn is_ejected(&self, host: u64) -> bool {
        self.detector.is_ejected(HostId::new(host))
    }

    fn in_a_row(&self, host: u64, kind: Kind) -> u32 {
        self.records[host as usize - 1].in_a_row(kind)
    }

    /// Answers that were good and bad, as far as they matter for an interval: no row of errors is begun.
    fn answered(&self, host: u64, good: u64, bad: u64) {
        let record = &self.records[host as usize - 1];
        for seen in (0..bad).map(|_| 500).chain((0..good).map(|_| 200)) {
            let _ = record.note(self.detector.settings(), Seen::Answered(seen));
        }
    }
}

fn ok() -> Seen {
    Seen::Answered(200)
}

fn names(changes: &[Change]) -> Vec<&'static str> {
    changes.iter().map(Change::name).collect()
}

/// By what each was ejected, or would have been.
fn kinds(changes: &[Change]) -> Vec<(&'static str, Kind)> {
    let kind = |change: &Change| match change {
        Change::Ejected { kind, .. } | Change::NotEnforced { kind, .. } | Change::Overflow { kind, .. } => {
            (change.name(), *kind)
        }
        other => panic!("not detected: {other:?}"),
    };
    changes.iter().map(kind).collect()
}
