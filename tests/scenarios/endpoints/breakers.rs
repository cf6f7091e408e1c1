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

/// Two pods of a service whose limit is ten.
fn two_pods(pool: &str, http2: bool, latency: u64) -> World {
    let yaml = format!(
        "{{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {{name: service-go}}, spec: {{
  host: service-go, trafficPolicy: {{connectionPool: {{{pool}}},
    outlierDetection: {{consecutive5xxErrors: 3, maxEjectionPercent: 100}}}}}}}}"
    );
    let slow = || Echo::new().latency(Duration::from_millis(latency));
    let upstreams = Upstreams::new().host("10.0.0.1:80", slow()).host("10.0.0.2:80", slow());
    let pods = Endpoints::new(
        ["10.0.0.1:80", "10.0.0.2:80"].map(|pod| pod.parse::<Endpoint>().expect("an endpoint")),
    );
    let mesh = Mesh::builder().yaml(&yaml).endpoints("service-go:80", &pods).http2(http2).seed(7);
    World { mesh: mesh.build().unwrap_or_else(|errors| panic!("{errors}")), upstreams: upstreams.seed(7) }
}

/// Each pod's most at once.
fn most(world: &World) -> [u64; 2] {
    let seen = world.upstreams.seen();
    ["10.0.0.1:80", "10.0.0.2:80"].map(|pod| seen[pod].max_active)
}

const AT_ONCE: [Duration; 60] = [Duration::ZERO; 60];

/// Ten requests at once in all, not ten for each endpoint.
#[tokio::test(start_paused = true)]
async fn a_limit_on_requests_is_for_all_endpoints_together() {
    let world = two_pods("http: {http2MaxRequests: 10}", true, 20);
    let report = Load::open().at(AT_ONCE).uri("http://service-go/").run(world.client()).await;
    assert_eq!((report.count(200), report.count(503)), (10, 50));
    let [one, other] = most(&world);
    assert_eq!(one + other, 10);
    let limits = world.mesh.limits("service-go", 80).expect("it is known").status();
    assert_eq!((limits.active, limits.request_overflow), (0, 50));
}

/// For people who mean "each pod ten": whoever is picked is asked before the limits, which are his.
#[tokio::test(start_paused = true)]
async fn with_the_scope_of_an_endpoint_each_that_is_picked_has_the_limit_for_itself() {
    let world = two_pods("http: {http2MaxRequests: 10}, towerMesh: {scope: endpoint}", true, 20);
    let load = Load::open().at(AT_ONCE).uri("http://service-go/").events(world.mesh.events());
    let report = load.run(world.client()).await;
    assert_eq!((report.count(200), report.count(503)), (20, 40));
    assert_eq!(most(&world), [10, 10]);
    assert_eq!(when(&report, "ejected").len(), 0, "what limits refuse says nothing of the endpoint");
    let limits = world.mesh.limits("service-go", 80).expect("it is known");
    let mut pods: Vec<_> = limits.endpoints().iter().map(|(pod, _)| format!("{pod:?}")).collect();
    pods.sort();
    assert_eq!(pods, ["10.0.0.1:80", "10.0.0.2:80"]);
    assert!(
        world
            .mesh
            .balance("service-go", 80, None)
            .expect("it is known")
            .status()
            .iter()
            .all(|pod| pod.active == 0)
    );
}

/// Who waits for an endpoint counts as in flight to it: so the one with the shorter queue is picked.
#[tokio::test(start_paused = true)]
async fn each_endpoint_has_a_queue_of_its_own() {
    let world = two_pods("tcp: {maxConnections: 1}, towerMesh: {scope: endpoint}", false, 1000);
    let report = Load::open().at([Duration::ZERO; 8]).uri("http://service-go/").run(world.client()).await;
    assert_eq!(report.count(200), 8);
    assert_eq!(most(&world), [1, 1]);
    let calls = world.upstreams.seen();
    assert!(["10.0.0.1:80", "10.0.0.2:80"].iter().all(|pod| calls[*pod].calls >= 3), "{calls:?}");
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
