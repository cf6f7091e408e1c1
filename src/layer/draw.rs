//! The one place where chance is drawn.
//!
//! A seeded draw is a function of who asks, for what, and which request it is: never the next number of a stream. So
//! the same seed makes the same requests its victims, whatever the concurrency, and a policy that is added or taken
//! away does not move another's luck. Without a seed a generator of the calling thread serves.

use std::{
    cell::Cell,
    hash::{BuildHasher, Hasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::policy::{Draw, mix};

/// A source of draws for one policy.
///
/// ```
/// use tower_mesh::layer::draw::Draws;
///
/// let draws = Draws::seeded(7).of("fault");
/// assert_eq!(draws.draw(1, "abort", 0), Draws::seeded(7).of("fault").draw(1, "abort", 0));
/// assert_ne!(draws.draw(1, "abort", 0), draws.draw(1, "delay", 0)); // two independent purposes
/// assert_ne!(draws.draw(1, "abort", 0), draws.draw(2, "abort", 0)); // two requests
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Draws(Option<u64>);

impl Draws {
    /// Draws that no one can foretell.
    #[must_use]
    pub const fn random() -> Self {
        Self(None)
    }

    /// Draws that repeat under the same seed.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(Some(mix(seed)))
    }

    /// The source of the policy of this name.
    #[must_use]
    pub fn of(self, policy: &str) -> Self {
        Self(self.0.map(|seed| mix(seed ^ text(policy))))
    }

    /// Whether there is a seed, so that the ordinal of a request matters.
    #[must_use]
    pub const fn is_seeded(self) -> bool {
        self.0.is_some()
    }

    /// The draw of the request `ordinal` for `purpose`, at its `attempt` (0 for the first).
    #[must_use]
    pub fn draw(self, ordinal: u64, purpose: &str, attempt: u32) -> Draw {
        Draw::new(match self.0 {
            Some(seed) => {
                mix(mix(seed ^ text(purpose)) ^ mix(ordinal).wrapping_add(u64::from(attempt) << 32))
            }
            None => unforeseen(),
        })
    }
}

/// The places of requests in the order of arrivals, by which a seed knows them. On cache lines of its own, since all who
/// count meet at it: it is asked only where chance depends on it.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Ordinals(AtomicU64);

impl Ordinals {
    /// The place of the request that has come just now.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// FNV-1a: names are short and constant.
fn text(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn unforeseen() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
    }
    STATE
        .try_with(|state| {
            // One step of wyrand: no draw of these is ever repeated, so the cheapest that is good enough.
            state.set(state.get().wrapping_add(0xa076_1d64_78bd_642f));
            let product = u128::from(state.get()) * u128::from(state.get() ^ 0xe703_7ed1_a0b4_28db);
            (product >> 64) as u64 ^ product as u64
        })
        .unwrap_or_else(|_| RandomState::new().build_hasher().finish())
}
