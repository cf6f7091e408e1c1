//! Who is ejected and who returns: plain, one step after another, owned by whoever steps it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    Change, Counts, HostId, Kind, Rates, Settings, Share, Standing, Traffic,
    host::{Host, Place},
    statistics::judge,
    ticks::Ticks,
};
use crate::policy::{Draw, Time, time::millis};

/// Decides which hosts are ejected, and when they return.
///
/// It is told of hosts that come and go, and of what their [records](super::Record) set off; it is asked for its
/// [`turn`](Self::turn) when something is [`due`](Self::due). That may be late, or never: what was due is done in its
/// order, as if at its time.
#[derive(Debug, Clone)]
pub struct Detector {
    settings: Settings,
    hosts: BTreeMap<HostId, Host>,
    /// Who returns at which tick. Those that somebody ejected are not here.
    returns: BTreeSet<(u64, HostId)>,
    ejected: usize,
    ticks: Option<Ticks>,
    /// The last tick at which an interval was judged.
    judged: u64,
    /// The latest moment that was heard of: askers can overtake each other.
    latest: Time,
    rates: [Option<Rates>; 2],
    counts: Counts,
}

/// What of the traffic counts there, and what it can tell.
type Origin = (fn(&Traffic) -> Share, [Kind; 2]);

impl Detector {
    /// Knows of no host yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            hosts: BTreeMap::new(),
            returns: BTreeSet::new(),
            ejected: 0,
            ticks: None,
            judged: 0,
            latest: Time::default(),
            rates: [None; 2],
            counts: Counts::default(),
        }
    }

    /// Has ticks be counted from now on, unless they are already. Whatever else is told a time does so too.
    pub fn start(&mut self, now: Time) {
        self.reach(now);
    }

    /// One host more. If it is known nothing changes.
    pub fn insert(&mut self, host: HostId) {
        self.hosts.entry(host).or_default();
    }

    /// One host less; what was known of it is forgotten.
    pub fn remove(&mut self, host: HostId) {
        if let Some(Place::Ejected { until, .. }) = self.hosts.remove(&host).map(|host| host.place()) {
            self.unlist(host, until);
        }
    }

    /// A host's record has set off a detector: what came of it; nothing if the host is ejected already, or gone.
    ///
    /// Who is due to return by now is still ejected if it has not been asked to [turn](Self::turn).
    pub fn detected(&mut self, host: HostId, kind: Kind, draw: Draw, now: Time) -> Option<Change> {
        let (ticks, now) = self.reach(now);
        self.consider(host, kind, draw, (now, ticks.passed(now)))
    }

    /// When there is something to do: somebody returns, or an interval is over that is judged; never, if nothing is.
    #[must_use]
    pub fn due(&self) -> Time {
        let Some(ticks) = self.ticks else {
            // To be asked once is what it takes to begin.
            return if self.settings.has_statistics() { Time::default() } else { Time::NEVER };
        };
        let returns = self.returns.first().map(|(tick, _)| *tick);
        let judges = self.settings.has_statistics().then_some(self.judged + 1);
        returns.into_iter().chain(judges).min().map_or(Time::NEVER, |tick| ticks.at(tick))
    }

    /// Does everything that has been due up to now, in the order of ticks, and tells what came of it.
    ///
    /// `traffic` takes what a host's record has counted of the interval. It is asked of all hosts, if at all; what came
    /// since nobody turned belongs to the first tick that was missed.
    pub fn turn(
        &mut self,
        now: Time,
        traffic: impl FnMut(HostId) -> Traffic,
        draw: Draw,
        changes: &mut impl FnMut(Change),
    ) {
        let (ticks, now) = self.reach(now);
        let last = ticks.passed(now);
        if self.settings.has_statistics() && last > self.judged {
            let first = self.judged + 1;
            self.return_up_to(first, ticks, changes);
            self.judge((ticks.at(first), first), traffic, draw, changes);
            self.judged = last;
        }
        self.return_up_to(last, ticks, changes);
    }

    /// Somebody ejects a host, however many are ejected, until somebody [returns](Self::return_by_hand) it.
    ///
    /// It is no sign of how the host is doing: its next ejection lasts no longer for it.
    pub fn eject_by_hand(&mut self, host: HostId, now: Time) -> Option<Change> {
        let (ticks, now) = self.reach(now);
        let known = self.hosts.get_mut(&host)?;
        let before = known.place();
        known.hold(ticks, now);
        match before {
            Place::Ejected { until: None, .. } => return None,
            Place::Ejected { until: Some(tick), .. } => drop(self.returns.remove(&(tick, host))),
            _ => self.ejected += 1,
        }
        Some(Change::Held { host })
    }

    /// Somebody returns a host that is ejected, whoever did that.
    pub fn return_by_hand(&mut self, host: HostId, now: Time) -> Option<Change> {
        let (_, now) = self.reach(now);
        self.give_back(host, now)
    }

    /// A host has passed an active check: it returns, if that is [set](Settings::checks_return) and nobody ejected it by
    /// hand.
    pub fn passed_check(&mut self, host: HostId, now: Time) -> Option<Change> {
        let (_, now) = self.reach(now);
        let place = self.hosts.get(&host)?.place();
        let returns = self.settings.checks_return && matches!(place, Place::Ejected { until: Some(_), .. });
        returns.then(|| self.give_back(host, now)).flatten()
    }

    /// Whether this host is ejected.
    #[must_use]
    pub fn is_ejected(&self, host: HostId) -> bool {
        self.hosts.get(&host).is_some_and(Host::is_ejected)
    }

    /// How many are.
    #[must_use]
    pub const fn ejected(&self) -> usize {
        self.ejected
    }

    /// How many there are in all.
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// How this host is doing, if it is known.
    #[must_use]
    pub fn standing(&self, host: HostId, now: Time) -> Option<Standing> {
        let now = now.max(self.latest);
        self.hosts.get(&host).map(|host| host.standing(&self.settings, self.ticks, now))
    }

    /// What rates of good answers came to in the interval that was judged last; nothing if too few hosts had answered.
    #[must_use]
    pub const fn rates(&self) -> Option<Rates> {
        self.rates[0]
    }

    /// The same of connections and failures without an answer, where they are split.
    #[must_use]
    pub const fn local_origin_rates(&self) -> Option<Rates> {
        self.rates[1]
    }

    /// How often outliers were detected so far, and what came of it.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What it was told to do.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Time goes on from here, and never back.
    fn reach(&mut self, now: Time) -> (Ticks, Time) {
        self.latest = now.max(self.latest);
        let interval = self.settings.interval;
        (*self.ticks.get_or_insert_with(|| Ticks::new(now, interval)), self.latest)
    }

    /// A host is an outlier: at this moment, after so many ticks.
    fn consider(&mut self, id: HostId, kind: Kind, draw: Draw, at: (Time, u64)) -> Option<Change> {
        let most = self.settings.most_ejected(self.hosts.len());
        let ticks = self.ticks?;
        let host = self.hosts.get_mut(&id).filter(|host| !host.is_ejected())?;
        self.counts.detect(kind);
        if self.ejected >= most {
            self.counts.overflow(kind);
            return Some(Change::Overflow { host: id, kind });
        }
        if !draw.nth(kind.index() as u64).hits(u64::from(self.settings.enforcing(kind)), 100) {
            return Some(Change::NotEnforced { host: id, kind });
        }
        self.counts.enforce(kind);
        // The plain remainder, as Envoy draws it.
        let jitter = Duration::from_millis(draw.bits() % millis(self.settings.jitter).saturating_add(1));
        let (tick, times) = host.eject(&self.settings, ticks, at, jitter);
        self.ejected += 1;
        self.returns.insert((tick, id));
        let (ejected_at, returns_at) = (at.0, ticks.at(tick));
        let lasts = returns_at.since(ejected_at);
        Some(Change::Ejected { host: id, kind, ejected_at, returns_at, lasts, times })
    }

    /// An interval is over: who stands out is found among those that are there, and then ejected, one by one.
    fn judge(
        &mut self,
        (at, tick): (Time, u64),
        mut traffic: impl FnMut(HostId) -> Traffic,
        draw: Draw,
        changes: &mut impl FnMut(Change),
    ) {
        let taken: Vec<_> = self.hosts.keys().map(|host| (*host, traffic(*host))).collect();
        let origins: [Origin; 2] = [
            (|traffic| traffic.answers, [Kind::SuccessRate, Kind::FailurePercentage]),
            (
                |traffic| traffic.local_origin,
                [Kind::LocalOriginSuccessRate, Kind::LocalOriginFailurePercentage],
            ),
        ];
        for (origin, (share, [by_rate, by_failures])) in origins.into_iter().enumerate() {
            let there: Vec<_> = taken
                .iter()
                .filter(|(host, _)| !self.is_ejected(*host))
                .map(|(host, traffic)| (*host, share(traffic)))
                .collect();
            let judgement = judge(&self.settings, &there);
            self.rates[origin] = judgement.rates;
            for (kind, hosts) in [(by_rate, judgement.below), (by_failures, judgement.failing)] {
                if self.settings.is_enforced(kind) {
                    // What was good is made up for after that: at this very tick it is not known yet.
                    let consider =
                        |host: HostId| self.consider(host, kind, draw.nth(host.number()), (at, tick - 1));
                    hosts.into_iter().filter_map(consider).for_each(&mut *changes);
                }
            }
        }
    }

    fn return_up_to(&mut self, last: u64, ticks: Ticks, changes: &mut impl FnMut(Change)) {
        while let Some((tick, host)) = self.returns.first().copied().filter(|(tick, _)| *tick <= last) {
            self.returns.remove(&(tick, host));
            self.give_back(host, ticks.at(tick)).into_iter().for_each(&mut *changes);
        }
    }

    fn give_back(&mut self, id: HostId, at: Time) -> Option<Change> {
        let host = self.hosts.get_mut(&id)?;
        let Place::Ejected { at: since, until } = host.place() else { return None };
        host.give_back(at);
        self.unlist(id, until);
        Some(Change::Returned { host: id, at, after: at.since(since) })
    }

    /// One that was ejected is no longer.
    fn unlist(&mut self, host: HostId, until: Option<u64>) {
        self.ejected -= 1;
        if let Some(tick) = until {
            self.returns.remove(&(tick, host));
        }
    }
}
