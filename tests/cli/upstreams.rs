//! Several upstreams, as a person or a script meets them.

use serde_json::Value;

use super::{file, json, shipped, simulate};

#[test]
fn several_upstreams_are_told_with_their_shares() {
    let upstreams = [
        "fortio.demo:8080 version=v1",
        "fortio.demo.svc:8080 version=v2 echo=status=511:50&delay=10ms",
        "ratings",
    ];
    let upstreams = upstreams.iter().flat_map(|upstream| ["--upstream", *upstream]);
    let (printed, complaints, code) =
        shipped(&["-n", "100", "-p", "50"].into_iter().chain(upstreams).collect::<Vec<_>>());
    assert_eq!((complaints.as_str(), code), ("", 0));
    insta::assert_snapshot!(printed, @r#"
    demo/fortio (osm-edge), as fortio.demo.svc.cluster.local, fortio.demo.svc, fortio.demo, fortio.demo.svc.cluster
      1. circuit breaker, one per port: opens at 100 errors, counted over 1m; open for 1m, then straight closed; meanwhile 409 "Coming soon ..."
      2 endpoints behind port 8080
    default/ratings (osm-edge), as ratings.default.svc.cluster.local, ratings.default.svc, ratings.default, ratings.default.svc.cluster, ratings
      1 endpoint

    Aggregated Function Time : count 100 avg 0.0055 +/- 0.0045 min 0.001 max 0.01 sum 0.55
    # target 50% 0.001
    Code 200 : 75 (75.0 %)
    Code 511 : 25 (25.0 %)
    Upstreams
                                       calls   share  200  511
      fortio.demo.svc:8080 version=v2     50  50.0 %   25   25
      fortio.demo:8080 version=v1         50  50.0 %   50    0
      ratings                              0   0.0 %    0    0
    All done 100 calls (plus 0 warmup) 5.500 ms avg, 8.3 qps
    "#);
}

#[test]
fn shares_can_be_read_by_a_machine() {
    let report =
        json(&["-n", "100", "--upstream", "fortio.demo version=v1", "--upstream", "fortio.demo version=v2"]);
    let calls = &report["upstream_calls"];
    let of = |name: &str| calls[name].as_u64().expect("a count");
    assert_eq!(of("fortio.demo version=v1") + of("fortio.demo version=v2"), 100);
    assert_eq!(report["upstreams"]["fortio.demo version=v1"]["200"], calls["fortio.demo version=v1"]);
    assert_eq!(json(&["-n", "1", "--upstream", "fortio.demo"]).get("upstream_calls"), None);
}

#[test]
fn the_one_upstream_can_be_said_in_both_ways() {
    // Of one that is said as an upstream the plan knows that it is there.
    let run =
        |how: &[&str]| shipped(&[how, &["-n", "100", "--qps", "0"]].concat()).0.replace("  1 endpoint\n", "");
    let script = "status=511:30&delay=10ms:20";
    let given = format!("fortio.demo.svc.cluster.local echo={script}");
    assert_eq!(run(&["--upstream", &given]), run(&["--echo", script]));
}

#[test]
fn upstreams_are_looked_for_from_the_clients_namespace() {
    let policy = "examples/policies/circuit-breaker.yaml";
    let run = |namespace: &str| {
        let url = ["--url", "http://fortio:8080/", "-n", "3", "--namespace", namespace];
        simulate(&[&[policy][..], &url, &["--upstream", "fortio.demo:8080"]].concat()).0
    };
    assert!(run("demo").contains("Code 200 : 3 (100.0 %)"));
    assert!(run("other").contains("connection refused  3 (100.0 %)"));
}

#[test]
fn what_reaches_nobody_is_refused_and_told() {
    let load = ["-n", "3", "--qps", "0", "--repeat", "2"];
    let upstreams = ["--upstream", "fortio.demo:8081", "--upstream", "fortio"];
    let (printed, complaints, code) = shipped(&[&load[..], &upstreams].concat());
    assert!(printed.contains("Code  -1 : 3 (100.0 %)"), "{printed}");
    insta::assert_snapshot!(complaints, @"warning: no `--upstream` is for `fortio.demo.svc.cluster.local:8080`; requests that were refused there: 6");
    assert_eq!(code, 0);
}

// ===== led by rules =====

const VERSIONS: &str = "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
  - {name: v3, labels: {version: v3}}
";

/// Jason sees v2, the others v1 and v3.
const JASON: &str = "---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - match: [{headers: {end-user: {exact: jason}}}]
    route: [{destination: {host: reviews, subset: v2}}]
  - route:
    - {destination: {host: reviews, subset: v1}, weight: 50}
    - {destination: {host: reviews, subset: v3}, weight: 50}
";

/// A load on a service with these versions, under these documents.
fn routed(name: &str, documents: &str, versions: &[&str], arguments: &[&str]) -> (Value, String) {
    let path = file(name, &format!("{VERSIONS}{documents}"));
    let mut all =
        vec![path.as_str(), "--url", "http://reviews:9080/0", "--seed", "7", "--json", "--qps", "0"];
    let versions: Vec<_> = versions.iter().map(|version| format!("reviews:9080 version={version}")).collect();
    all.extend(versions.iter().flat_map(|version| ["--upstream", version.as_str()]));
    let (printed, complaints, code) = simulate(&[&all[..], arguments].concat());
    assert_eq!(code, 0, "{complaints}");
    (serde_json::from_str(&printed).expect("JSON"), complaints)
}

#[test]
fn each_version_sees_those_who_are_led_to_it() {
    let run = |arguments: &[&str]| routed("jason.yaml", JASON, &["v1", "v2", "v3"], arguments);
    let calls = |report: &Value, version: &str| {
        report["upstream_calls"][format!("reviews:9080 version={version}")].as_u64().expect("a count")
    };
    let (jason, complaints) = run(&["-n", "20", "-H", "end-user: jason"]);
    assert_eq!(["v1", "v2", "v3"].map(|version| calls(&jason, version)), [0, 20, 0]);
    assert!(!complaints.contains("--upstream"), "{complaints}");
    let (others, _) = run(&["-n", "1000"]);
    let [v1, v2, v3] = ["v1", "v2", "v3"].map(|version| calls(&others, version));
    assert_eq!((v1 + v3, v2, others["codes"]["200"].as_u64()), (1000, 0, Some(1000)));
    assert!((452..=548).contains(&v1), "{v1}");
    assert_eq!(run(&["-n", "1000"]).0, others);
}

#[test]
fn a_subset_without_an_upstream_has_no_endpoint() {
    let (report, complaints) = routed("no-v3.yaml", JASON, &["v1", "v2"], &["-n", "100"]);
    let count = |what: &str, of: &str| report[what][of].as_u64().expect("a count");
    assert_eq!(count("codes", "503"), count("flags", "UH"));
    assert_eq!(count("codes", "503") + count("upstream_calls", "reviews:9080 version=v1"), 100);
    assert!((20..=80).contains(&count("codes", "503")));
    // The mesh answers; nobody was looked for in vain.
    assert!(!complaints.contains("--upstream"), "{complaints}");
}

#[test]
fn rules_for_clients_with_labels_are_for_those_who_say_theirs() {
    let rules = "---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - match: [{sourceLabels: {app: productpage, version: v1}}]
    route: [{destination: {host: reviews, subset: v3}}]
  - route: [{destination: {host: reviews, subset: v1}}]
";
    let run = |arguments: &[&str]| {
        let (report, _) = routed("labels.yaml", rules, &["v1", "v3"], &[&["-n", "10"], arguments].concat());
        report["upstream_calls"]["reviews:9080 version=v3"].clone()
    };
    assert_eq!(run(&["--labels", "app=productpage,version=v1"]), 10);
    assert_eq!(run(&["--labels", "app=productpage"]), 0);
    assert_eq!(run(&[]), 0);
}

#[test]
fn what_is_bound_to_a_gateway_is_for_those_who_act_for_it() {
    let rules = "---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example.com]
  gateways: [bookinfo/shop-gateway]
  http:
  - route: [{destination: {host: reviews, port: {number: 9080}, subset: v1}}]
";
    let run = |arguments: &[&str]| {
        let path = file("gateway.yaml", &format!("{VERSIONS}{rules}"));
        let load = [&path, "--url", "http://shop.example.com/", "--json", "-n", "5"];
        let upstream = ["--upstream", "reviews:9080 version=v1"];
        let (printed, complaints, _) = simulate(&[&load[..], &upstream, arguments].concat());
        let report: Value = serde_json::from_str(&printed).expect("JSON");
        (report["codes"].clone(), complaints.contains("no `--upstream` is for `shop.example.com:80`"))
    };
    let (led, lost) = (serde_json::json!({ "200": 5 }), serde_json::json!({ "-1": 5 }));
    assert_eq!(run(&["--gateway", "bookinfo/shop-gateway"]), (led.clone(), false));
    assert_eq!(run(&["--gateway", "mesh", "--gateway", "bookinfo/shop-gateway"]), (led, false));
    assert_eq!(run(&[]), (lost.clone(), true));
    assert_eq!(run(&["--gateway", "other/shop-gateway"]), (lost, true));
}

#[test]
fn a_policy_that_leads_to_nobody_shows() {
    let rules = "---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - retries: {attempts: 0}
    route: [{destination: {host: nobody, port: {number: 9090}}}]
";
    let (report, complaints) = routed("nobody.yaml", rules, &["v1", "v2"], &["-n", "5"]);
    assert_eq!(report["errors"]["connection refused"], 5);
    let told = "warning: no `--upstream` is for `nobody.default.svc.cluster.local:9090`; requests that were refused there: 5";
    assert!(complaints.contains(told), "{complaints}");
    let upstreams = ["-n", "5", "--upstream", "nobody:9090", "--upstream", "reviews:9080"];
    let (led, complaints) = routed("nobody.yaml", rules, &[], &upstreams);
    assert_eq!(led["upstream_calls"]["nobody:9090"], 5);
    assert!(!complaints.contains("--upstream"), "{complaints}");
}

#[test]
fn a_url_that_belongs_to_a_family_of_hosts_is_aimed_well() {
    for (host, url, aims_past) in [
        ("*.example.com", "https://api.example.com/", false),
        ("*.example.com", "http://example.com/", true),
        ("*.svc.cluster.local", "http://reviews:9080/0", false),
        ("*.other.svc.cluster.local", "http://reviews:9080/0", true),
        ("*.other.svc.cluster.local", "http://reviews.other:9080/0", false),
    ] {
        let kind = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: all}\n";
        let rule = "http: [{timeout: 5s, route: [{destination: {host: reviews}}]}]";
        let path = file("family.yaml", &format!("{kind}spec: {{hosts: ['{host}'], {rule}}}\n"));
        let (_, complaints, code) = simulate(&[&path, "--url", url, "-n", "1"]);
        assert_eq!(
            (complaints.contains("no policy speaks of"), code),
            (aims_past, 0),
            "{host}: {complaints}"
        );
    }
}
