//! What a request says of how long it may take, and what the next hop is told.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use http::{HeaderMap, Response};
use tower::{Layer, Service, service_fn};
use tower_mesh::{layer::timeout::Uploading, policy::timeout::Trusted, testing::Echo};

use super::{upload::Upload, *};

const TOTAL: &str = "x-envoy-upstream-rq-timeout-ms";
const TRY: &str = "x-envoy-upstream-rq-per-try-timeout-ms";
const EMPTY: &str = "x-envoy-upstream-rq-timeout-alt-response";
const EXPECTED: &str = "x-envoy-expected-rq-timeout-ms";

/// What arrives behind this layer.
async fn arrives<S>(layer: &impl Layer<Spy, Service = S>, request: Request<Full<Bytes>>) -> HeaderMap
where
    S: Service<Request<Full<Bytes>>, Error: fmt::Debug>,
{
    let spy = Spy::default();
    let heard = Arc::clone(&spy.0);
    layer.layer(spy).oneshot(request).await.expect("an answer");
    let headers = heard.lock().expect("no panic").pop();
    headers.expect("it arrived")
}

/// Keeps the headers of what arrives.
#[derive(Clone, Default)]
struct Spy(Arc<Mutex<Vec<HeaderMap>>>);

impl<B> Service<Request<B>> for Spy {
    type Response = Response<Full<Bytes>>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0.lock().expect("no panic").push(request.headers().clone());
        std::future::ready(Ok(Response::default()))
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().expect("a text"))
}

// ===== Envoy's, where they are trusted =====

/// As in Envoy: the header replaces the time in both directions, 0 is none, garbage is ignored.
#[tokio::test(start_paused = true)]
async fn a_trusted_header_replaces_the_total_in_both_directions() {
    let settings = limits().total(ms(500)).trust_request_headers(Trusted::Total);
    let service = timeout(settings).layer(Echo::new().delay(ms(1000)));
    for (value, status, after) in
        [("3000", 200, 1000), ("100", 504, 100), ("0", 200, 1000), ("soon", 504, 500), ("-1", 504, 500)]
    {
        let got = ask(&service, with(get(), TOTAL, value)).await;
        assert_eq!((got.status(), got.after), (status, after), "{value}");
    }
    let endless = timeout(limits().trust_request_headers(Trusted::Total)).layer(Echo::new().hang());
    let got = ask(&endless, with(get(), TOTAL, "700")).await;
    assert_eq!(got.ended(), (504, Some("response_timeout"), 700), "also where none was set");
}

#[tokio::test(start_paused = true)]
async fn a_trusted_header_of_one_try_works_where_none_was_set() {
    let service = timeout(limits().trust_request_headers(Trusted::Head)).layer(Echo::new().delay(ms(1000)));
    let got = ask(&service, with(get(), TRY, "300")).await;
    assert_eq!(got.ended(), (504, Some("upstream_per_try_timeout"), 300));
    assert_eq!(ask(&service, with(get(), TOTAL, "300")).await.status(), 200, "that is not its own");
    assert_eq!(ask(&service, get()).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn headers_that_nobody_trusts_pass_untouched() {
    let request = || with(with(with(get(), TOTAL, "1"), TRY, "1"), EMPTY, "1");
    let layer = timeout(limits().total(ms(500)));
    assert_eq!(ask(&layer.layer(Echo::new().delay(ms(400))), request()).await.status(), 200);
    let got = ask(&layer.layer(Echo::new().hang()), request()).await;
    assert_eq!(got.ended(), (504, Some("response_timeout"), 500));
    assert_eq!(arrives(&layer, request()).await, *request().headers());
}

#[tokio::test(start_paused = true)]
async fn what_is_trusted_is_taken_off_by_who_reads_it() {
    let request = || with(with(with(get(), TOTAL, "3"), TRY, "2"), EMPTY, "1");
    for (trusted, left) in
        [(Trusted::Total, &[TRY, EMPTY][..]), (Trusted::Head, &[TOTAL]), (Trusted::Both, &[])]
    {
        let headers = arrives(&timeout(limits().trust_request_headers(trusted)), request()).await;
        let names: Vec<_> =
            [TOTAL, TRY, EMPTY].into_iter().filter(|name| headers.contains_key(*name)).collect();
        assert_eq!(names, left, "{trusted:?}");
    }
}

/// As in Envoy: 204 and no body instead of a 504.
#[tokio::test(start_paused = true)]
async fn a_trusted_caller_may_ask_for_an_empty_answer() {
    let settings = limits().total(ms(500)).trust_request_headers(Trusted::Both);
    let got = ask(&timeout(settings).layer(Echo::new().hang()), with(get(), EMPTY, "yes")).await;
    assert_eq!(got.ended(), (204, Some("response_timeout"), 500));
    assert_eq!((got.content(), got.head.headers.len(), got.flags().as_str()), ("", 0, "UT"));
    // Around each try, too, and around all tries: the header goes through the outer one.
    let layers = (
        timeout(limits().trust_request_headers(Trusted::Total)),
        timeout(limits().head(ms(100)).trust_request_headers(Trusted::Head)).heads_only(),
    );
    let got = ask(&layers.layer(Echo::new().hang()), with(get(), EMPTY, "yes")).await;
    assert_eq!(got.ended(), (204, Some("upstream_per_try_timeout"), 100));
}

// ===== gRPC's =====

#[tokio::test(start_paused = true)]
async fn grpc_timeout_lowers_the_total_of_grpc_calls_alone() {
    let service = timeout(limits().total(ms(500))).layer(Echo::new().hang());
    for (request, after) in [
        (with(grpc(), "grpc-timeout", "100m"), 100),
        (with(grpc(), "grpc-timeout", "3S"), 500),
        (with(grpc(), "grpc-timeout", "3 S"), 500),
        (with(get(), "grpc-timeout", "100m"), 500),
        (grpc(), 500),
    ] {
        let got = ask(&service, request).await;
        assert_eq!((got.after, got.why()), (after, Some("response_timeout")));
    }
    let alone = timeout(limits()).layer(Echo::new().hang());
    let got = ask(&alone, with(grpc(), "grpc-timeout", "2S")).await;
    assert_eq!((got.after, got.header("grpc-status")), (2000, Some("14")));
}

#[tokio::test(start_paused = true)]
async fn grpc_timeout_can_be_left_alone() {
    let service = timeout(limits().grpc_timeout(false)).layer(Echo::new().delay(ms(1000)));
    assert_eq!(ask(&service, with(grpc(), "grpc-timeout", "100m")).await.after, 1000);
}

// ===== what the next hop is told =====

#[tokio::test(start_paused = true)]
async fn the_next_hop_is_told_how_long_it_has() {
    let told = async |settings: SettingsBuilder, request| {
        let headers = arrives(&timeout(settings.tell_deadline(true)), request).await;
        header(&headers, EXPECTED).map(str::to_owned)
    };
    assert_eq!(told(limits().total(ms(500)), get()).await.as_deref(), Some("500"));
    assert_eq!(told(limits(), get()).await, None, "nothing is limited");
    assert_eq!(told(limits(), with(get(), EXPECTED, "7")).await, None, "nor by what a caller says");
    // Case 47 of Envoy: the shorter of the two.
    assert_eq!(told(limits().total(ms(5000)).head(ms(5000)), get()).await.as_deref(), Some("5000"));
    assert_eq!(told(limits().total(ms(5000)).head(ms(2000)), get()).await.as_deref(), Some("2000"));
    let trusting = limits().total(ms(500)).trust_request_headers(Trusted::Total);
    assert_eq!(told(trusting, with(get(), TOTAL, "3000")).await.as_deref(), Some("3000"));
    assert_eq!(told(trusting, with(get(), TOTAL, "0")).await, None);
    let untold = arrives(&timeout(limits().total(ms(500))), get()).await;
    assert_eq!(header(&untold, EXPECTED), None, "only where it is asked for");
}

/// As Envoy does: a gRPC upstream is told in its own words, too.
#[tokio::test(start_paused = true)]
async fn a_grpc_upstream_is_told_by_grpc_timeout_too() {
    let layer = timeout(limits().total(ms(300)).tell_deadline(true));
    for request in [grpc(), with(grpc(), "grpc-timeout", "5S")] {
        let headers = arrives(&layer, request).await;
        assert_eq!(
            (header(&headers, "grpc-timeout"), header(&headers, EXPECTED)),
            (Some("300m"), Some("300"))
        );
    }
    let headers = arrives(&layer, get()).await;
    assert_eq!(header(&headers, "grpc-timeout"), None);
}

/// Case 47 of Envoy, second half: a try of 2 s that begins 4.5 s into 5 s has half a second.
#[tokio::test(start_paused = true)]
async fn a_later_try_is_told_what_is_left() {
    let spy = Spy::default();
    let tries = timeout(limits().head(ms(2000)).tell_deadline(true)).heads_only().layer(spy.clone());
    let again = service_fn(move |request: Request<Full<Bytes>>| {
        let tries = tries.clone();
        async move {
            let (head, body) = request.into_parts();
            let request = || Request::from_parts(head.clone(), body.clone());
            tries.clone().oneshot(request()).await?;
            tokio::time::sleep(ms(4500)).await;
            tries.oneshot(request()).await
        }
    });
    let service = timeout(limits().total(ms(5000)).tell_deadline(true)).layer(again);
    assert_eq!(ask(&service, get()).await.status(), 200);
    let heard = spy.0.lock().expect("no panic").clone();
    let told: Vec<_> = heard.iter().map(|headers| header(headers, EXPECTED)).collect();
    assert_eq!(told, [Some("2000"), Some("500")]);
}

/// What its caller took to upload is not taken from it.
#[tokio::test(start_paused = true)]
async fn what_is_left_is_counted_from_the_requests_end() {
    let spy = Spy::default();
    let tries = timeout(limits().tell_deadline(true)).heads_only().layer(spy.clone());
    let waits = service_fn(move |request: Request<Uploading<Upload>>| {
        let tries = tries.clone();
        async move {
            let (head, body) = request.into_parts();
            body.collect().await.expect("a body");
            tokio::time::sleep(ms(4500)).await;
            tries.oneshot(Request::from_parts(head, Full::<Bytes>::default())).await
        }
    });
    let layer = timeout(limits().total(ms(5000)).tell_deadline(true)).starting_at_request_end();
    assert_eq!(ask(&layer.layer(waits), Request::new(Upload::new([1000]))).await.status(), 200);
    let heard = spy.0.lock().expect("no panic").clone();
    assert_eq!(header(&heard[0], EXPECTED), Some("500"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_never_arrives_late() {
    let arrived = Arc::new(AtomicBool::new(false));
    let upstream = service_fn({
        let arrived = Arc::clone(&arrived);
        move |_: Request<Full<Bytes>>| {
            let arrived = Arc::clone(&arrived);
            async move {
                tokio::time::sleep(ms(1000)).await;
                arrived.store(true, SeqCst);
                Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
            }
        }
    });
    assert_eq!(ask(&timeout(limits().total(ms(500))).layer(upstream), get()).await.status(), 504);
    tokio::time::sleep(ms(5000)).await;
    assert!(!arrived.load(SeqCst), "it was let go of");
}
