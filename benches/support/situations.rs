//! What can happen to a layer on its pass path, and what it does when it refuses.

/// A situation in which layers are compared.
#[derive(Clone, Copy)]
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    /// Every so many answers is a 500.
    pub(crate) every: u32,
    /// Whether the upstream is pending once.
    pub(crate) pends: bool,
    pub(crate) sent: Sent,
    pub(crate) way: Way,
    /// Whether the breaker is open. (It opens at the first answers, which all are bad.)
    pub(crate) open: bool,
    /// Whether a chance comes true: one call of a hundred is answered by the layer itself.
    pub(crate) hits: bool,
    /// What holds for ours here, where something is asked of it.
    pub(crate) asks: Asks,
}

/// What kind of request is sent.
#[derive(Clone, Copy)]
pub(crate) enum Sent {
    Empty,
    Eight,
    Grpc,
    /// One that names its host and a path.
    Targeted,
}

/// How a call comes to its service.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// One service for all.
    Call,
    /// Clone, call, drop.
    Clone,
    /// `layer()`, call, drop.
    Layer,
}

/// What the design asks of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// At most so many instructions, and no allocation: of the plainest call.
    Instructions,
    /// No allocation.
    NoAllocation,
    Nothing,
}

/// The plainest call: its answer is there at once.
pub(crate) const READY: Situation = Situation {
    name: "ready",
    every: u32::MAX,
    pends: false,
    sent: Sent::Empty,
    way: Way::Call,
    open: false,
    hits: false,
    asks: Asks::Instructions,
};

/// Its answer is not there at once. What may be added then is asked of those who say so.
pub(crate) const PENDING: Situation = Situation { name: "pending once", pends: true, ..READY };

pub(crate) const EIGHT: Situation =
    Situation { name: "eight headers", sent: Sent::Eight, asks: Asks::NoAllocation, ..READY };
pub(crate) const EIGHT_PENDING: Situation =
    Situation { name: "eight headers, pending once", pends: true, ..EIGHT };
pub(crate) const GRPC: Situation =
    Situation { name: "gRPC", sent: Sent::Grpc, asks: Asks::NoAllocation, ..READY };
pub(crate) const CLONE: Situation =
    Situation { name: "clone + call + drop", way: Way::Clone, asks: Asks::NoAllocation, ..READY };
pub(crate) const CLONE_PENDING: Situation =
    Situation { name: "clone + call + drop, pending once", pends: true, ..CLONE };
pub(crate) const LAYER: Situation =
    Situation { name: "layer() + call + drop", way: Way::Layer, asks: Asks::NoAllocation, ..READY };
pub(crate) const LAYER_PENDING: Situation =
    Situation { name: "layer() + call + drop, pending once", pends: true, ..LAYER };

/// What is looked up in tables.
pub(crate) const TARGETED: Situation = Situation { name: "host and path", sent: Sent::Targeted, ..READY };

/// What can happen to any layer while nothing is wrong.
pub(crate) const PASSING: &[Situation] =
    &[READY, PENDING, EIGHT, EIGHT_PENDING, GRPC, CLONE, CLONE_PENDING, LAYER, LAYER_PENDING];
