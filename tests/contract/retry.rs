//! Retries keep the contract: off, with nothing to try again, and trying again what stays bad.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::Request;
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service};
use tower_mesh::{
    CircuitBreakerLayer, Plain, RetryLayer,
    layer::{body::Sent, retry::RetryBudget},
    policy::{
        backoff::Backoff,
        budget,
        circuit_breaker::{self, Abandoned},
        retry::{Settings, SettingsBuilder},
    },
};

use crate::{
    contract::contract,
    loss::{BoxError, Own},
    subject::Subject,
};

contract!(off: Subject::never(|| (RetryLayer::new(Settings::off()), TakesBack)), [readiness passing]);

contract!(with_nothing_to_try_again: Subject::never(|| (retries(on("connect-failure")), TakesBack)),
    [readiness passing]);

contract!(trying_again_what_stays_bad: Subject::never(|| (retries(on("5xx,reset")), TakesBack)),
    [readiness passing]);

contract!(giving_late_tries_up: Subject::never(|| (
    retries(on("5xx").per_try_timeout(Duration::from_secs(7200))), TakesBack)), [readiness passing]);

contract!(hedged: Subject::never(|| (
    retries(on("5xx").per_try_timeout(Duration::from_secs(7200)).hedging(true)), TakesBack)),
    [readiness passing]);

contract!(within_a_budget: Subject::never(|| (
    retries(on("5xx")).gated_by(RetryBudget::new(budget::Settings::default())), TakesBack)),
    [readiness passing]);

contract!(over_plain: Subject::never(|| retries(on("reset")).over(Plain)).failing_with::<Own>(),
    [readiness passing]);

contract!(over_plain_boxed: Subject::never(|| retries(on("reset")).over(Plain.boxed())).failing_with::<BoxError>(),
    [readiness passing]);

// What a breaker further in refuses comes out as it is.
contract!(around_a_breaker: Subject::two_strikes(|| (retries(on("connect-failure")), TakesBack, breaker())),
    [readiness passing state settling refusing recovering answers]);

contract!(in_a_breaker: Subject::two_strikes(|| (breaker(), retries(on("5xx,reset")), TakesBack)),
    [readiness passing state settling refusing recovering answers]);

/// Without waits: a law may ask on a thread whose timers stand still.
fn on(words: &str) -> SettingsBuilder {
    Settings::builder().attempts(2).on(words.parse().unwrap()).backoff(Backoff::AT_ONCE)
}

fn retries(settings: SettingsBuilder) -> RetryLayer {
    RetryLayer::new(settings.build().unwrap())
}

fn breaker() -> CircuitBreakerLayer {
    // Longer than the slowest law, so that two strikes are always in one window.
    let window = Duration::from_secs(600);
    let settings = circuit_breaker::Settings::builder().window(window).error_amount(2);
    let settings = settings.abandoned(Abandoned::Failure).open_for(Duration::from_secs(30));
    CircuitBreakerLayer::new(settings.build().unwrap())
}

/// Gives the body back to a service that knows nothing of retries: it is there already.
#[derive(Debug, Clone, Copy)]
struct TakesBack;

impl<S> Layer<S> for TakesBack {
    type Service = TakenBack<S>;

    fn layer(&self, inner: S) -> TakenBack<S> {
        TakenBack(inner)
    }
}

#[derive(Debug, Clone)]
struct TakenBack<S>(S);

impl<S, B> Service<Request<Sent<B>>> for TakenBack<S>
where
    S: Service<Request<Full<Bytes>>>,
    B: Body<Data = Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Sent<B>>) -> S::Future {
        self.0.call(request.map(|body| match body.collect().now_or_never() {
            Some(Ok(body)) => body.to_bytes().into(),
            _ => panic!("a body that is there at once"),
        }))
    }
}
