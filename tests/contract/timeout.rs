//! A timeout keeps the contract: with each limit and all, over every protocol, above and below a layer that refuses.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service};
use tower_mesh::{
    AnswerableLayer, Events, Http, Plain, TimeoutLayer,
    layer::{protocol::Protocol, timeout::Uploading},
    policy::timeout::{Settings, SettingsBuilder, Trusted},
};

use crate::{
    breaker::fragile,
    contract::contract,
    loss::{BoxError, Loss, Lost, Own},
    subject::{Ending, Subject},
};

contract!(total: Subject::never(|| timeout(limits().total(LONG))), [readiness passing]);

contract!(head: Subject::never(|| timeout(limits().head(LONG))), [readiness passing]);

contract!(idle: Subject::never(|| timeout(limits().idle(LONG))), [readiness passing]);

contract!(every_limit: Subject::never(|| timeout(all())), [readiness passing]);

contract!(heads_only: Subject::never(|| timeout(all()).heads_only()), [readiness passing]);

contract!(off: Subject::never(|| timeout(limits().grpc_timeout(false))), [readiness passing]);

contract!(trusting: Subject::never(|| timeout(all().trust_request_headers(Trusted::Both))), [readiness passing]);

contract!(told: Subject::never(|| timeout(all()).told("probe", &Events::new())), [readiness passing]);

// It writes on requests: they do not arrive as they were sent.
contract!(telling: Subject::never(|| timeout(all().tell_deadline(true))), [readiness]);

contract!(starting_at_the_requests_end:
    Subject::never(|| (timeout(all()).starting_at_request_end(), Collects)), [readiness passing]);

contract!(off_starting_at_the_requests_end:
    Subject::never(|| (timeout(limits().grpc_timeout(false)).starting_at_request_end(), Collects)),
    [readiness passing]);

contract!(judging: Subject::never(|| timeout(all()).over(Http.judging(
    |_: &Result<Response<Full<Bytes>>, Lost>, outcome| outcome))), [readiness passing]);

contract!(over_plain: Subject::never(|| timeout(all()).over(Plain)).failing_with::<Own>(), [readiness passing]);

contract!(over_plain_reading:
    Subject::never(|| timeout(all()).over(Plain.reading(Own::refusal))).failing_with::<Own>(), [readiness passing]);

contract!(over_plain_boxed:
    Subject::never(|| timeout(all()).over(Plain.boxed())).failing_with::<BoxError>(), [readiness passing]);

contract!(around_another: Subject::never(|| (timeout(all()), timeout(all()).heads_only())), [readiness passing]);

contract!(twice: Subject::never(|| (timeout(all()), timeout(all()))), [readiness passing]);

contract!(above_answerable: Subject::never(|| (timeout(all()), AnswerableLayer)), [readiness passing]);

contract!(below_answerable: Subject::never(|| (AnswerableLayer, timeout(all()))), [readiness passing]);

// What refuses further in, or counts further out, is not disturbed.
contract!(over_a_breaker: Subject::two_strikes(|| (timeout(all()), fragile())));

contract!(under_a_breaker: Subject::two_strikes(|| (fragile(), timeout(all()))));

contract!(under_a_breaker_at_the_trailers:
    Subject::two_strikes(|| (fragile().judging_trailers(), timeout(all()))));

contract!(over_a_breaker_over_plain: Subject::two_strikes(|| (timeout(all()).over(Plain), fragile().over(Plain)))
    .failing_with::<Own>().counting(Ending::NOT_ANSWERED),
    [readiness passing state settling refusing recovering errors]);

/// Longer than the slowest law.
const LONG: Duration = Duration::from_secs(7200);

fn limits() -> SettingsBuilder {
    Settings::builder()
}

fn all() -> SettingsBuilder {
    limits().total(LONG).head(LONG / 2).idle(LONG / 3)
}

fn timeout(settings: SettingsBuilder) -> TimeoutLayer {
    TimeoutLayer::new(settings.build().unwrap())
}

/// Gives a service the body that it knows: it is there already.
#[derive(Debug, Clone, Copy)]
struct Collects;

impl<S> Layer<S> for Collects {
    type Service = Collected<S>;

    fn layer(&self, inner: S) -> Collected<S> {
        Collected(inner)
    }
}

#[derive(Debug, Clone)]
struct Collected<S>(S);

impl<S: Service<Request<Full<Bytes>>>> Service<Request<Uploading<Full<Bytes>>>> for Collected<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Uploading<Full<Bytes>>>) -> S::Future {
        self.0.call(request.map(|body| match body.collect().now_or_never() {
            Some(Ok(body)) => body.to_bytes().into(),
            _ => panic!("a body that is there at once"),
        }))
    }
}
