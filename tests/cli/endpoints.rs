//! Who answers at each cluster.

use serde_json::Value;

use super::{file, run};

const REVIEWS: &str = "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v3, labels: {version: v3}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: details}
spec: {host: details, trafficPolicy: {portLevelSettings: [{port: {number: 9080}, connectionPool: {http: {maxRetries: 1}}}]}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: productpage}
spec:
  hosts: [productpage]
  http:
  - match: [{uri: {prefix: /ratings}}]
    route: [{destination: {host: ratings, port: {number: 9080}}}]
  - route: [{destination: {host: productpage}}]
";

const UPSTREAMS: &str = "
upstreams:
- {host: 'reviews:9080', labels: {version: v1}, locality: us/z1, replicas: 2}
- {host: 'reviews:9080', labels: {version: v2}, locality: us/z2, weight: 3, network: far}
- {host: details, address: 10.9.0.1}
- {host: details, address: '10.9.0.2:8080'}
";

fn endpoints(name: &str, documents: &str, arguments: &[&str]) -> (String, String, i32) {
    let documents = file(&format!("{name}-policy.yaml"), documents);
    let upstreams = file(&format!("{name}-upstreams.yaml"), UPSTREAMS);
    run("endpoints", &[&[&*documents, "--upstreams", &upstreams], arguments].concat())
}

#[test]
fn each_cluster_is_a_table() {
    let (printed, complaints, code) = endpoints("clusters", REVIEWS, &[]);
    assert_eq!((complaints.contains("spec.subsets[1].labels: selects no endpoint"), code), (true, 0));
    insta::assert_snapshot!(printed, @r"
    outbound|9080||reviews.default.svc.cluster.local
      address        locality  priority  weight  network  health
      10.0.1.1:9080  us/z1     0         1                healthy
      10.0.1.2:9080  us/z1     0         1                healthy
      10.0.1.3:9080  us/z2     0         3       far      healthy
    outbound|9080|v1|reviews.default.svc.cluster.local
      address        locality  priority  weight  health
      10.0.1.1:9080  us/z1     0         1       healthy
      10.0.1.2:9080  us/z1     0         1       healthy
    outbound|9080|v3|reviews.default.svc.cluster.local: nobody is there: no endpoint that is known has version=v3
    outbound|*||details.default.svc.cluster.local
      address        priority  weight  health
      10.9.0.1       0         1       healthy
      10.9.0.2:8080  0         1       healthy
    outbound|9080||details.default.svc.cluster.local
      address        priority  weight  health
      10.9.0.1:9080  0         1       healthy
      10.9.0.2:8080  0         1       healthy
    outbound|*||productpage.default.svc.cluster.local: nobody knows who answers, so requests are left to the transport; tell of endpoints by a ServiceEntry, an EndpointSlice, or `--upstreams FILE`
    outbound|9080||ratings.default.svc.cluster.local: nobody knows who answers, so requests are left to the transport; tell of endpoints by a ServiceEntry, an EndpointSlice, or `--upstreams FILE`
    ");
}

#[test]
fn labels_are_shown_if_asked_for() {
    let (printed, _, code) = endpoints("labels", REVIEWS, &["--show-labels", "--locality", "us/z2"]);
    assert_eq!(code, 0);
    let table: Vec<_> = printed.lines().take(4).collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    outbound|9080||reviews.default.svc.cluster.local
      address        locality  priority  weight  network  health   labels
      10.0.1.1:9080  us/z1     0         1                healthy  version=v1
      10.0.1.2:9080  us/z1     0         1                healthy  version=v1
    ");
}

#[test]
fn ports_are_those_that_a_host_serves() {
    let entry = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: reviews}
spec:
  hosts: [reviews.default.svc.cluster.local]
  resolution: DNS
  ports: [{number: 9080, name: http, protocol: HTTP}, {number: 9443, name: other, protocol: HTTP}]
---";
    let (printed, _, code) = endpoints("ports", &format!("{entry}{REVIEWS}"), &[]);
    assert_eq!(code, 0);
    let is_cluster = |line: &&str| line.starts_with("outbound|") && line.contains("reviews");
    let clusters: Vec<_> = printed.lines().filter(is_cluster).collect();
    let at =
        |port: &str| clusters.iter().filter(|line| line.starts_with(&format!("outbound|{port}|"))).count();
    assert_eq!((at("9080"), at("9443"), at("*"), clusters.len()), (3, 3, 0, 6), "{printed}");
}

#[test]
fn a_host_of_osm_edge_has_its_own_name() {
    let policy = "
apiVersion: policy.openservicemesh.io/v1alpha1
kind: UpstreamTrafficSetting
metadata: {name: reviews, namespace: default}
spec:
  host: reviews.default.svc.cluster.local
  connectionSettings: {http: {circuitBreaking: {errorAmountThreshold: 100}}}
";
    let (printed, complaints, code) = endpoints("osm", policy, &[]);
    assert_eq!((complaints.as_str(), code), ("", 0));
    assert!(printed.starts_with("default/reviews|9080\n  address"), "{printed}");
}

#[test]
fn clusters_can_be_read_by_a_machine() {
    let (printed, complaints, code) = endpoints("machine", REVIEWS, &["--json"]);
    assert_eq!((complaints.lines().count(), code), (1, 0), "{complaints}");
    let clusters: Value = serde_json::from_str(&printed).expect("JSON");
    let find = |name: &str| {
        let all = clusters.as_array().expect("an array");
        all.iter().find(|cluster| cluster["cluster"] == name).unwrap_or_else(|| panic!("{name}: {printed}"))
    };
    let whole = find("outbound|9080||reviews.default.svc.cluster.local");
    assert_eq!(whole["endpoints"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        whole["endpoints"][2],
        serde_json::json!({
            "address": "10.0.1.3:9080", "locality": "us/z2", "priority": 0, "weight": 3, "health": "healthy",
            "network": "far", "labels": {"version": "v2"},
        })
    );
    let v3 = find("outbound|9080|v3|reviews.default.svc.cluster.local");
    assert_eq!((&v3["endpoints"], &v3["labels"]["version"]), (&serde_json::json!([]), &Value::from("v3")));
    let unknown = find("outbound|*||productpage.default.svc.cluster.local");
    assert_eq!((&unknown["endpoints"], &unknown["port"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_cannot_be_listed_is_told() {
    let (_, complaints, code) = run("endpoints", &["none.yaml"]);
    assert!(complaints.starts_with("error: none.yaml cannot be read") && code == 2, "{complaints}");
    let (_, complaints, code) = endpoints("nowhere", REVIEWS, &["--locality", "a/b/c/d"]);
    assert!(complaints.contains("is no locality") && code == 2, "{complaints}");
}
