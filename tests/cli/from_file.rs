//! Upstreams from a file.

use serde_json::Value;

use super::{file, run, shipped, simulate};

const VERSIONS: &str = "
upstreams:
- host: fortio.demo:8080
  labels: {version: v1}
  locality: us-central1/z1
  replicas: 2
- host: fortio.demo:8080
  name: the ill one
  address: 10.9.0.7
  weight: 3
  network: far
  does: latency=5ms
  timeline:
  - {at: 8s, does: status=503}
  - {at: 16s, does: latency=5ms}
";

fn json(arguments: &[&str]) -> Value {
    let (printed, complaints, code) = shipped(&[arguments, &["--json"]].concat());
    assert_eq!((complaints.as_str(), code), ("", 0));
    serde_json::from_str(&printed).expect("JSON")
}

#[test]
fn upstreams_of_a_file_fall_ill_and_recover() {
    let path = file("versions.yaml", VERSIONS);
    let report = json(&["--upstreams", &path, "-t", "20s", "--qps", "20"]);
    let names: Vec<_> = report["upstream_calls"].as_object().expect("names").keys().cloned().collect();
    assert_eq!(names, ["fortio.demo:8080 version=v1", "fortio.demo:8080 version=v1 #2", "the ill one"]);
    let ill = &report["shares_over_time"]["upstreams"]["the ill one"];
    for second in 0..20 {
        let codes: Vec<_> = ill[second.to_string()].as_object().expect("a second").keys().cloned().collect();
        assert_eq!(codes, [if (8..16).contains(&second) { "503" } else { "200" }], "{second}");
    }
    assert_eq!(json(&["--upstreams", &path, "-t", "20s", "--qps", "20"]), report);
}

#[test]
fn a_file_and_flags_are_taken_together() {
    let path = file("more.yaml", "upstreams: [{host: ratings, does: hang}]");
    let report = json(&["-n", "10", "--upstream", "fortio.demo", "--upstreams", &path]);
    assert_eq!(report["upstream_calls"], serde_json::json!({ "fortio.demo": 10, "ratings": 0 }));
    let (_, complaints, code) = shipped(&["-n", "1", "--upstreams", &path, "--echo", ""]);
    assert!(complaints.contains("`--echo` is for the one upstream") && code == 2, "{complaints}");
}

#[test]
fn the_one_upstream_can_have_a_timeline_too() {
    let echo = ["--echo", "status=511; 1s: refuse; 2s: latency=5ms", "-t", "3s", "--qps", "10"];
    let (printed, complaints, code) = shipped(&[&echo[..], &["--per-second"]].concat());
    assert_eq!((complaints.as_str(), code), ("", 0));
    let rows: Vec<_> =
        printed.lines().filter(|line| line.get(1..7).is_some_and(|at| at.contains(" s "))).collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    0 s    0    0   12
    1 s    8    0    0
    2 s    0   12    0
    ");
}

#[test]
fn shares_are_printed_per_second() {
    let path = file("shares.yaml", "upstreams: [{host: fortio.demo, replicas: 2}]");
    let run = ["--upstreams", &path, "-n", "40", "--qps", "20", "--per-second", "-p", "50"];
    let (printed, _, _) = shipped(&run);
    let table =
        printed.split("Aggregated").next().and_then(|text| text.split("\n\n").last()).expect("a table");
    insta::assert_snapshot!(table, @r"
         200
    0 s   20
    1 s   20
      #1 fortio.demo
      #2 fortio.demo #2
         calls       #1       #2
    0 s     20   45.0 %   55.0 %
    1 s     20   50.0 %   50.0 %
    ");
}

#[test]
fn an_explanation_knows_the_upstreams_of_a_file() {
    let rules = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v2}}]}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec: {host: reviews, subsets: [{name: v2, labels: {version: v2}}]}
";
    let rules = file("led-to-v2.yaml", rules);
    for (version, answered) in [("v1", true), ("v2", false)] {
        let text = format!("upstreams: [{{host: reviews, labels: {{version: {version}}}}}]");
        let upstreams = file(&format!("only-{version}.yaml"), &text);
        let arguments = [&rules, "--url", "http://reviews/", "--upstreams", &upstreams];
        let (printed, complaints, code) = run("explain", &arguments);
        assert_eq!((complaints.contains("selects no endpoint"), code), (answered, 0), "{complaints}");
        assert_eq!(printed.contains("no healthy upstream"), answered, "{printed}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place() {
    let items = [
        "- host: reviews v1",
        "- host: reviews:x",
        "- {labels: {version: v1}}",
        "- {host: reviews, address: 'unix:///run/app.sock'}",
        "- {host: reviews, locality: a/b/c/d}",
        "- {host: reviews, weight: 0}",
        "- {host: reviews, replicas: many}",
        "- {host: reviews, replicas: 2, address: 10.0.0.1}",
        "- {host: reviews, does: stauts=511}",
        "- {host: reviews, does: 'status=511; 8x: refuse'}",
        "- {host: reviews, timeline: [{at: 8, does: refuse}]}",
        "- {host: reviews, timeline: [{at: -8s}]}",
        "- {host: reviews, timeline: [{does: refuse}]}",
        "- {host: reviews, timeline: [{at: 8s, does: 'refuse; 9s: hang'}]}",
        "- {host: reviews, timeline: [{at: 8s}, {at: 3s}]}",
    ];
    let mut told = String::new();
    for item in items {
        let path = file("wrong-upstreams.yaml", &format!("upstreams:\n- host: details:9080\n{item}\n"));
        let (printed, complaints, code) = shipped(&["-n", "1", "--upstreams", &path]);
        assert_eq!((printed.as_str(), code), ("", 2), "{complaints}");
        let lines = complaints.lines().filter(|line| line.starts_with("error") || line.contains("-->"));
        let lines: Vec<_> = lines.map(|line| line.replace(&path, "FILE")).collect();
        told += &format!("{item}\n  {}\n", lines.join("\n  "));
    }
    insta::assert_snapshot!(told, @r#"
    - host: reviews v1
      error: `host`: `reviews v1` names no one host: write `HOST` or `HOST:PORT`, and labels under `labels`
        --> FILE:3:9, upstreams[1].host
    - host: reviews:x
      error: `host`: `x` is no port: write a number from 1 to 65535, or only the host for every port
        --> FILE:3:9, upstreams[1].host
    - {labels: {version: v1}}
      error: `upstreams[1]` lacks the required field `host`
        --> FILE:3:3, upstreams[1]
    - {host: reviews, address: 'unix:///run/app.sock'}
      error: `address`: `unix:///run/app.sock` is a socket's path: an upstream is at a host, such as `10.0.0.7:9080`
        --> FILE:3:28, upstreams[1].address
    - {host: reviews, locality: a/b/c/d}
      error: `locality`: `a/b/c/d` is no locality: write `REGION/ZONE/SUBZONE`, or the first one or two of them
        --> FILE:3:29, upstreams[1].locality
    - {host: reviews, weight: 0}
      error: `weight`: write a weight, from 1 to 4294967295
        --> FILE:3:27, upstreams[1].weight
    - {host: reviews, replicas: many}
      error: `replicas` must be how many there are, from 1 to 10000, found the text "many"
        --> FILE:3:29, upstreams[1].replicas
    - {host: reviews, replicas: 2, address: 10.0.0.1}
      error: `upstreams[1]`: one `address` is not for several `replicas`: write an item for each
        --> FILE:3:3, upstreams[1]
    - {host: reviews, does: stauts=511}
      error: `does`: stauts=511: no such parameter; there are status, delay, size, close, header, latency, every, refuse, hang, reset, slow-body, break-body
        --> FILE:3:25, upstreams[1].does
    - {host: reviews, does: 'status=511; 8x: refuse'}
      error: `does`: 8x: refuse: expected from when on, such as `8s: refuse`; within a value write %3B for `;`
        --> FILE:3:25, upstreams[1].does
    - {host: reviews, timeline: [{at: 8, does: refuse}]}
      error: `at` must be a duration such as `8s`, found the number 8
        --> FILE:3:35, upstreams[1].timeline[0].at
    - {host: reviews, timeline: [{at: -8s}]}
      error: `at`: a moment is not before the start
        --> FILE:3:35, upstreams[1].timeline[0].at
    - {host: reviews, timeline: [{does: refuse}]}
      error: `timeline[0]` lacks the required field `at`
        --> FILE:3:30, upstreams[1].timeline[0]
    - {host: reviews, timeline: [{at: 8s, does: 'refuse; 9s: hang'}]}
      error: `does`: in a `timeline` each moment has one script: write an item for each
        --> FILE:3:45, upstreams[1].timeline[0].does
    - {host: reviews, timeline: [{at: 8s}, {at: 3s}]}
      error: `upstreams[1]`: the moments of a `timeline` stand in their order: 3s stands after 8s
        --> FILE:3:3, upstreams[1]
    "#);
}

#[test]
fn what_nobody_knows_in_a_file_is_told_and_strictly_an_error() {
    let path = file("unknown-upstreams.yaml", "upstreams: [{host: fortio.demo, lables: {version: v1}}]");
    let (_, complaints, code) = shipped(&["-n", "1", "--upstreams", &path]);
    assert!(
        complaints.starts_with("note: ") && complaints.contains("did you mean `labels`?"),
        "{complaints}"
    );
    assert_eq!(code, 0);
    let (_, complaints, code) = shipped(&["-n", "1", "--upstreams", &path, "--strict"]);
    assert!(complaints.starts_with("error: ") && code == 2, "{complaints}");
    let (_, complaints, code) = simulate(&[
        "examples/policies/circuit-breaker.yaml",
        "--url",
        "http://a/",
        "--upstreams",
        "none.yaml",
    ]);
    assert!(complaints.starts_with("error: none.yaml cannot be read") && code == 2, "{complaints}");
}
