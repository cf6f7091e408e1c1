//! A balancer over one client, which is told where to connect.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    BalanceHandle, Endpoints,
    future::ResponseFuture,
    lead::lead,
    member::{InFlight, UnderWay},
    station::{Picked, Source, Station, Whom},
};
use crate::{
    events::Events,
    layer::{
        draw::Draws,
        protocol::{Answers, Http, OverHttp, Reads},
        seat::Shared,
    },
    policy::balance::Settings,
};

/// Puts a balancer before a client of HTTP requests: see the [module docs](super).
pub struct BalanceLayer<P = Http> {
    station: Shared<Station<()>>,
    protocol: P,
}

/// A client whose requests go to one of several: see the [module docs](super).
pub struct Balanced<S, P = Http> {
    inner: S,
    station: Shared<Station<()>>,
    protocol: P,
}

impl BalanceLayer {
    /// Over these endpoints, whoever they are at the moment.
    #[must_use]
    pub fn new(settings: Settings, endpoints: &Endpoints) -> Self {
        let source =
            Source { select: Arc::new(|endpoint| Some(endpoint.clone())), make: Arc::new(|_| Some(())) };
        let station = Station::new(settings, Draws::random(), endpoints, source);
        Self { station: Shared::of(station), protocol: Http }
    }
}

impl<P> BalanceLayer<P> {
    /// Judges errors otherwise: by [`Http::reading_errors`], for one.
    #[must_use]
    pub fn over<Q: OverHttp>(self, protocol: Q) -> BalanceLayer<Q> {
        BalanceLayer { station: self.station, protocol }
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

impl<S, P: Clone> Layer<S> for BalanceLayer<P> {
    type Service = Balanced<S, P>;

    fn layer(&self, inner: S) -> Balanced<S, P> {
        Balanced { inner, station: self.station.clone(), protocol: self.protocol.clone() }
    }
}

impl<S, P, B> Service<Request<B>> for Balanced<S, P>
where
    S: Service<Request<B>>,
    P: OverHttp + Reads<Request<B>> + Answers<P::Memo, S::Response, S::Error>,
{
    type Response = P::Watched<InFlight<()>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, P, P::Memo, ()>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    /// A request is large: it is given on from where it came in, if whoever calls this sees through it.
    #[inline(always)]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if self.station.reads_keys() {
            return self.call_by_key(request);
        }
        let Self { inner, station, protocol } = self;
        let how = (protocol.memo(&request), protocol.clone());
        match station.anybody(protocol, &request) {
            Picked::One(held) => {
                lead(&mut request, held.member());
                ResponseFuture::calling(inner.call(request), UnderWay::new(held), how)
            }
            Picked::Nobody | Picked::Unknown => ResponseFuture::refused(request, how),
        }
    }
}

impl<S, P> Balanced<S, P> {
    /// Out of line, so that nothing of it is remembered where no key decides.
    #[inline(never)]
    fn call_by_key<B>(
        &mut self,
        mut request: Request<B>,
    ) -> ResponseFuture<S::Future, P, <P as Reads<Request<B>>>::Memo, ()>
    where
        S: Service<Request<B>>,
        P: OverHttp + Reads<Request<B>>,
    {
        let Self { inner, station, protocol } = self;
        let how = (protocol.memo(&request), protocol.clone());
        let Whom { picked, cookies } = station.whom(protocol, &request, None);
        match picked {
            Picked::One(held) => {
                lead(&mut request, held.member());
                ResponseFuture::setting(cookies, inner.call(request), UnderWay::new(held), how)
            }
            Picked::Nobody | Picked::Unknown => ResponseFuture::refused(request, how),
        }
    }
}

impl<P: Clone> Clone for BalanceLayer<P> {
    fn clone(&self) -> Self {
        Self { station: self.station.clone(), protocol: self.protocol.clone() }
    }
}

impl<S: Clone, P: Clone> Clone for Balanced<S, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), station: self.station.clone(), protocol: self.protocol.clone() }
    }
}

impl<P> fmt::Debug for BalanceLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BalanceLayer").field("settings", self.station.settings()).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, P> fmt::Debug for Balanced<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balanced")
            .field("inner", &self.inner)
            .field("settings", self.station.settings())
            .finish_non_exhaustive()
    }
}
