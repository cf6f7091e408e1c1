//! Whole `VirtualService`s as plans, and which of several is for a host.

use insta::assert_snapshot;
use tower_mesh::mesh::Code;

use crate::{
    istio::{document, going, routes},
    osm::{errors, load, mesh, notes},
};

const TO: &str = "route: [{destination: {host: reviews}}]";

/// The routes of these hosts, with more metadata than a name.
fn named(metadata: &str, hosts: &str, http: &str) -> String {
    document("VirtualService", "a", &format!("  hosts: [{hosts}]\n  http: [{}]", going(http, "elsewhere")))
        .replace("{name: a}", &format!("{{{metadata}}}"))
}

/// The host of each destination that has rules, and what these are called.
fn ruled(text: &str) -> String {
    let plan = mesh(text).plan();
    let ruled = plan.destinations.iter().filter(|one| !one.rules.is_empty());
    let names = |rules: &[tower_mesh::mesh::plan::Rule]| {
        rules.iter().map(|rule| rule.origin.name.clone()).collect::<Vec<_>>().join(", ")
    };
    ruled.map(|one| format!("{}: {}\n", one.name, names(&one.rules))).collect()
}

#[test]
fn jason_sees_one_version_and_others_see_two() {
    let text = [
        routes(&[
            "{name: jason, match: [{headers: {end-user: {exact: jason}}, uri: {prefix: /reviews}}, {queryParams: {test: {}}}], \
              route: [{destination: {host: reviews, subset: v2}}], timeout: 0.5s, retries: {attempts: 0}}",
            "{route: [{destination: {host: reviews, subset: v1}, weight: 75}, \
              {destination: {host: reviews.default.svc.cluster.local, subset: v3, port: {number: 9081}}, weight: 25, headers: {request: {set: {x: v}}}}], \
              mirror: {host: copies, subset: all}, mirrorPercentage: {value: 10}, rewrite: {uri: /v1, authority: a.com}}",
        ]),
        document(
            "DestinationRule",
            "reviews",
            "  host: reviews\n  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}, {name: v3}]",
        ),
        document("DestinationRule", "copies", "  host: copies\n  subsets: [{name: all}]"),
    ];
    let text = text.join("---\n");
    assert_snapshot!(mesh(&text).plan(), @r"
    era: request headers not trusted, default retries of what was not sent, least request by default, ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      rule 1, default/reviews http[0] `jason`: path begins with `/reviews`, header `end-user` is `jason`; or query parameter `test` is present
        to reviews.default.svc.cluster.local, subset v2
        1. timeout: 500ms, or less by a gRPC call's `grpc-timeout`
        2. retries: none; tries are numbered
      rule 2, default/reviews http[1]: every request
        to reviews.default.svc.cluster.local, subset v1: 75 of 100
        to reviews.default.svc.cluster.local:9081, subset v3: 25 of 100
          request: set `x: v`
        rewrite: path: `/v1` in the place of what was matched, authority: `a.com`
        copies 10 % to copies.default.svc.cluster.local, subset all
        1. timeout: none, but a gRPC call's `grpc-timeout`
        2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
      subset v1 (version=v1)
      subset v2 (version=v2)
      subset v3 (every endpoint)
    copies.default.svc.cluster.local (istio), as copies.default.svc.cluster.local, copies.default.svc, copies.default, copies
      1. timeout: none, but a gRPC call's `grpc-timeout`
      2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
      subset all (every endpoint)
    ");
    assert_eq!(notes(&text), "");
    let json = serde_json::to_value(mesh(&text).plan()).expect("JSON");
    assert_snapshot!(serde_json::to_string_pretty(&json["destinations"][0]["rules"][1]).expect("JSON"), @r#"
    {
      "mirrors": [
        {
          "host": "copies.default.svc.cluster.local",
          "percent": 10.0,
          "subset": "all"
        }
      ],
      "rewrite": "path: `/v1` in the place of what was matched, authority: `a.com`",
      "rule": "default/reviews http[1]",
      "stations": [
        {
          "timeout": {
            "grpcTimeout": true,
            "tellDeadline": false,
            "trustRequestHeaders": false
          }
        },
        {
          "retry": {
            "attempts": 2,
            "avoidPreviousHosts": true,
            "backoff": {
              "base": "25ms",
              "jitter": true,
              "most": "250ms"
            },
            "bodyLimit": 1048576,
            "countAttempts": true,
            "hedging": false,
            "methods": "all",
            "on": "connect-failure,refused-stream,retriable-status-codes,cancelled,unavailable",
            "trustRequestHeaders": false
          }
        }
      ],
      "to": [
        {
          "host": "reviews.default.svc.cluster.local",
          "subset": "v1",
          "weight": 75
        },
        {
          "host": "reviews.default.svc.cluster.local",
          "port": 9081,
          "requestHeaders": [
            "set `x: v`"
          ],
          "subset": "v3",
          "weight": 25
        }
      ],
      "when": []
    }
    "#);
    assert_snapshot!(serde_json::to_string_pretty(&json["destinations"][0]["subsets"]).expect("JSON"), @r#"
    [
      {
        "hasEndpoints": true,
        "labels": {
          "version": "v1"
        },
        "name": "v1",
        "stations": []
      },
      {
        "hasEndpoints": true,
        "labels": {
          "version": "v2"
        },
        "name": "v2",
        "stations": []
      },
      {
        "hasEndpoints": true,
        "labels": {},
        "name": "v3",
        "stations": []
      }
    ]
    "#);
}

#[test]
fn redirects_and_answers_in_a_plan_pass_nothing() {
    let text = routes(&[
        "{match: [{uri: {prefix: /old}}], redirect: {uri: /new, redirectCode: 308}}",
        "{match: [{method: {exact: TRACE}}], directResponse: {status: 405, body: {string: no}}}",
    ]);
    assert_snapshot!(mesh(&text).plan(), @r"
    era: request headers not trusted, default retries of what was not sent, least request by default, ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      rule 1, default/reviews http[0]: path begins with `/old`
        redirects by 308: path `/new`
      rule 2, default/reviews http[1]: method is `TRACE`
        answers 405 with 2 bytes
      what no rule takes is answered 404
    ");
    let json = serde_json::to_value(mesh(&text).plan()).expect("JSON");
    assert_snapshot!(serde_json::to_string_pretty(&json["destinations"][0]["rules"]).expect("JSON"), @r#"
    [
      {
        "redirect": "redirects by 308: path `/new`",
        "rule": "default/reviews http[0]",
        "stations": [],
        "when": [
          "path begins with `/old`"
        ]
      },
      {
        "answer": 405,
        "rule": "default/reviews http[1]",
        "stations": [],
        "when": [
          "method is `TRACE`"
        ]
      }
    ]
    "#);
}

#[test]
fn rules_for_single_ports_leave_the_host_itself_to_the_others() {
    let text = routes(&[&format!("{{match: [{{port: 80}}], timeout: 1s, {TO}}}")]);
    assert_snapshot!(mesh(&text).plan(), @r"
    era: request headers not trusted, default retries of what was not sent, least request by default, ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      rule 1, default/reviews http[0]: port is 80
        to reviews.default.svc.cluster.local
        1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
        2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
      what no rule takes is answered 404
      the host itself:
      1. timeout: none, but a gRPC call's `grpc-timeout`
      2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
    ");
}

#[test]
fn of_several_documents_for_a_host_the_oldest_counts_then_the_first_by_name() {
    let timeout = "{match: [{port: 1}], timeout: 1s}";
    let text = [
        named("name: b", "reviews, b.com", timeout),
        named("name: a, namespace: z", "reviews.default.svc.cluster.local", timeout),
        named("name: a", "reviews", timeout),
        named("name: aa, creationTimestamp: \"2024-05-01T00:00:00Z\"", "reviews, ratings", timeout),
        named("name: c, creationTimestamp: \"2023-05-01T00:00:00Z\"", "ratings", timeout),
    ];
    assert_snapshot!(ruled(&text.join("---\n")), @r"
    b.com: default/b http[0]
    reviews.default.svc.cluster.local: default/a http[0]
    ratings.default.svc.cluster.local: default/c http[0]
    ");
    assert_snapshot!(notes(&text.join("---\n")), @r"
    policy.yaml:5:11 (document 1) spec.hosts[0]: never applies: the document at policy.yaml:19:3 (document 3) is for the same host and comes first
    policy.yaml:12:11 (document 2) spec.hosts[0]: never applies: the document at policy.yaml:19:3 (document 3) is for the same host and comes first
    policy.yaml:26:11 (document 4) spec.hosts[0]: never applies: the document at policy.yaml:19:3 (document 3) is for the same host and comes first
    policy.yaml:26:20 (document 4) spec.hosts[1]: never applies: the document at policy.yaml:33:3 (document 5) is for the same host and comes first
    ");
    assert!(mesh(&text.join("---\n")).notes().iter().all(|note| note.code == Code::Duplicate));
    let mut turned = text;
    turned.reverse();
    assert_eq!(mesh(&turned.join("---\n")).notes().len(), 4, "the order of files is none");
    let here = [
        named("name: a", "reviews", timeout),
        named("name: a, namespace: bookinfo", "reviews.default.svc.cluster.local", timeout),
    ];
    assert_snapshot!(ruled(&here.join("---\n")), @"reviews.default.svc.cluster.local: bookinfo/a http[0]");
}

#[test]
fn two_names_of_one_host_in_one_document_are_one() {
    let text = named("name: a", "reviews, reviews.default.svc.cluster.local", "{match: [{port: 1}]}");
    assert_eq!(ruled(&text), "reviews.default.svc.cluster.local: default/a http[0]\n");
    assert_eq!(notes(&text), "");
    let gateway = text.replace("hosts:", "gateways: [edge]\n  hosts:");
    let plan = load(&gateway).gateway("edge").build().expect("a mesh").plan();
    assert_eq!(plan.destinations[0].rules.len(), 1, "once at a gateway too");
}

#[test]
fn a_host_comes_before_its_family_and_short_names_are_of_the_documents_namespace() {
    let port = "{match: [{port: 1}]}";
    let text = [
        named("name: a", "\"*.default.svc.cluster.local\"", port),
        named("name: b", "reviews", port),
        named("name: c, namespace: bookinfo", "reviews, \"*-v1\"", port),
        named("name: d", "\"*.svc.cluster.local\"", port),
        named("name: e", "10.0.0.1, \"::1\", Example.com", port),
        document(
            "ServiceEntry",
            "f",
            "  hosts: [ratings.default.svc.cluster.local, details.other.svc.cluster.local]",
        ),
    ];
    assert_snapshot!(ruled(&text.join("---\n")), @r"
    *.default.svc.cluster.local: default/a http[0]
    reviews.default.svc.cluster.local: default/b http[0]
    reviews.bookinfo.svc.cluster.local: bookinfo/c http[0]
    *-v1.bookinfo.svc.cluster.local: bookinfo/c http[0]
    *.svc.cluster.local: default/d http[0]
    10.0.0.1: default/e http[0]
    ::1: default/e http[0]
    example.com: default/e http[0]
    ratings.default.svc.cluster.local: default/a http[0]
    details.other.svc.cluster.local: default/d http[0]
    ");
    assert_eq!(notes(&text.join("---\n")), "");
}

#[test]
fn null_entries_are_empty_ones() {
    assert_eq!(mesh(&routes(&["{match: [null]}"])).plan(), mesh(&routes(&["{}"])).plan());
    assert_eq!(
        mesh(&routes(&["{match: null, headers: null, mirror: null}"])).plan(),
        mesh(&routes(&["{}"])).plan()
    );
    assert_snapshot!(errors(&document("VirtualService", "a", "  hosts: [null]\n  http: [{route: [{destination: null}]}]")), @r"
    error: `hosts[0]` must be a text, found nothing
      --> policy.yaml:5:11, spec.hosts[0]
       |
     5 |   hosts: [null]
       |           ^^^^

    error: `route[0]` lacks the required field `destination`
      --> policy.yaml:6:19, spec.http[0].route[0]
       |
     6 |   http: [{route: [{destination: null}]}]
       |                   ^
       = hint: `destination` stands at line 6 without a value
    ");
}

#[test]
fn a_route_may_be_spelled_as_the_proto_file_spells_it() {
    let camel = "{match: [{ignoreUriCase: true, uri: {prefix: /a}, withoutHeaders: {x: {}}, queryParams: {q: {}}, sourceLabels: {}}], \
                  mirror: {host: a}, mirrorPercentage: {value: 1}, retries: {attempts: 1, perTryTimeout: 1s, retryOn: 5xx}}";
    let snake = camel
        .replace("ignoreUriCase", "ignore_uri_case")
        .replace("withoutHeaders", "without_headers")
        .replace("queryParams", "query_params")
        .replace("sourceLabels", "source_labels")
        .replace("mirrorPercentage", "mirror_percentage")
        .replace("perTryTimeout", "per_try_timeout")
        .replace("retryOn", "retry_on");
    assert_eq!(mesh(&routes(&[camel])).plan(), mesh(&routes(&[&snake])).plan());
    assert_eq!(notes(&routes(&[&snake])), "");
}
