//! Those of whom any may be picked, and how one of them is.

use super::{Algorithm, Ask, Choices, Host, Maglev, Ring, Settings, SlowStart, edf::Edf};
use crate::{
    policy::{Draw, Time},
    sync::{AtomicU64, Mutex, Ordering, PoisonError},
};

/// Those of whom any may be picked.
#[derive(Debug)]
pub(super) struct Pool {
    hosts: Box<[u32]>,
    way: Way,
}

/// How one of them is picked.
#[derive(Debug)]
enum Way {
    /// Of two that chance picks. There are two.
    LighterOfTwo,
    /// Of more, or of all.
    LeastRequest(Choices),
    /// Whose turn it is: one count that all picks share.
    RoundRobin(AtomicU64),
    Random,
    /// By turns that weights give, behind a lock.
    Turns(Mutex<Edf>, Weights),
    Ring(Ring),
    Maglev(Maglev),
}

/// What each of a pool weighs.
#[derive(Debug)]
struct Weights {
    /// By place in the pool, with the time since which each is there.
    of: Box<[(f64, Time)]>,
    /// Whether a host weighs less the more is in flight to it.
    by_load: bool,
    warming: Option<SlowStart>,
}

/// All hosts that there are, as they are seen while a picture is made.
pub(super) struct Hosts<'s, 'h> {
    hosts: &'s [Host<'h>],
    warming: Option<&'s SlowStart>,
}

impl<'s, 'h> Hosts<'s, 'h> {
    pub(super) fn new(settings: &'s Settings, hosts: &'s [Host<'h>], is_warming: bool) -> Self {
        Self { hosts, warming: settings.slow_start.as_ref().filter(|_| is_warming) }
    }

    fn get(&self, host: u32) -> &Host<'h> {
        &self.hosts[host as usize]
    }

    pub(super) fn is_healthy(&self, host: u32) -> bool {
        self.get(host).healthy
    }

    pub(super) fn stands_by(&self, host: u32) -> bool {
        self.get(host).standby
    }

    pub(super) fn weight(&self, host: u32) -> f64 {
        f64::from(self.get(host).weight)
    }
}

impl Pool {
    /// Of these hosts, where no key decides.
    pub(super) fn new(settings: &Settings, hosts: &Hosts<'_, '_>, members: Box<[u32]>, draw: Draw) -> Self {
        let mut weights = members.iter().map(|host| hosts.get(*host).weight);
        let first = weights.next();
        let by_weight = hosts.warming.is_some() || weights.any(|weight| Some(weight) != first);
        let way = match settings.algorithm {
            Algorithm::LeastRequest(_) | Algorithm::RoundRobin if by_weight => {
                let by_load = matches!(settings.algorithm, Algorithm::LeastRequest(_));
                Self::turns(hosts, &members, by_load, draw)
            }
            Algorithm::LeastRequest(Choices::Of(2)) if members.len() > 1 => Way::LighterOfTwo,
            Algorithm::LeastRequest(choices) => Way::LeastRequest(choices),
            Algorithm::RoundRobin => Way::RoundRobin(AtomicU64::new(draw.below(members.len() as u64))),
            _ => Way::Random,
        };
        Self { hosts: members, way }
    }

    fn turns(hosts: &Hosts<'_, '_>, members: &[u32], by_load: bool, draw: Draw) -> Way {
        let of: Box<[_]> = members.iter().map(|host| (hosts.weight(*host), hosts.get(*host).since)).collect();
        let turns = Mutex::new(Edf::new(of.iter().map(|(weight, _)| *weight), draw));
        Way::Turns(turns, Weights { of, by_load, warming: hosts.warming.cloned() })
    }

    /// Of these hosts, each with its share, where a key decides.
    pub(super) fn by_key(algorithm: Algorithm, hosts: &Hosts<'_, '_>, shares: &[(u32, f64)]) -> Self {
        let keys = || shares.iter().map(|(host, share)| (hosts.get(*host).key, *share));
        let way = match algorithm {
            Algorithm::RingHash { minimum } => Way::Ring(Ring::new(keys(), minimum, Ring::MAXIMUM)),
            Algorithm::Maglev { table } => Way::Maglev(Maglev::new(keys(), table)),
            _ => Way::Random,
        };
        Self { hosts: shares.iter().map(|(host, _)| *host).collect(), way }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// All of them, if of these the [lighter of two](lighter_of_two) is picked.
    pub(super) fn alike(&self) -> Option<&[u32]> {
        matches!(self.way, Way::LighterOfTwo).then_some(&*self.hosts)
    }

    pub(super) fn pick(
        &self,
        ask: &Ask,
        active: impl Fn(u32) -> u32,
        now: impl FnOnce() -> Time,
    ) -> Option<u32> {
        let Self { hosts, way } = self;
        let count = hosts.len() as u64;
        let place = match way {
            _ if count < 2 => 0,
            Way::LighterOfTwo => return Some(*lighter_of_two(hosts, ask.draw, |host| active(*host))),
            Way::LeastRequest(choices) => self.lightest(*choices, ask.draw, active),
            Way::RoundRobin(turn) => (turn.fetch_add(1, Ordering::Relaxed) % count) as usize,
            Way::Random => ask.draw.below(count) as usize,
            Way::Turns(turns, weights) => {
                let now = weights.warming.as_ref().map_or_else(Time::default, |_| now());
                let mut turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
                turns.pick(|place| weights.of(place as usize, now, || active(hosts[place as usize])))?
                    as usize
            }
            Way::Ring(ring) => ring.pick(ask.hash.unwrap_or_else(|| ask.draw.bits()), ask.attempt)? as usize,
            Way::Maglev(table) => {
                table.pick(ask.hash.unwrap_or_else(|| ask.draw.bits()), ask.attempt)? as usize
            }
        };
        hosts.get(place).copied()
    }

    /// Any that is wanted, from one on that chance picks.
    pub(super) fn any(&self, draw: Draw, wanted: impl Fn(u32) -> bool) -> Option<u32> {
        let (before, from) = self.hosts.split_at(draw.below(self.hosts.len() as u64) as usize);
        from.iter().chain(before).copied().find(|host| wanted(*host))
    }

    /// Of more, or of all. Of all those with as much to do chance picks.
    #[cold]
    fn lightest(&self, choices: Choices, draw: Draw, active: impl Fn(u32) -> u32) -> usize {
        let count = self.hosts.len();
        let load = |place: usize| active(self.hosts[place]);
        match choices {
            Choices::Of(several) => {
                let places = (0..several).map(|one| draw.nth(u64::from(one)).below(count as u64) as usize);
                // The first of several is kept by `min_by_key`.
                places.min_by_key(|place| load(*place)).unwrap_or(0)
            }
            Choices::All => {
                let least = (0..count).map(load).min().unwrap_or(0);
                let equals = || (0..count).filter(|place| load(*place) <= least);
                equals().nth(draw.below(equals().count() as u64) as usize).unwrap_or(0)
            }
        }
    }
}

/// Of two that one draw picks, perhaps the same one twice: the one with less to do, and the first, where both have as
/// much. There is at least one to pick from.
///
/// ```
/// use tower_mesh::{layer::draw::Draws, policy::balance::lighter_of_two};
///
/// let loads = [3, 1];
/// let draw = |number| Draws::seeded(7).draw(number, "host", 0);
/// let light = (0..100).filter(|number| *lighter_of_two(&loads, draw(*number), |load| *load) == 1).count();
/// assert!((60..90).contains(&light)); // three quarters: the heavy one is picked where it is drawn twice
/// ```
///
/// # Panics
///
/// If there is none.
#[inline(always)]
pub fn lighter_of_two<H>(hosts: &[H], draw: Draw, load: impl Fn(&H) -> u32) -> &H {
    let count = hosts.len() as u64;
    let place = |half: u64| ((half * count) >> 32) as usize;
    let (bits, low) = (draw.bits(), draw.bits() & u64::from(u32::MAX));
    let (first, second) = (&hosts[place(bits >> 32)], &hosts[place(low)]);
    if load(second) < load(first) { second } else { first }
}

impl Weights {
    /// What the one at this place weighs.
    fn of(&self, place: usize, now: Time, active: impl FnOnce() -> u32) -> f64 {
        let (weight, since) = self.of[place];
        let warmth = self.warming.as_ref().map_or(1.0, |slow| slow.factor(now.since(since)));
        let load = if self.by_load { f64::from(active()) + 1.0 } else { 1.0 };
        weight * warmth / load
    }
}
