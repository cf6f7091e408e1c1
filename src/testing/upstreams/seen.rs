//! What the upstreams saw, each by its name.

use std::{collections::BTreeMap, ops::Index};

use crate::{policy::balance::Address, testing::Seen};

/// What [`Upstreams`](super::Upstreams) have seen so far.
///
/// ```
/// use tower_mesh::testing::{Echo, Upstreams};
///
/// let upstreams = Upstreams::new().at("reviews:9080", [("version", "v2")], Echo::new());
/// assert_eq!(upstreams.seen()["reviews:9080 version=v2"].calls, 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpstreamsSeen {
    /// What each has seen, by its name.
    pub each: BTreeMap<String, Seen>,
    /// Where each is.
    pub addresses: BTreeMap<String, Address>,
    /// Requests that were refused since they fitted nobody, by whom they were for: host and port, and the labels of
    /// the part that they were led to.
    pub missed: BTreeMap<String, u64>,
}

impl UpstreamsSeen {
    /// What was seen after `earlier`, of the same upstreams: see [`Seen::since`].
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let each = self.each.iter().map(|(name, seen)| {
            let before = earlier.each.get(name).cloned().unwrap_or_default();
            (name.clone(), seen.since(&before))
        });
        let missed = self.missed.iter().map(|(whom, count)| {
            let before = earlier.missed.get(whom).copied().unwrap_or(0);
            (whom.clone(), count.saturating_sub(before))
        });
        let addresses = self.addresses.clone();
        Self { each: each.collect(), addresses, missed: missed.filter(|(_, count)| *count > 0).collect() }
    }
}

impl Index<&str> for UpstreamsSeen {
    type Output = Seen;

    /// # Panics
    ///
    /// Where no upstream has this name.
    #[track_caller]
    fn index(&self, name: &str) -> &Seen {
        match self.each.get(name) {
            Some(seen) => seen,
            None => panic!("no upstream is called `{name}`: there are {:?}", self.each.keys()),
        }
    }
}
