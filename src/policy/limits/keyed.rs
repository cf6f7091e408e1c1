//! Limits for each key, as long as the key is in use.

use std::{hash::Hash, sync::Arc};

use hashbrown::HashTable;

use super::{Limits, Settings};
use crate::policy::{
    Draw,
    key::{self, Seen, Shard},
};

/// Limits for each key, found in one of some shards, behind a lock that is held for the look-up alone.
///
/// Keys come from outside, and any number of them may come. But limits through which nothing goes remember nothing: they
/// are as good as new ones. So those that nobody uses are dropped when there are many, and what is kept is bounded by
/// what is in use: at most twice as many as were in use at one time, and 256 more.
///
/// ```
/// use tower_mesh::policy::limits::{Admission, LimitsByKey, Settings};
///
/// let pods = LimitsByKey::new(Settings::builder().requests(1).build()?);
/// let one = pods.of(&"10.0.0.1");
/// assert!(matches!(one.admit(), Admission::Pass));
/// assert!(matches!(one.admit(), Admission::Refuse(_)));
/// assert!(matches!(pods.of(&"10.0.0.2").admit(), Admission::Pass));
/// # Ok::<(), tower_mesh::policy::limits::SettingsError>(())
/// ```
#[derive(Debug)]
pub struct LimitsByKey<K> {
    settings: Settings,
    luck: Draw,
    shards: Box<[Shard<Keys<K>>]>,
}

#[derive(Debug)]
struct Keys<K> {
    /// Whose count is one is used by nobody: counts are raised under the lock alone.
    table: HashTable<(K, Arc<Limits>)>,
    /// At how many keys to look for those that nobody uses.
    sweep_at: usize,
    /// What those that were dropped had refused.
    refused: Refused,
}

/// How often limits refused.
#[derive(Debug, Clone, Copy, Default)]
struct Refused {
    pending: u64,
    requests: u64,
}

const SHARDS: usize = 16;

/// How many keys a shard may keep though nobody uses them.
const SLACK: usize = 16;

impl<K: Hash + Eq + Clone> LimitsByKey<K> {
    /// None is in use yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let keys = || Keys { table: HashTable::new(), sweep_at: SLACK, refused: Refused::default() };
        let shards = (0..SHARDS).map(|_| Shard::new(keys())).collect();
        Self { settings, luck: Draw::new(0), shards }
    }

    /// The same with a draw of their own, from which follows the order in the table.
    #[must_use]
    pub const fn drawing(mut self, luck: Draw) -> Self {
        self.luck = luck;
        self
    }

    /// The limits of this key. They are its limits for as long as anybody has them.
    pub fn of(&self, key: &K) -> Arc<Limits> {
        self.of_seen(key)
    }

    /// The limits of something that is not a key yet, and need not become one if it is known.
    pub(crate) fn of_seen(&self, seen: impl Seen<K>) -> Arc<Limits> {
        let hash = self.hash(seen.hashed());
        let mut keys = self.shards[key::shard(hash, SHARDS)].lock();
        if let Some((_, limits)) = keys.table.find(hash, |(key, _)| seen.is(key)) {
            return Arc::clone(limits);
        }
        let limits = Arc::new(Limits::new(&self.settings));
        if keys.table.len() >= keys.sweep_at {
            keys.sweep();
        }
        let known = (seen.own(), Arc::clone(&limits));
        keys.table.insert_unique(hash, known, |(key, _)| self.hash(key));
        limits
    }

    /// Looks at each that there is. They may not be asked for meanwhile.
    pub fn each(&self, mut look: impl FnMut(&K, &Limits)) {
        for shard in &self.shards {
            shard.lock().table.iter().for_each(|(key, limits)| look(key, limits));
        }
    }

    /// How many requests are in flight or wait, all together.
    #[must_use]
    pub fn load(&self) -> u64 {
        let mut load = 0;
        self.each(|_, limits| load += limits.load());
        load
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().table.len()).sum()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How often a call was refused because as many waited as may, by all that there were.
    #[must_use]
    pub fn pending_overflow(&self) -> u64 {
        self.refused().pending
    }

    /// How often a call was refused because as many were in flight as may be, by all that there were.
    #[must_use]
    pub fn request_overflow(&self) -> u64 {
        self.refused().requests
    }

    fn refused(&self) -> Refused {
        self.shards.iter().fold(Refused::default(), |sum, shard| {
            let keys = shard.lock();
            keys.table.iter().fold(sum.and(keys.refused), |sum, (_, limits)| sum.and(Refused::by(limits)))
        })
    }

    fn hash(&self, key: &(impl Hash + ?Sized)) -> u64 {
        key::hash(self.luck, key)
    }
}

impl<K> Keys<K> {
    /// Drops those that nobody uses.
    fn sweep(&mut self) {
        let refused = &mut self.refused;
        self.table.retain(|(_, limits)| {
            let used = Arc::strong_count(limits) > 1;
            if !used {
                *refused = refused.and(Refused::by(limits));
            }
            used
        });
        self.sweep_at = SLACK.max(2 * self.table.len());
    }
}

impl Refused {
    fn by(limits: &Limits) -> Self {
        Self { pending: limits.pending_overflow(), requests: limits.request_overflow() }
    }

    const fn and(self, other: Self) -> Self {
        Self { pending: self.pending + other.pending, requests: self.requests + other.requests }
    }
}
