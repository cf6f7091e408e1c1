//! A fallback keeps the contract: above a layer that refuses, below one, alone; and what it answers is still a refusal.
//!
//! The laws ask what a refused call is answered, and a fallback answers something else. So here it says what the breaker
//! says: all of it then comes from the fallback's own pen, and the laws about refusals hold for it unchanged.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};
use tower_mesh::{
    CircuitBreakerLayer, FallbackLayer, Plain, Refusal,
    layer::{
        circuit_breaker::CircuitBreaker,
        fallback::{Answer, Lent, Second},
    },
    policy::circuit_breaker::Settings,
};

use crate::{
    breaker::fragile,
    contract::contract,
    loss::{BoxError, Loss, Lost, Own},
    subject::{Ending, Subject},
};

contract!(alone: Subject::never(standing), [readiness passing]);

contract!(alone_with_a_function: Subject::never(|| FallbackLayer::with(|_, refusal| as_refused(refusal))),
    [readiness passing]);

contract!(alone_with_a_second_service: Subject::never(second), [readiness passing]);

contract!(over_a_breaker: Subject::two_strikes(|| (standing(), fragile())));

contract!(over_a_breaker_at_the_trailers: Subject::two_strikes(|| (standing(), fragile().judging_trailers())));

contract!(over_a_breaker_with_a_function:
    Subject::two_strikes(|| (FallbackLayer::with(|_, refusal| as_refused(refusal)), fragile())),
    // A function is taken at its word, for a gRPC call as well.
    [readiness passing state settling refusing recovering router]);

contract!(over_a_breaker_with_a_second_service_that_refuses_too:
    Subject::two_strikes(|| (second(), fragile())));

contract!(under_a_breaker: Subject::two_strikes(|| (fragile(), standing())));

contract!(under_a_breaker_with_a_second_service: Subject::two_strikes(|| (fragile(), second())));

contract!(twice: Subject::two_strikes(|| (standing(), standing(), fragile())));

contract!(over_plain: Subject::two_strikes(|| (
    FallbackLayer::instead(Plain.reading(Own::refusal), |refusal| Err::<Response<Full<Bytes>>, _>(refusal.clone().into())),
    fragile().over(Plain)))
    .failing_with::<Own>().counting(Ending::NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

contract!(over_plain_boxed: Subject::two_strikes(|| (
    FallbackLayer::instead(Plain.boxed(), |refusal| Err::<Response<Full<Bytes>>, BoxError>(refusal.clone().into())),
    fragile().over(Plain)))
    .failing_with::<BoxError>().counting(Ending::NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

/// Says what the breaker says.
fn standing() -> FallbackLayer<Answer> {
    let mut template = Response::new(Bytes::from_static(b"Coming soon ..."));
    *template.status_mut() = StatusCode::CONFLICT;
    FallbackLayer::answer(template)
}

fn as_refused(refusal: &Refusal) -> Response<Bytes> {
    let mut response = Response::new(refusal.body().clone());
    *response.status_mut() = refusal.status();
    response
}

/// A second service that refuses too: its circuit has opened, and stays so for longer than any law takes.
fn second() -> FallbackLayer<Second<CircuitBreaker<Broken>>> {
    let settings = Settings::builder().error_amount(1).open_for(Duration::from_secs(86_400));
    let second = CircuitBreakerLayer::new(settings.build().unwrap()).layer(Broken);
    second.clone().oneshot(Request::new(())).now_or_never().unwrap().unwrap();
    FallbackLayer::service(second)
}

/// Answers 500 wherever it stands.
#[derive(Debug, Clone, Copy)]
struct Broken;

/// Where a service stands, by the body of a request: what it answers with there.
trait Place {
    type Body: From<Bytes>;
    type Error;
}

impl Place for () {
    type Body = Full<Bytes>;
    type Error = Infallible;
}

impl Place for Lent<Full<Bytes>> {
    type Body = Full<Bytes>;
    type Error = Lost;
}

impl Place for Lent<axum::body::Body> {
    type Body = axum::body::Body;
    type Error = Infallible;
}

impl<B: Place> Service<Request<B>> for Broken {
    type Response = Response<B::Body>;
    type Error = B::Error;
    type Future = Ready<Result<Response<B::Body>, B::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), B::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut response = Response::new(Bytes::new().into());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        ready(Ok(response))
    }
}
