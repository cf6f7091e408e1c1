//! Counting while the load runs.

use std::{collections::BTreeMap, time::Duration};

use super::{Latency, Moment, NO_CODE, Report, SharesOverTime};
use crate::{
    policy::Time,
    testing::{course::Course, load::Answer},
};

/// What some of the calls came to.
#[derive(Debug)]
pub(crate) struct Tally {
    start: Time,
    latencies: Vec<u64>,
    seconds: BTreeMap<u64, BTreeMap<Option<u16>, u64>>,
    errors: BTreeMap<String, u64>,
    refusals: BTreeMap<&'static str, u64>,
    flags: BTreeMap<String, u64>,
    flag_sets: BTreeMap<String, u64>,
    course: Course,
}

impl Tally {
    pub(crate) fn new(start: Time) -> Self {
        Self {
            start,
            latencies: Vec::new(),
            seconds: BTreeMap::new(),
            errors: BTreeMap::new(),
            refusals: BTreeMap::new(),
            flags: BTreeMap::new(),
            flag_sets: BTreeMap::new(),
            course: Course::default(),
        }
    }

    pub(crate) fn add(&mut self, answer: Answer) {
        self.latencies.push(u64::try_from(answer.latency.as_nanos()).unwrap_or(u64::MAX));
        let (at, code) = (answer.at.since(self.start), answer.result.as_ref().ok().copied());
        *self.seconds.entry(at.as_secs()).or_default().entry(code).or_default() += 1;
        self.course.add(at, code);
        if let Err(error) = answer.result {
            *self.errors.entry(error).or_default() += 1;
        }
        if let Some(reason) = answer.refused {
            *self.refusals.entry(reason).or_default() += 1;
        }
        if !answer.flags.is_empty() {
            let set = answer.flags.to_string();
            for flag in set.split(',') {
                *self.flags.entry(flag.to_owned()).or_default() += 1;
            }
            *self.flag_sets.entry(set).or_default() += 1;
        }
    }

    pub(crate) fn merged(mut self, other: Self) -> Self {
        self.latencies.extend(other.latencies);
        for (second, codes) in other.seconds {
            add_all(self.seconds.entry(second).or_default(), codes);
        }
        add_all(&mut self.errors, other.errors);
        add_all(&mut self.refusals, other.refusals);
        add_all(&mut self.flags, other.flags);
        add_all(&mut self.flag_sets, other.flag_sets);
        self.course.extend(other.course);
        self
    }

    pub(crate) fn report(self, elapsed: Duration, percentiles: &[f64], events: Vec<Moment>) -> Report {
        let requests = self.latencies.len() as u64;
        let mut codes = BTreeMap::new();
        for second in self.seconds.values() {
            add_all(&mut codes, second.clone());
        }
        Report {
            requests,
            codes: named(codes),
            latency: Latency::new(self.latencies),
            refusals: self.refusals.into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
            upstreams: BTreeMap::new(),
            events,
            elapsed_ms: elapsed.as_nanos() as f64 / 1e6,
            qps: if elapsed.is_zero() { 0.0 } else { requests as f64 / elapsed.as_secs_f64() },
            seconds: self.seconds.into_iter().map(|(second, codes)| (second, named(codes))).collect(),
            errors: self.errors,
            flags: self.flags,
            flag_sets: self.flag_sets,
            upstream_calls: BTreeMap::new(),
            shares_over_time: SharesOverTime::default(),
            course: self.course.sorted(),
            courses: BTreeMap::new(),
            percentiles: percentiles.to_vec(),
        }
    }
}

fn add_all<K: Ord>(all: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *all.entry(key).or_default() += count;
    }
}

pub(super) fn named(codes: BTreeMap<Option<u16>, u64>) -> BTreeMap<String, u64> {
    codes
        .into_iter()
        .map(|(code, count)| (code.map_or_else(|| NO_CODE.to_owned(), |code| code.to_string()), count))
        .collect()
}
