//! A breaker for each key, a million of them if need be.

use std::hash::Hash;

use hashbrown::HashTable;

use super::{
    Admission, Phase, Settings, Status, Ticket, Transition,
    machine::{Machine, Moment, Worth},
    rules::Rules,
};
use crate::{
    policy::{
        Draw, Outcome, Time,
        key::{self, Seen, Shard},
        time::asked_once,
    },
    sync::{AtomicU64, MutexGuard, Ordering},
};

/// A circuit for each key: shared by all that go through them, from any thread.
///
/// One tenant's bad requests should not refuse everybody's. Each key has a machine of its own, the same one that stands
/// behind a [`Circuit`](super::Circuit), in one of many shards, each behind a lock that is held for as long as a step
/// takes. A key costs what its machine and its place in a table cost.
///
/// Keys come from outside, so their number is bounded. When there is no room, a circuit has to go that would not be
/// missed: one that has forgotten everything, else one that knows nothing bad, else a closed one. A circuit that is
/// open, half-open or forced never goes while that lasts; so nobody can free himself, or anybody, by making up keys.
///
/// ```
/// use tower_mesh::policy::{Failure, Outcome, Time};
/// use tower_mesh::policy::circuit_breaker::{Admission, Circuits, Settings};
///
/// let tenants = Circuits::new(Settings::builder().error_amount(1).build()?);
/// let now = || Time::from_nanos(1);
/// let Admission::Pass(ticket, _) = tenants.admit(&"noisy", now()) else { panic!("closed") };
/// tenants.settle(ticket, Outcome::Failure(Failure::Status(500)), now);
/// assert!(matches!(tenants.admit(&"noisy", now()), Admission::Refuse(..)));
/// assert!(matches!(tenants.admit(&"quiet", now()), Admission::Pass(..)));
/// # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
/// ```
#[derive(Debug)]
pub struct Circuits<K> {
    settings: Settings,
    rules: Rules,
    luck: Draw,
    /// Keys in all shards.
    count: AtomicU64,
    shards: Box<[Shard<Keys<K>>]>,
}

/// A request that passed the circuit of its key and is to be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTicket {
    ticket: Ticket,
    shard: u32,
    place: u32,
}

/// The keys of a shard. Entries never move, so that a ticket finds its own again; one that goes leaves its place to the
/// one that comes.
#[derive(Debug)]
struct Keys<K> {
    index: HashTable<u32>,
    entries: Vec<Vec<Entry<K>>>,
    /// Where to look next for one that can go.
    hand: u32,
}

#[derive(Debug)]
struct Entry<K> {
    key: K,
    machine: Machine,
}

/// Entries are kept in pieces of this many, so that a shard that grows never copies them, nor asks for twice the room.
const PIECE: usize = 64;

/// How many entries are looked at for one that can go.
const LOOKS: usize = 16;

/// Keys that a shard should have before there is another one.
const CROWD: u32 = 256;

/// The place of a request whose key found no room: it passes, and nothing is counted.
const NOWHERE: u32 = u32::MAX;

impl<K: Hash + Eq + Clone> Circuits<K> {
    /// Circuits that are yet to be asked for; at most so many as the settings say.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let shards = (settings.most_keys() / CROWD).next_power_of_two().clamp(1, 256);
        let shard = |_| Shard::new(Keys { index: HashTable::new(), entries: Vec::new(), hand: 0 });
        Self {
            rules: Rules::of(&settings),
            settings,
            luck: Draw::new(0),
            count: AtomicU64::new(0),
            shards: (0..shards).map(shard).collect(),
        }
    }

    /// The same with a draw of their own, from which follow the jitter of open times and the order in the table.
    #[must_use]
    pub const fn drawing(mut self, luck: Draw) -> Self {
        self.luck = luck;
        self
    }

    /// What they were told to do.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A request with this key arrives.
    pub fn admit(&self, key: &K, now: Time) -> Admission<KeyTicket> {
        self.admit_seen(key, now)
    }

    /// A request arrives with something that is not a key yet, and need not become one if it is known.
    pub(crate) fn admit_seen(&self, seen: impl Seen<K>, now: Time) -> Admission<KeyTicket> {
        let hash = self.hash(seen.hashed());
        let shard = self.shard(hash);
        let mut keys = self.lock(shard);
        let place = match keys.find(hash, |key| seen.is(key)) {
            Some(place) => place,
            None => match self.make_room(&mut keys, hash, seen.own(), now) {
                Some(place) => place,
                None => {
                    let ticket = Ticket::new(Phase::default(), now);
                    return Admission::Pass(KeyTicket { ticket, shard, place: NOWHERE }, None);
                }
            },
        };
        let machine = &mut keys.at(place).machine;
        match machine.arrive(&self.rules, Moment { now, luck: || self.luck.nth(hash) }) {
            (Ok(()), transition) => {
                machine.passed(1);
                let ticket = Ticket::new(machine.phase(), now);
                Admission::Pass(KeyTicket { ticket, shard, place }, transition)
            }
            (Err(left), transition) => Admission::Refuse(left, transition),
        }
    }

    /// A request that passed is settled: once. `now` is asked only if a rule needs the time.
    ///
    /// What changed is told with its key.
    pub fn settle(
        &self,
        KeyTicket { ticket, shard, place }: KeyTicket,
        outcome: Outcome,
        now: impl FnOnce() -> Time,
    ) -> Option<(Transition, K)> {
        if place == NOWHERE {
            return None;
        }
        let mut now = asked_once(now);
        let mark = self.rules.mark(&ticket, outcome, &mut now);
        if mark.is_none() && ticket.phase.is_closed() {
            return None;
        }
        let mut keys = self.lock(shard);
        let Entry { key, machine } = keys.at(place);
        if machine.phase() != ticket.phase {
            return None;
        }
        let luck = || self.luck.nth(self.hash(key));
        let transition = machine.settle(ticket.phase, mark, &self.rules, luck, &mut now);
        machine.remember(&self.rules, now());
        Some((transition?, key.clone()))
    }

    /// The head of the response has come, its outcome has not: how long it took is measured here.
    #[must_use]
    pub fn answered(&self, ticket: KeyTicket, now: impl FnOnce() -> Time) -> KeyTicket {
        KeyTicket { ticket: ticket.ticket.answered(&self.rules, now), ..ticket }
    }

    /// The circuit of this key, if there is one.
    ///
    /// An open time that is over is shown as the next request will find it. The deadline of probes, and the end of a
    /// window, show only when a request or an answer has found them out.
    #[must_use]
    pub fn status(&self, key: &K, now: Time) -> Option<Status> {
        let hash = self.hash(key);
        let mut keys = self.lock(self.shard(hash));
        let place = keys.find(hash, |known| known == key)?;
        Some(keys.at(place).machine.status(&self.rules, now))
    }

    /// Every key and its circuit, one shard after another. No lock is held while `look` is asked.
    pub fn each(&self, now: Time, mut look: impl FnMut(K, Status)) {
        for shard in 0..self.shards.len() {
            let status = |Entry { key, machine }: &Entry<K>| (key.clone(), machine.status(&self.rules, now));
            let all: Vec<_> = self.lock(shard as u32).entries.iter().flatten().map(status).collect();
            all.into_iter().for_each(|(key, status)| look(key, status));
        }
    }

    /// Refuses this key's requests until it is [reset](Self::reset), or forced closed. `None` if there was no room.
    pub fn force_open(&self, key: &K, now: Time) -> Option<Transition> {
        self.step(key, now, |machine| machine.force_open(now))
    }

    /// Lets this key's requests pass, whatever they come to, until it is [reset](Self::reset), or forced open. `None` if
    /// there was no room.
    pub fn force_closed(&self, key: &K, now: Time) -> Option<Transition> {
        self.step(key, now, |machine| machine.force_closed(now))
    }

    /// Has this key's circuit begin anew. `None` if there is none.
    pub fn reset(&self, key: &K, now: Time) -> Option<Transition> {
        let hash = self.hash(key);
        let mut keys = self.lock(self.shard(hash));
        let place = keys.find(hash, |known| known == key)?;
        Some(keys.at(place).machine.reset(now))
    }

    fn step(&self, key: &K, now: Time, step: impl FnOnce(&mut Machine) -> Transition) -> Option<Transition> {
        let hash = self.hash(key);
        let mut keys = self.lock(self.shard(hash));
        let place = match keys.find(hash, |known| known == key) {
            Some(place) => place,
            None => self.make_room(&mut keys, hash, key.clone(), now)?,
        };
        Some(step(&mut keys.at(place).machine))
    }

    /// A place for a new key: one more, or that of a circuit that would not be missed.
    fn make_room(&self, keys: &mut Keys<K>, hash: u64, key: K, now: Time) -> Option<u32> {
        let place = if self.count.fetch_add(1, Ordering::Relaxed) < u64::from(self.settings.most_keys()) {
            keys.push(Entry { key, machine: Machine::new(&self.rules, Phase::default()) })
        } else {
            self.count.fetch_sub(1, Ordering::Relaxed);
            let place = keys.least_missed(&self.rules, now)?;
            let old = self.hash(&keys.at(place).key);
            if let Ok(found) = keys.index.find_entry(old, |known| *known == place) {
                found.remove();
            }
            let Entry { key: known, machine } = keys.at(place);
            *known = key;
            machine.replace(&self.rules);
            place
        };
        let Keys { index, entries, .. } = keys;
        index.insert_unique(hash, place, |place| self.hash(&at(entries, *place).key));
        Some(place)
    }

    fn hash(&self, key: &(impl Hash + ?Sized)) -> u64 {
        key::hash(self.luck, key)
    }

    fn shard(&self, hash: u64) -> u32 {
        key::shard(hash, self.shards.len()) as u32
    }

    fn lock(&self, shard: u32) -> MutexGuard<'_, Keys<K>> {
        self.shards[shard as usize].lock()
    }
}

impl<K> Keys<K> {
    fn find(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<u32> {
        self.index.find(hash, |place| is(&at(&self.entries, *place).key)).copied()
    }

    fn at(&mut self, place: u32) -> &mut Entry<K> {
        &mut self.entries[place as usize / PIECE][place as usize % PIECE]
    }

    fn len(&self) -> usize {
        self.entries.last().map_or(0, |last| (self.entries.len() - 1) * PIECE + last.len())
    }

    fn push(&mut self, entry: Entry<K>) -> u32 {
        let place = self.len();
        match self.entries.last_mut().filter(|last| last.len() < PIECE) {
            Some(last) => last.push(entry),
            None => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(entry);
                self.entries.push(piece);
            }
        }
        place as u32
    }

    /// The one that would be missed least among the next few; none if every one of them must stay.
    fn least_missed(&mut self, rules: &Rules, now: Time) -> Option<u32> {
        let count = self.len() as u32;
        let mut least: Option<(Worth, u32)> = None;
        for _ in 0..LOOKS.min(count as usize) {
            let place = self.hand % count;
            self.hand = place + 1;
            let worth = self.at(place).machine.worth(rules, now);
            if worth < Worth::InForce && least.is_none_or(|(other, _)| worth < other) {
                least = Some((worth, place));
            }
            if worth == Worth::Nothing {
                break;
            }
        }
        least.map(|(_, place)| place)
    }
}

fn at<K>(entries: &[Vec<Entry<K>>], place: u32) -> &Entry<K> {
    &entries[place as usize / PIECE][place as usize % PIECE]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_its_circuit_take_a_cache_line() {
        assert!(size_of::<Entry<u64>>() <= 64, "{}", size_of::<Entry<u64>>());
    }
}
