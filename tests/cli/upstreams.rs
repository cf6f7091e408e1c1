//! Several upstreams, as a person or a script meets them.

use super::{json, shipped, simulate};

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

    Aggregated Function Time : count 100 avg 0.00541 +/- 0.004499 min 0.001 max 0.01 sum 0.541
    # target 50% 0.001
    Code 200 : 76 (76.0 %)
    Code 511 : 24 (24.0 %)
    Upstreams
                                       calls   share  200  511
      fortio.demo.svc:8080 version=v2     49  49.0 %   25   24
      fortio.demo:8080 version=v1         51  51.0 %   51    0
      ratings                              0   0.0 %    0    0
    All done 100 calls (plus 0 warmup) 5.410 ms avg, 8.3 qps
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
    let run = |how: &[&str]| shipped(&[how, &["-n", "100", "--qps", "0"]].concat()).0;
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
