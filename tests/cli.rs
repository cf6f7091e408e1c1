//! The command, as a person or a script meets it.

#[path = "cli/endpoints.rs"]
mod endpoints;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/from_file.rs"]
mod from_file;
#[path = "cli/plot.rs"]
mod plot;
#[path = "cli/upstreams.rs"]
mod upstreams;

use std::{fs, path::PathBuf, process::Command};

use serde_json::Value;

const URL: &str = "http://fortio.demo.svc.cluster.local:8080/echo";

/// What the command printed, what it complained about, and its exit code.
fn run(command: &str, arguments: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_tower-mesh"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg(command)
        .args(arguments)
        .output()
        .expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (text(output.stdout), text(output.stderr), output.status.code().expect("an exit code"))
}

fn simulate(arguments: &[&str]) -> (String, String, i32) {
    run("simulate", arguments)
}

fn shipped(arguments: &[&str]) -> (String, String, i32) {
    let all = [&["examples/policies/circuit-breaker.yaml", "--url", URL, "--seed", "7"], arguments].concat();
    simulate(&all)
}

fn json(arguments: &[&str]) -> Value {
    let (printed, complaints, code) = shipped(&[arguments, &["--json"]].concat());
    assert_eq!((complaints.as_str(), code), ("", 0));
    serde_json::from_str(&printed).expect("JSON")
}

fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("a file");
    path.to_str().expect("a plain path").to_owned()
}

#[test]
fn a_run_can_be_read() {
    let (printed, complaints, code) =
        shipped(&["-c", "10", "-n", "1000", "--qps", "200", "--echo", "every=5:511", "-p", "50,99.9"]);
    assert_eq!((complaints.as_str(), code), ("", 0));
    insta::assert_snapshot!(printed, @r#"
    demo/fortio (osm-edge), as fortio.demo.svc.cluster.local, fortio.demo.svc, fortio.demo, fortio.demo.svc.cluster
      1. circuit breaker, one per port: opens at 100 errors, counted over 1m; open for 1m, then straight closed; meanwhile 409 "Coming soon ..."

    Aggregated Function Time : count 1000 avg 0.0005 +/- 0.0005 min 0 max 0.001 sum 0.5
    # target 50% 0
    # target 99.9% 0.001
    Code 200 : 400 (40.0 %)
    Code 409 : 500 (50.0 %)
    Code 511 : 100 (10.0 %)
    Refusals
      circuit_open  500 (50.0 %)
    Flags
      UO  500 (50.0 %)
    Events
           2.451 s  [circuit_breaker] tick/delay/degraded/total/slowAmount/errorAmount (open)  report demo/fortio|8080 2 0 true 500 0 100
    Upstreams
                                     200  511
      fortio.demo.svc.cluster.local  400  100
    All done 1000 calls (plus 0 warmup) 0.500 ms avg, 202.0 qps
    "#);
}

#[test]
fn a_run_can_be_read_by_a_machine() {
    let report = json(&["-c", "10", "-n", "1000", "--qps", "200", "--echo", "status=511:20&delay=200ms:20"]);
    for key in ["requests", "codes", "latency_ms", "refusals", "upstreams", "events"] {
        assert!(report.get(key).is_some(), "{key}");
    }
    for key in ["p50", "p90", "p99", "max"] {
        assert!(report["latency_ms"][key].is_number(), "{key}");
    }
    assert_eq!(report["requests"], 1000);
    assert_eq!(report["refusals"]["circuit_open"], report["codes"]["409"]);
    assert_eq!(report["upstreams"]["fortio.demo.svc.cluster.local"]["200"], report["codes"]["200"]);
    assert_eq!(report["events"][0]["kind"], "opened");
    assert_eq!(report["events"][0]["subject"], "demo/fortio|8080");
}

#[test]
fn the_same_seed_gives_the_same_table_and_another_seed_another() {
    let run = |seed: &str| {
        let all =
            ["examples/policies/circuit-breaker.yaml", "--url", URL, "--json", "-n", "1000", "--qps", "0"];
        simulate(&[&all[..], &["--echo", "status=511:20", "--seed", seed]].concat()).0
    };
    assert_eq!(run("1"), run("1"));
    assert_ne!(run("1"), run("2"));
}

#[test]
fn repeated_plays_share_the_mesh_and_are_an_array() {
    let plays = json(&["-n", "200", "--qps", "0", "--echo", "status=511", "--repeat", "3", "--pause", "30s"]);
    let counts: Vec<_> = plays.as_array().expect("an array").iter().map(|play| &play["codes"]).collect();
    assert_eq!(counts.len(), 3);
    assert_eq!(counts[1], &serde_json::json!({ "409": 200 }), "still open after half a minute");
    assert_eq!(counts[0], counts[2], "closed again after a minute");
    assert_eq!(json(&["-n", "1", "--repeat", "1"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn the_urls_own_query_is_obeyed() {
    let url = format!("{URL}?status=503");
    let (printed, _, _) =
        simulate(&["examples/policies/circuit-breaker.yaml", "--url", &url, "-n", "5", "--qps", "0"]);
    assert!(printed.contains("Code 503 : 5 (100.0 %)"), "{printed}");
}

#[test]
fn a_file_can_be_given_the_namespace_that_it_lacks() {
    let text = fs::read_to_string("examples/policies/circuit-breaker.yaml").expect("the shipped policy");
    let path = file("nowhere@home.yaml", &text.replace("  namespace: demo\n", ""));
    let (_, complaints, code) = simulate(&[&path, "--url", URL, "-n", "1"]);
    assert!(complaints.contains("never applies: it lives in the namespace `default`"), "{complaints}");
    assert_eq!(code, 0);
    let (_, complaints, code) = simulate(&[&format!("{path}@demo"), "--url", URL, "-n", "1"]);
    assert_eq!((complaints.as_str(), code), ("", 0));
}

#[test]
fn a_url_that_no_policy_means_is_told() {
    let policy = "examples/policies/circuit-breaker.yaml";
    let (_, complaints, code) = simulate(&[policy, "--url", "http://fortio:8080/", "-n", "1"]);
    insta::assert_snapshot!(complaints, @"warning: no policy speaks of `fortio` to a client in the namespace `default`: requests pass untouched; did you mean `fortio.demo`? the policies are for fortio.demo.svc.cluster.local");
    assert_eq!(code, 0);
    let inside = simulate(&[policy, "--url", "http://fortio:8080/", "-n", "1", "--namespace", "demo"]);
    assert_eq!((inside.1.as_str(), inside.2), ("", 0));
}

#[test]
fn a_policy_for_every_host_means_any_url() {
    let rule = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: all}\n";
    let policy = "spec: {host: '*', trafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}}}\n";
    let path = file("every-host.yaml", &format!("{rule}{policy}"));
    for url in ["http://reviews:9080/0", "https://api.example.com/"] {
        let (_, complaints, code) = simulate(&[&path, "--url", url, "-n", "1"]);
        assert_eq!((complaints.as_str(), code), ("", 0));
    }
}

#[test]
fn what_cannot_be_used_ends_with_a_message_that_helps_and_exit_code_2() {
    for (arguments, message) in [
        (&["--qps", "-1"][..], "write calls per second, such as 200 or 0.5"),
        (&["-t", "5"], "the duration \"5\" lacks a unit"),
        (&["-t", "5s", "-n", "3"], "cannot be used with"),
        (&["-c", "0"], "0 is not in 1.."),
        (&["-p", "101"], "percentages between 0 and 100"),
        (&["-H", "no colon"], "write `name: value`"),
        (&["--echo", "stauts=511"], "stauts"),
        (&["--pause", "-1s"], "must not be negative"),
        (&["--no-such-flag"], "--no-such-flag"),
        (&["--upstream", ""], "the host is missing: write `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`"),
        (&["--upstream", "fortio:http"], "`http` is no port: write a number from 1 to 65535"),
        (&["--upstream", "fortio v2"], "`v2` is no label: write `LABEL=VALUE`"),
        (
            &["--upstream", "fortio echo=stauts=511"],
            "in `echo=`: stauts=511: no such parameter; there are status,",
        ),
        (
            &["--upstream", "fortio", "--echo", ""],
            "say of each how it answers: `--upstream 'HOST:PORT echo=PARAMS'`",
        ),
        (&["--labels", "app=page,v1"], "write `LABEL=VALUE`, and commas between several"),
        (&["--gateway", "bookinfo-gateway"], "write `NAMESPACE/NAME`, such as"),
        (&["--gateway", "/bookinfo-gateway"], "or `mesh`"),
    ] {
        let (printed, complaints, code) = shipped(arguments);
        assert!(complaints.contains(message), "{arguments:?}: {complaints}");
        assert_eq!((printed.as_str(), code), ("", 2), "{arguments:?}");
    }
    let broken =
        file("broken.yaml", "apiVersion: policy.openservicemesh.io/v1alpha1\nkind: UpstreamTrafficSetting\n");
    for (policy, message) in [
        (broken.as_str(), "lacks the required field `spec`"),
        ("no-such-file.yaml", "no-such-file.yaml cannot be read"),
        ("examples/policies/circuit-breaker.yaml@", "write `FILE`, or `FILE@NAMESPACE`"),
    ] {
        let (printed, complaints, code) = simulate(&[policy, "--url", URL]);
        assert!(complaints.contains(message), "{policy}: {complaints}");
        assert_eq!((printed.as_str(), code), ("", 2), "{policy}");
    }
    let (_, complaints, code) = simulate(&["examples/policies/circuit-breaker.yaml", "--url", "/echo"]);
    assert_eq!((complaints.contains("names no host"), code), (true, 2), "{complaints}");
}

#[test]
fn strict_makes_errors_of_what_nobody_knows() {
    let text = fs::read_to_string("examples/policies/circuit-breaker.yaml").expect("the shipped policy");
    let path = file("unknown.yaml", &format!("{text}        slowTimeTreshold: 1s\n"));
    let (_, complaints, code) = simulate(&[&path, "--url", URL, "-n", "1"]);
    assert!(complaints.contains("did you mean `slowTimeThreshold`?"), "{complaints}");
    assert_eq!(code, 0);
    let (_, complaints, code) = simulate(&[&path, "--url", URL, "-n", "1", "--strict"]);
    assert!(complaints.starts_with("error: the field `slowTimeTreshold` is unknown here"), "{complaints}");
    assert_eq!(code, 2);
}
