//! Requests that are tried again, over scripted upstreams.

mod bodies;
mod gates;
mod hedging;
mod osm;
mod timeouts;
mod words;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt};
use tower_mesh::{
    Flags, Http, Refusal, RetryLayer,
    layer::{clock, draw::Draws, protocol::HttpReadingErrors, retry::Attempt},
    policy::{
        Time,
        retry::{RetryOn, Settings, SettingsBuilder},
    },
    testing::Echo,
};

use crate::caller::{Told, get, in_time, ms, with};

fn settings(attempts: u32, on: &str) -> SettingsBuilder {
    Settings::builder().attempts(attempts).on(on.parse::<RetryOn>().expect("these are words"))
}

fn layer(settings: SettingsBuilder) -> RetryLayer<HttpReadingErrors> {
    RetryLayer::new(settings.build().expect("these mean something")).over(Http.reading_errors())
}

/// A try, as it reached the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Came {
    after: Duration,
    count: Option<String>,
    expected: Option<String>,
    attempt: Option<u32>,
    others: usize,
}

/// Notes each try before the upstream sees it.
#[derive(Debug, Clone)]
struct Noted<S> {
    inner: S,
    since: Time,
    log: Arc<Mutex<Vec<Came>>>,
}

fn noted<S>(inner: S) -> Noted<S> {
    Noted { inner, since: clock::now(), log: Arc::default() }
}

impl<S> Noted<S> {
    fn log(&self) -> Vec<Came> {
        self.log.lock().expect("no panic").clone()
    }

    fn times(&self) -> Vec<u64> {
        self.log().iter().map(|came| came.after.as_millis() as u64).collect()
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Noted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        let text = |name| request.headers().get(name).map(|value| value.to_str().expect("a text").to_owned());
        let ours = ["x-envoy-attempt-count", "x-envoy-expected-rq-timeout-ms"];
        self.log.lock().expect("no panic").push(Came {
            after: clock::now().since(self.since),
            count: text(ours[0]),
            expected: text(ours[1]),
            attempt: request.extensions().get::<Attempt>().map(|attempt| attempt.number()),
            others: request.headers().keys().filter(|name| !ours.contains(&name.as_str())).count(),
        });
        self.inner.call(request)
    }
}

/// Answers with these, one after another, and then with the last one for ever.
#[derive(Debug, Clone)]
struct Script(Arc<Mutex<Vec<Step>>>);

#[derive(Debug, Clone)]
struct Step {
    after: Duration,
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
}

fn step(after: u64, status: u16) -> Step {
    Step { after: ms(after), status, headers: Vec::new() }
}

impl Step {
    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

fn script(mut steps: Vec<Step>) -> Script {
    steps.reverse();
    Script(Arc::new(Mutex::new(steps)))
}

/// Statuses, each at once.
fn statuses(all: &[u16]) -> Script {
    script(all.iter().map(|status| step(0, *status)).collect())
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, std::io::Error>> + Send>>;

impl<B> Service<Request<B>> for Script {
    type Response = Response<Full<Bytes>>;
    type Error = std::io::Error;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Answering {
        let mut steps = self.0.lock().expect("no panic");
        let step = if steps.len() > 1 { steps.pop() } else { steps.last().cloned() }.expect("a step");
        Box::pin(async move {
            if !step.after.is_zero() {
                tokio::time::sleep(step.after).await;
            }
            let mut response = Response::new(Full::from(step.status.to_string()));
            *response.status_mut() = StatusCode::from_u16(step.status).expect("a status");
            for (name, value) in step.headers {
                response.headers_mut().insert(name, value.parse().expect("a value"));
            }
            Ok(response)
        })
    }
}

/// What a caller got.
#[derive(Debug, PartialEq, Eq)]
struct Got {
    status: u16,
    content: String,
    flags: String,
    details: Option<String>,
    headers: http::HeaderMap,
    took: u64,
}

impl Got {
    fn seen(&self) -> (u16, &str, &str) {
        (self.status, &self.content, &self.flags)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a text"))
    }
}

fn post(content: &'static str) -> Request<Full<Bytes>> {
    Request::builder().method(Method::POST).body(Full::from(content)).expect("a request")
}

fn grpc() -> Request<Full<Bytes>> {
    let mut request = post("message");
    request.headers_mut().insert("content-type", "application/grpc".parse().expect("a value"));
    request
}

async fn try_ask<S, Q, B>(service: &S, request: Request<Q>) -> Result<Got, S::Error>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    B: Body<Data = Bytes, Error: fmt::Debug>,
{
    let start = clock::now();
    let (head, body) = service.clone().oneshot(request).await?.into_parts();
    let took = clock::now().since(start).as_millis() as u64;
    let content = body.collect().await.expect("a body").to_bytes();
    Ok(Got {
        status: head.status.as_u16(),
        content: String::from_utf8(content.to_vec()).expect("a text"),
        flags: head.extensions.get::<Flags>().copied().unwrap_or_default().to_string(),
        details: head.extensions.get::<Refusal>().map(|refusal| refusal.why().to_owned()),
        headers: head.headers,
        took,
    })
}

async fn ask<S, Q, B>(service: &S, request: Request<Q>) -> Got
where
    S: Service<Request<Q>, Response = Response<B>, Error: fmt::Debug> + Clone,
    B: Body<Data = Bytes, Error: fmt::Debug>,
{
    try_ask(service, request).await.expect("an answer")
}

#[tokio::test(start_paused = true)]
async fn when_no_retry_is_left_the_last_answer_of_the_upstream_is_the_answer() {
    let told = Told::new();
    let steps = [500, 502, 503].map(|status| step(0, status).header("x-pod", "a"));
    let upstream = noted(script(steps.to_vec()));
    let got =
        ask(&layer(settings(2, "5xx")).told("reviews", &told.events).layer(upstream.clone()), get()).await;
    assert_eq!(got.seen(), (503, "503", "URX"));
    assert_eq!((got.header("x-pod"), got.details.as_deref()), (Some("a"), None), "it is the upstream's own");
    assert_eq!(upstream.log().len(), 3);
    assert_eq!(told.names(), ["retried", "retried", "retries_used_up"]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_goes_well_leaves_no_trace_on_the_answer() {
    let upstream = noted(statuses(&[503, 200]));
    let got = ask(&layer(settings(2, "5xx")).layer(upstream.clone()), get()).await;
    assert_eq!(got.seen(), (200, "200", "-"));
    assert_eq!(upstream.log().iter().map(|came| came.attempt).collect::<Vec<_>>(), [None, Some(2)]);
}

/// Case 54 of Envoy, where it has a flag.
#[tokio::test(start_paused = true)]
async fn nothing_is_tried_again_where_nothing_was_said() {
    for settings in [Settings::builder(), settings(0, "5xx"), Settings::builder().attempts(3)] {
        let upstream = noted(statuses(&[503, 200]));
        assert_eq!(ask(&layer(settings).layer(upstream.clone()), get()).await.seen(), (503, "503", "-"));
        assert_eq!(upstream.log().len(), 1);
    }
}

/// As Envoy counts: 1, 2, 3, whatever the caller says; in the response only if that is asked for. Seen on Envoy, S7.5.
#[tokio::test(start_paused = true)]
async fn tries_are_numbered_for_the_upstream_and_for_the_caller() {
    for in_response in [false, true] {
        let upstream = noted(statuses(&[503]));
        let settings = settings(2, "5xx").count_attempts(true).count_attempts_in_response(in_response);
        let mut request = get();
        request.headers_mut().insert("x-envoy-attempt-count", 77.into());
        let got = ask(&layer(settings).layer(upstream.clone()), request).await;
        let counts: Vec<_> = upstream.log().into_iter().filter_map(|came| came.count).collect();
        assert_eq!(counts, ["1", "2", "3"]);
        let told = got.header("x-envoy-attempt-count");
        assert_eq!(told, in_response.then_some("3"));
    }
    let only_counted = Settings::builder().count_attempts(true).count_attempts_in_response(true);
    let upstream = noted(statuses(&[200]));
    let got = ask(&layer(only_counted).layer(upstream.clone()), get()).await;
    let counts = (upstream.log()[0].count.clone(), got.header("x-envoy-attempt-count").map(str::to_owned));
    assert_eq!(counts, (Some("1".to_owned()), Some("1".to_owned())));
}

/// As Envoy waits: evenly in [0, min(25 ms · 2^(k-1), 250 ms)), and not a little around a growing time.
/// Seen on Envoy, S7.10.
#[tokio::test(start_paused = true)]
async fn the_wait_before_a_retry_is_anything_below_a_time_that_doubles() {
    let mut waits = vec![Vec::new(); 6];
    for seed in 0..400 {
        let upstream = noted(statuses(&[503]));
        let service = layer(settings(6, "5xx")).drawing(Draws::seeded(seed)).layer(upstream.clone());
        ask(&service, get()).await;
        let times = upstream.times();
        times.windows(2).zip(&mut waits).for_each(|(pair, waits)| waits.push(pair[1] - pair[0]));
    }
    for (waits, ceiling) in waits.iter().zip([25, 50, 100, 200, 250, 250]) {
        let (least, most) = (*waits.iter().min().expect("waits"), *waits.iter().max().expect("waits"));
        let mean = waits.iter().sum::<u64>() as f64 / waits.len() as f64;
        assert!(
            least <= ceiling / 20 && most < ceiling && most >= ceiling - ceiling / 20 - 1,
            "{least}..{most}"
        );
        assert!((mean / ceiling as f64 - 0.5).abs() < 0.05, "{mean} of {ceiling}");
    }
}

/// Law 9: the waits of a request do not depend on what else is under way.
#[tokio::test(start_paused = true)]
async fn the_same_seed_waits_the_same_for_each_request_whatever_fails_beside_it() {
    let waits = async |first_fails: bool| {
        let first = script(vec![step(0, if first_fails { 503 } else { 200 }), step(0, 503)]);
        let upstream = noted(first);
        let service = layer(settings(3, "5xx")).drawing(Draws::seeded(7)).layer(upstream.clone());
        ask(&service, get()).await;
        let (before, start) = (upstream.log().len(), clock::now().since(upstream.since).as_millis() as u64);
        ask(&service, get()).await;
        upstream.times()[before..].iter().map(|time| time - start).collect::<Vec<_>>()
    };
    let calm = waits(false).await;
    assert_eq!(calm.len(), 4);
    assert_eq!(calm, waits(true).await);
}

#[tokio::test(start_paused = true)]
async fn a_try_that_lost_is_dropped_before_the_next_one_waits() {
    let upstream = Echo::new().status(503).slow_body(ms(10_000));
    // One place in all: a try that kept it would have the next one wait for ever.
    let one = tower::limit::ConcurrencyLimitLayer::new(1).layer(upstream.clone());
    let got = ask(&layer(settings(2, "5xx")).layer(one.clone()), get()).await;
    assert_eq!(got.seen(), (503, "", "URX"));
    assert_eq!((upstream.seen().calls, upstream.seen().max_active), (3, 1));

    let hangs = Echo::new().hang();
    let one = tower::limit::ConcurrencyLimitLayer::new(1).layer(hangs.clone());
    let settings = settings(2, "5xx").per_try_timeout(ms(100));
    assert_eq!(ask(&layer(settings).layer(one), get()).await.status, 504);
    assert_eq!((hangs.seen().calls, hangs.seen().max_active, hangs.seen().active), (3, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_ends_the_tries() {
    let upstream = noted(statuses(&[503]));
    let settings = settings(5, "5xx").backoff(tower_mesh::policy::backoff::Backoff::new(ms(1000)));
    let call = layer(settings).drawing(Draws::seeded(3)).layer(upstream.clone()).oneshot(get());
    let _ = tokio::time::timeout(ms(2), call).await;
    let before = upstream.log().len();
    tokio::time::sleep(ms(20_000)).await;
    assert_eq!(upstream.log().len(), before);
}
