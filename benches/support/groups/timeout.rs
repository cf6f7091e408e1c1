//! A bound in time, which nobody reaches.
//!
//! The peers bound the time to the head; ours that of the whole exchange, and its body too. A timer costs what the
//! runtime's wheel costs, once it is armed: the peers arm theirs at each call or at the first poll, ours when the
//! upstream pends.

use super::Group;
use crate::{
    peers::{tower, tower_resilience},
    support::{
        contestants::{Asked, BARE, FLOOR, asked, peer, put_timed},
        ours,
        situations::PASSING,
    },
};

pub(super) const OURS: &str = "ours, timeout";
pub(super) const HEAD: &str = "ours, to the head";

pub(super) const GROUP: Group = Group {
    name: "timeout",
    contestants: &[
        FLOOR,
        BARE,
        asked(OURS, Asked { pending: Some(560), ..Asked::most(50) }, |situation| {
            put_timed(ours::timeout(), situation)
        }),
        asked(HEAD, Asked { pending: Some(560), ..Asked::most(50) }, |situation| {
            put_timed(ours::timeout().heads_only(), situation)
        }),
        peer("tower", HEAD, |situation| put_timed(tower::timeout(), situation)),
        peer("t-resilience", HEAD, |situation| put_timed(tower_resilience::time_limiter(), situation)),
    ],
    situations: PASSING,
    threads: &["ready", "pending once", "clone + call + drop"],
};
