//! tower's own layers: nothing is adapted.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use http::Response;
use tower::{
    layer::util::Stack,
    limit::GlobalConcurrencyLimitLayer,
    load_shed::LoadShedLayer,
    retry::{
        Policy, RetryLayer,
        budget::{Budget, TpsBudget},
    },
    timeout::TimeoutLayer,
};
use tower_resilience_circuitbreaker::CircuitBreakerLayer;

use super::{
    recloser::{self, RecloserLayer},
    tower_resilience::{self, Judge, NoChaos},
};
use crate::support::ours::{LONG, PLACES};

/// One count for all that the layer is put around, as ours; `ConcurrencyLimitLayer` makes one for each.
pub(crate) fn limit() -> GlobalConcurrencyLimitLayer {
    GlobalConcurrencyLimitLayer::new(PLACES)
}

/// Refuses where the limit alone would wait.
pub(crate) fn shedding() -> Stack<GlobalConcurrencyLimitLayer, LoadShedLayer> {
    Stack::new(limit(), LoadShedLayer::new())
}

pub(crate) fn timeout() -> TimeoutLayer {
    TimeoutLayer::new(LONG)
}

/// Would try again after a 5xx, without end.
pub(crate) fn retry() -> RetryLayer<Failing<()>> {
    RetryLayer::new(Failing(()))
}

/// Would try again as long as its default budget lasts.
pub(crate) fn retry_in_budget() -> RetryLayer<Failing<Arc<TpsBudget>>> {
    RetryLayer::new(Failing(Arc::default()))
}

/// tower's, and where it has none the cheapest of the others.
pub(crate) fn cheapest_stack() -> Under<RecloserLayer> {
    under(recloser::layer(false))
}

/// tower's, and where it has none tower-resilience's: what needs no adapter.
pub(crate) fn stack() -> Under<CircuitBreakerLayer<Judge>> {
    under(tower_resilience::counting(false))
}

/// A fault, a timeout, this breaker, a limit.
pub(crate) type Under<B> = Stack<Stack<Stack<GlobalConcurrencyLimitLayer, B>, TimeoutLayer>, NoChaos>;

fn under<B>(breaker: B) -> Under<B> {
    Stack::new(Stack::new(Stack::new(limit(), breaker), timeout()), tower_resilience::no_chaos())
}

/// After what to try again.
#[derive(Clone)]
pub(crate) struct Failing<B>(B);

/// What a retry costs.
pub(crate) trait Pays: Clone {
    fn earn(&self);
    fn pay(&self) -> bool;
}

impl Pays for () {
    fn earn(&self) {}

    fn pay(&self) -> bool {
        true
    }
}

impl Pays for Arc<TpsBudget> {
    fn earn(&self) {
        self.deposit();
    }

    fn pay(&self) -> bool {
        self.withdraw()
    }
}

impl<Req: Clone, B, E, P: Pays> Policy<Req, Response<B>, E> for Failing<P> {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Req, result: &mut Result<Response<B>, E>) -> Option<Ready<()>> {
        if result.as_ref().is_ok_and(|response| response.status().as_u16() < 500) {
            self.0.earn();
            return None;
        }
        self.0.pay().then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}
