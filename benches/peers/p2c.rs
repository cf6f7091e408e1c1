//! tower's balancer, over a list of services that never changes. It knows of no outliers, and cannot be cloned.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::Request;
use tower::{
    BoxError, Layer, Service,
    balance::p2c::Balance,
    buffer::Buffer,
    discover::ServiceList,
    load::{CompleteOnResponse, PeakEwma, PendingRequests},
};

use crate::support::{ours::PLACES, upstream::Fate};

/// So many services; of two the one that has fewer requests in flight.
#[derive(Clone)]
pub(crate) struct Pending(pub(crate) usize);

/// So many services; of two the one that was quicker of late. Its answers come at once, and are forgotten as slowly as
/// tower's example has it.
#[derive(Clone)]
pub(crate) struct Ewma(pub(crate) usize);

type Listed<L> = Balance<ServiceList<Vec<L>>, Request<Fate>>;

/// A balancer where a clone is asked for: another one over the same services.
///
/// The driver clones what it measures once, before it begins. Nobody may do so for each call.
pub(crate) struct Anew<L: Service<Request<Fate>>> {
    make: Arc<dyn Fn() -> Listed<L> + Send + Sync>,
    balance: Listed<L>,
}

impl<L: Service<Request<Fate>, Error: Into<BoxError>>> Anew<L> {
    fn of(count: usize, measured: impl Fn() -> L + Send + Sync + 'static) -> Self {
        let list = move || (0..count).map(|_| measured()).collect();
        let make = move || Balance::new(ServiceList::new::<Request<Fate>>(list()));
        Self { balance: make(), make: Arc::new(make) }
    }
}

impl<L: Service<Request<Fate>>> Clone for Anew<L> {
    fn clone(&self) -> Self {
        Self { balance: (self.make)(), make: Arc::clone(&self.make) }
    }
}

impl<L> Service<Request<Fate>> for Anew<L>
where
    L: Service<Request<Fate>>,
    Listed<L>: Service<Request<Fate>>,
{
    type Response = <Listed<L> as Service<Request<Fate>>>::Response;
    type Error = <Listed<L> as Service<Request<Fate>>>::Error;
    type Future = <Listed<L> as Service<Request<Fate>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.balance.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Fate>) -> Self::Future {
        self.balance.call(request)
    }
}

impl<S> Layer<S> for Pending
where
    S: Service<Request<Fate>, Error: Into<BoxError>> + Clone + Send + Sync + 'static,
{
    type Service = Anew<PendingRequests<S>>;

    fn layer(&self, inner: S) -> Self::Service {
        Anew::of(self.0, move || PendingRequests::new(inner.clone(), CompleteOnResponse::default()))
    }
}

impl<S> Layer<S> for Ewma
where
    S: Service<Request<Fate>, Error: Into<BoxError>> + Clone + Send + Sync + 'static,
{
    type Service = Anew<PeakEwma<S>>;

    fn layer(&self, inner: S) -> Self::Service {
        const RTT: std::time::Duration = std::time::Duration::from_millis(30);
        Anew::of(self.0, move || PeakEwma::new(inner.clone(), RTT, 1e10, CompleteOnResponse::default()))
    }
}

/// In a task of its own, so that it can be cloned and shared.
pub(crate) fn buffered<S>(balance: S) -> Buffer<Request<Fate>, S::Future>
where
    S: Service<Request<Fate>, Error = BoxError, Future: Send> + Send + 'static,
{
    Buffer::new(balance, PLACES)
}
