//! What counts against an endpoint, and what does not.

use tower::ServiceBuilder;
use tower_mesh::{LimitsLayer, TimeoutLayer, policy};

use super::*;

/// Whether the third of these in a row ejects.
async fn ejects(outlier: outlier::SettingsBuilder, echo: Echo) -> bool {
    let town = Town::new(ejecting(outlier), [echo]);
    for _ in 0..3 {
        town.get().await;
    }
    !town.ejected().is_empty()
}

fn three() -> outlier::SettingsBuilder {
    outlier().consecutive_5xx(3)
}

#[tokio::test(start_paused = true)]
async fn every_5xx_and_every_answer_that_does_not_come_counts() {
    for (counts, echo) in [
        (true, Echo::new().status(500)),
        (true, Echo::new().status(511)),
        (true, Echo::new().refuse()),
        (true, Echo::new().reset()),
        (false, Echo::new()),
        (false, Echo::new().status(404)),
        (false, Echo::new().status(429)),
        (false, Echo::new().every(3, 200).status(500)),
    ] {
        let script = format!("{echo:?}");
        assert_eq!(ejects(three(), echo).await, counts, "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn gateway_errors_are_502_503_504_and_what_did_not_come() {
    let gateway = || {
        let gateway = outlier().consecutive_5xx(0).consecutive_gateway(3);
        gateway.enforcing(outlier::Kind::ConsecutiveGateway, 100)
    };
    for (counts, echo) in [
        (true, Echo::new().status(502)),
        (true, Echo::new().status(503)),
        (true, Echo::new().status(504)),
        (true, Echo::new().refuse()),
        (true, Echo::new().reset()),
        (false, Echo::new().status(500)),
        (false, Echo::new().status(503).every(2, 500)),
    ] {
        let script = format!("{echo:?}");
        assert_eq!(ejects(gateway(), echo).await, counts, "{script}");
    }
}

/// By default they are looked at and do not eject.
#[tokio::test(start_paused = true)]
async fn gateway_errors_are_detected_and_not_enforced() {
    let town = Town::new(ejecting(outlier().consecutive_5xx(10)), [Echo::new().status(503)]);
    for _ in 0..9 {
        town.get().await;
    }
    assert_eq!(town.told("ejection_not_enforced").len(), 1);
    assert_eq!(town.ejected().len(), 0);
}

/// A body that breaks off is a reset after the head, which came first and was good.
#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_counts_after_its_head_has() {
    use http_body_util::BodyExt;

    for (errors, ejected) in [(1, true), (2, false)] {
        let echo = Echo::new().size(100).break_body();
        let town = Town::new(ejecting(outlier().consecutive_5xx(errors)), [echo]);
        for _ in 0..3 {
            let request = Request::get("/").body(Full::<Bytes>::default()).unwrap();
            let Ok(response) = town.balance.clone().oneshot(request).await else { panic!("there is a head") };
            if response.extensions().get::<Refusal>().is_some() {
                continue;
            }
            assert!(response.into_body().collect().await.is_err());
        }
        assert_eq!(!town.ejected().is_empty(), ejected, "{errors} in a row");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_no_longer_counts_where_it_is_a_timeout_of_ours_and_else_not() {
    let town = Town::new(ejecting(three()), [Echo::new().hang()]);
    let timeout = policy::timeout::Settings::builder().total(secs(1)).build().unwrap();
    let client =
        ServiceBuilder::new().layer(TimeoutLayer::new(timeout).heads_only()).service(town.balance.clone());
    let ask = || Request::get("/").body(Full::<Bytes>::default()).unwrap();
    for _ in 0..5 {
        let gone = tokio::time::timeout(Duration::from_millis(100), client.clone().oneshot(ask()));
        assert!(gone.await.is_err());
    }
    assert_eq!(town.ejected().len(), 0, "a caller who goes away says nothing");
    for _ in 0..3 {
        assert_eq!(client.clone().oneshot(ask()).await.unwrap().status(), 504);
    }
    assert_eq!(town.ejected().len(), 1);
}

/// Case 11 of Envoy: a status of gRPC counts where it stands in the head, as the HTTP status that it is like.
#[tokio::test(start_paused = true)]
async fn a_grpc_status_counts_in_the_head_and_only_for_grpc_calls() {
    for (content_type, status, counts) in [
        ("application/grpc", "14", true),
        ("application/grpc", "2", true),
        ("application/grpc", "5", false),
        ("application/grpc", "0", false),
        ("text/plain", "14", false),
    ] {
        let town = Town::new(ejecting(three()), [Echo::new().header("grpc-status", status)]);
        for _ in 0..3 {
            got(&town.balance, Request::post("/").header("content-type", content_type)).await;
        }
        assert_eq!(!town.ejected().is_empty(), counts, "{status} of {content_type}");
    }
}

/// Case 11 of Envoy, its second half: behind the head it is looked at by nobody.
#[tokio::test(start_paused = true)]
async fn a_grpc_status_in_the_trailers_counts_for_nothing() {
    use http_body_util::BodyExt;

    let upstream = tower::service_fn(|_: Request<Full<Bytes>>| {
        let status = ("grpc-status".parse().unwrap(), "14".parse().unwrap());
        let trailers = async move { Some(Ok(http::HeaderMap::from_iter([status]))) };
        let body = Full::<Bytes>::default().with_trailers(trailers);
        std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(body)))
    });
    let endpoints = Endpoints::new([endpoint(1)]);
    let inner = AnswerableLayer.layer(upstream);
    let settings = ejecting(outlier().consecutive_5xx(1));
    let balance = Balance::new(settings, &endpoints, move |_: &Endpoint| inner);
    for _ in 0..100 {
        let request = Request::post("/").header("content-type", "application/grpc");
        let response = balance.clone().oneshot(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        let collected = response.into_body().collect().await.unwrap();
        assert!(collected.trailers().is_some_and(|all| all["grpc-status"] == "14"));
    }
    assert!(balance.handle().status()[0].is_healthy());
}

/// Case 13 of Envoy.
#[tokio::test(start_paused = true)]
async fn what_our_own_limits_refuse_counts_for_nobody() {
    let limits = policy::limits::Settings::builder().requests(1).build().unwrap();
    let endpoints = Endpoints::new([endpoint(1)]);
    let layer = LimitsLayer::new(limits);
    let inner = layer.layer(AnswerableLayer.layer(Echo::new().hang()));
    let balance =
        Balance::new(ejecting(outlier().consecutive_5xx(1)), &endpoints, move |_: &Endpoint| inner.clone());
    let balance = balance.over(Http.reading_errors());
    let ask = || Request::get("/").body(Full::<Bytes>::default()).unwrap();
    let mut hangs = Box::pin(balance.clone().oneshot(ask()));
    assert!(futures_util::poll!(&mut hangs).is_pending());
    for _ in 0..1000 {
        assert_eq!(balance.clone().oneshot(ask()).await.unwrap().status(), 503);
    }
    assert!(balance.handle().status()[0].is_healthy());
}

// ===== failures of our own end, split from answers =====

fn split() -> outlier::SettingsBuilder {
    outlier().consecutive_5xx(3).consecutive_local_origin(3).split_local_origin(true)
}

#[tokio::test(start_paused = true)]
async fn split_a_refused_connection_ejects_and_a_reset_one_never_does() {
    for (counts, echo) in [
        (true, Echo::new().refuse()),
        // Each came about before it was lost.
        (false, Echo::new().reset()),
        (true, Echo::new().status(503)),
    ] {
        let script = format!("{echo:?}");
        assert_eq!(ejects(split(), echo).await, counts, "{script}");
    }
    // Where many requests share a connection, one that is lost is no new one.
    assert!(ejects(split().multiplexed(true), Echo::new().reset()).await);
}

// ===== what came of an interval =====

/// Five endpoints, of which the first answers so many of a hundred badly.
async fn of_five(outlier: outlier::SettingsBuilder, bad: u64) -> (Town, u64) {
    let some = Echo::new().every(100 / bad.max(1), 500);
    let town = Town::new(
        ejecting(outlier.consecutive_5xx(0)),
        [some, Echo::new(), Echo::new(), Echo::new(), Echo::new()],
    );
    let report = town.load(500.0, secs(3)).await;
    (town, report.count(500))
}

#[tokio::test(start_paused = true)]
async fn who_is_far_worse_than_the_others_is_ejected_at_the_tick() {
    let rate = || outlier().enforcing(outlier::Kind::SuccessRate, 100).success_rate_request_volume(50);
    let (town, _) = of_five(rate(), 50).await;
    assert_eq!(town.ejected(), [(1000, 1)], "the mean is 90, the deviation 20: below 52 %");
    let (town, failed) = of_five(rate().success_rate_minimum_hosts(6), 50).await;
    assert!(failed > 100);
    assert_eq!(town.ejected(), []);
}

#[tokio::test(start_paused = true)]
async fn who_fails_too_large_a_part_is_ejected_at_the_tick() {
    let share = |percent| {
        let share = outlier().enforcing(outlier::Kind::FailurePercentage, 100);
        share.failure_percentage_threshold(percent).failure_percentage_request_volume(50)
    };
    let (town, _) = of_five(share(50), 50).await;
    assert_eq!(town.ejected(), [(1000, 1)]);
    let (town, _) = of_five(share(51), 50).await;
    assert_eq!(town.ejected(), []);
}
