//! All that a request passes: fault, timeout, breaker, limits, in this order.
//!
//! The peers do less: a fault at 0 %, a timeout of the head alone, a breaker whose window does not slide, places that
//! are free when the head is there. Once the cheapest of each kind, once what one gets from one crate.

use super::Group;
use crate::{
    peers::{tower, tower_resilience},
    support::{
        contestants::{BARE, FLOOR, peer, put},
        situations::PASSING,
    },
};

pub(super) const OURS: &str = "ours, stack";

pub(super) const GROUP: Group = Group {
    name: "stack",
    // One exact count is one line that all threads share, so ours here is `Asked { scales: false, ..Asked::most(700) }`.
    contestants: &[
        FLOOR,
        BARE,
        peer("tower and others", OURS, |situation| put(tower::stack(), situation)),
        peer("t-resilience", OURS, |situation| put(tower_resilience::stack(), situation)),
    ],
    situations: PASSING,
    threads: &["ready", "pending once", "clone + call + drop"],
};
