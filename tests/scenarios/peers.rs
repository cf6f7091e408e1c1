//! Defects that were seen in other breakers, and are not here.

mod callers;
mod probes;
mod windows;

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::{task::JoinHandle, time::sleep};
use tower::{Service, ServiceExt};
use tower_mesh::{
    CircuitBreakerLayer,
    policy::circuit_breaker::{HalfOpen, Settings, SettingsBuilder, State},
};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn breaker(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(settings.build().expect("the settings mean something"))
}

/// Opens at the first error, for a second, and has probes decide.
fn probing(half_open: HalfOpen) -> SettingsBuilder {
    Settings::builder().error_amount(1).open_for(SECOND).half_open(half_open)
}

/// A request that asks an [`Echo`](tower_mesh::testing::Echo) for this.
fn get(query: &str) -> Request<Full<Bytes>> {
    Request::get(format!("/?{query}")).body(Full::default()).expect("a request")
}

/// What is answered to a call that asks for this; 409 if it is refused.
async fn status<S, B>(service: &S, query: &str) -> u16
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: fmt::Debug> + Clone,
{
    service.clone().oneshot(get(query)).await.expect("an answer").status().as_u16()
}

/// A call that has begun and goes on by itself.
async fn begun<S, B>(service: &S, query: &str) -> JoinHandle<u16>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: fmt::Debug, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let (service, query) = (service.clone(), query.to_owned());
    let call = tokio::spawn(async move { status(&service, &query).await });
    tokio::task::yield_now().await;
    call
}

/// Opens the circuit and waits until the open time is over.
async fn await_probes<S, B>(service: &S)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: fmt::Debug> + Clone,
{
    assert_eq!(status(service, "status=500&delay=0").await, 500);
    assert_eq!(status(service, "").await, 409, "it is open");
    sleep(SECOND).await;
}

fn is_open(state: State) -> bool {
    matches!(state, State::Open { .. })
}
