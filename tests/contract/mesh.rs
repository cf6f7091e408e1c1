//! A whole mesh keeps the contract too: compiled from YAML, in both dialects' orders, around any transport.

use tower::Layer;
use tower_mesh::{
    Mesh,
    mesh::{Client, Era},
};

use crate::{
    contract::contract,
    subject::{Ending, Subject},
};

// ===== osm-edge =====

contract!(with_a_breaker: Subject::two_strikes(|| osm_edge(&http(BREAKER))).counting(&[Ending::Status, Ending::Error]));

contract!(without_a_breaker: Subject::never(|| osm_edge(&http("circuitBreaking: null"))), [readiness passing]);

contract!(with_osm_edges_limits: Subject::one_in_flight(|| osm_edge(&http("maxRequests: 1"))),
    [readiness passing state settling refusing answers router]);

contract!(with_osm_edges_queue: Subject::never(|| osm_edge(
    "connectionSettings: {tcp: {maxConnections: 1}}")), [readiness passing]);

// Without waits: a law may ask on a thread whose timers stand still.
contract!(with_osm_edges_retries: Subject::never(|| mesh(RETRY, Era::CURRENT)), [readiness passing]);

contract!(with_all_of_osm_edge: Subject::two_strikes(|| mesh(
    &(setting(&http(&format!("maxRequests: 100, maxRetries: 9, {BREAKER}"))) + RETRY), Era::CURRENT))
    .counting(&[Ending::Status, Ending::Error]));

const BREAKER: &str = "circuitBreaking: {errorAmountThreshold: 2, statTimeWindow: 10m}";

const RETRY: &str = "
---
apiVersion: policy.openservicemesh.io/v1alpha1
kind: Retry
metadata: {name: probe, namespace: default}
spec:
  source: {kind: ServiceAccount, name: client, namespace: default}
  destinations: [{kind: Service, name: probe, namespace: default}]
  retryPolicy: {retryOn: 5xx, numRetries: 2, perTryTimeout: 2h}
";

fn http(settings: &str) -> String {
    format!("connectionSettings: {{http: {{{settings}}}}}")
}

fn osm_edge(block: &str) -> Meshed {
    mesh(&setting(block), Era::CURRENT)
}

fn setting(block: &str) -> String {
    format!(
        "
---
apiVersion: policy.openservicemesh.io/v1alpha1
kind: UpstreamTrafficSetting
metadata: {{name: probe, namespace: default}}
spec: {{host: probe.default.svc.cluster.local, {block}}}
"
    )
}

// ===== Istio =====

contract!(by_default: Subject::never(|| istio("", "{}")), [readiness passing]);

contract!(in_an_older_era: Subject::never(|| mesh(&documents("", "{}"), Era::V0_8)), [readiness passing]);

contract!(that_aborts: Subject::always(|| istio(ABORT, "{}")), [refusing answers router]);

contract!(that_delays: Subject::never(|| istio(
    "fault: {delay: {percentage: {value: 100}, fixedDelay: 5ms}}", "{}")), [readiness passing]);

contract!(with_a_timeout: Subject::never(|| istio("timeout: 2h", "{}")), [readiness passing]);

contract!(with_retries: Subject::never(|| istio(RETRIES, "{}")), [readiness passing]);

contract!(with_limits: Subject::one_in_flight(|| istio("", ONE_REQUEST)),
    [readiness passing state settling refusing answers router]);

contract!(with_limits_of_each_endpoint: Subject::one_in_flight(|| istio("",
    "{connectionPool: {http: {http2MaxRequests: 1}, towerMesh: {scope: endpoint}}}")),
    [readiness passing state settling refusing answers router]);

contract!(with_a_queue: Subject::never(|| istio("", "{connectionPool: {tcp: {maxConnections: 1}}}")),
    [readiness passing]);

contract!(with_all: Subject::one_in_flight(|| istio(ALL, ONE_REQUEST)),
    [readiness passing state settling refusing answers router]);

contract!(with_an_endpoint: Subject::two_strikes_of(|| picking("{outlierDetection: {
    consecutive5xxErrors: 2, interval: 1ms, baseEjectionTime: 30s, maxEjectionPercent: 100}}"), BAD));

contract!(with_limits_of_each_endpoint_that_is_picked: Subject::one_in_flight(|| picking(
    "{connectionPool: {http: {http2MaxRequests: 1}, towerMesh: {scope: endpoint}}}")),
    [readiness passing state settling refusing answers router]);

/// What says something of an endpoint.
const BAD: &[Ending] = &[Ending::Status, Ending::Error];

const ABORT: &str = "fault: {abort: {percentage: {value: 100}, httpStatus: 503}}";

const RETRIES: &str = "retries: {attempts: 2, retryOn: connect-failure, perTryTimeout: 2h}";

const ALL: &str = "timeout: 3h, fault: {abort: {percentage: {value: 0.0001}, httpStatus: 503}}, \
                   retries: {attempts: 2, retryOn: connect-failure, perTryTimeout: 2h}";

const ONE_REQUEST: &str = "{connectionPool: {http: {http2MaxRequests: 1, maxRetries: 1}}}";

fn istio(route: &str, policy: &str) -> Meshed {
    mesh(&documents(route, policy), Era::CURRENT)
}

/// The same with an endpoint that the documents tell of.
fn picking(policy: &str) -> Meshed {
    let entry = "
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: probe, namespace: default}
spec:
  hosts: [probe.default.svc.cluster.local]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 10.0.0.1}]
";
    mesh(&(documents("retries: {attempts: 0}", policy) + entry), Era::CURRENT)
}

/// A route for the probe, and a policy unless that is empty.
fn documents(route: &str, policy: &str) -> String {
    let route = format!(
        "
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: probe, namespace: default}}
spec: {{hosts: [probe], http: [{{route: [{{destination: {{host: probe}}}}], {route}}}]}}
"
    );
    let rule = format!(
        "
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: probe, namespace: default}}
spec: {{host: probe, trafficPolicy: {policy}}}
"
    );
    if policy == "{}" { route } else { route + &rule }
}

// ===== as a layer =====

/// A mesh as a layer, whose policies are for the host that the laws' requests name.
#[derive(Clone)]
struct Meshed(Mesh);

fn mesh(yaml: &str, era: Era) -> Meshed {
    Meshed(Mesh::builder().era(era).seed(7).yaml(yaml).build().unwrap())
}

impl<S> Layer<S> for Meshed {
    type Service = Client<S>;

    fn layer(&self, inner: S) -> Client<S> {
        self.0.client(inner)
    }
}
