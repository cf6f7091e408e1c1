//! A request that is explained, as a person or a script meets it.

use std::fs;

use super::{file, run};

const BOOKINFO: &str = "examples/policies/bookinfo.yaml";

fn explain(arguments: &[&str]) -> (String, String, i32) {
    run("explain", arguments)
}

/// Rules for an application, for a gateway, and for all.
fn policy(name: &str) -> String {
    let text = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  gateways: [mesh, edge]
  http:
  - match: [{sourceLabels: {app: page}, method: {exact: POST}}]
    directResponse: {status: 403}
  - match: [{gateways: [edge]}]
    redirect: {uri: /edge}
  - match: [{headers: {end-user: {exact: jason}, cookie: {prefix: a}}}]
    route: [{destination: {host: reviews, subset: v2}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec: {host: reviews, subsets: [{name: v2, labels: {version: v2}}]}
";
    file(name, text)
}

#[test]
fn a_request_is_explained_for_people() {
    let (printed, complaints, code) = explain(&[BOOKINFO, "--url", "http://reviews:9080/reviews/0"]);
    assert_eq!((complaints.as_str(), code), ("", 0));
    insta::assert_snapshot!(printed, @r"
    GET http://reviews:9080/reviews/0
    era: request headers not trusted, default retries of what was not sent, least request by default, ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 9080
      DestinationRule default/reviews at examples/policies/bookinfo.yaml:35:9 (document 3)
    rule 1, default/reviews http[0] at examples/policies/bookinfo.yaml:25:5 (document 2), takes it: every request
      1. timeout: 500ms, or less by a gRPC call's `grpc-timeout`
      2. retries: once on 5xx, after up to 25ms; tries are numbered
      to reviews.default.svc.cluster.local:9080
        3. limits per port over HTTP/1: 10 exchanges at once, 5 more may wait
    ");
}

#[test]
fn a_request_is_explained_for_machines() {
    let (printed, complaints, code) =
        explain(&[BOOKINFO, "--url", "http://reviewz:9080/reviews/0", "--json", "-X", "HEAD"]);
    assert_eq!((complaints.as_str(), code), ("", 0));
    insta::assert_snapshot!(printed, @r#"
    {
      "method": "HEAD",
      "uri": "http://reviewz:9080/reviews/0",
      "era": {
        "trustRequestHeaders": false,
        "defaultRetries": "unsent",
        "ejections": "strict",
        "consecutiveErrors": "gateway-errors",
        "defaultBalancing": "least-request"
      },
      "host": "reviewz",
      "port": 9080,
      "speaksHttp": true,
      "passedOver": [],
      "notAsked": 0,
      "end": {
        "kind": "untouched",
        "namespace": "default",
        "host": "reviewz",
        "didYouMean": [
          "reviews"
        ],
        "known": [
          "ratings.default.svc.cluster.local",
          "reviews.default.svc.cluster.local"
        ]
      }
    }
    "#);
}

#[test]
fn the_client_and_the_request_are_what_the_flags_say() {
    let path = policy("explained.yaml");
    let url = ["--url", "http://reviews/"];
    let (printed, _, _) = explain(&[&[path.as_str()][..], &url].concat());
    insta::assert_snapshot!(printed.replace(&path, "reviews.yaml"), @r"
    GET http://reviews/
    era: request headers not trusted, default retries of what was not sent, least request by default, ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 80
      DestinationRule default/reviews at reviews.yaml:18:14 (document 2)
    default/reviews http[0] at reviews.yaml:8:5 (document 1) is for other clients:
      `sourceLabels` asks for `app: page`, but the client has none
    default/reviews http[1] at reviews.yaml:10:5 (document 1) is for other clients:
      `gateways` names none that this client acts for: `mesh`
    rule 1, default/reviews http[2] at reviews.yaml:12:5 (document 1), is passed over:
      header `cookie` must begin with `a`, but is absent
    no rule takes it:
      answered 404 (NR)
    ");
    for (flags, told) in [
        (&["--labels", "app=page", "-X", "POST"][..], "  answered 403\n"),
        (&["--gateway", "default/edge"], "  answered 301, location: http://reviews/edge\n"),
        (
            &["-H", "end-user: jason", "-H", "cookie: a=b"],
            "  to reviews.default.svc.cluster.local:80, subset v2",
        ),
        (
            &["-H", "end-user: jason", "-H", "cookie: a=b", "--upstream", "reviews version=v1"],
            "    answered 503 (UH) \"no healthy upstream\"",
        ),
        (
            &["--namespace", "other"],
            "to a client in the namespace `other`: requests pass untouched; did you mean `reviews",
        ),
        (&["--era", "1.5"], "era: request headers trusted"),
    ] {
        // The documents are those of `default`, wherever the client is.
        let (printed, _, code) = explain(&[&[format!("{path}@default").as_str()][..], &url, flags].concat());
        assert!(printed.contains(told) && code == 0, "{flags:?}: {printed}");
    }
}

#[test]
fn what_there_is_to_tell_about_the_policies_goes_beside_the_explanation() {
    let text = fs::read_to_string(BOOKINFO).expect("the shipped policy");
    let path = file("noted.yaml", &format!("{text}      http3: {{}}\n"));
    let arguments = [path.as_str(), "--url", "http://reviews:9080/"];
    let (printed, complaints, code) = explain(&arguments);
    assert!(complaints.starts_with("note: ") && complaints.contains("`http3`"), "{complaints}");
    assert!(printed.starts_with("GET http://reviews:9080/\n"), "{printed}");
    assert_eq!(code, 0);
    let (printed, complaints, code) = explain(&[&arguments[..], &["--strict"]].concat());
    assert!(complaints.starts_with("error: the field `http3` is unknown here"), "{complaints}");
    assert_eq!((printed.as_str(), code), ("", 2));
}

#[test]
fn what_cannot_be_explained_ends_with_exit_code_2() {
    for (arguments, message) in [
        (&[BOOKINFO][..], "--url <URL>"),
        (
            &[BOOKINFO, "--url", "/reviews/0"],
            "the URL `/reviews/0` names no host; write `http://HOST:PORT/PATH`",
        ),
        (&[BOOKINFO, "--url", "http://reviews/", "-H", "jason"], "write `name: value`"),
        (&[BOOKINFO, "--url", "http://reviews/", "-X", "G T"], "'G T'"),
        (&[BOOKINFO, "--url", "http://reviews/", "--gateway", "edge"], "write `NAMESPACE/NAME`"),
        (&[BOOKINFO, "--url", "http://reviews/", "--upstream", "reviews v2"], "`v2` is no label"),
        (&["no-such-file.yaml", "--url", "http://reviews/"], "no-such-file.yaml cannot be read"),
    ] {
        let (printed, complaints, code) = explain(arguments);
        assert!(complaints.contains(message), "{arguments:?}: {complaints}");
        assert_eq!((printed.as_str(), code), ("", 2), "{arguments:?}");
    }
}
