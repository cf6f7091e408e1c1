//! What can happen to a breaker on its pass path, and what it does when it is open.

/// A situation in which breakers are compared.
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
    /// What holds for ours here, where something is asked of it.
    pub(crate) asks: Asks,
}

/// What kind of request is sent.
#[derive(Clone, Copy)]
pub(crate) enum Sent {
    Empty,
    Eight,
    Grpc,
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
    /// At most so many instructions, and no allocation: of the plainest call, with an answer that is there at once.
    Instructions,
    /// No allocation.
    NoAllocation,
    Nothing,
}

const CLOSED: Situation = Situation {
    name: "closed",
    every: u32::MAX,
    pends: false,
    sent: Sent::Empty,
    way: Way::Call,
    open: false,
    asks: Asks::Instructions,
};

const ALL: &[Situation] = &[
    CLOSED,
    Situation { name: "closed, pending once", pends: true, asks: Asks::NoAllocation, ..CLOSED },
    Situation { name: "0.1 % errors", every: 1000, ..CLOSED },
    Situation {
        name: "0.1 % errors, pending once",
        every: 1000,
        pends: true,
        asks: Asks::NoAllocation,
        ..CLOSED
    },
    Situation { name: "5 % errors", every: 20, ..CLOSED },
    Situation {
        name: "5 % errors, pending once",
        every: 20,
        pends: true,
        asks: Asks::NoAllocation,
        ..CLOSED
    },
    Situation { name: "eight headers", sent: Sent::Eight, asks: Asks::NoAllocation, ..CLOSED },
    Situation {
        name: "eight headers, pending once",
        sent: Sent::Eight,
        pends: true,
        asks: Asks::NoAllocation,
        ..CLOSED
    },
    Situation { name: "gRPC", sent: Sent::Grpc, asks: Asks::NoAllocation, ..CLOSED },
    Situation { name: "clone + call + drop", way: Way::Clone, asks: Asks::NoAllocation, ..CLOSED },
    Situation {
        name: "clone + call + drop, pending once",
        way: Way::Clone,
        pends: true,
        asks: Asks::NoAllocation,
        ..CLOSED
    },
    Situation { name: "layer() + call + drop", way: Way::Layer, asks: Asks::NoAllocation, ..CLOSED },
    Situation {
        name: "layer() + call + drop, pending once",
        way: Way::Layer,
        pends: true,
        asks: Asks::NoAllocation,
        ..CLOSED
    },
    Situation { name: "open", every: 1, open: true, asks: Asks::Nothing, ..CLOSED },
];

/// All situations.
pub(crate) fn all() -> &'static [Situation] {
    ALL
}

/// Those of these names.
pub(crate) fn named(name: &str) -> Option<&'static Situation> {
    ALL.iter().find(|situation| situation.name == name)
}
