//! Whom requests may go to at a moment: a picture that is made once, and picked from many times.
//!
//! It is made whenever an endpoint comes or goes, falls ill or gets well, and never changes: all that a pick needs is
//! worked out before. What moves in it is whose turn it is, where endpoints take turns.

use super::{
    Algorithm, Counts, Layout, Settings, Shares,
    edf::Edf,
    locality_weight,
    pool::{Hosts, Pool},
    shares,
};
use crate::{
    policy::{Draw, Time},
    sync::{Mutex, PoisonError},
};

/// What is known of a host when a view is made.
#[derive(Debug, Clone, Copy)]
pub struct Host<'h> {
    /// By what it is known where keys decide: its address.
    pub key: &'h str,
    /// How much of all it should get, beside the others.
    pub weight: u32,
    /// Whether it may be asked.
    pub healthy: bool,
    /// Whether it is asked only where others have failed.
    pub standby: bool,
    /// Since when it is there.
    pub since: Time,
}

/// What decides a pick.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// Chance.
    pub draw: Draw,
    /// The hash of the request's key, if it has one.
    pub hash: Option<u64>,
    /// Which pick for this request it is, from 0 on.
    pub attempt: u32,
}

/// Whom requests may go to at a moment.
#[derive(Debug)]
pub struct View {
    shares: Shares,
    /// By priority.
    levels: Box<[Level]>,
    /// Those that are asked where others have failed; none, if nobody stands by.
    standby: Option<Pool>,
    /// When all are as warm as can be; [`Time::default`] if nobody is new.
    warm_at: Time,
}

/// Those of one priority.
#[derive(Debug)]
struct Level {
    /// One for all, or one for each locality that has its own share.
    pools: Box<[Pool]>,
    /// Whose turn it is of several, and what each weighs.
    turns: Option<(Mutex<Edf>, Box<[f64]>)>,
}

impl View {
    /// A picture of these hosts as they are laid out; `draw` says where turns begin.
    #[must_use]
    pub fn new(settings: &Settings, layout: &Layout, hosts: &[Host<'_>], now: Time, draw: Draw) -> Self {
        let levels = by_priority(layout);
        let counts = levels.iter().map(|groups| count(layout, groups, hosts));
        let counts: Vec<_> = counts.collect();
        let shares = shares(&counts, settings.overprovisioning, settings.panic_percent);
        let warm_at = warm_at(settings, hosts).filter(|at| *at > now).unwrap_or_default();
        let seen = Hosts::new(settings, hosts, warm_at != Time::default());
        let level = |(priority, groups): (usize, &Vec<usize>)| {
            let draw = draw.nth(priority as u64);
            Level::new(settings, layout, groups, &seen, shares.panics(priority), draw)
        };
        let levels = levels.iter().enumerate().map(level).collect();
        let stands_by = |host: &u32| hosts[*host as usize].standby && seen.is_healthy(*host);
        let standby: Box<[_]> = (0..hosts.len() as u32).filter(stands_by).collect();
        let standby = (!standby.is_empty()).then(|| Pool::new(settings, &seen, standby, draw.nth(STANDBY)));
        Self { shares, levels, standby, warm_at }
    }

    /// Of nobody.
    #[must_use]
    pub fn of_nobody() -> Self {
        let settings = Settings::default();
        Self::new(&settings, &Layout::default(), &[], Time::default(), Draw::new(0))
    }

    /// Until when somebody is new, so that shares change with time: the picture has to be made again then.
    #[must_use]
    pub const fn warm_at(&self) -> Time {
        self.warm_at
    }

    /// What share each priority has, and which are in panic.
    #[must_use]
    pub const fn shares(&self) -> &Shares {
        &self.shares
    }

    /// The number of a host; none, if there is nobody to ask. `active` is asked how many requests are in flight to hosts,
    /// `now` only while some are new.
    pub fn pick(&self, ask: &Ask, active: impl Fn(u32) -> u32, now: impl FnOnce() -> Time) -> Option<u32> {
        match self.one_of(ask) {
            Some(pool) if !pool.is_empty() => pool.pick(ask, active, now),
            _ => self.pick_standby(ask, active, now),
        }
    }

    /// All that may be asked, if it is the [lighter of two](super::lighter_of_two) of these that is picked, and nothing else
    /// matters. Whoever keeps more than numbers of them may then do so by itself.
    #[must_use]
    pub fn alike(&self) -> Option<&[u32]> {
        match &*self.levels {
            [Level { pools, .. }] if pools.len() == 1 => pools[0].alike(),
            _ => None,
        }
    }

    /// The same of those that stand by, if anybody does.
    #[cold]
    pub fn pick_standby(
        &self,
        ask: &Ask,
        active: impl Fn(u32) -> u32,
        now: impl FnOnce() -> Time,
    ) -> Option<u32> {
        self.standby.as_ref()?.pick(ask, active, now)
    }

    /// Those of a priority, and of a locality, where there are several.
    fn one_of(&self, ask: &Ask) -> Option<&Pool> {
        let level = match &*self.levels {
            [only] => only,
            levels => {
                levels.get(self.shares.pick(ask.hash.unwrap_or_else(|| ask.draw.nth(PRIORITY).bits())))?
            }
        };
        match &*level.pools {
            [only] => Some(only),
            pools => pools.get(level.turn()? as usize),
        }
    }

    /// Any host that may be asked and is wanted, if there is one: of those who come first, from one on that chance picks.
    pub fn any(&self, draw: Draw, wanted: impl Fn(u32) -> bool) -> Option<u32> {
        let loads = self.shares.loads();
        let levels = self.levels.iter().zip(loads).filter(|(_, load)| *load > 0);
        let mut pools = levels.flat_map(|(level, _)| &level.pools);
        pools.find_map(|pool| pool.any(draw, &wanted))
    }
}

/// The draw that picks a priority, told from those that pick hosts.
const PRIORITY: u64 = 1 << 32;

/// And from where the turns of those that stand by begin.
const STANDBY: u64 = 2 << 32;

impl Level {
    fn new(
        settings: &Settings,
        layout: &Layout,
        groups: &[usize],
        hosts: &Hosts<'_, '_>,
        panics: bool,
        draw: Draw,
    ) -> Self {
        let members = |group: usize| {
            let all = layout.groups[group].members.iter().copied();
            all.filter(|host| !hosts.stands_by(*host))
        };
        let usable = |host: &u32| panics || hosts.is_healthy(*host);
        let is_shared = layout.weighted && !panics;
        if settings.algorithm.hashes() {
            let shares = groups.iter().flat_map(|group| {
                let usable: Vec<_> = members(*group).filter(usable).collect();
                let whole: f64 = usable.iter().map(|host| hosts.weight(*host)).sum();
                let share =
                    if layout.weighted { f64::from(layout.groups[*group].weight) / whole } else { 1.0 };
                usable.into_iter().map(move |host| (host, share * hosts.weight(host)))
            });
            return Self::of(Pool::by_key(settings.algorithm, hosts, &shares.collect::<Vec<_>>()));
        }
        if !is_shared || groups.len() < 2 {
            let all = groups.iter().flat_map(|group| members(*group)).filter(usable).collect();
            return Self::of(Pool::new(settings, hosts, all, draw));
        }
        let weight = |group: &usize| {
            let healthy = members(*group).filter(|host| hosts.is_healthy(*host)).count() as u32;
            let (all, weight) = (members(*group).count() as u32, layout.groups[*group].weight);
            locality_weight(weight, healthy, all, settings.overprovisioning)
        };
        let weights: Box<[_]> = groups.iter().map(weight).collect();
        let pools = groups.iter().map(|group| {
            let healthy = members(*group).filter(|host| hosts.is_healthy(*host)).collect();
            Pool::new(settings, hosts, healthy, draw.nth(*group as u64))
        });
        let turns = Mutex::new(Edf::new(weights.iter().copied(), draw));
        Self { pools: pools.collect(), turns: Some((turns, weights)) }
    }

    fn of(pool: Pool) -> Self {
        Self { pools: Box::new([pool]), turns: None }
    }

    /// Whose turn it is. Localities that have their own shares take turns behind a lock: so shares are exact.
    fn turn(&self) -> Option<u32> {
        let (turns, weights) = self.turns.as_ref()?;
        let mut turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.pick(|number| weights[number as usize])
    }
}

/// The groups of each priority.
fn by_priority(layout: &Layout) -> Vec<Vec<usize>> {
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for (number, group) in layout.groups.iter().enumerate() {
        let priority = group.priority as usize;
        if levels.len() <= priority {
            levels.resize_with(priority + 1, Vec::new);
        }
        levels[priority].push(number);
    }
    levels
}

fn count(layout: &Layout, groups: &[usize], hosts: &[Host<'_>]) -> Counts {
    let all = || groups.iter().flat_map(|group| &layout.groups[*group].members);
    let members = || all().map(|host| &hosts[*host as usize]).filter(|host| !host.standby);
    let healthy = members().filter(|host| host.healthy).count();
    // Both casts are exact: hosts are numbered by 32 bits.
    Counts::healthy_of(healthy as u32, members().count() as u32)
}

/// When all are as warm as can be.
fn warm_at(settings: &Settings, hosts: &[Host<'_>]) -> Option<Time> {
    let takes_turns = matches!(settings.algorithm, Algorithm::LeastRequest(_) | Algorithm::RoundRobin);
    let slow_start = settings.slow_start.as_ref().filter(|_| takes_turns)?;
    hosts.iter().map(|host| host.since + slow_start.window()).max()
}
