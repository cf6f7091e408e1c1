//! Which answers are tried again.

use tower_mesh::{
    CircuitBreakerLayer,
    policy::{
        circuit_breaker,
        retry::{HeaderMatch, Methods},
    },
};

use super::*;

/// How many tries an upstream sees that always answers so.
async fn tries(settings: SettingsBuilder, upstream: Script, request: Request<Full<Bytes>>) -> usize {
    let upstream = noted(upstream);
    let _ = try_ask(&layer(settings).layer(upstream.clone()), request).await;
    upstream.log().len()
}

/// As Envoy answers: 429 is not in `5xx`, `retriable-4xx` is 409 alone, `connect-failure` does not cover a 503.
#[tokio::test(start_paused = true)]
async fn each_word_covers_its_answers_and_no_others() {
    for (words, status, again) in [
        ("5xx", 500, true),
        ("5xx", 599, true),
        ("5xx", 429, false),
        ("gateway-error", 502, true),
        ("gateway-error", 503, true),
        ("gateway-error", 504, true),
        ("gateway-error", 500, false),
        ("retriable-4xx", 409, true),
        ("retriable-4xx", 404, false),
        ("connect-failure", 503, false),
        ("reset", 503, false),
        ("418", 418, true),
        ("418", 503, false),
    ] {
        let seen = tries(settings(1, words), statuses(&[status]), get()).await;
        assert_eq!(seen, if again { 2 } else { 1 }, "{words} and {status}");
    }
}

/// As Istio does today, and did before.
#[tokio::test(start_paused = true)]
async fn the_default_of_a_mesh_leaves_a_503_alone_and_an_older_one_did_not() {
    let today = RetryLayer::new(Settings::istio_default()).over(Http.reading_errors());
    let before = RetryLayer::new(Settings::istio_default_with_503()).over(Http.reading_errors());
    let (one, three) = (noted(statuses(&[503])), noted(statuses(&[503])));
    assert_eq!(ask(&today.layer(one.clone()), get()).await.seen(), (503, "503", "-"));
    assert_eq!(ask(&before.layer(three.clone()), get()).await.seen(), (503, "503", "URX"));
    assert_eq!((one.log().len(), three.log().len()), (1, 3));

    let (refuses, resets) = (Echo::new().refuse(), Echo::new().reset());
    try_ask(&today.layer(refuses.clone()), get()).await.unwrap_err();
    try_ask(&today.layer(resets.clone()), get()).await.unwrap_err();
    assert_eq!(
        (refuses.seen().calls, resets.seen().calls),
        (3, 1),
        "a reset comes after the request was sent"
    );
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_tried_again_by_what_is_known_of_it() {
    for (words, refused, reset) in [
        ("connect-failure", 2, 1),
        ("reset-before-request", 2, 1),
        ("reset", 2, 2),
        ("5xx", 2, 2),
        ("gateway-error", 2, 2),
        ("retriable-status-codes", 1, 1),
        ("503", 1, 1),
    ] {
        let (refuses, resets) = (Echo::new().refuse(), Echo::new().reset());
        try_ask(&layer(settings(1, words)).layer(refuses.clone()), get()).await.unwrap_err();
        try_ask(&layer(settings(1, words)).layer(resets.clone()), get()).await.unwrap_err();
        assert_eq!((refuses.seen().calls, resets.seen().calls), (refused, reset), "{words}");
    }
}

/// Over `Http` alone only errors of known types are looked into.
#[tokio::test(start_paused = true)]
async fn an_error_of_its_own_type_is_a_reset_unless_errors_are_read() {
    let refuses = Echo::new().refuse();
    let service = RetryLayer::new(Settings::istio_default()).layer(refuses.clone());
    try_ask(&service, get()).await.unwrap_err();
    assert_eq!(refuses.seen().calls, 1);

    let calls = Arc::new(Mutex::new(0));
    let io = tower::service_fn({
        let calls = Arc::clone(&calls);
        move |_: Request<tower_mesh::layer::body::Sent<Full<Bytes>>>| {
            *calls.lock().expect("no panic") += 1;
            let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
            std::future::ready(Err::<Response<Full<Bytes>>, _>(tower::BoxError::from(refused)))
        }
    });
    try_ask(&RetryLayer::new(Settings::istio_default()).layer(io), get()).await.unwrap_err();
    assert_eq!(*calls.lock().expect("no panic"), 3);
}

/// As Envoy answers: `x-envoy-ratelimited` comes before all other words; `x-envoy-overloaded` stops nothing.
/// Case 57 of Envoy.
#[tokio::test(start_paused = true)]
async fn who_is_told_to_slow_down_is_tried_again_by_that_word_alone() {
    let limited = || script(vec![step(0, 503).header("x-envoy-ratelimited", "true")]);
    let overloaded = || script(vec![step(0, 503).header("x-envoy-overloaded", "true")]);
    assert_eq!(tries(settings(1, "5xx,503"), limited(), get()).await, 1);
    assert_eq!(tries(settings(1, "envoy-ratelimited"), limited(), get()).await, 2);
    assert_eq!(tries(settings(1, "5xx"), overloaded(), get()).await, 2);
}

/// Case 51 of Envoy, where a status counts as a header.
#[tokio::test(start_paused = true)]
async fn headers_of_an_answer_can_have_it_tried_again() {
    let answer = || script(vec![step(0, 200).header("x-again", "please")]);
    let with = |header| settings(1, "retriable-headers").retriable_header(header);
    let name = || http::HeaderName::from_static("x-again");
    assert_eq!(tries(with(HeaderMatch::present(name())), answer(), get()).await, 2);
    assert_eq!(
        tries(with(HeaderMatch::exact(name(), "please".parse().expect("a value"))), answer(), get()).await,
        2
    );
    assert_eq!(
        tries(with(HeaderMatch::exact(name(), "no".parse().expect("a value"))), answer(), get()).await,
        1
    );
    let without_word = settings(1, "5xx").retriable_header(HeaderMatch::present(name()));
    assert_eq!(tries(without_word, answer(), get()).await, 1);
}

/// As Envoy does: a POST too, unless one says otherwise.
#[tokio::test(start_paused = true)]
async fn every_method_is_tried_again_or_only_those_that_change_nothing() {
    for (method, all, safe) in
        [("GET", 2, 2), ("HEAD", 2, 2), ("OPTIONS", 2, 2), ("POST", 2, 1), ("DELETE", 2, 1)]
    {
        let request = || Request::builder().method(method).body(Full::default()).expect("a request");
        assert_eq!(tries(settings(1, "5xx"), statuses(&[503]), request()).await, all, "{method}");
        let restricted = settings(1, "5xx").methods(Methods::Safe);
        assert_eq!(tries(restricted, statuses(&[503]), request()).await, safe, "{method}");
    }
    let named = || {
        settings(1, "5xx").retriable_request_header(HeaderMatch::present("x-safe".parse().expect("a name")))
    };
    let mut request = get();
    assert_eq!(tries(named(), statuses(&[503]), request.clone()).await, 1);
    request.headers_mut().insert("x-safe", 1.into());
    assert_eq!(tries(named(), statuses(&[503]), request).await, 2);
}

/// Case 52 of Envoy: a caller who is trusted says on what, and not of which methods.
#[tokio::test(start_paused = true)]
async fn who_asks_for_retries_has_them_only_for_methods_that_may() {
    for (method, calls) in [("GET", 2), ("POST", 1)] {
        let request = Request::builder().method(method).header("x-envoy-retry-on", "5xx");
        let request = request.body(Full::default()).expect("a request");
        let safe = settings(0, "").methods(Methods::Safe).trust_request_headers(true);
        assert_eq!(tries(safe, statuses(&[503]), request).await, calls, "{method}");
    }
}

/// As Envoy does: a gRPC status counts in the head, and in trailers only where one asks for that.
#[tokio::test(start_paused = true)]
async fn a_grpc_status_is_seen_in_the_head() {
    let unavailable = || script(vec![step(0, 200).header("grpc-status", "14")]);
    assert_eq!(tries(settings(1, "unavailable"), unavailable(), grpc()).await, 2);
    assert_eq!(tries(settings(1, "cancelled,internal"), unavailable(), grpc()).await, 1);
    assert_eq!(tries(settings(1, "5xx"), unavailable(), grpc()).await, 1);
    assert_eq!(tries(settings(1, "unavailable"), unavailable(), get()).await, 1, "it is no gRPC call");
    let fine = script(vec![step(0, 200).header("grpc-status", "0")]);
    assert_eq!(tries(settings(1, "unavailable"), fine, grpc()).await, 1);
}

/// Case 58 of Envoy, where it is not seen.
#[tokio::test(start_paused = true)]
async fn a_grpc_status_that_follows_the_head_is_seen_by_peeking() {
    type Frames = Vec<Result<http_body::Frame<Bytes>, std::io::Error>>;
    fn trailers() -> http_body::Frame<Bytes> {
        let status = ("grpc-status".parse().expect("a name"), "14".parse().expect("a value"));
        http_body::Frame::trailers(http::HeaderMap::from_iter([status]))
    }
    async fn play(frames: fn() -> Frames, peeking: bool) -> (usize, String, Option<String>) {
        let upstream =
            noted(tower::service_fn(move |_: Request<tower_mesh::layer::body::Sent<Full<Bytes>>>| {
                let body = http_body_util::StreamBody::new(futures_util::stream::iter(frames()));
                std::future::ready(Ok::<_, std::io::Error>(Response::new(body)))
            }));
        let upstream = (upstream.clone(), tower_mesh::AnswerableLayer.layer(upstream));
        let layer = RetryLayer::new(settings(1, "unavailable").build().expect("these mean something"));
        let response = if peeking {
            let response =
                layer.peeking_trailers().layer(upstream.1).oneshot(grpc()).await.expect("an answer");
            response.map(|body| body.boxed())
        } else {
            let response = layer.layer(upstream.1).oneshot(grpc()).await.expect("an answer");
            response.map(|body| body.boxed())
        };
        let in_head =
            response.headers().get("grpc-status").map(|status| status.to_str().expect("a text").to_owned());
        let body = response.into_body().collect().await.expect("a body");
        let after =
            body.trailers().map(|trailers| trailers["grpc-status"].to_str().expect("a text").to_owned());
        let content = String::from_utf8(body.to_bytes().to_vec()).expect("a text");
        (upstream.0.log().len(), content, in_head.or(after))
    }
    let status = || Some("14".to_owned());
    let nothing: fn() -> Frames = || vec![Ok(trailers())];
    let message: fn() -> Frames =
        || vec![Ok(http_body::Frame::data(Bytes::from_static(b"message"))), Ok(trailers())];
    assert_eq!(play(nothing, false).await, (1, String::new(), status()));
    assert_eq!(play(nothing, true).await, (2, String::new(), status()));
    assert_eq!(play(message, true).await, (1, "message".to_owned(), status()), "an answer has begun");
}

/// What our own layers refuse would be refused again, or is meant: an overflow and a fault by Envoy's rules, an open
/// circuit by ours.
#[tokio::test(start_paused = true)]
async fn what_our_own_layers_refuse_is_not_tried_again() {
    use tower_mesh::Reason;
    for (reason, again) in [
        (Reason::PendingOverflow, false),
        (Reason::RequestOverflow, false),
        (Reason::CircuitOpen, false),
        (Reason::FaultAbort, false),
        (Reason::Timeout, false),
        (Reason::TryTimeout, true),
    ] {
        let calls = Arc::new(Mutex::new(0));
        let refuses = tower::service_fn({
            let calls = Arc::clone(&calls);
            move |_: Request<tower_mesh::layer::body::Sent<Full<Bytes>>>| {
                *calls.lock().expect("no panic") += 1;
                let mut response = Response::new(Full::<Bytes>::default());
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response.extensions_mut().insert(Refusal::new(reason, StatusCode::SERVICE_UNAVAILABLE));
                std::future::ready(Ok::<_, std::io::Error>(response))
            }
        });
        let got = ask(&layer(settings(2, "5xx,gateway-error,reset,503")).layer(refuses), get()).await;
        assert_eq!(
            (got.status, *calls.lock().expect("no panic")),
            (503, if again { 3 } else { 1 }),
            "{reason}"
        );
    }
}

/// A breaker further out sees one outcome, after the retries, and counts the waits among what the answer took.
#[tokio::test(start_paused = true)]
async fn a_breaker_around_retries_sees_one_outcome() {
    let rules = circuit_breaker::Settings::builder().error_amount(2).slow_amount(100);
    let breaker =
        CircuitBreakerLayer::new(rules.build().expect("these mean something")).over(Http.reading_errors());
    let handle = breaker.handle();
    let retries = layer(settings(2, "5xx")).drawing(Draws::seeded(1));
    let service = breaker.layer(retries.layer(statuses(&[503, 503, 200, 503])));
    let got = ask(&service, get()).await;
    assert_eq!(got.seen(), (200, "200", "-"));
    assert!(got.took > 0, "the waits are among what it took");
    let counts = handle.status().counts;
    assert_eq!((counts.error, ask(&service, get()).await.status), (0, 503));
    assert_eq!(handle.status().counts.error, 1, "three bad answers, one outcome");
}

/// As Envoy reads the headers of a caller whom it trusts, and takes them off. Cases 50, 53 and 54 of Envoy.
#[tokio::test(start_paused = true)]
async fn callers_who_are_trusted_say_how_they_are_tried() {
    let asks = |headers: &[(&'static str, &'static str)]| {
        let mut request = get();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a value"));
        }
        request
    };
    let play = async |settings: SettingsBuilder, status: u16, request: Request<Full<Bytes>>| {
        let upstream = noted(statuses(&[status]));
        let got = ask(&layer(settings).layer(upstream.clone()), request).await;
        (upstream.log().len(), upstream.log()[0].others, got.flags)
    };
    let trusting = |attempts, on| settings(attempts, on).trust_request_headers(true);
    let (on, most) = (("x-envoy-retry-on", "5xx, nonsense"), ("x-envoy-max-retries", "3"));
    let urx = || "URX".to_owned();
    assert_eq!(
        play(trusting(0, ""), 503, asks(&[on])).await,
        (2, 0, urx()),
        "once, where nothing else is said"
    );
    assert_eq!(play(trusting(4, "5xx"), 503, asks(&[most])).await, (4, 0, urx()));
    assert_eq!(play(trusting(0, ""), 503, asks(&[on, most])).await, (4, 0, urx()));
    assert_eq!(play(trusting(2, "5xx"), 503, asks(&[("x-envoy-max-retries", "0")])).await, (1, 0, urx()));
    assert_eq!(play(trusting(0, ""), 503, asks(&[most])).await, (1, 0, "-".to_owned()), "there are no words");
    let codes = |list| {
        asks(&[("x-envoy-retry-on", "retriable-status-codes"), ("x-envoy-retriable-status-codes", list)])
    };
    assert_eq!(play(trusting(0, ""), 200, codes("   418 junk,200")).await.0, 2);
    assert_eq!(play(trusting(0, ""), 200, codes("xxx200")).await.0, 1);
    // Who is not trusted is not listened to, and what he sent is left as it is.
    assert_eq!(play(settings(1, "5xx"), 503, asks(&[on, most])).await, (2, 2, urx()));
}
