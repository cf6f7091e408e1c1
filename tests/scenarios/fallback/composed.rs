//! Fallbacks above and below other layers, and each other.

use tower::{Layer, service_fn};
use tower_mesh::{FallbackLayer, layer::fallback::Lent};

use super::*;

fn fallback(content: &'static str) -> FallbackLayer {
    FallbackLayer::answer(answer(200, content))
}

#[tokio::test(start_paused = true)]
async fn of_two_the_inner_one_answers() {
    let told = Told::new();
    let service =
        (fallback("outer").told("reviews", &told.events), fallback("inner")).layer(service_fn(refuses));
    assert_eq!(ask(&service, get()).await.said(), (200, "inner", "DI,UO,FB".to_owned()));
    assert_eq!(told.named(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_the_inner_one_leaves_the_outer_one_takes() {
    let service = (fallback("outer"), fallback("inner").only(|_| false)).layer(service_fn(refuses));
    assert_eq!(ask(&service, get()).await.said(), (200, "outer", "DI,UO,FB".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_second_services_answer_is_left_alone_by_the_outer_one() {
    let second = service_fn(async |_| Ok(Response::new(Full::from("second"))));
    let service = (fallback("outer"), FallbackLayer::service(second)).layer(service_fn(refuses));
    let got = ask(&service, get()).await;
    assert_eq!(got.said(), (200, "second", "DI,UO,FB".to_owned()));
    assert_eq!(got.why(), None, "it is an upstream's answer");
}

#[tokio::test(start_paused = true)]
async fn a_second_services_refusal_is_taken_by_the_outer_one() {
    let second = || FallbackLayer::service(service_fn(async |_| Ok(refused("second"))));
    let got = ask(&second().layer(service_fn(refuses)), get()).await;
    assert_eq!(got.said(), (409, "second", "DI,UO".to_owned()), "nothing has answered yet");
    assert_eq!(got.why(), Some("second"));

    let got = ask(&(fallback("outer"), second()).layer(service_fn(refuses)), get()).await;
    assert_eq!(got.said(), (200, "outer", "DI,UO,FB".to_owned()));
    assert_eq!(got.why(), Some("second"), "the last one is why");
}

/// The second service has a fallback of its own: that one answered, and is further in.
#[tokio::test(start_paused = true)]
async fn a_fallback_inside_of_the_second_service_is_the_inner_one() {
    let second = fallback("second's").layer(service_fn(async |_: Request<_>| Ok(refused("second"))));
    let service = (fallback("outer"), FallbackLayer::service(second)).layer(service_fn(refuses));
    let got = ask(&service, get()).await;
    assert_eq!(got.said(), (200, "second's", "DI,UO,FB".to_owned()));
    assert_eq!(got.why(), Some("second"));
}

/// The whole body goes from one service to the next, as long as nobody reads it.
#[tokio::test(start_paused = true)]
async fn a_third_service_gets_the_body_that_two_have_refused() {
    let third = service_fn(async |request: Request<Lent<Full<Bytes>>>| {
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        Ok(Response::new(Full::new(body)))
    });
    let second = service_fn(async |_| Ok(refused("second")));
    let service = (FallbackLayer::service(third), FallbackLayer::service(second)).layer(service_fn(refuses));
    let request = Request::new(Full::<Bytes>::from("whole"));
    assert_eq!(ask(&service, request).await.said(), (200, "whole", "DI,UO,FB".to_owned()));
}

/// A fallback of our own hides no reason: a 500 that we say ourselves is no failure of the upstream.
#[tokio::test(start_paused = true)]
async fn a_breaker_above_does_not_count_our_own_answers() {
    let answers = FallbackLayer::with(|_, _| answer(500, "")).layer(service_fn(refuses));
    let service = fragile().layer(answers);
    for _ in 0..2 {
        assert_eq!(
            ask(&service, get()).await.said(),
            (500, "", "DI,UO,FB".to_owned()),
            "the breaker refused"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_above_that_judges_trailers_does_not_wait_for_those_of_our_own_answers() {
    let answers = FallbackLayer::with(|_, _| {
        let mut answer = answer(200, "");
        answer.headers_mut().insert(CONTENT_TYPE, "application/grpc".parse().expect("a value"));
        answer
    });
    let service = fragile().judging_trailers().layer(answers.layer(service_fn(refuses)));
    for _ in 0..2 {
        assert_eq!(ask(&service, grpc()).await.flags(), "DI,UO,FB", "the breaker refused");
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_above_counts_the_second_services_failures() {
    let second = service_fn(async |_| Ok(answer(500, "").map(Full::new)));
    let service = (fragile(), FallbackLayer::service(second)).layer(service_fn(refuses));
    assert_eq!(ask(&service, get()).await.said(), (500, "", "DI,UO,FB".to_owned()));
    assert_eq!(ask(&service, get()).await.why(), Some("circuit_open"), "both upstreams failed");
}
