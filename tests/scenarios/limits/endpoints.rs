//! "Each pod ten": limits for each host and port that requests name.

use bytes::Bytes;
use futures_util::future::join_all;
use http::Request;
use http_body_util::Full;
use tower::ServiceExt;
use tower_mesh::{
    Events,
    layer::host::HostPort,
    policy::limits::{RetryBudget, Scope, Settings, SettingsBuilder},
    testing::Echo,
};

use super::{MS, Stand, layer};

fn each() -> SettingsBuilder {
    Settings::builder().requests(10).scope(Scope::Endpoint)
}

fn to(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).unwrap()
}

async fn statuses(stand: &Stand, uris: &[&str], calls: usize) -> Vec<usize> {
    let answers =
        join_all(uris.iter().cycle().take(calls).map(|uri| stand.service.clone().oneshot(to(uri)))).await;
    let of =
        |status: u16| answers.iter().filter(|answer| answer.as_ref().unwrap().status() == status).count();
    vec![of(200), of(503)]
}

#[tokio::test(start_paused = true)]
async fn each_endpoint_has_ten() {
    let stand = Stand::new(each(), Echo::new().latency(20 * MS));
    assert_eq!(statuses(&stand, &["http://10.0.0.1:9080/", "http://10.0.0.2:9080/"], 50).await, [20, 30]);
    assert_eq!(stand.upstream.seen().max_active, 20);
    assert_eq!(stand.handle.status().request_overflow, 30);
    let mut endpoints: Vec<_> = stand.handle.endpoints();
    endpoints.sort_by_key(|(endpoint, _)| format!("{endpoint:?}"));
    let refused: Vec<_> =
        endpoints.iter().map(|(endpoint, status)| (endpoint, status.request_overflow)).collect();
    let pods = [HostPort::new("10.0.0.1", 9080), HostPort::new("10.0.0.2", 9080)];
    assert_eq!(refused, [(&pods[0], 15), (&pods[1], 15)]);
}

/// Seen on Envoy, S2.2.
#[tokio::test(start_paused = true)]
async fn as_a_cluster_they_have_ten_together() {
    let stand = Stand::new(Settings::builder().requests(10), Echo::new().latency(20 * MS));
    assert_eq!(statuses(&stand, &["http://10.0.0.1:9080/", "http://10.0.0.2:9080/"], 50).await, [10, 40]);
    assert!(stand.handle.endpoints().is_empty());
}

#[tokio::test(start_paused = true)]
async fn names_that_mean_the_same_endpoint_are_one_and_those_that_name_none_are_one() {
    let stand = Stand::new(each(), Echo::new().latency(20 * MS));
    let same = ["http://reviews/", "http://Reviews.:80/a"];
    assert_eq!(statuses(&stand, &same, 30).await, [10, 20]);
    assert_eq!(statuses(&stand, &["/a", "/b"], 30).await, [10, 20]);
}

/// Callers may name any host; those that nobody is using are forgotten, but not what was refused.
#[tokio::test(start_paused = true)]
async fn hosts_that_come_and_go_do_not_pile_up() {
    let stand = Stand::new(Settings::builder().requests(1).scope(Scope::Endpoint), Echo::new());
    let held = stand.begin(to("http://held/")).await;
    for host in 0..5000 {
        let uri = format!("http://host-{host}/");
        assert_eq!(statuses(&stand, &[&uri], 2).await, [1, 1]);
    }
    assert!(stand.handle.endpoints().len() <= 300);
    assert_eq!((stand.handle.active(), stand.handle.overflows()), (1, 5000));
    assert_eq!(statuses(&stand, &["http://held/"], 1).await, [0, 1], "it was in use, and is not forgotten");
    drop(held);
    assert_eq!(stand.handle.active(), 0);
}

/// Retries are limited for all endpoints together.
#[tokio::test(start_paused = true)]
async fn a_budget_counts_what_is_in_flight_at_all_endpoints() {
    let budget = RetryBudget::new().percent(50.0).minimum(0);
    let settings = each().retry_budget(budget);
    let layer = layer(settings);
    let service = tower::Layer::layer(&layer, Echo::new().hang());
    let mut calls = Vec::new();
    for host in ["http://a/", "http://b/"].iter().cycle().take(12) {
        let mut call = Box::pin(service.clone().oneshot(to(host)));
        assert!(futures_util::poll!(&mut call).is_pending());
        calls.push(call);
    }
    let retries: Vec<_> = std::iter::from_fn(|| layer.retry_gate().begin()).collect();
    assert_eq!(retries.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_with_the_endpoint() {
    let events = Events::new();
    let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let _listening = events.listen({
        let log = std::sync::Arc::clone(&log);
        move |event| log.lock().unwrap().push(event.to_string())
    });
    for (settings, uri, line) in [
        (each(), "http://10.0.0.1:9080/", "[reviews[10.0.0.1:9080]] refused request_overflow"),
        (Settings::builder().connections(10).pending(0), "http://a/", "[reviews] refused pending_overflow"),
    ] {
        let service = tower::Layer::layer(&layer(settings).told("reviews", &events), Echo::new());
        let answers = join_all((0..11).map(|_| service.clone().oneshot(to(uri)))).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(std::mem::take(&mut *log.lock().unwrap()), [line]);
    }
}
