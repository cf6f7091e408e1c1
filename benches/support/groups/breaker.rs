//! The circuit breaker under each set of rules, and the breakers of others.

use std::time::Duration;

use super::Group;
use crate::{
    peers::{failsafe, recloser, tower_resilience},
    support::{
        contestants::{Asked, BARE, Contestant, FLOOR, asked, ours, peer, put},
        ours,
        situations::{
            Asks, CLONE, CLONE_PENDING, EIGHT, EIGHT_PENDING, GRPC, LAYER, LAYER_PENDING, PENDING, READY,
            Situation,
        },
    },
};

const AMOUNTS: &str = "ours, amounts";
const RATIOS: &str = "ours, ratios";
const SLOW: &str = "ours, slow too";
const SLIDING: &str = "ours, sliding";
const LAST: &str = "ours, last calls";
const IN_A_ROW: &str = "ours, in a row";
const HALF_OPEN: &str = "ours, half-open";

pub(super) const GROUP: Group = Group {
    name: "breaker",
    contestants: &[
        FLOOR,
        BARE,
        ours(AMOUNTS, 130, |situation| put(ours::amounts(situation.open), situation)),
        ours(RATIOS, 200, |situation| put(ours::ratios(situation.open), situation)),
        ours(SLOW, 280, |situation| put(ours::slow(situation.open), situation)),
        ours(SLIDING, 200, |situation| put(ours::sliding(situation.open), situation)),
        // Its window has to keep the order of its answers as long as there is a bad one in it.
        asked(LAST, Asked { locks: true, ..Asked::most(130) }, |situation| {
            put(ours::last_calls(situation.open), situation)
        }),
        ours(IN_A_ROW, 130, |situation| put(ours::in_a_row(situation.open), situation)),
        ours(HALF_OPEN, 200, |situation| put(ours::half_open(situation.open), situation)),
        peer("failsafe, in a row", IN_A_ROW, |situation| put(failsafe::in_a_row(situation.open), situation)),
        peer("failsafe", RATIOS, |situation| put(failsafe::rated(situation.open), situation)),
        peer("recloser", LAST, |situation| put(recloser::layer(situation.open), situation)),
        peer("t-resilience", LAST, |situation| put(tower_resilience::counting(situation.open), situation)),
        Contestant {
            repeats: false,
            paired: false,
            ..peer("t-resilience, 1 ms", SLIDING, |situation| {
                put(tower_resilience::timed(situation.open, Duration::from_millis(1)), situation)
            })
        },
        // Its window holds nothing: the least that it can cost. It is there to be counted only.
        Contestant {
            timed: false,
            ..peer("t-resilience, 1 ns", SLIDING, |situation| {
                put(tower_resilience::timed(situation.open, Duration::from_nanos(1)), situation)
            })
        },
        peer("t-resilience, slow", SLOW, |situation| put(tower_resilience::slow(situation.open), situation)),
    ],
    situations: &[
        CLOSED,
        Situation { name: "closed, pending once", ..PENDS },
        Situation { name: "0.1 % errors", every: 1000, ..CLOSED },
        Situation { name: "0.1 % errors, pending once", every: 1000, ..PENDS },
        Situation { name: "5 % errors", every: 20, ..CLOSED },
        Situation { name: "5 % errors, pending once", every: 20, ..PENDS },
        EIGHT,
        EIGHT_PENDING,
        GRPC,
        CLONE,
        CLONE_PENDING,
        LAYER,
        LAYER_PENDING,
        Situation { name: "open", every: 1, open: true, asks: Asks::Nothing, ..CLOSED },
    ],
    threads: &["closed", "clone + call + drop"],
};

const CLOSED: Situation = Situation { name: "closed", ..READY };
const PENDS: Situation = Situation { asks: Asks::NoAllocation, ..PENDING };
