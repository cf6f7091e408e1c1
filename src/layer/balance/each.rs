//! A balancer over services of the endpoints' own.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use tower_service::Service;

use super::{
    BalanceHandle, Endpoints,
    future::ResponseFuture,
    member::{InFlight, UnderWay},
    station::{Picked, Source, Station, Whom},
};
use crate::{
    events::Events,
    layer::{
        draw::Draws,
        protocol::{Answers, Http, Protocol, Reads},
        route,
        seat::Shared,
    },
    policy::balance::{Endpoint, Settings},
};

/// A service that sends each request to one of several, each a service of its own: see the [module docs](super).
pub struct Balance<S, P = Http> {
    station: Shared<Station<S>>,
    protocol: P,
}

impl<S: Send + Sync + 'static> Balance<S> {
    /// Over these endpoints, whoever they are at the moment; `make` makes the service of one that is new.
    pub fn new(
        settings: Settings,
        endpoints: &Endpoints,
        make: impl Fn(&Endpoint) -> S + Send + Sync + 'static,
    ) -> Self {
        Self::made(settings, endpoints, move |endpoint| Some(make(endpoint)))
    }

    /// The same, where not each has a service.
    pub(super) fn made(
        settings: Settings,
        endpoints: &Endpoints,
        make: impl Fn(&Endpoint) -> Option<S> + Send + Sync + 'static,
    ) -> Self {
        let source = Source { select: Arc::new(|endpoint| Some(endpoint.clone())), make: Arc::new(make) };
        let station = Station::new(settings, Draws::random(), endpoints, source);
        Self { station: Shared::of(station), protocol: Http }
    }
}

impl<S: Send + Sync + 'static, P> Balance<S, P> {
    /// The same over another protocol: [`Plain`](crate::Plain) for services that are not HTTP.
    #[must_use]
    pub fn over<Q: Protocol>(self, protocol: Q) -> Balance<S, Q> {
        Balance { station: self.station, protocol }
    }

    /// Tells `events`, under this name, whom it ejects and takes back, and when there is nobody to ask; and no longer
    /// whom it told before.
    #[must_use]
    pub fn told(self, name: impl Into<Arc<str>>, events: &Events) -> Self {
        self.station.tell(name, events);
        self
    }

    /// Another balancer, that draws from here: the same seed picks the same ones.
    #[must_use]
    pub fn drawing(self, draws: Draws) -> Self {
        Self { station: Shared::of(self.station.drawing(draws)), ..self }
    }

    /// To see it from elsewhere.
    #[must_use]
    pub fn handle(&self) -> BalanceHandle {
        BalanceHandle::of(&self.station)
    }
}

impl<S, P, Req> Service<Req> for Balance<S, P>
where
    S: Service<Req> + Clone + Send + Sync + 'static,
    P: Protocol + Reads<Req> + Answers<P::Memo, S::Response, S::Error>,
{
    type Response = P::Watched<InFlight<S>>;
    type Error = S::Error;
    type Future = ResponseFuture<route::Picked<S, Req>, P, P::Memo, S>;

    /// Always: who is picked is readied for the one request.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    /// A request is large: it is given on from where it came in, if whoever calls this sees through it.
    #[inline(always)]
    fn call(&mut self, request: Req) -> Self::Future {
        if self.station.reads_keys() {
            return self.call_by_key(request);
        }
        let Self { station, protocol } = self;
        let how = (protocol.memo(&request), protocol.clone());
        match station.anybody(protocol, &request) {
            Picked::One(held) => {
                let answer = route::Picked::new(held.member().own().clone(), request);
                ResponseFuture::calling(answer, UnderWay::new(held), how)
            }
            Picked::Nobody | Picked::Unknown => ResponseFuture::refused(request, how),
        }
    }
}

impl<S, P> Balance<S, P> {
    /// Out of line, so that nothing of it is remembered where no key decides.
    #[inline(never)]
    fn call_by_key<Req>(
        &mut self,
        request: Req,
    ) -> ResponseFuture<route::Picked<S, Req>, P, <P as Reads<Req>>::Memo, S>
    where
        S: Service<Req> + Clone,
        P: Protocol + Reads<Req>,
    {
        let Self { station, protocol } = self;
        let how = (protocol.memo(&request), protocol.clone());
        let Whom { picked, cookies } = station.whom(protocol, &request, None);
        match picked {
            Picked::One(held) => {
                let answer = route::Picked::new(held.member().own().clone(), request);
                ResponseFuture::setting(cookies, answer, UnderWay::new(held), how)
            }
            Picked::Nobody | Picked::Unknown => ResponseFuture::refused(request, how),
        }
    }
}

impl<S, P: Clone> Clone for Balance<S, P> {
    fn clone(&self) -> Self {
        Self { station: self.station.clone(), protocol: self.protocol.clone() }
    }
}

impl<S, P> fmt::Debug for Balance<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balance").field("settings", self.station.settings()).finish_non_exhaustive()
    }
}
