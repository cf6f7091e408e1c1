//! Answers of our own: the same one each time, or one that a function makes.

use tower::{Layer, service_fn};
use tower_mesh::{
    FallbackLayer,
    testing::{Echo, Load},
};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_refusal_is_answered_by_the_template_and_tells_why() {
    let mut template = answer(203, "[]");
    template.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a value"));
    let got = ask(&FallbackLayer::answer(template).layer(service_fn(refuses)), get()).await;
    assert_eq!(got.said(), (203, "[]", "DI,UO,FB".to_owned()));
    assert_eq!(got.why(), Some("first"), "it is still a local answer");
    assert_eq!(
        (got.header("content-type"), got.header("content-length")),
        (Some("application/json"), Some("2"))
    );
    assert_eq!((got.header("x-refused"), got.size), (None, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_upstream_is_left_alone_however_bad() {
    let service = FallbackLayer::answer(answer(200, "fallback")).layer(Echo::new().size(3));
    for status in [200, 404, 500, 503] {
        let request =
            Request::get(format!("/?status={status}")).body(Full::<Bytes>::default()).expect("a request");
        assert_eq!(ask(&service, request).await.said(), (status, "xxx", "-".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn under_load_it_answers_whatever_the_breaker_refuses() {
    let layers = (
        FallbackLayer::answer(answer(200, "as of yesterday")),
        breaker(Settings::builder().error_amount(100)),
    );
    let report = Load::workers(1).requests(1000).run(layers.layer(Echo::new().every(5, 511))).await;
    assert_eq!((report.count(511), report.count(409), report.count(200)), (100, 0, 900));
    assert_eq!((report.flags["FB"], report.flags["UO"]), (500, 500));
    assert_eq!(report.refused(Reason::CircuitOpen), 500, "the reason is still told");
}

#[tokio::test(start_paused = true)]
async fn a_function_sees_the_head_and_the_refusal() {
    let layer = FallbackLayer::with(|head, refusal| {
        let page = format!(
            "{} {} {:?} {} {} {}",
            head.method,
            head.uri,
            head.version,
            head.headers["a"].to_str().expect("a text"),
            head.extensions.get::<u8>().expect("an extension"),
            refusal.why()
        );
        Response::builder()
            .status(203)
            .header("x-own", "1")
            .extension(Flags::FI)
            .body(page.into())
            .expect("one")
    });
    let request = Request::put("/page?a").version(http::Version::HTTP_2).header("a", "b").extension(7_u8);
    let got =
        ask(&layer.layer(service_fn(refuses)), request.body(Full::<Bytes>::from("sent")).expect("a request"))
            .await;
    assert_eq!(got.said(), (203, "PUT /page?a HTTP/2.0 b 7 first", "DI,FI,UO,FB".to_owned()));
    assert_eq!(
        (got.why(), got.header("x-own"), got.header("content-length")),
        (Some("first"), Some("1"), Some("30"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_head_is_told_what_the_get_would_be_without_a_body() {
    let template = || answer(203, "a page");
    let fixed = FallbackLayer::answer(template()).layer(service_fn(refuses));
    let made = FallbackLayer::with(move |_, _| template()).layer(service_fn(refuses));
    for (get, head) in [
        (ask(&fixed, get()).await, ask(&fixed, head()).await),
        (ask(&made, get()).await, ask(&made, head()).await),
    ] {
        assert_eq!((get.header("content-length"), get.size, get.content()), (Some("6"), Some(6), "a page"));
        assert_eq!((head.head.status, &head.head.headers), (get.head.status, &get.head.headers));
        assert_eq!((head.size, head.content().len()), (Some(0), 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_that_has_no_body_gets_none_and_no_length() {
    for status in [204, 205, 304] {
        let service = FallbackLayer::answer(answer(status, "unheard")).layer(service_fn(refuses));
        let got = ask(&service, get()).await;
        assert_eq!(got.said(), (status, "", "DI,UO,FB".to_owned()));
        assert_eq!((got.header("content-length"), got.size), (None, Some(0)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_length_or_an_encoding_of_the_templates_own_stands() {
    for (name, value) in [("content-length", "007"), ("transfer-encoding", "chunked")] {
        let mut template = answer(200, "content");
        template.headers_mut().insert(name, value.parse().expect("a value"));
        let got = ask(&FallbackLayer::answer(template).layer(service_fn(refuses)), get()).await;
        assert_eq!((got.header(name), got.head.headers.len()), (Some(value), 1));
    }
}

/// A gRPC client makes nothing of a page, nor a browser of a gRPC status; both can read a refusal.
#[tokio::test(start_paused = true)]
async fn a_template_is_for_callers_who_speak_what_it_speaks() {
    let told = Told::new();
    let page = answer(200, "a page");
    let mut status = answer(200, "");
    status.headers_mut().insert(CONTENT_TYPE, "application/grpc".parse().expect("a value"));
    status.headers_mut().insert("grpc-status", 5.into());
    for (template, speaks_grpc) in [(page, false), (status, true)] {
        let layer = FallbackLayer::answer(template).told("reviews", &told.events);
        let service = layer.layer(service_fn(refuses));
        for (request, is_grpc) in [(get(), false), (head(), false), (grpc(), true)] {
            let got = ask(&service, request).await;
            let answered = is_grpc == speaks_grpc;
            assert_eq!(got.flags(), if answered { "DI,UO,FB" } else { "DI,UO" });
            assert_eq!(got.head.status, if answered { 200 } else { 409 });
            assert_eq!(told.named(), if answered { vec![FELL_BACK] } else { vec![] });
            if is_grpc && answered {
                assert_eq!((got.header("grpc-status"), got.header("content-length")), (Some("5"), None));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_is_taken_at_its_word_for_a_grpc_call_too() {
    let service = FallbackLayer::with(|_, _| answer(503, "a page")).layer(service_fn(refuses));
    assert_eq!(ask(&service, grpc()).await.said(), (503, "a page", "DI,UO,FB".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn only_the_refusals_that_were_chosen_are_replaced() {
    let told = Told::new();
    for (chosen, seen) in
        [("first", (200, "fallback", "DI,UO,FB".to_owned())), ("another", (409, "first", "DI,UO".to_owned()))]
    {
        let layer = FallbackLayer::answer(answer(200, "fallback"));
        let choice = move |refusal: &Refusal| refusal.why() == chosen;
        // What is said first is not forgotten.
        for layer in [
            layer.clone().told("reviews", &told.events).only(choice),
            layer.only(choice).told("reviews", &told.events),
        ] {
            let got = ask(&layer.layer(service_fn(refuses)), get()).await;
            assert_eq!(got.said(), seen);
            assert_eq!(told.named().len(), usize::from(chosen == "first"));
        }
    }
}

/// What a layer is told afterwards is said of another one: who cloned it before keeps what there was.
#[tokio::test(start_paused = true)]
async fn a_choice_is_that_of_the_layer_it_was_made_for() {
    let layer = FallbackLayer::answer(answer(200, "fallback"));
    let none = layer.clone().only(|_| false);
    let all = none.clone().only(|_| true);
    for (layer, status) in [(layer, 200), (none, 409), (all, 200)] {
        assert_eq!(ask(&layer.layer(service_fn(refuses)), get()).await.head.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn each_fallback_is_told_with_its_reason_and_name() {
    let told = Told::new();
    let layer = FallbackLayer::with(|_, _| answer(200, "fallback")).told("reviews", &told.events);
    let layers = (layer, fragile());
    let service = layers.layer(Echo::new().status(500));
    for lines in [vec![], vec![FELL_BACK], vec![FELL_BACK]] {
        ask(&service, get()).await;
        assert_eq!(told.named(), lines);
    }
}
