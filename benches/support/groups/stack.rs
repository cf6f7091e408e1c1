//! All that a request passes: fault, timeout, breaker, limits, in this order.
//!
//! The peers do less: a fault at 0 %, a timeout of the head alone, a breaker whose window does not slide, places that
//! are free when the head is there. tower has no breaker and no faults: once the cheapest breaker with it, once that of
//! tower-resilience, and then all from tower-resilience alone.

use super::Group;
use crate::{
    peers::{tower, tower_resilience},
    support::{
        contestants::{Asked, BARE, FLOOR, asked, peer, put_timed},
        ours,
        situations::PASSING,
    },
};

pub(super) const OURS: &str = "ours, stack";

pub(super) const GROUP: Group = Group {
    name: "stack",
    contestants: &[
        FLOOR,
        BARE,
        // One exact count is one line that all threads share.
        asked(OURS, Asked { scales: false, ..Asked::most(700) }, |situation| {
            put_timed(ours::stack(), situation)
        }),
        peer("tower, recloser", OURS, |situation| put_timed(tower::cheapest_stack(), situation)),
        peer("tower, t-resilience", OURS, |situation| put_timed(tower::stack(), situation)),
        peer("t-resilience", OURS, |situation| put_timed(tower_resilience::stack(), situation)),
    ],
    situations: PASSING,
    threads: &["ready", "pending once", "clone + call + drop"],
};
