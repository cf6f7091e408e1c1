//! Two breakers, one over the other: a refusal of the inner one is no failure of the upstream.

use std::convert::Infallible;

use axum::{body::Body, extract::Request};
use http::{Response, StatusCode};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_mesh::{Plain, Refusal, policy::circuit_breaker::Settings};

use crate::{breaker, fragile, get};

async fn broken(_: Request) -> Result<Response<Body>, Infallible> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    Ok(response)
}

/// How a failing upstream is answered over two breakers, the outer of which opens at the second error and says 503,
/// the inner at the first and says 409.
macro_rules! answers {
    ($outer:expr, $inner:expr) => {
        answers($outer.layer($inner.layer(service_fn(broken)))).await
    };
}

async fn answers<S, B>(service: S) -> Vec<u16>
where
    S: Service<Request, Response = Response<B>, Error = Infallible> + Clone,
{
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(service.clone().oneshot(get("/")).await.unwrap().status().as_u16());
    }
    statuses
}

#[tokio::test(start_paused = true)]
async fn over_http_the_outer_one_does_not_count_the_inner_ones_refusals() {
    let outer = || breaker(Settings::builder().error_amount(2).reply(503, "outer"));
    assert_eq!(answers!(outer(), fragile()), [500, 409, 409, 409]);
    assert_eq!(answers!(outer(), fragile().judging_trailers()), [500, 409, 409, 409]);
    assert_eq!(answers!(outer().judging_trailers(), fragile()), [500, 409, 409, 409]);
    assert_eq!(answers!(outer().judging_trailers(), fragile().judging_trailers()), [500, 409, 409, 409]);
}

#[tokio::test(start_paused = true)]
async fn over_http_the_outer_one_still_counts_the_upstreams_errors() {
    let never = || breaker(Settings::builder());
    let outer = || breaker(Settings::builder().error_amount(2).reply(503, "outer"));
    assert_eq!(answers!(outer(), never()), [500, 500, 503, 503]);
    assert_eq!(answers!(outer(), never().judging_trailers()), [500, 500, 503, 503]);
    assert_eq!(answers!(outer().judging_trailers(), never()), [500, 500, 503, 503]);
}

#[derive(Debug)]
enum Failed {
    Broken,
    Refused(Refusal),
}

impl Failed {
    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Broken => None,
            Self::Refused(refusal) => Some(refusal),
        }
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A Plain layer is told how to find a refusal in an error; without that, an error is an error.
#[tokio::test(start_paused = true)]
async fn over_other_services_it_must_be_told_how_to_see_a_refusal() {
    let outer = || breaker(Settings::builder().error_amount(2).reply(503, "outer"));
    let broken = || service_fn(async |_: ()| Err::<(), _>(Failed::Broken));
    let statuses = async |service: tower::util::BoxCloneService<(), (), Failed>| {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            let error = service.clone().oneshot(()).await.unwrap_err();
            statuses.push(error.refusal().map_or(0, |refusal| refusal.status().as_u16()));
        }
        statuses
    };
    let reading = ServiceBuilder::new()
        .layer(outer().over(Plain.reading(Failed::refusal)))
        .layer(fragile().over(Plain))
        .service(broken());
    assert_eq!(statuses(reading.boxed_clone()).await, [0, 409, 409, 409]);
    let blind =
        ServiceBuilder::new().layer(outer().over(Plain)).layer(fragile().over(Plain)).service(broken());
    assert_eq!(statuses(blind.boxed_clone()).await, [0, 409, 503, 503]);
}
