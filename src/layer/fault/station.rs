//! What all handles of a fault layer share, and what a call does there.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tower_service::Service;

use super::future::{Injected, ResponseFuture};
use crate::{
    events::EventKind,
    layer::{
        draw::{Draws, Ordinals},
        later::{Later, give_back},
        observer::Told,
        protocol::{Protocol, Reads},
        seat::Shared,
        settle::{Once, Settles},
    },
    policy::{
        Draw, Outcome,
        fault::{Answer, Fault, Faults, Settings},
    },
    refusal::{Flags, Grpc, Reason, Refusal},
};

/// What Envoy's fault filter says.
const CONTENT: &[u8] = b"fault filter abort";

pub(super) struct Station {
    pub(super) faults: Faults,
    draws: Draws,
    pub(super) told: Told,
    /// How many requests have come; counted only where that decides on a request's luck.
    ordinals: Ordinals,
}

impl Station {
    pub(super) fn new(settings: Settings, draws: Draws) -> Self {
        Self { faults: Faults::new(settings), draws, told: Told::default(), ordinals: Ordinals::default() }
    }

    /// What befalls this request, which has come just now.
    #[inline]
    pub(super) fn decide<P: Reads<Req>, Req>(&self, protocol: &P, request: &Req) -> Option<Fault> {
        let headers = if self.faults.reads_headers() { protocol.read_headers(request) } else { None };
        if !self.faults.needs_luck() {
            // It asks for none.
            return self.faults.decide(headers, || Draw::new(0), || Draw::new(0));
        }
        if self.draws.is_seeded() {
            return self.decide_seeded(headers);
        }
        // A share is a matter of the first twenty bits or so: one draw has enough of them for two.
        let luck = self.draws.draw(0, "fault", 0);
        self.faults.decide(headers, || luck, || Draw::new(luck.bits().rotate_left(32)))
    }

    #[inline(never)]
    fn decide_seeded(&self, headers: Option<&HeaderMap>) -> Option<Fault> {
        let ordinal = self.ordinals.next();
        let draw = |purpose| move || self.draws.draw(ordinal, purpose, 0);
        self.faults.decide(headers, draw("fault delay"), draw("fault abort"))
    }

    /// A delay begins.
    pub(super) fn tell_delay(&self, time: Duration) {
        self.faults.count_delay();
        self.told.tell(EventKind::Delayed(time));
    }

    /// A call is answered with this abort.
    pub(super) fn refusal(&self, answer: Answer, touched: Flags) -> Refusal {
        self.faults.count_abort();
        self.told.tell(EventKind::Refused(Reason::FaultAbort));
        let refusal = match answer {
            Answer::Http(status) => Refusal::new(Reason::FaultAbort, status),
            Answer::Grpc(status) => {
                Refusal::new(Reason::FaultAbort, StatusCode::OK).grpc(Grpc::Status(status.number()))
            }
        };
        refusal.text(Bytes::from_static(CONTENT)).details("fault_filter_abort").touched(touched)
    }
}

impl Shared<Station> {
    /// A call that meets with this fault. If it is held back, what was readied is given back.
    #[cold]
    pub(super) fn inject<S, P, Req>(
        &self,
        fault: Fault,
        inner: &mut S,
        protocol: &P,
        request: Req,
    ) -> ResponseFuture<S, Req, P, P::Memo>
    where
        S: Service<Req> + Clone,
        P: Protocol + Reads<Req>,
    {
        // Made before anybody else's code is called: if that panics, this settles.
        let owed = Once::new(self.clone(), fault);
        let memo = protocol.memo(&request);
        let call = match (fault.delay(), fault.abort()) {
            (_, None) => Some(Later::after_a_wait(inner, request)),
            (Some(_), Some(_)) => {
                give_back(inner);
                None
            }
            (None, Some(_)) => None,
        };
        ResponseFuture::injected(Injected::new(owed, fault, call, protocol.clone(), memo))
    }
}

impl Settles for Shared<Station> {
    type Ticket = Fault;

    fn settle(&self, fault: Fault, _: Outcome) {
        self.faults.settle(fault);
    }
}

impl fmt::Debug for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Station").field("faults", &self.faults).finish_non_exhaustive()
    }
}
