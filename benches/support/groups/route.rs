//! Where a request goes: one of two services, by a header, by weight; and by tables of ten and of ten thousand.
//!
//! The peers do less. `Steer` is a function that somebody wrote, and waits for all its services; tower-resilience's
//! router knows weights alone, and waits for all of them too. `matchit` finds paths by segments, whatever their order.
//! Ours readies the one that it picked, of which it makes a clone.

use tower::layer::util::Stack;

use super::Group;
use crate::{
    peers::{self, steer, tower_resilience::Weighing},
    support::{
        contestants::{Asked, BARE, FLOOR, asked, ours as of_ours, peer, put, put_timed},
        ours, routes,
        situations::{CLONE, CLONE_PENDING, EIGHT, EIGHT_PENDING, GRPC, PENDING, READY, Situation, TARGETED},
    },
};

const HEADER: &str = "ours, header";
const BESIDE: &str = "ours, passed by";
const WEIGHT: &str = "ours, weight";

/// The design names one figure, for a header.
const NOTHING: Asked = Asked { ready: None, ..Asked::most(0) };

pub(super) const GROUP: Group = Group {
    name: "route",
    contestants: &[
        FLOOR,
        BARE,
        of_ours(HEADER, 300, |situation| put(routes::by_header(), situation)),
        asked(BESIDE, NOTHING, |situation| put(routes::beside(), situation)),
        asked(WEIGHT, NOTHING, |situation| put(routes::by_weight(), situation)),
        peer("tower, Steer", HEADER, |situation| put(steer::by_header(), situation)),
        peer("t-resilience", WEIGHT, |situation| put(Weighing, situation)),
    ],
    situations: ROUTED,
    threads: &["ready", "clone + call + drop"],
};

/// A router is a service: nobody makes one for each call. One of eight headers says who asks: the rule takes it.
const ROUTED: &[Situation] = &[READY, PENDING, EIGHT, EIGHT_PENDING, GRPC, CLONE, CLONE_PENDING];

const COMPOSED_OURS: &str = "ours, composed";

/// By header to one of two stacks, as `stack` has them: each a fault, a timeout, a breaker, limits.
pub(super) const COMPOSED: Group = Group {
    name: "composed",
    contestants: &[
        FLOOR,
        BARE,
        // One exact count is one line that all threads share.
        asked(COMPOSED_OURS, Asked { scales: false, ..Asked::most(700) }, |situation| {
            put_timed(Stack::new(ours::stack(), routes::by_header()), situation)
        }),
        peer("tower, recloser", COMPOSED_OURS, |situation| {
            put_timed(Stack::new(peers::tower::cheapest_stack(), steer::by_header()), situation)
        }),
        peer("tower, t-resilience", COMPOSED_OURS, |situation| {
            put_timed(Stack::new(peers::tower::stack(), steer::by_header()), situation)
        }),
    ],
    situations: ROUTED,
    threads: &["ready", "clone + call + drop"],
};

const TEN: &str = "ours, 10 prefixes";
const MANY: &str = "ours, 10,000 prefixes";

pub(super) const TABLES: Group = Group {
    name: "tables",
    contestants: &[
        FLOOR,
        BARE,
        asked(TEN, NOTHING, |situation| put(routes::by_prefix(10), situation)),
        asked(MANY, NOTHING, |situation| put(routes::by_prefix(10_000), situation)),
        asked("ours, 10 hosts", NOTHING, |situation| put(routes::by_host(10), situation)),
        asked("ours, 10,000 hosts", NOTHING, |situation| put(routes::by_host(10_000), situation)),
        peer("matchit, 10", TEN, |situation| put(steer::by_path(10), situation)),
        peer("matchit, 10,000", MANY, |situation| put(steer::by_path(10_000), situation)),
    ],
    situations: &[TARGETED],
    threads: &["host and path"],
};
