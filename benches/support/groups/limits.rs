//! Bounded in-flight calls.
//!
//! The peers' places are free again when the head is there; ours when the body has ended, which here is when it is
//! dropped. tower's limit alone waits for a place in `poll_ready`; with `LoadShed` over it it refuses at once, as
//! tower-resilience's bulkhead does. Nobody refuses here: there are more places than calls.

use super::Group;
use crate::{
    peers::{tower, tower_resilience},
    support::{
        contestants::{Asked, BARE, FLOOR, asked, peer, put, put_timed},
        ours,
        situations::PASSING,
    },
};

pub(super) const OURS: &str = "ours, limits";

pub(super) const GROUP: Group = Group {
    name: "limits",
    contestants: &[
        FLOOR,
        BARE,
        // One exact count is one line that all threads share.
        asked(OURS, Asked { scales: false, ..Asked::most(110) }, |situation| put(ours::limits(), situation)),
        peer("tower", OURS, |situation| put(tower::limit(), situation)),
        peer("tower, shedding", OURS, |situation| put(tower::shedding(), situation)),
        // It refuses at once by waiting for no time, which needs a clock.
        peer("t-resilience", OURS, |situation| put_timed(tower_resilience::bulkhead(), situation)),
    ],
    situations: PASSING,
    threads: &["ready", "clone + call + drop"],
};
