//! Who is compared: a layer that does nothing, ours under each set of rules, and the peers.

use std::time::Duration;

use tower::layer::util::Identity;

use super::{
    drive::{self, Around, Maker},
    ours,
    situations::{Sent, Situation},
    through::Through,
    upstream::{Empty, Headed},
};
use crate::peers::{failsafe, recloser, tower_resilience};

/// Somebody who can be put into a situation.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Whether it comes out the same however long the machine takes.
    pub(crate) repeats: bool,
    enter: fn(&Situation) -> Maker,
}

/// What somebody is compared for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A layer and no breaker: what is taken off from all others.
    Floor,
    /// Not even a layer.
    Bare,
    /// Ours; on one thread it may add so many instructions, and with errors among the answers too, unless those `lock`.
    Ours { target: u32, locks: bool },
    /// A peer, which does about what ours of that name does.
    Peer { like: &'static str },
}

impl Contestant {
    /// What runs.
    pub(crate) fn enter(&self, situation: &Situation) -> Maker {
        (self.enter)(situation)
    }

    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|contestant| contestant.name == name)
    }
}

const AMOUNTS: &str = "ours, amounts";
const RATIOS: &str = "ours, ratios";
const SLOW: &str = "ours, slow too";
const SLIDING: &str = "ours, sliding";
const LAST: &str = "ours, last calls";
const IN_A_ROW: &str = "ours, in a row";
const HALF_OPEN: &str = "ours, half-open";

const fn ours(name: &'static str, target: u32, enter: fn(&Situation) -> Maker) -> Contestant {
    Contestant { name, role: Role::Ours { target, locks: false }, repeats: true, enter }
}

const fn peer(name: &'static str, like: &'static str, enter: fn(&Situation) -> Maker) -> Contestant {
    Contestant { name, role: Role::Peer { like }, repeats: true, enter }
}

const ALL: &[Contestant] = &[
    Contestant { name: "floor", role: Role::Floor, repeats: true, enter: floor },
    Contestant { name: "no layer", role: Role::Bare, repeats: true, enter: bare },
    ours(AMOUNTS, 130, |situation| put(ours::amounts(situation.open), situation)),
    ours(RATIOS, 200, |situation| put(ours::ratios(situation.open), situation)),
    ours(SLOW, 280, |situation| put(ours::slow(situation.open), situation)),
    ours(SLIDING, 200, |situation| put(ours::sliding(situation.open), situation)),
    // Its window has to keep the order of its answers as long as there is a bad one in it.
    Contestant {
        role: Role::Ours { target: 130, locks: true },
        ..ours(LAST, 130, |situation| put(ours::last_calls(situation.open), situation))
    },
    ours(IN_A_ROW, 130, |situation| put(ours::in_a_row(situation.open), situation)),
    ours(HALF_OPEN, 200, |situation| put(ours::half_open(situation.open), situation)),
    peer("failsafe, in a row", IN_A_ROW, |situation| put(failsafe::in_a_row(situation.open), situation)),
    peer("failsafe", RATIOS, |situation| put(failsafe::rated(situation.open), situation)),
    peer("recloser", LAST, |situation| put(recloser::layer(situation.open), situation)),
    peer("t-resilience", LAST, |situation| put(tower_resilience::counting(situation.open), situation)),
    Contestant {
        repeats: false,
        ..peer("t-resilience, 1 ms", SLIDING, |situation| {
            put(tower_resilience::timed(situation.open, Duration::from_millis(1)), situation)
        })
    },
    // Its window holds nothing: the least that it can cost.
    peer("t-resilience, 1 ns", SLIDING, |situation| {
        put(tower_resilience::timed(situation.open, Duration::from_nanos(1)), situation)
    }),
    peer("t-resilience, slow", SLOW, |situation| put(tower_resilience::slow(situation.open), situation)),
];

/// All of them.
pub(crate) fn all() -> &'static [Contestant] {
    ALL
}

fn floor(situation: &Situation) -> Maker {
    put(Through, &passing(situation))
}

fn bare(situation: &Situation) -> Maker {
    put(Identity::new(), &passing(situation))
}

/// Without a breaker nobody refuses: the floor of a refusal is a call that passes.
fn passing(situation: &Situation) -> Situation {
    let every = if situation.open { u32::MAX } else { situation.every };
    Situation { open: false, every, ..*situation }
}

fn put<L: Around<Empty> + Around<Headed>>(layer: L, situation: &Situation) -> Maker {
    match situation.sent {
        Sent::Empty => drive::maker(layer, Empty, situation),
        Sent::Eight => drive::maker(layer, Headed::eight(), situation),
        Sent::Grpc => drive::maker(layer, Headed::grpc(), situation),
    }
}
