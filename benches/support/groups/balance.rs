#![allow(unused)]
// Who answers: one of several endpoints, and none that is an outlier.
//
// The peers do less. tower's balancer knows of no outliers, draws its two from those it has asked to be ready, has a
// service's load end with the head, and cannot be cloned: it stands here as it is, on one thread. Where it is to be
// cloned, or shared by two threads, it stands behind a `Buffer`, with a task of its own; those are measured in tasks of a
// runtime with two threads, and what that costs is in them. tower-resilience's detector stands around one service: it
// picks nobody.

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

/// The design names one figure, for ten, and it shall not depend on how many they are.
const PICKS: u32 = 220;
const NOTHING: Asked = Asked { ready: None, ..Asked::most(0) };
/// All who pick meet at one number, or at a lock.
const MEETS: Asked = Asked { scales: false, ..NOTHING };

pub(super) const GROUP: Group = Group {
    name: "balance",
    contestants: &[
        FLOOR,
        BARE,
        of_ours(TEN, PICKS, |situation| put(balancers::least_request(10), situation)),
        asked(ONE_CLIENT, NOTHING, |situation| put(balancers::one_client(), situation)),
        asked("limits", NOTHING, |situation| put(crate::support::ours::limits(), situation)),
    ],
    situations: &[READY, PENDING],
    threads: &[],
};
pub(super) const CLONED: Group = Group { name: "cloned", contestants: &[], situations: &[], threads: &[] };
