//! The load generator.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::ready,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use tower::{Service, service_fn};
use tower_mesh::{
    layer::clock,
    policy::Time,
    testing::{Echo, Load, Report, echo::EchoFuture},
};

use super::{ms, since};

/// An [`Echo`] that notes who called when; each clone is another client.
struct Watched {
    upstream: Echo,
    start: Time,
    client: usize,
    clients: Arc<Mutex<usize>>,
    calls: Arc<Mutex<Vec<(usize, Duration)>>>,
}

impl Watched {
    fn new(upstream: Echo) -> Self {
        Self { upstream, start: clock::now(), client: 0, clients: Arc::default(), calls: Arc::default() }
    }

    fn starts(&self) -> Vec<u128> {
        self.calls.lock().unwrap().iter().map(|(_, at)| at.as_millis()).collect()
    }

    fn by_client(&self) -> BTreeMap<usize, Vec<u128>> {
        let mut all = BTreeMap::<_, Vec<_>>::new();
        for (client, at) in self.calls.lock().unwrap().iter() {
            all.entry(*client).or_default().push(at.as_millis());
        }
        all
    }
}

impl Clone for Watched {
    fn clone(&self) -> Self {
        let mut clients = self.clients.lock().unwrap();
        *clients += 1;
        Self {
            upstream: self.upstream.clone(),
            start: self.start,
            client: *clients,
            clients: Arc::clone(&self.clients),
            calls: Arc::clone(&self.calls),
        }
    }
}

impl Service<Request<Full<Bytes>>> for Watched {
    type Response = <Echo as Service<Request<Full<Bytes>>>>::Response;
    type Error = <Echo as Service<Request<Full<Bytes>>>>::Error;
    type Future = EchoFuture<Full<Bytes>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Request<Full<Bytes>>>::poll_ready(&mut self.upstream, cx)
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        self.calls.lock().unwrap().push((self.client, since(self.start)));
        self.upstream.call(request)
    }
}

/// Answers without taking time.
fn instant() -> Echo {
    Echo::new().latency(ms(0))
}

#[test]
fn a_run_can_be_spawned() {
    fn goes<T: Send>(_: T) {}
    goes(Load::workers(1).requests(1).run(Echo::new()));
    goes(Load::open().rate(1.0).requests(1).run(Echo::new()));
}

#[tokio::test(start_paused = true)]
async fn requests_are_split_evenly_and_the_first_worker_makes_what_is_left_over() {
    for (workers, total, expected) in [
        (7, 20, vec![8, 2, 2, 2, 2, 2, 2]),
        (3, 9, vec![3, 3, 3]),
        (10, 3, vec![1, 1, 1]),
        (0, 4, vec![4]),
        (4, 0, vec![]),
    ] {
        let service = Watched::new(Echo::new());
        let report = Load::workers(workers).requests(total).run(service.clone()).await;
        let split: Vec<_> = service.by_client().values().map(Vec::len).collect();
        assert_eq!(split, expected, "{total} over {workers}");
        assert_eq!(report.requests, total);
    }
}

#[tokio::test(start_paused = true)]
async fn workers_share_the_pace_and_start_together() {
    let service = Watched::new(Echo::new());
    let report = Load::workers(2).requests(8).qps(10.0).run(service.clone()).await;
    assert_eq!(service.starts(), [0, 0, 200, 200, 400, 400, 600, 600]);
    assert_eq!(report.elapsed_ms, 601.0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_late_catches_up_without_waiting() {
    let service = Watched::new(Echo::new().every_slow(2, ms(250)));
    Load::workers(1).requests(6).qps(10.0).run(service.clone()).await;
    // The second call lasts until 350: the third and the fourth, due at 200 and 300, follow at once.
    assert_eq!(service.starts(), [0, 100, 350, 351, 601, 602]);
}

#[tokio::test(start_paused = true)]
async fn without_a_pace_a_worker_calls_when_it_is_answered() {
    for qps in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let service = Watched::new(Echo::new().latency(ms(5)));
        Load::workers(1).requests(4).qps(qps).run(service.clone()).await;
        assert_eq!(service.starts(), [0, 5, 10, 15]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_bounded_by_time_starts_no_call_after_it_and_lasts_at_least_so_long() {
    let service = Watched::new(Echo::new().latency(ms(30)));
    let report = Load::workers(1).duration(ms(100)).run(service.clone()).await;
    assert_eq!(service.starts(), [0, 30, 60, 90]);
    assert_eq!((report.requests, report.elapsed_ms), (4, 120.0));

    let report = Load::workers(10).qps(200.0).duration(ms(5000)).run(Echo::new()).await;
    assert_eq!((report.requests, report.elapsed_ms, report.qps), (1000, 5000.0, 200.0));
}

#[tokio::test(start_paused = true)]
async fn a_load_bounded_by_time_ends_though_answers_take_no_time() {
    let report = Load::workers(2).duration(ms(50)).run(instant()).await;
    assert_eq!((report.requests, report.elapsed_ms), (100, 50.0));
    let report = Load::workers(2).duration(ms(50)).run(Echo::new().refuse()).await;
    assert_eq!((report.errors["connection refused"], report.elapsed_ms), (100, 50.0));
}

#[tokio::test(start_paused = true)]
async fn workers_that_are_answered_in_no_time_take_turns() {
    let service = Watched::new(Echo::new().latency(ms(0)));
    Load::workers(3).requests(9).run(service.clone()).await;
    let order: Vec<_> = service.calls.lock().unwrap().iter().map(|(client, _)| client % 3).collect();
    assert_eq!(order[..3], order[3..6]);
    assert_eq!(order[3..6], order[6..]);
    assert_ne!(order[0], order[1]);
}

#[tokio::test(start_paused = true)]
async fn an_open_load_calls_on_schedule_whether_or_not_it_is_answered() {
    let service = Watched::new(Echo::new().delay(ms(250)));
    let report = Load::open().rate(10.0).requests(5).run(service.clone()).await;
    assert_eq!(service.starts(), [0, 100, 200, 300, 400]);
    assert_eq!(service.upstream.seen().max_active, 3);
    assert_eq!((report.count(200), report.elapsed_ms), (5, 650.0));
    assert_eq!(report.latency.max(), ms(250));

    let service = Watched::new(Echo::new());
    Load::open().at([7, 3, 3, 40].map(ms)).run(service.clone()).await;
    assert_eq!(service.starts(), [3, 3, 7, 40]);
}

#[tokio::test(start_paused = true)]
async fn an_open_load_bounded_by_time_lasts_so_long() {
    let report = Load::open().rate(10.0).duration(ms(1000)).run(Echo::new()).await;
    assert_eq!((report.requests, report.elapsed_ms), (10, 1000.0));
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_zero_brings_no_calls() {
    assert_eq!(Load::open().rate(0.0).requests(5).run(Echo::new()).await, empty(0.0));
    assert_eq!(Load::open().rate(f64::NAN).duration(ms(10)).run(Echo::new()).await, empty(10.0));
    assert_eq!(Load::open().at([]).run(Echo::new()).await, empty(0.0));
}

fn empty(elapsed_ms: f64) -> Report {
    let mut report = futures_util::FutureExt::now_or_never(Load::open().at([]).run(Echo::new())).unwrap();
    report.elapsed_ms = elapsed_ms;
    report
}

#[tokio::test(start_paused = true)]
async fn a_call_is_given_up_after_an_hour_or_as_told() {
    let report = Load::workers(1).requests(2).run(Echo::new().hang()).await;
    assert_eq!((report.errors["no answer within 3600s"], report.elapsed_ms), (2, 7_200_000.0));
    let report = Load::workers(1).requests(2).timeout(ms(3000)).run(Echo::new().hang()).await;
    assert_eq!((report.codes()["-1"], report.latency.max()), (2, ms(3000)));
}

#[tokio::test(start_paused = true)]
async fn a_call_lasts_until_its_body_ends_and_is_an_error_if_the_body_breaks() {
    let report = Load::workers(1).requests(1).run(Echo::new().slow_body(ms(40))).await;
    assert_eq!(report.latency.max(), ms(41));
    let report = Load::workers(1).requests(1).run(Echo::new().break_body()).await;
    assert_eq!((report.count(200), report.codes()["-1"]), (0, 1));
    assert_eq!(report.errors["connection reset in the response's body"], 1);
}

#[tokio::test(start_paused = true)]
async fn requests_are_what_they_were_told_to_be() {
    let service = service_fn(|request: Request<Full<Bytes>>| {
        assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/0"));
        assert_eq!(request.headers()["end-user"], "jason");
        ready(Ok::<_, Infallible>(Response::new(request.into_body())))
    });
    let load = Load::workers(1).requests(1).uri("http://reviews:9080/0").method(Method::POST);
    let report = load.header("end-user", "jason").body("hello").run(service).await;
    assert_eq!(report.count(200), 1);
}

#[test]
#[should_panic(expected = "not a URI")]
fn a_text_that_is_no_uri_is_told_at_once() {
    let _ = Load::workers(1).uri("http://no host/");
}

#[tokio::test(start_paused = true)]
async fn services_are_readied_before_they_are_called() {
    let service = tower::ServiceBuilder::new().concurrency_limit(1).service(Echo::new().delay(ms(10)));
    let report = Load::workers(3).requests(3).run(service).await;
    assert_eq!((report.count(200), report.elapsed_ms, report.latency.max()), (3, 30.0, ms(10)));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_and_the_same_load_give_the_same_report() {
    let run = async |seed| {
        let upstream = Echo::new().status_percent(511, 20.0).delay_percent(ms(200), 20.0).seed(seed);
        Load::workers(10).requests(1000).qps(200.0).run(upstream).await
    };
    let report = run(7).await;
    assert_eq!(report, run(7).await);
    assert_eq!(report.to_string(), run(7).await.to_string());
    assert_ne!(report, run(8).await);
}

#[tokio::test(start_paused = true)]
async fn two_loads_can_run_at_once() {
    let upstream = Echo::new();
    let (slow, fast) = tokio::join!(
        Load::workers(1).requests(10).qps(10.0).run(upstream.clone()),
        Load::workers(1).requests(10).qps(20.0).run(upstream.clone()),
    );
    assert_eq!((slow.elapsed_ms, fast.elapsed_ms, upstream.seen().calls), (901.0, 451.0, 20));
}

/// The clock is not paused here: durations are lower bounds.
#[tokio::test]
async fn real_time_works_as_well() {
    let report = Load::workers(2).requests(10).qps(1000.0).run(Echo::new()).await;
    assert_eq!(report.count(200), 10);
    assert!(report.elapsed_ms >= 9.0 && report.latency.min() >= ms(1), "{report}");
    let report = Load::workers(1).duration(ms(5)).run(instant()).await;
    assert!(report.requests > 0 && report.elapsed_ms >= 5.0);
}
