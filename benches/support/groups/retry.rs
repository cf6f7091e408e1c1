//! Retries that never happen: the price of being able to.
//!
//! Everybody judges the status and keeps the request for another try: a clone of its head, which with headers is two
//! allocations. The peers clone the body too, which here is nothing; ours would replay it from a buffer.
//! tower-resilience does not avoid hosts, bound concurrent retries or read headers; neither does tower.

use super::Group;
use crate::{
    peers::{tower, tower_resilience},
    support::{
        contestants::{Asked, BARE, FLOOR, asked, peer, put},
        ours,
        situations::PASSING,
    },
};

pub(super) const OURS: &str = "ours, retry";
pub(super) const BUDGET: &str = "ours, retry budget";

pub(super) const GROUP: Group = Group {
    name: "retry",
    contestants: &[
        FLOOR,
        BARE,
        // The design names no figure. A head with headers is cloned.
        asked(OURS, Asked { ready: None, allocates: true, ..Asked::most(0) }, |situation| {
            put(ours::retry(), situation)
        }),
        asked(BUDGET, Asked { ready: None, allocates: true, ..Asked::most(0) }, |situation| {
            put(ours::retry_in_budget(), situation)
        }),
        peer("tower", OURS, |situation| put(tower::retry(), situation)),
        peer("tower, TpsBudget", BUDGET, |situation| put(tower::retry_in_budget(), situation)),
        peer("t-resilience", OURS, |situation| put(tower_resilience::retry(), situation)),
        peer("t-resilience, budget", BUDGET, |situation| put(tower_resilience::retry_in_budget(), situation)),
    ],
    situations: PASSING,
    threads: &["ready", "clone + call + drop"],
};
