//! Bounded in-flight calls.
//!
//! The peers' places are free again when the head is there; ours when the body has ended, which here is when it is
//! dropped. tower's limit alone waits for a place in `poll_ready`; with `LoadShed` over it it refuses at once, as
//! tower-resilience's bulkhead does. Nobody refuses here: there are more places than calls.

use super::Group;
use crate::{
    peers::{tower, tower_resilience},
    support::{
        contestants::{BARE, FLOOR, peer, put, put_timed},
        situations::PASSING,
    },
};

pub(super) const OURS: &str = "ours, limits";

pub(super) const GROUP: Group = Group {
    name: "limits",
    // One exact count is one line that all threads share: ours is `Asked { scales: false, ..Asked::most(110) }`.
    contestants: &[
        FLOOR,
        BARE,
        peer("tower", OURS, |situation| put(tower::limit(), situation)),
        peer("tower, shedding", OURS, |situation| put(tower::shedding(), situation)),
        // It refuses at once by waiting for no time, which needs a clock.
        peer("t-resilience", OURS, |situation| put_timed(tower_resilience::bulkhead(), situation)),
    ],
    situations: PASSING,
    threads: &["ready", "clone + call + drop"],
};
