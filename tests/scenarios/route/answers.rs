//! What a router answers by itself.

use bytes::Bytes;
use http::{Method, Request, Response, header::CONTENT_TYPE};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_mesh::{
    CircuitBreakerLayer, FallbackLayer, Plain, Reason, Refusal,
    policy::{
        Outcome, circuit_breaker,
        route::{DirectAnswer, Field, HeaderChanges, Leg, Redirect, RedirectPort, Route, RouteTable, Rule},
    },
};

use super::{Ask, Upstream, always, ask, asking, beside, get, router, split, under};

fn grpc() -> Ask {
    let request = Request::post("/reviews.Reviews/Get").header(CONTENT_TYPE, "application/grpc+proto");
    request.body(Full::from("message")).expect("a request")
}

fn direct(status: u16, content: &str) -> Route<usize> {
    Route::answer(DirectAnswer::new(status, content.as_bytes()).expect("a status"))
}

fn moved() -> Route<usize> {
    let redirect =
        Redirect::builder().scheme("https").port(RedirectPort::Number(8443)).path("/new").status(308);
    Route::redirect(redirect.build().expect("a redirect"))
}

/// Nowhere to send anything.
const NOBODY: [Upstream; 0] = [];

#[tokio::test(start_paused = true)]
async fn what_no_rule_takes_is_404_and_empty_with_the_flag_of_no_route() {
    let client = router(RouteTable::new([Rule::when(under("/a"), Route::to(0))]), [Upstream::named("a")]);
    let answer = ask(&client, asking("/b")).await;
    assert_eq!(answer.said(), (404, "", "NR".to_owned()));
    assert_eq!(answer.headers(), [("content-length", "0")]);
    assert_eq!((answer.reason(), answer.why()), (Some(Reason::NoRoute), Some("route_not_found")));
    assert_eq!(ask(&client, asking("/a")).await.said(), (200, "a", "-".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_tells_where_else_and_asks_nobody() {
    let answer = ask(&router(always(moved()), NOBODY), asking("http://shop/cart?a")).await;
    assert_eq!(answer.said(), (308, "", "-".to_owned()));
    assert_eq!(answer.headers(), [("content-length", "0"), ("location", "https://shop:8443/new?a")]);
    assert_eq!((answer.reason(), answer.why()), (Some(Reason::DirectAnswer), Some("direct_response")));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_of_a_prefix_goes_by_the_condition_that_took_the_request() {
    let redirect = Redirect::builder().prefix("/new").build().expect("a redirect");
    let table =
        RouteTable::new([Rule::when_any([under("/older"), under("/old")], Route::redirect(redirect))]);
    let client = router(table, NOBODY);
    for (sent, expected) in [("http://a/old/x", "http://a/new/x"), ("http://a/older/x", "http://a/new/x")] {
        assert_eq!(ask(&client, asking(sent)).await.header("location"), Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_direct_answer_is_text_if_it_says_anything() {
    let answer = ask(&router(always(direct(503, "unknown error")), NOBODY), get()).await;
    assert_eq!(answer.said(), (503, "unknown error", "-".to_owned()));
    assert_eq!(answer.headers(), [("content-length", "13"), ("content-type", "text/plain")]);
    assert_eq!(answer.reason(), Some(Reason::DirectAnswer));
    let empty = ask(&router(always(direct(200, "")), NOBODY), get()).await;
    assert_eq!((empty.said().0, empty.headers()), (200, vec![("content-length", "0")]));
}

#[tokio::test(start_paused = true)]
async fn a_head_is_answered_as_the_get_would_be_without_a_body() {
    let client = router(always(direct(200, "pong")), NOBODY);
    let mut head = get();
    *head.method_mut() = Method::HEAD;
    let (got, head) = (ask(&client, get()).await, ask(&client, head).await);
    assert_eq!((head.headers(), head.content(), head.size), (got.headers(), "", Some(0)));
}

#[tokio::test(start_paused = true)]
async fn direct_answers_have_the_routes_headers_and_the_404_of_nobody_has_none() {
    let changes = HeaderChanges::builder().set("content-type", "application/json").add("x-from", "mesh");
    let changes = changes.build().expect("changes");
    let answered = direct(200, "[]").changing_responses(changes.clone());
    let table = RouteTable::new([
        Rule::when(under("/direct"), answered),
        Rule::when(under("/moved"), moved().changing_responses(changes)),
    ]);
    let client = router(table, NOBODY);
    let answer = ask(&client, asking("/direct")).await;
    assert_eq!(
        (answer.header("content-type"), answer.header("x-from")),
        (Some("application/json"), Some("mesh"))
    );
    assert_eq!(ask(&client, asking("/moved")).await.header("x-from"), Some("mesh"));
    assert_eq!(ask(&client, asking("/other")).await.header("x-from"), None);
}

#[tokio::test(start_paused = true)]
async fn a_grpc_caller_is_answered_by_trailers_only() {
    let table = RouteTable::new([
        Rule::when(under("/reviews.Reviews"), direct(503, "not today")),
        Rule::when(under("/moved"), moved()),
    ]);
    let client = router(table, NOBODY);
    let answer = ask(&client, grpc()).await;
    assert_eq!(answer.said(), (200, "", "-".to_owned()));
    let expected =
        [("content-type", "application/grpc"), ("grpc-message", "not today"), ("grpc-status", "14")];
    assert_eq!(answer.headers(), expected);
    let mut unknown = grpc();
    *unknown.uri_mut() = "/other".parse().expect("a URI");
    let answer = ask(&client, unknown).await;
    assert_eq!(answer.said(), (200, "", "NR".to_owned()));
    assert_eq!(answer.headers(), [("content-type", "application/grpc"), ("grpc-status", "12")]);
}

#[tokio::test(start_paused = true)]
async fn around_a_service_direct_answers_come_before_it() {
    let own = Upstream::named("own");
    let table = RouteTable::new([Rule::when(under("/health"), direct(200, "ok"))]);
    let service = beside(table, NOBODY).layer(own.clone());
    assert_eq!(ask(&service, asking("/health")).await.said(), (200, "ok", "-".to_owned()));
    assert_eq!(own.calls(), 0);
    assert_eq!(ask(&service, asking("/")).await.content(), "own");
}

/// It tells nothing about an upstream.
#[tokio::test(start_paused = true)]
async fn what_a_router_answers_moves_no_breaker_and_no_fallback() {
    for (reason, is_what_is_meant) in [
        (Reason::NoRoute, false),
        (Reason::NoCluster, false),
        (Reason::NoHealthyUpstream, false),
        (Reason::DirectAnswer, true),
    ] {
        assert_eq!(reason.outcome(), Outcome::Local);
        assert_eq!(reason.flags().is_empty(), is_what_is_meant);
    }
    let settings = circuit_breaker::Settings::builder().error_amount(1).build().expect("settings");
    let breaker = CircuitBreakerLayer::new(settings);
    let handle = breaker.handle();
    let fallback = FallbackLayer::answer(Response::new(Bytes::from_static(b"as of yesterday")));
    let table = RouteTable::new([Rule::when(under("/direct"), direct(503, "unknown error"))]);
    let service = (fallback, breaker).layer(router(table, NOBODY));
    for _ in 0..3 {
        assert_eq!(ask(&service, asking("/direct")).await.content(), "unknown error");
        assert_eq!(ask(&service, asking("/other")).await.content(), "as of yesterday");
    }
    assert_eq!((handle.state(), handle.counts().error), (circuit_breaker::State::Closed, 0));
}

#[test]
fn the_new_reasons_have_names_and_flags_as_envoy_has_them() {
    let reasons = [Reason::NoRoute, Reason::NoCluster, Reason::NoHealthyUpstream, Reason::DirectAnswer];
    let told = reasons.map(|reason| (reason.name(), reason.flags().to_string()));
    let expected =
        [("no_route", "NR"), ("no_cluster", "NC"), ("no_healthy_upstream", "UH"), ("direct_answer", "-")];
    assert_eq!(told, expected.map(|(name, flags)| (name, flags.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn over_plain_what_nobody_takes_is_an_error() {
    let upstream = service_fn(async |_: Request<()>| Ok::<_, Refusal>(Response::new(())));
    let table = RouteTable::new([Rule::when(under("/a"), Route::to(0))]);
    let client = router(table, [upstream]).over(Plain);
    let ask = |uri| Request::get(uri).body(()).expect("a request");
    assert!(client.clone().oneshot(ask("/a")).await.is_ok());
    let error = client.oneshot(ask("/b")).await.expect_err("nobody takes it");
    assert_eq!(error.to_string(), "refused: no rule takes the request (404 Not Found)");
}

#[test]
fn a_destination_that_is_not_there_is_told_when_the_router_is_made() {
    let table = || RouteTable::new([Rule::always(split([Leg::to(0), Leg::to(2)]))]);
    let two = [Upstream::named("v1"), Upstream::named("v2")];
    let wrong = tower_mesh::layer::route::Router::new(table(), two.clone()).expect_err("there is no third");
    assert_eq!(
        (wrong.field(), wrong.to_string()),
        (
            Field::Destination,
            "destination is 2, of 2 in all, in rule 0 of every other host, but must be the number of a \
             destination that is there, counted from 0"
                .to_owned()
        )
    );
    assert!(tower_mesh::RouterLayer::new(table(), (two[0].clone(), two[1].clone())).is_err());
    assert!(tower_mesh::RouterLayer::new(table(), vec![two[0].clone(); 3]).is_ok());
}
