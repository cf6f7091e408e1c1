//! Limits are those of a cluster, however many endpoints it has.

use super::*;

const POOL: &str = "
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: productpage, namespace: istio}
spec:
  host: productpage.istio.svc.cluster.local
  subsets: [{name: v1, labels: {version: v1}}]
  trafficPolicy:
    connectionPool:
      tcp: {maxConnections: 1, connectTimeout: 30ms}
      http: {maxRequestsPerConnection: 1, http1MaxPendingRequests: 1}
    outlierDetection: {consecutive5xxErrors: 1, interval: 5s, baseEjectionTime: 60s, maxEjectionPercent: 100}
";

#[tokio::test(start_paused = true)]
async fn ten_callers_of_a_slow_service_are_mostly_refused_and_nobody_is_ejected() {
    let slow = Echo::new().latency(Duration::from_millis(200));
    let upstreams = Upstreams::new().in_namespace("istio").at("productpage:9080", [("version", "v1")], slow);
    let world = World::built(POOL, upstreams, |mesh| mesh.namespace("istio"));
    let load = Load::workers(10).qps(100.0).duration(secs(6)).uri("http://productpage:9080/");
    let report = load.events(world.mesh.events()).run(world.client()).await;
    assert!(report.count(200) > 20 && report.count(503) > 5 * report.count(200), "{report}");
    assert_eq!(report.flagged(Flags::UO), report.count(503), "each is our own limit");
    assert_eq!(when(&report, "ejected").len(), 0, "which says nothing of the endpoint");
}

/// Ten requests at once in all, not ten for each endpoint.
#[tokio::test(start_paused = true)]
async fn a_limit_on_requests_is_for_all_endpoints_together() {
    let yaml = "
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: service-go}
spec:
  host: service-go
  trafficPolicy:
    connectionPool: {http: {http2MaxRequests: 10}}
    outlierDetection: {consecutive5xxErrors: 3, maxEjectionPercent: 100}
";
    let slow = || Echo::new().latency(Duration::from_millis(20));
    let upstreams = Upstreams::new().at("service-go:80", [("version", "v1")], slow()).at(
        "service-go:80",
        [("version", "v2")],
        slow(),
    );
    let world = World::built(yaml, upstreams, |mesh| mesh.http2(true));
    let load = Load::workers(40).qps(4000.0).requests(400).uri("http://service-go/");
    let report = load.run(world.client()).await.with_upstreams(&world.upstreams.seen());
    let active =
        |version: &str| world.upstreams.seen()[&*format!("service-go:80 version={version}")].max_active;
    assert!(active("v1") + active("v2") <= 20 && active("v1") <= 10 && active("v2") <= 10);
    assert!(report.count(503) > 0, "{report}");
    let limits = world.mesh.limits("service-go", 80).expect("it is known").status();
    assert_eq!((limits.active, limits.request_overflow), (0, report.count(503)));
}

/// Case 26 of osm-edge: a breaker is that of the service, so one bad endpoint of two cuts off both.
#[tokio::test(start_paused = true)]
async fn the_breaker_of_a_service_of_osm_edge_is_for_all_its_endpoints() {
    let yaml = "
apiVersion: policy.openservicemesh.io/v1alpha1
kind: UpstreamTrafficSetting
metadata: {name: fortio, namespace: default}
spec:
  host: fortio.default.svc.cluster.local
  connectionSettings: {http: {circuitBreaking: {errorAmountThreshold: 3, degradedTimeWindow: 1m, degradedStatusCode: 409}}}
";
    let upstreams = Upstreams::new().at("fortio:8080", [("pod", "1")], Echo::new().status(511)).at(
        "fortio:8080",
        [("pod", "2")],
        Echo::new(),
    );
    let world = World::new(yaml, upstreams);
    let report = world.load("http://fortio:8080/", 20.0, secs(5)).await;
    assert_eq!(report.count(511), 3);
    assert!(report.count(409) > 60, "{report}");
    let calls = &report.upstream_calls();
    assert!(calls["fortio:8080 pod=2"] < 20, "{calls:?}");
}
