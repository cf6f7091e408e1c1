//! Keys that come from outside: anybody may make up any number of them.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Draw;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// What a request shows of its key.
pub(crate) trait Seen<K> {
    /// What hashes as the key does.
    fn hashed(&self) -> &(impl Hash + ?Sized);

    fn is(&self, key: &K) -> bool;

    fn own(self) -> K;
}

/// A key that is there already.
#[derive(Debug)]
pub(crate) struct Owned<K>(pub(crate) K);

impl<K: Hash + Eq> Seen<K> for Owned<K> {
    fn hashed(&self) -> &(impl Hash + ?Sized) {
        &self.0
    }

    fn is(&self, key: &K) -> bool {
        self.0 == *key
    }

    fn own(self) -> K {
        self.0
    }
}

impl<K: Hash + Eq + Clone> Seen<K> for &K {
    fn hashed(&self) -> &(impl Hash + ?Sized) {
        *self
    }

    fn is(&self, key: &K) -> bool {
        **self == *key
    }

    fn own(self) -> K {
        self.clone()
    }
}

/// Nobody who does not know the draw can choose keys that fall together.
pub(crate) fn hash(luck: Draw, key: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(luck.bits());
    key.hash(&mut hasher);
    hasher.finish()
}

/// In which of so many shards a hash falls, which is a power of two: by bits that the tables inside do not look at first.
pub(crate) const fn shard(hash: u64, shards: usize) -> usize {
    (hash >> 32) as usize & (shards - 1)
}

/// Some of the keys, behind a lock, on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Shard<T>(Mutex<T>);

impl<T> Shard<T> {
    pub(crate) fn new(keys: T) -> Self {
        Self(Mutex::new(keys))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        // A key's own code may panic when it is hashed or compared; the table is whole all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
