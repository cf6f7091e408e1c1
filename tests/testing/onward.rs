//! Upstreams that ask others before they answer.

use std::{convert::Infallible, future::pending, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{
    BoxError, Service, ServiceBuilder, ServiceExt,
    retry::{Policy, RetryLayer},
    service_fn,
};
use tower_mesh::{
    Reason, Refusal,
    layer::clock,
    testing::{Echo, EchoBody, Load, echo::EchoFuture},
};

use super::{ms, since};

const REVIEWS: &str = "http://reviews:9080/reviews/0";
const RATINGS: &str = "http://ratings:9080/ratings/0";

async fn get(upstream: &Echo) -> Response<EchoBody> {
    upstream.clone().oneshot(Request::new(String::new())).await.unwrap()
}

async fn text(response: Response<EchoBody>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Calls again once, whatever went wrong.
#[derive(Clone)]
struct Once(bool);

impl<Res, E> Policy<Request<Full<Bytes>>, Response<Res>, E> for Once {
    type Future = std::future::Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Full<Bytes>>,
        result: &mut Result<Response<Res>, E>,
    ) -> Option<Self::Future> {
        let good = result.as_ref().is_ok_and(|response| response.status().as_u16() < 400);
        (!good && std::mem::take(&mut self.0)).then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
        Some(request.clone())
    }
}

/// A client with a timeout.
fn within(
    timeout: Duration,
    upstream: &Echo,
) -> impl Service<Request<Full<Bytes>>, Response = Response<EchoBody>, Error = BoxError, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    ServiceBuilder::new().timeout(timeout).service(upstream.clone())
}

#[test]
fn an_upstream_that_asks_others_is_still_one_type_that_can_be_shared_and_sent() {
    fn is<T: Clone + Send + Sync>(_: &T) {}
    fn goes<T: Send + Sync>() {}
    is(&Echo::new().calling(within(ms(1), &Echo::new()), RATINGS));
    goes::<EchoFuture<Full<Bytes>>>();
}

#[tokio::test(start_paused = true)]
async fn the_times_of_a_chain_add_up() {
    let ratings = Echo::new().named("ratings").delay(ms(30)).slow_body(ms(5));
    let reviews = Echo::new().named("reviews").delay(ms(20)).calling(ratings.clone(), RATINGS);
    let page = Echo::new().named("productpage").delay(ms(10)).calling(reviews.clone(), REVIEWS);
    let report = Load::workers(1).requests(3).run(page.clone()).await;
    assert_eq!(report.count(200), 3);
    // An answer is read to its end: the slow body counts too.
    assert_eq!(report.latency.percentile(0.1), ms(65));
    assert_eq!(report.latency.max(), ms(65));
    for (upstream, onward) in [(&page, 3), (&reviews, 3), (&ratings, 0)] {
        let seen = upstream.seen();
        assert_eq!((seen.calls, seen.by_status[&200], seen.active), (3, 3, 0), "{}", upstream.name());
        assert_eq!((seen.onward, seen.onward_failed), (onward, 0), "{}", upstream.name());
    }
}

#[tokio::test(start_paused = true)]
async fn several_are_asked_one_after_another_in_the_order_they_were_told() {
    let (details, reviews) = (Echo::new().delay(ms(30)), Echo::new().delay(ms(40)));
    let page = Echo::new().calling(details.clone(), "http://details:9080/").calling(reviews.clone(), REVIEWS);
    let start = clock::now();
    let mut call = Box::pin(get(&page));
    assert!(tokio::time::timeout(ms(20), &mut call).await.is_err());
    assert_eq!((details.seen().active, reviews.seen().calls), (1, 0));
    assert!(tokio::time::timeout(ms(20), &mut call).await.is_err());
    assert_eq!((details.seen().active, reviews.seen().active), (0, 1));
    assert_eq!(call.await.status(), 200);
    assert_eq!(since(start), ms(71));
}

#[tokio::test(start_paused = true)]
async fn its_own_delay_comes_first_and_its_body_last() {
    let ratings = Echo::new();
    let reviews = Echo::new().delay(ms(10)).calling(ratings.clone(), RATINGS);
    let mut call = Box::pin(reviews.clone().oneshot(Request::new("hello".to_owned())));
    assert!(tokio::time::timeout(ms(9), &mut call).await.is_err());
    assert_eq!(ratings.seen().calls, 0);
    let response = call.await.unwrap();
    assert_eq!(ratings.seen().calls, 1);
    assert_eq!(text(response).await, "hello");
}

#[tokio::test(start_paused = true)]
async fn who_needs_an_answer_of_400_and_above_answers_with_the_same_status() {
    for status in [400, 404, 409, 429, 500, 503, 511] {
        let ratings = Echo::new().status(status).header("x-of", "ratings").size(9);
        let reviews = Echo::new().header("x-version", "v2").size(1000).calling(ratings, RATINGS);
        let response = get(&reviews).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["x-version"], "v2");
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert!(!response.headers().contains_key("x-of") && !response.headers().contains_key("x-missing"));
        let why = StatusCode::from_u16(status).unwrap();
        assert_eq!(text(response).await, format!("ratings:9080 answered {why}"));
        let seen = reviews.seen();
        assert_eq!((seen.onward, seen.onward_failed, seen.by_status[&status]), (1, 1, 1));
    }
    for status in [200, 204, 302] {
        let reviews = Echo::new().calling(Echo::new().status(status), RATINGS);
        assert_eq!((get(&reviews).await.status().as_u16(), reviews.seen().onward_failed), (200, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn who_needs_an_answer_and_gets_no_whole_one_answers_502() {
    for (ratings, why) in [
        (Echo::new().refuse(), "connection refused"),
        (Echo::new().reset(), "connection reset before the response"),
        (Echo::new().break_body().size(10), "connection reset in the response's body"),
    ] {
        let reviews = Echo::new().calling(ratings, RATINGS);
        let response = get(&reviews).await;
        assert_eq!(response.status(), 502);
        assert_eq!(text(response).await, format!("no answer from ratings:9080: {why}"));
        assert_eq!((reviews.seen().onward, reviews.seen().onward_failed), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_needed_answer_failed_nobody_else_is_asked() {
    let later = Echo::new();
    let page = Echo::new().calling(Echo::new().status(503), REVIEWS).calling(later.clone(), RATINGS);
    assert_eq!(get(&page).await.status(), 503);
    assert_eq!((page.seen().onward, later.seen().calls), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn who_only_tries_to_call_answers_whole_and_says_whom_it_misses() {
    let page = Echo::new()
        .size(4)
        .trying_to_call(Echo::new().status(503), REVIEWS)
        .trying_to_call(Echo::new(), "http://details:9080/")
        .trying_to_call(Echo::new().refuse(), "/nobody");
    let response = get(&page).await;
    assert_eq!(response.status(), 200);
    let missing: Vec<_> = response.headers().get_all("x-missing").iter().collect();
    assert_eq!(missing, ["reviews:9080", "/nobody"]);
    assert_eq!(text(response).await, "xxxx\nmissing: reviews:9080\nmissing: /nobody\n");
    assert_eq!((page.seen().onward, page.seen().onward_failed, page.seen().by_status[&200]), (3, 2, 1));

    let whole = get(&Echo::new().size(4).trying_to_call(Echo::new(), REVIEWS)).await;
    assert!(!whole.headers().contains_key("x-missing"));
    assert_eq!(text(whole).await, "xxxx");
}

#[tokio::test(start_paused = true)]
async fn who_would_not_answer_well_by_itself_asks_nobody() {
    let ratings = Echo::new();
    for script in ["refuse=true", "hang=true", "reset=true", "status=404", "status=503"] {
        let reviews = script.parse::<Echo>().unwrap().calling(ratings.clone(), RATINGS);
        let report = Load::workers(1).requests(1).run(reviews.clone()).await;
        assert_eq!((report.requests, reviews.seen().calls, reviews.seen().onward), (1, 1, 0), "{script}");
    }
    assert_eq!(ratings.seen().calls, 0);
    let reviews = Echo::new().status_percent(503, 20.0).seed(7).calling(ratings.clone(), RATINGS);
    let report = Load::workers(10).requests(100).run(reviews).await;
    assert_eq!(ratings.seen().calls, report.count(200));
    assert!(report.count(503) > 0);
}

/// An upstream that notes the headers it gets.
fn noting() -> (impl Clone + Fn() -> HeaderMap, Echo) {
    let noted = std::sync::Arc::new(std::sync::Mutex::new(HeaderMap::new()));
    let service = service_fn({
        let noted = std::sync::Arc::clone(&noted);
        move |request: Request<Full<Bytes>>| {
            assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("GET", RATINGS));
            *noted.lock().unwrap() = request.headers().clone();
            std::future::ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
        }
    });
    (move || noted.lock().unwrap().clone(), Echo::new().calling(service, RATINGS))
}

fn asked() -> Request<String> {
    let headers = [
        ("end-user", "jason"),
        ("end-user", "bob"),
        ("x-request-id", "7"),
        ("x-b3-traceid", "1"),
        ("x-b3-spanid", "2"),
        ("x-b3-parentspanid", "3"),
        ("x-b3-sampled", "1"),
        ("x-b3-flags", "0"),
        ("b3", "1-2-1"),
        ("traceparent", "00-1-2-01"),
        ("tracestate", "a=b"),
        ("cookie", "session=1"),
        ("content-type", "text/plain"),
        ("x-forwarded-for", "10.0.0.1"),
    ];
    let post = Request::post("http://reviews:9080/?status=201");
    headers.into_iter().fold(post, |all, (name, value)| all.header(name, value)).body("a".to_owned()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn who_asks_and_what_traces_the_request_goes_with_what_is_asked_of_others() {
    let (noted, reviews) = noting();
    assert_eq!(reviews.oneshot(asked()).await.unwrap().status(), 201);
    let noted = noted();
    assert_eq!(noted.get_all("end-user").iter().collect::<Vec<_>>(), ["jason", "bob"]);
    let names: std::collections::BTreeSet<_> = noted.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(
        Vec::from_iter(names),
        [
            "b3",
            "end-user",
            "traceparent",
            "tracestate",
            "x-b3-flags",
            "x-b3-parentspanid",
            "x-b3-sampled",
            "x-b3-spanid",
            "x-b3-traceid",
            "x-request-id"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_passed_on_can_be_told() {
    let (noted, reviews) = noting();
    reviews.clone().passing_on(["Cookie", "end-user"]).oneshot(asked()).await.unwrap();
    assert_eq!((noted().keys_len(), &noted()["cookie"]), (2, &http::HeaderValue::from_static("session=1")));
    reviews.passing_on([""; 0]).oneshot(asked()).await.unwrap();
    assert!(noted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_takes_what_is_asked_for_him_with_him() {
    let ratings = Echo::new().delay(ms(2000));
    let reviews = Echo::new().calling(ratings.clone(), RATINGS);
    let page = Echo::new().calling(reviews.clone(), REVIEWS);
    assert!(tokio::time::timeout(ms(100), get(&page)).await.is_err());
    for upstream in [&page, &reviews, &ratings] {
        let seen = upstream.seen();
        assert_eq!((seen.calls, seen.active, seen.abandoned), (1, 0, 1));
        // Nobody knows how it would have ended.
        assert_eq!(seen.onward_failed, 0);
    }
    assert_eq!((page.seen().onward, reviews.seen().onward), (1, 1));
}

/// Half a second for ratings that take two, and a page that tries reviews twice.
#[tokio::test(start_paused = true)]
async fn a_chain_with_timeouts_and_retries_of_each_hop_takes_the_sum_of_its_waits() {
    let ratings = Echo::new().named("ratings").delay(ms(2000));
    let reviews = Echo::new().named("reviews").latency(ms(0)).calling(within(ms(500), &ratings), RATINGS);
    let client = ServiceBuilder::new().layer(RetryLayer::new(Once(true))).service(reviews.clone());
    let page = Echo::new().named("productpage").latency(ms(0)).trying_to_call(client, REVIEWS);
    let report = Load::workers(1).requests(2).run(page.clone()).await;
    assert_eq!((report.count(200), report.latency.max()), (2, ms(1000)));
    assert_eq!((page.seen().onward, page.seen().onward_failed), (2, 2));
    assert_eq!((reviews.seen().calls, reviews.seen().by_status[&502]), (4, 4));
    assert_eq!((ratings.seen().calls, ratings.seen().abandoned), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn what_a_layer_below_knows_of_its_refusal_stays_below() {
    let refusal = || Refusal::new(Reason::CircuitOpen, StatusCode::CONFLICT);
    let refusing = service_fn(move |_: Request<Full<Bytes>>| {
        let mut response = Response::new(Full::<Bytes>::default());
        *response.status_mut() = refusal().status();
        response.extensions_mut().insert(refusal());
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let report = Load::workers(1).requests(1).run(Echo::new().calling(refusing, RATINGS)).await;
    assert_eq!((report.count(409), report.refused(Reason::CircuitOpen)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_never_ready_is_waited_for_and_one_that_fails_is_none() {
    #[derive(Clone)]
    struct Unready(bool);

    impl Service<Request<Full<Bytes>>> for Unready {
        type Response = Response<Full<Bytes>>;
        type Error = BoxError;
        type Future = std::future::Pending<Result<Self::Response, BoxError>>;

        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), BoxError>> {
            if self.0 { std::task::Poll::Ready(Err("closed".into())) } else { std::task::Poll::Pending }
        }

        fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
            pending()
        }
    }

    let waits = Echo::new().calling(Unready(false), RATINGS);
    assert!(tokio::time::timeout(ms(1000), get(&waits)).await.is_err());
    assert_eq!((waits.seen().onward, waits.seen().abandoned), (1, 1));
    assert_eq!(
        text(get(&Echo::new().calling(Unready(true), RATINGS)).await).await,
        "no answer from ratings:9080: closed"
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_is_told_whom_to_ask_has_seen_nothing_yet() {
    let reviews = Echo::new().calling(Echo::new(), RATINGS);
    get(&reviews).await;
    let earlier = reviews.seen();
    assert_eq!(reviews.clone().trying_to_call(Echo::new(), RATINGS).seen().calls, 0);
    assert_eq!(reviews.clone().passing_on(["cookie"]).seen().calls, 0);
    assert_eq!(reviews.clone().named("other").seen().onward, 0);
    get(&reviews).await;
    assert_eq!((reviews.seen().since(&earlier).onward, reviews.seen().onward), (1, 2));
}

#[test]
#[should_panic(expected = "not a URI")]
fn a_text_that_is_no_uri_panics() {
    let _ = Echo::new().calling(Echo::new(), "http://two words/");
}

#[cfg(feature = "yaml")]
#[tokio::test(start_paused = true)]
async fn a_client_of_a_mesh_can_be_asked() {
    let policy = include_str!("../../examples/policies/circuit-breaker.yaml");
    let mesh = tower_mesh::Mesh::from_yaml(policy).unwrap();
    let fortio = Echo::new().status(511);
    let client = mesh.client(fortio.clone());
    let page = Echo::new().calling(client, "http://fortio.demo.svc.cluster.local:8080/echo");
    let report = Load::workers(1).requests(150).run(page.clone()).await;
    assert_eq!((report.count(511), report.count(409), fortio.seen().calls), (100, 50, 100));
    assert_eq!((page.seen().onward, page.seen().onward_failed), (150, 150));
}
