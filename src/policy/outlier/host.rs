//! What is known of one host, besides what its record counts.

use std::time::Duration;

use super::{Settings, ticks::Ticks};
use crate::policy::{Time, time::nanos};

/// What is known of one host.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Host {
    /// How many times the base time the last ejection lasted, less what has been made good since; see
    /// [`multiplier`](Self::multiplier) for that of now.
    multiplier: u32,
    /// How often it was ejected.
    times: u32,
    place: Place,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Place {
    /// Among those who answer, and has always been.
    #[default]
    There,
    /// Among them again, since then.
    Returned(Time),
    /// Ejected, until a tick; or until somebody returns it.
    Ejected { at: Time, until: Option<u64> },
}

/// How a host is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Standing {
    /// How often it was ejected; this never goes down.
    pub times: u32,
    /// How many times the base ejection time the next ejection lasts, if it came now.
    pub next: u32,
    /// Since when it is ejected, if it is.
    pub ejected_at: Option<Time>,
    /// When it returns, if it is ejected; never, if that is up to who ejected it.
    pub returns_at: Option<Time>,
}

impl Host {
    pub(super) const fn place(&self) -> Place {
        self.place
    }

    pub(super) const fn is_ejected(&self) -> bool {
        matches!(self.place, Place::Ejected { .. })
    }

    /// How many times the base time counts after so many ticks: one less for each of them at which it was there, from a
    /// whole interval after its return on.
    fn multiplier(&self, ticks: Ticks, passed: u64) -> u32 {
        let Place::Returned(since) = self.place else { return self.multiplier };
        let first = ticks.not_before(since + ticks.interval());
        let good = (passed + 1).saturating_sub(first);
        self.multiplier.saturating_sub(u32::try_from(good).unwrap_or(u32::MAX))
    }

    /// That of the next ejection: one more, as long as that makes a difference.
    fn next(&self, settings: &Settings, ticks: Ticks, passed: u64) -> u32 {
        let (base, most) = (nanos(settings.base_ejection_time), nanos(settings.max_ejection_time));
        let now = self.multiplier(ticks, passed);
        let grows = base.saturating_mul(u64::from(now)) < most.saturating_add(base);
        now.saturating_add(u32::from(grows))
    }

    /// It is ejected, after so many ticks: at which one it returns, and for the how manieth time it is.
    pub(super) fn eject(
        &mut self,
        settings: &Settings,
        ticks: Ticks,
        (at, passed): (Time, u64),
        jitter: Duration,
    ) -> (u64, u32) {
        self.multiplier = self.next(settings, ticks, passed);
        self.times = self.times.saturating_add(1);
        let time = settings.base_ejection_time.saturating_mul(self.multiplier);
        let until = ticks.not_before(at + time.min(settings.max_ejection_time) + jitter);
        self.place = Place::Ejected { at, until: Some(until) };
        (until, self.times)
    }

    /// Somebody ejects it: which says nothing about how it is doing.
    pub(super) fn hold(&mut self, ticks: Ticks, now: Time) {
        self.multiplier = self.multiplier(ticks, ticks.passed(now));
        let at = if let Place::Ejected { at, .. } = self.place { at } else { now };
        self.place = Place::Ejected { at, until: None };
    }

    /// It is among them again.
    pub(super) fn give_back(&mut self, at: Time) {
        self.place = Place::Returned(at);
    }

    pub(super) fn standing(&self, settings: &Settings, ticks: Option<Ticks>, now: Time) -> Standing {
        let (ejected_at, returns_at) = match (self.place, ticks) {
            (Place::Ejected { at, until }, Some(ticks)) => {
                (Some(at), Some(until.map_or(Time::NEVER, |tick| ticks.at(tick))))
            }
            _ => (None, None),
        };
        let next = ticks.map_or(1, |ticks| self.next(settings, ticks, ticks.passed(now)));
        Standing { times: self.times, next, ejected_at, returns_at }
    }
}
