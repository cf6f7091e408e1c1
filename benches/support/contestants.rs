//! Who is compared: a layer that does nothing, ours under each of its settings, and the peers.

use tower::layer::util::Identity;

use super::{
    drive::{self, Around, Maker},
    situations::{Sent, Situation},
    through::Through,
    upstream::{Empty, Headed, Targeted},
};

/// Somebody who can be put into a situation.
#[derive(Clone, Copy)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Whether it comes out the same however long the machine takes.
    pub(crate) repeats: bool,
    /// Whether it is worth a look at the clock.
    pub(crate) timed: bool,
    /// Whether it is worth two threads.
    pub(crate) paired: bool,
    pub(crate) enter: fn(&Situation) -> Maker,
}

/// What somebody is compared for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A layer and no more: what is taken off from all others.
    Floor,
    /// Not even a layer.
    Bare,
    /// Ours, and what is asked of it.
    Ours(Asked),
    /// A peer, which does about what ours of that name does.
    Peer { like: &'static str },
}

/// What the design asks of one of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// On one thread it may add so many instructions, where anything is asked.
    pub(crate) ready: Option<u32>,
    /// And so many while the upstream is pending once.
    pub(crate) pending: Option<u32>,
    /// Bad answers go through a lock: what they cost is not asked.
    pub(crate) locks: bool,
    /// It may allocate.
    pub(crate) allocates: bool,
    /// Two threads make one and a half times as many calls.
    pub(crate) scales: bool,
}

impl Asked {
    /// At most so many instructions, with errors among the answers too, no allocation, and two threads that do not
    /// meet.
    pub(crate) const fn most(instructions: u32) -> Self {
        Self { ready: Some(instructions), pending: None, locks: false, allocates: false, scales: true }
    }
}

impl Contestant {
    /// What runs.
    pub(crate) fn enter(&self, situation: &Situation) -> Maker {
        (self.enter)(situation)
    }
}

/// A layer that does nothing, and no layer: they stand first in each group.
pub(crate) const FLOOR: Contestant =
    Contestant { name: "floor", role: Role::Floor, repeats: true, timed: true, paired: true, enter: floor };
pub(crate) const BARE: Contestant = Contestant { name: "no layer", role: Role::Bare, enter: bare, ..FLOOR };

/// Ours, of which no more is asked than that it adds at most so many instructions and allocates nothing.
pub(crate) const fn ours(name: &'static str, target: u32, enter: fn(&Situation) -> Maker) -> Contestant {
    asked(name, Asked::most(target), enter)
}

/// Ours, of which this is asked.
pub(crate) const fn asked(name: &'static str, asked: Asked, enter: fn(&Situation) -> Maker) -> Contestant {
    Contestant { name, role: Role::Ours(asked), enter, ..FLOOR }
}

pub(crate) const fn peer(
    name: &'static str,
    like: &'static str,
    enter: fn(&Situation) -> Maker,
) -> Contestant {
    Contestant { name, role: Role::Peer { like }, enter, ..FLOOR }
}

fn floor(situation: &Situation) -> Maker {
    put(Through, &passing(situation))
}

fn bare(situation: &Situation) -> Maker {
    put(Identity::new(), &passing(situation))
}

/// Without a policy nobody refuses: the floor of a refusal is a call that passes.
fn passing(situation: &Situation) -> Situation {
    let every = if situation.open { u32::MAX } else { situation.every };
    Situation { open: false, hits: false, every, ..*situation }
}

/// Puts a layer around the upstream, in this situation.
pub(crate) fn put<L: Around<Empty> + Around<Headed> + Around<Targeted>>(
    layer: L,
    situation: &Situation,
) -> Maker {
    match situation.sent {
        Sent::Empty => drive::maker(layer, Empty, situation),
        Sent::Eight => drive::maker(layer, Headed::eight(), situation),
        Sent::Grpc => drive::maker(layer, Headed::grpc(), situation),
        Sent::Targeted => drive::maker(layer, Targeted::seventh(), situation),
    }
}

/// The same for a layer that may arm a timer.
pub(crate) fn put_timed<L: Around<Empty> + Around<Headed> + Around<Targeted>>(
    layer: L,
    situation: &Situation,
) -> Maker {
    drive::with_timers(|| put(layer, situation))
}
