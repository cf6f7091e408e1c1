//! Retries go to hosts that were not tried, as far as there are any.

use tower::ServiceBuilder;
use tower_mesh::{RetryLayer, TimeoutLayer, policy};

use super::*;

fn retries(on: &str, attempts: u32, avoid: bool) -> RetryLayer<HttpReadingErrors> {
    let settings = policy::retry::Settings::builder().attempts(attempts).on(on.parse().unwrap());
    RetryLayer::new(settings.avoid_previous_hosts(avoid).build().unwrap()).over(Http.reading_errors())
}

/// Three hosts of which the first is ill: how many of 900 requests fail that may be tried once more.
async fn failed(echo: Echo, avoid: bool) -> u64 {
    let town = Town::new(Settings::default(), [echo, Echo::new(), Echo::new()]);
    let client = ServiceBuilder::new()
        .layer(retries("5xx,reset,connect-failure", 1, avoid))
        .service(town.balance.clone());
    let report = Load::workers(1).requests(900).run(client).await;
    900 - report.count(200)
}

#[tokio::test(start_paused = true)]
async fn of_three_hosts_with_one_ill_every_request_succeeds_that_goes_elsewhere_the_second_time() {
    for echo in [Echo::new().status(503), Echo::new().refuse(), Echo::new().reset()] {
        let script = format!("{echo:?}");
        assert_eq!(failed(echo.clone(), true).await, 0, "{script}");
        let by_chance = failed(echo, false).await;
        assert!((60..140).contains(&by_chance), "{by_chance} of 900, a ninth: {script}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_try_that_took_too_long_is_remembered_too() {
    let town = Town::new(Settings::default(), [Echo::new().hang(), Echo::new(), Echo::new()]);
    let one = policy::timeout::Settings::builder().head(Duration::from_millis(100)).build().unwrap();
    let client = ServiceBuilder::new()
        .layer(retries("5xx", 1, true))
        .layer(TimeoutLayer::new(one).heads_only())
        .service(town.balance.clone());
    let report = Load::workers(1).requests(300).run(client).await;
    assert_eq!(report.count(200), 300);
    assert!(town.asked()[0] > 50);

    // By the retries' own time for a try.
    let own =
        policy::retry::Settings::builder().attempts(1).on("5xx".parse().unwrap()).avoid_previous_hosts(true);
    let own = own.per_try_timeout(Duration::from_millis(100)).build().unwrap();
    let retries = RetryLayer::new(own).over(Http.reading_errors());
    let client = ServiceBuilder::new().layer(retries).service(town.balance.clone());
    let report = Load::workers(1).requests(300).run(client).await;
    assert_eq!(report.count(200), 300);
}

/// Case 60 of Envoy, where the first host is told a timeout: here a late try that is joined by another is still under way.
#[tokio::test(start_paused = true)]
async fn a_late_try_that_is_joined_by_another_is_no_timeout_of_its_host() {
    for hedging in [false, true] {
        let late = || Echo::new().latency(Duration::from_millis(150));
        let outlier = outlier().consecutive_5xx(1).base_ejection_time(secs(60));
        let town = Town::new(ejecting(outlier), [late(), late()]);
        let settings = policy::retry::Settings::builder().attempts(1).on("5xx".parse().unwrap());
        let settings = settings.per_try_timeout(Duration::from_millis(100)).hedging(hedging);
        let layer = RetryLayer::new(settings.build().unwrap()).over(Http.reading_errors());
        let report = Load::workers(1).requests(1).run(layer.layer(town.balance.clone())).await;
        assert_eq!((report.count(200) == 1, town.ejected().is_empty()), (hedging, hedging));
    }
}

#[tokio::test(start_paused = true)]
async fn one_host_alone_is_asked_again() {
    let town = Town::new(Settings::default(), [Echo::new().every(2, 200).status(503)]);
    let client = ServiceBuilder::new().layer(retries("5xx", 1, true)).service(town.balance.clone());
    let report = Load::workers(1).requests(10).run(client).await;
    assert_eq!((report.count(200), town.asked()), (10, vec![20]));
}

#[tokio::test(start_paused = true)]
async fn that_there_is_nobody_is_not_tried_again() {
    let town = Town::new(Settings::default(), []);
    let client = ServiceBuilder::new().layer(retries("5xx", 3, true)).service(town.balance.clone());
    let (before, report) = (clock::now(), Load::workers(1).requests(1).run(client).await);
    assert_eq!((report.count(503), clock::now()), (1, before));
}

/// Many retries at once on one thread: each is told of its own tries.
#[tokio::test(start_paused = true)]
async fn requests_that_are_tried_at_the_same_time_do_not_mix_up_their_hosts() {
    let town = Town::new(Settings::default(), [Echo::new().status(503), Echo::new(), Echo::new()]);
    let client = ServiceBuilder::new().layer(retries("5xx", 1, true)).service(town.balance.clone());
    let report = Load::workers(50).requests(2000).run(client).await;
    assert_eq!(report.count(200), 2000);
}

/// With retries of a 503, as the mesh had them once, nobody notices an ejection.
#[tokio::test(start_paused = true)]
async fn retries_hide_an_ejection() {
    let town = Town::new(
        ejecting(outlier().consecutive_5xx(1)),
        [Echo::new().status(503), Echo::new(), Echo::new()],
    );
    let client = ServiceBuilder::new().layer(retries("503", 2, true)).service(town.balance.clone());
    let report = Load::open().rate(20.0).duration(secs(18)).run(client).await;
    assert_eq!((report.count(200), report.requests), (360, 360));
    assert!(town.ejected().len() > 1);
}

// ===== those that stand by =====

/// Case 28 of osm-edge: a breaker in front of each of two clusters, of which the second stands by. Its degraded answer goes
/// to the caller as it is, unless it is a 5xx.
#[tokio::test(start_paused = true)]
async fn a_degraded_answer_of_a_5xx_fails_over_to_the_cluster_that_stands_by_and_another_does_not() {
    use tower_mesh::{CircuitBreakerLayer, policy::circuit_breaker};

    for (degraded, status, failed_over) in [(409, 409, 0), (520, 200, 2)] {
        let standby = Echo::new();
        let answers = standby.clone();
        let endpoints = Endpoints::new([endpoint(1), endpoint(2).standby(true)]);
        let open = circuit_breaker::Settings::builder().error_amount(1);
        let open = open.reply_status(degraded);
        let breaker = CircuitBreakerLayer::new(open.build().unwrap()).over(Http.reading_errors());
        let balance = Balance::new(Settings::default(), &endpoints, move |endpoint: &Endpoint| {
            let echo = if endpoint.stands_by() { answers.clone() } else { Echo::new().status(503) };
            // Only the primary has one.
            let breaker = if endpoint.stands_by() { breaker_that_never_opens() } else { breaker.clone() };
            breaker.layer(AnswerableLayer.layer(echo))
        });
        let client = RetryLayer::new(policy::retry::Settings::failover())
            .over(Http.reading_errors())
            .layer(balance.over(Http.reading_errors()));
        let ask = || Request::get("/").body(Full::<Bytes>::default()).unwrap();
        // The primary fails, which opens its circuit, and the other answers.
        assert_eq!(client.clone().oneshot(ask()).await.unwrap().status(), 200);
        let before = standby.seen().calls;
        for _ in 0..2 {
            assert_eq!(client.clone().oneshot(ask()).await.unwrap().status(), status);
        }
        assert_eq!(standby.seen().calls - before, failed_over);
    }
}

fn breaker_that_never_opens() -> tower_mesh::CircuitBreakerLayer<HttpReadingErrors> {
    use tower_mesh::{CircuitBreakerLayer, policy::circuit_breaker};

    let never = circuit_breaker::Settings::builder().error_amount(u32::MAX).build().unwrap();
    CircuitBreakerLayer::new(never).over(Http.reading_errors())
}

#[tokio::test(start_paused = true)]
async fn who_stands_by_is_asked_where_another_has_failed_or_nobody_else_is_there() {
    let all = || [(endpoint(1), Echo::new().every(4, 503)), (endpoint(2).standby(true), Echo::new())];
    let town = Town::of(Settings::default(), all());
    let client = RetryLayer::new(policy::retry::Settings::failover())
        .over(Http.reading_errors())
        .layer(town.balance.clone());
    let report = Load::workers(1).requests(40).run(client).await;
    assert_eq!((report.count(200), town.asked()), (40, vec![40, 10]));
    town.endpoints.remove(endpoint(1).address());
    assert_eq!(town.get().await.status, Some(200));
    assert_eq!(town.asked(), [40, 11]);
}

/// osm-edge has no answer to look at then, and the error is the caller's.
#[tokio::test(start_paused = true)]
async fn who_stands_by_is_asked_too_where_no_connection_came_about() {
    for echo in [Echo::new().refuse(), Echo::new().reset()] {
        let town =
            Town::of(Settings::default(), [(endpoint(1), echo), (endpoint(2).standby(true), Echo::new())]);
        let layer = RetryLayer::new(policy::retry::Settings::failover()).over(Http.reading_errors());
        let report = Load::workers(1).requests(10).run(layer.layer(town.balance.clone())).await;
        assert_eq!((report.count(200), town.asked()), (10, vec![10, 10]));
    }
}
