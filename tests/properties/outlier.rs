//! Ejections under any sequence of errors, returns, comings and goings: as a sweep of all hosts would have it.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use tower_mesh::policy::{
    Draw, Time,
    balance::HostId,
    outlier::{Change, Detector, HowMany, Kind, Settings, Share, Standing, Traffic},
};

#[derive(Debug, Clone)]
enum Step {
    /// A host is found to be an outlier.
    Detect(u64, Draw),
    Insert(u64),
    Remove(u64),
    /// Somebody returns it.
    Return(u64),
    /// It has answered.
    Answer(u64, Share),
    /// So many milliseconds pass.
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let host = || 0_u64..6;
    let share = (0_u64..4, 0_u64..4).prop_map(|(good, bad)| Share { good, bad });
    prop_oneof![
        6 => (host(), any::<u64>()).prop_map(|(host, bits)| Step::Detect(host, Draw::new(bits))),
        2 => host().prop_map(Step::Insert),
        1 => host().prop_map(Step::Remove),
        1 => host().prop_map(Step::Return),
        4 => (host(), share).prop_map(|(host, share)| Step::Answer(host, share)),
        4 => (0_u64..3_000).prop_map(Step::Pass),
        4 => (1_u64..30).prop_map(|halves| Step::Pass(halves * 500)),
        1 => (0_u64..100_000).prop_map(Step::Pass),
    ]
}

#[derive(Debug, Clone, Copy)]
struct Told {
    interval: u64,
    base: u64,
    longer: u64,
    jitter: u64,
    percent: u32,
    rule: HowMany,
    enforcing: u32,
    statistics: bool,
}

impl Told {
    fn settings(self) -> Settings {
        let millis = Duration::from_millis;
        let share = if self.statistics { 100 } else { 0 };
        Settings::builder()
            .enforcing(Kind::Consecutive5xx, self.enforcing)
            .enforcing(Kind::SuccessRate, 0)
            .enforcing(Kind::FailurePercentage, share)
            .failure_percentage_threshold(50)
            .failure_percentage_minimum_hosts(2)
            .failure_percentage_request_volume(2)
            .interval(millis(self.interval))
            .base_ejection_time(millis(self.base))
            .max_ejection_time(millis(self.base + self.longer))
            .jitter(millis(self.jitter))
            .max_ejection_percent(self.percent)
            .how_many(self.rule)
            .build()
            .expect("these mean something")
    }
}

fn told() -> impl Strategy<Value = Told> {
    let rule = prop_oneof![Just(HowMany::Strict), Just(HowMany::OneAtLeast), Just(HowMany::Legacy)];
    let times = (1_u64..8, 1_u64..8, 0_u64..8, prop_oneof![Just(0), 0_u64..3_000]);
    (times, 0_u32..=100, rule, prop_oneof![3 => Just(100), 1 => 0_u32..=100], any::<bool>()).prop_map(
        |((interval, base, longer, jitter), percent, rule, enforcing, statistics)| {
            let [interval, base, longer] = [interval, base, longer].map(|halves| halves * 500);
            Told { interval, base, longer, jitter, percent, rule, enforcing, statistics }
        },
    )
}

fn at(millis: u64) -> Time {
    Time::from_nanos(millis * 1_000_000)
}

/// A draw for each tick would differ with how often it is asked: chance is left to single detections.
const LUCK: Draw = Draw::new(0);

/// A detector and what its hosts have answered in the interval.
struct Pool {
    detector: Detector,
    answered: BTreeMap<HostId, Share>,
    changes: Vec<Change>,
}

impl Pool {
    fn new(settings: Settings) -> Self {
        let mut detector = Detector::new(settings);
        detector.start(at(0));
        (0..3).for_each(|host| detector.insert(HostId::new(host)));
        Self { detector, answered: BTreeMap::new(), changes: Vec::new() }
    }

    fn turn(&mut self, now: u64) {
        let Self { detector, answered, changes } = self;
        let taken = |host| Traffic {
            answers: answered.remove(&host).unwrap_or_default(),
            local_origin: Share::default(),
        };
        detector.turn(at(now), taken, LUCK, &mut |change| changes.push(change));
    }

    /// One step at this moment, after whatever was due by then.
    fn play(&mut self, step: &Step, now: u64) {
        self.turn(now);
        let detector = &mut self.detector;
        let change = match *step {
            Step::Detect(host, draw) => {
                detector.detected(HostId::new(host), Kind::Consecutive5xx, draw, at(now))
            }
            Step::Return(host) => detector.return_by_hand(HostId::new(host), at(now)),
            Step::Insert(host) => {
                detector.insert(HostId::new(host));
                None
            }
            Step::Remove(host) => {
                detector.remove(HostId::new(host));
                self.answered.remove(&HostId::new(host));
                None
            }
            Step::Answer(host, share) => {
                let answered = self.answered.entry(HostId::new(host)).or_default();
                (answered.good, answered.bad) = (answered.good + share.good, answered.bad + share.bad);
                None
            }
            Step::Pass(_) => None,
        };
        self.changes.extend(change);
    }

    /// Who is ejected, how long the next ejection of each would last, and what is known otherwise.
    fn picture(&self, now: u64) -> [Option<Standing>; 6] {
        [0, 1, 2, 3, 4, 5].map(|host| self.detector.standing(HostId::new(host), at(now)))
    }
}

/// One host, as Envoy's sweep sees it.
#[derive(Default)]
struct Swept {
    ejected: Option<(u64, u64)>,
    returned: Option<u64>,
    multiplier: u64,
}

/// Who is ejected, by a sweep over all hosts at each tick.
#[derive(Default)]
struct Sweep {
    hosts: BTreeMap<u64, Swept>,
    tick: u64,
}

impl Sweep {
    fn reach(&mut self, told: &Told, now: u64) {
        while (self.tick + 1) * told.interval <= now {
            self.tick += 1;
            let now = self.tick * told.interval;
            for host in self.hosts.values_mut() {
                let time = (told.base * host.multiplier).min(told.base + told.longer);
                if host.ejected.is_some_and(|(since, jitter)| time + jitter <= now - since) {
                    (host.ejected, host.returned) = (None, Some(now));
                }
                if host.ejected.is_none() && host.returned.is_some_and(|at| now - at >= told.interval) {
                    host.multiplier = host.multiplier.saturating_sub(1);
                }
            }
        }
    }

    fn play(&mut self, told: &Told, step: &Step, now: u64) {
        self.reach(told, now);
        let ejected = self.ejected().len() as f64;
        let count = self.hosts.len() as f64;
        match *step {
            Step::Detect(host, draw) => {
                let Some(host) = self.hosts.get_mut(&host).filter(|host| host.ejected.is_none()) else {
                    return;
                };
                let share = f64::from(told.percent);
                let fits = 100.0 * (ejected + 1.0) / count <= share;
                let may = match told.rule {
                    HowMany::OneAtLeast => fits || ejected == 0.0,
                    HowMany::Legacy => ejected == 0.0 || 100.0 * ejected / count < share,
                    _ => fits,
                };
                if may {
                    host.ejected = Some((now, draw.bits() % (told.jitter + 1)));
                    if host.multiplier * told.base < told.base + told.longer + told.base {
                        host.multiplier += 1;
                    }
                }
            }
            Step::Return(host) => {
                if let Some(host) = self.hosts.get_mut(&host).filter(|host| host.ejected.is_some()) {
                    (host.ejected, host.returned) = (None, Some(now));
                }
            }
            Step::Insert(host) => drop(self.hosts.entry(host).or_default()),
            Step::Remove(host) => drop(self.hosts.remove(&host)),
            Step::Answer(..) | Step::Pass(_) => {}
        }
    }

    fn ejected(&self) -> Vec<u64> {
        self.hosts.iter().filter(|(_, host)| host.ejected.is_some()).map(|(host, _)| *host).collect()
    }
}

proptest! {
    #[test]
    fn it_is_as_if_all_hosts_were_swept_at_every_tick(
        told in told(),
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let told = Told { enforcing: 100, statistics: false, ..told };
        let (mut pool, mut sweep, mut now) = (Pool::new(told.settings()), Sweep::default(), 0);
        (0..3).for_each(|host| sweep.play(&told, &Step::Insert(host), 0));
        for step in &steps {
            if let Step::Pass(millis) = step {
                now += millis;
            }
            pool.play(step, now);
            sweep.play(&told, step, now);
            let ejected: Vec<_> =
                (0..6).filter(|host| pool.detector.is_ejected(HostId::new(*host))).collect();
            prop_assert_eq!(ejected, sweep.ejected(), "at {}", now);
            prop_assert_eq!(pool.detector.hosts(), sweep.hosts.len());
        }
    }

    #[test]
    fn no_ejection_exceeds_the_percentage_and_none_is_lost_count_of(
        told in told(),
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let settings = told.settings();
        let (mut pool, mut now) = (Pool::new(settings.clone()), 0);
        for step in &steps {
            if let Step::Pass(millis) = step {
                now += millis;
            }
            let before = pool.changes.len();
            let most = settings.most_ejected(pool.detector.hosts());
            let mut running = pool.detector.ejected();
            pool.play(step, now);
            for change in &pool.changes[before..] {
                match change.ejects() {
                    Some(true) => {
                        running += 1;
                        prop_assert!(running <= most, "{} of {}", running, pool.detector.hosts());
                    }
                    Some(false) => running -= 1,
                    None => {}
                }
            }
            let ejected = (0..6).filter(|host| pool.detector.is_ejected(HostId::new(*host))).count();
            prop_assert_eq!(pool.detector.ejected(), ejected);
            prop_assert!(pool.detector.due() > at(now), "all that was due is done");
        }
        let total = pool.detector.counts().ejections() as usize;
        prop_assert_eq!(total, pool.changes.iter().filter(|change| change.ejects() == Some(true)).count());
    }

    #[test]
    fn the_percentage_is_of_all_hosts(told in told(), hosts in 0_usize..2_000) {
        let most = told.settings().most_ejected(hosts);
        prop_assert!(most <= hosts);
        let over = most * 100 > hosts * told.percent as usize;
        match told.rule {
            HowMany::Strict => prop_assert!(!over),
            HowMany::OneAtLeast => prop_assert!(!over || most == 1),
            _ => prop_assert!((most.saturating_sub(1)) * 100 <= hosts * told.percent as usize),
        }
    }

    #[test]
    fn it_does_not_matter_how_often_it_is_asked(
        told in told(),
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let [mut eager, mut late] = [(); 2].map(|()| Pool::new(told.settings()));
        let mut now = 0;
        for step in &steps {
            if let Step::Pass(millis) = step {
                for between in now / told.interval + 1..=(now + millis) / told.interval {
                    eager.turn(between * told.interval - 1);
                    eager.turn(between * told.interval);
                    eager.turn(between * told.interval);
                }
                now += millis;
            } else {
                eager.play(step, now);
                late.play(step, now);
                prop_assert_eq!(eager.picture(now), late.picture(now));
            }
        }
        eager.turn(now);
        late.turn(now);
        prop_assert_eq!(eager.picture(now), late.picture(now));
        prop_assert_eq!(eager.changes, late.changes);
    }
}
