//! All that a request passes: fault, timeout, breaker, limits, in this order.
//!
//! The peers do less: a fault at 0 %, a timeout of the head alone, a breaker whose window does not slide, places that
//! are free when the head is there. tower has no breaker and no faults: once the cheapest breaker with it, once that of
//! tower-resilience, and then all from tower-resilience alone.

use super::Group;
use crate::{
    peers::{tower, tower_resilience},
    support::{
        contestants::{BARE, FLOOR, peer, put_timed},
        situations::PASSING,
    },
};

pub(super) const OURS: &str = "ours, stack";

pub(super) const GROUP: Group = Group {
    name: "stack",
    // One exact count is one line that all threads share: ours is `Asked { scales: false, ..Asked::most(700) }`.
    contestants: &[
        FLOOR,
        BARE,
        peer("tower, recloser", OURS, |situation| put_timed(tower::cheapest_stack(), situation)),
        peer("tower, t-resilience", OURS, |situation| put_timed(tower::stack(), situation)),
        peer("t-resilience", OURS, |situation| put_timed(tower_resilience::stack(), situation)),
    ],
    situations: PASSING,
    threads: &["ready", "pending once", "clone + call + drop"],
};
