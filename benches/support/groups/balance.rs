//! Who answers: one of several endpoints, and none that is an outlier.
//!
//! The peers do less. tower's balancer knows of no outliers, draws its two from those it has asked to be ready, has a
//! service's load end with the head, and cannot be cloned: it stands here as it is, on one thread. Where it is to be
//! cloned, or shared by two threads, it stands behind a `Buffer`, with a task of its own; those are measured in tasks of a
//! runtime with two threads, and what that costs is in them. tower-resilience's detector stands around one service: it
//! picks nobody.

use http::Request;
use tower::{Layer, Service, buffer::Buffer};

use super::Group;
use crate::{
    peers::{p2c, tower_resilience},
    support::{
        balancers,
        contestants::{Asked, BARE, Contestant, FLOOR, asked, ours as of_ours, peer, put, put_timed},
        drive::{self, Maker},
        situations::{Asks, CLONE, EIGHT, EIGHT_PENDING, PENDING, READY, Sent, Situation},
        upstream::{Empty, Fate, Headed, Traffic, Upstream},
    },
};

const TEN: &str = "ours, 10";
const ONE_CLIENT: &str = "ours, one client";
const MANY: &str = "ours, 10,000";

/// The design names one figure, for ten; it shall not depend on how many they are, but for what memory does.
const PICKS: u32 = 220;
const PICKS_OF_MANY: u32 = PICKS + 5;
const NOTHING: Asked = Asked { ready: None, ..Asked::most(0) };
/// All who pick meet at one number, or at a lock.
const MEETS: Asked = Asked { scales: false, ..NOTHING };

pub(super) const GROUP: Group = Group {
    name: "balance",
    contestants: &[
        FLOOR,
        BARE,
        of_ours(TEN, PICKS, |situation| put(balancers::least_request(10), situation)),
        of_ours("ours, 100", PICKS_OF_MANY, |situation| put(balancers::least_request(100), situation)),
        of_ours(MANY, PICKS_OF_MANY, |situation| put(balancers::least_request(10_000), situation)),
        asked("ours, no outliers", NOTHING, |situation| put(balancers::never_ejecting(), situation)),
        asked("ours, rates too", NOTHING, |situation| put(balancers::by_rates(), situation)),
        asked(ONE_CLIENT, NOTHING, |situation| put(balancers::one_client(), situation)),
        asked("ours, round robin", MEETS, |situation| put(balancers::round_robin(), situation)),
        asked("ours, weighted", MEETS, |situation| put(balancers::weighted(), situation)),
        asked("ours, ring hash", NOTHING, |situation| put(balancers::by_header(), situation)),
        peer("tower, pending", TEN, |situation| put(p2c::Pending(10), situation)),
        peer("tower, 10,000", MANY, |situation| put(p2c::Pending(10_000), situation)),
        peer("tower, ewma", TEN, |situation| put_timed(p2c::Ewma(10), situation)),
        peer("t-resilience, one", TEN, |situation| put(tower_resilience::outlier(), situation)),
    ],
    situations: &[
        READY,
        PENDING,
        EIGHT,
        EIGHT_PENDING,
        FIVE_PERCENT,
        Situation { name: "5 % errors, pending once", pends: true, ..FIVE_PERCENT },
    ],
    threads: &[],
};

/// Bad answers are graded, and end nothing. No figure is named for them.
const FIVE_PERCENT: Situation =
    Situation { name: "5 % errors", every: 20, asks: Asks::NoAllocation, ..READY };

pub(super) const CLONED: Group = Group {
    name: "cloned",
    contestants: &[
        FLOOR,
        BARE,
        // Requests to one endpoint meet at its counts.
        asked(TEN, MEETS, |situation| put(balancers::least_request(10), situation)),
        asked(MANY, MEETS, |situation| put(balancers::least_request(10_000), situation)),
        asked(ONE_CLIENT, MEETS, |situation| put(balancers::one_client(), situation)),
        asked("ours, round robin", MEETS, |situation| put(balancers::round_robin(), situation)),
        asked("ours, weighted", MEETS, |situation| put(balancers::weighted(), situation)),
        in_tasks("tower, pending", |situation| match situation.sent {
            Sent::Eight => drive::in_tasks(pending, Headed::eight(), situation),
            _ => drive::in_tasks(pending, Empty, situation),
        }),
        in_tasks("tower, ewma", |situation| match situation.sent {
            Sent::Eight => drive::in_tasks(ewma, Headed::eight(), situation),
            _ => drive::in_tasks(ewma, Empty, situation),
        }),
        peer("t-resilience, one", TEN, |situation| put(tower_resilience::outlier(), situation)),
    ],
    situations: &[READY, EIGHT, CLONE],
    threads: &["ready", "clone + call + drop"],
};

/// tower's where it is to be cloned. How many instructions its tasks take is up to their turns.
const fn in_tasks(name: &'static str, enter: fn(&Situation) -> Maker) -> Contestant {
    Contestant { repeats: false, ..peer(name, TEN, enter) }
}

type Buffered<L, S> = Buffer<Request<Fate>, <<L as Layer<S>>::Service as Service<Request<Fate>>>::Future>;

fn pending<T: Traffic>(upstream: Upstream<T>) -> Buffered<p2c::Pending, Upstream<T>> {
    p2c::buffered(p2c::Pending(10).layer(upstream))
}

fn ewma<T: Traffic>(upstream: Upstream<T>) -> Buffered<p2c::Ewma, Upstream<T>> {
    p2c::buffered(p2c::Ewma(10).layer(upstream))
}
