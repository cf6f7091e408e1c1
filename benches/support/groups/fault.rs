//! Faults: none at all, a chance that is drawn and does not come true, and one call of a hundred.
//!
//! A peer's abort is an error; ours is a whole response. What a chance costs that does not come true is measured with
//! the least that can be told: a millionth for ours, which then lets the
//! request alone; for tower-resilience so little that its delay never begins, since
//! nobody turns the clock here.

use super::Group;
use crate::{
    peers::tower_resilience,
    support::{
        contestants::{BARE, FLOOR, ours, peer, put},
        ours,
        situations::{
            Asks, CLONE, CLONE_PENDING, EIGHT, EIGHT_PENDING, GRPC, LAYER, LAYER_PENDING, PENDING, READY,
            Situation,
        },
    },
};

/// At 0 %, and of a chance that is drawn.
pub(super) const OFF: &str = "ours, 0 %";
pub(super) const DRAWN: &str = "ours, p > 0";

pub(super) const GROUP: Group = Group {
    name: "fault",
    contestants: &[
        FLOOR,
        BARE,
        ours(OFF, 50, |situation| put(ours::no_fault(), situation)),
        ours(DRAWN, 80, |situation| match situation.hits {
            true => put(ours::aborting(1.0), situation),
            false => put(ours::harmless(), situation),
        }),
        peer("t-resilience, 0 %", OFF, |situation| put(tower_resilience::no_chaos(), situation)),
        peer("t-resilience, p > 0", DRAWN, |situation| match situation.hits {
            true => put(tower_resilience::aborting(0.01), situation),
            false => put(tower_resilience::rare_chaos(), situation),
        }),
    ],
    situations: &[
        READY,
        PENDING,
        EIGHT,
        EIGHT_PENDING,
        GRPC,
        CLONE,
        CLONE_PENDING,
        LAYER,
        LAYER_PENDING,
        // A refusal of ours is a response, with its reason.
        Situation { name: "1 % aborted", hits: true, asks: Asks::Nothing, ..READY },
    ],
    threads: &["ready", "clone + call + drop"],
};
