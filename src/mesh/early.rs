//! Picks before the limits, where each endpoint has limits of its own.
//!
//! As a rule somebody is picked last of all, when a request has waited its turn and goes. Where it has to wait is another
//! question if each endpoint has its own turns: then it is picked first, and waits there. What waits counts as in flight
//! to him, so that the next ones go elsewhere.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::Request;
use tower_service::Service;

use super::place::{Place, Placed};
use crate::layer::{
    balance::Whom,
    limits::Limited,
    protocol::Http,
    timeout::{AtRequestEnd, HeadOnly, Timeout},
};

/// Limits, before which somebody may be picked.
#[derive(Clone)]
pub struct Early<T>(pub(super) T);

/// One try behind the limits, and who is picked for it.
pub(super) type Try<S, P> = Limited<Timeout<Placed<S, P>, Http, HeadOnly, AtRequestEnd>>;

/// Who was picked, in the extensions of a request on its way through the limits.
#[derive(Clone)]
struct Chosen(Arc<Whom<()>>);

impl<S, P> Early<Try<S, P>> {
    /// Where it goes in the end.
    pub(super) const fn placed(&self) -> &Placed<S, P> {
        self.0.inner().inner()
    }
}

impl<S, P, B> Service<Request<B>> for Early<Try<S, P>>
where
    Try<S, P>: Service<Request<B>>,
{
    type Response = <Try<S, P> as Service<Request<B>>>::Response;
    type Error = <Try<S, P> as Service<Request<B>>>::Error;
    type Future = <Try<S, P> as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let place = &self.placed().place;
        if place.is_early {
            choose(place, &mut request);
        }
        self.0.call(request)
    }
}

#[cold]
fn choose<B>(place: &Place, request: &mut Request<B>) {
    if let Some(whom) = place.pick(request) {
        request.extensions_mut().insert(Chosen(Arc::new(whom)));
    }
}

/// Who was picked before the limits.
#[cold]
pub(super) fn chosen<B>(request: &mut Request<B>) -> Option<Whom<()>> {
    let Chosen(whom) = request.extensions_mut().remove()?;
    Arc::into_inner(whom)
}

impl<S, P> fmt::Debug for Early<Try<S, P>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Early").field(&self.placed().place).finish()
    }
}
