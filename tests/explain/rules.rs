//! Rules: which one takes a request, what those before it lack, and what comes of it.

use insta::assert_snapshot;
use tower_mesh::mesh::explain::End;

use crate::{endpoint, explained, get, of, policy, routes, told, with};

const REVIEWS: &str = "\
hosts: [reviews]
http:
- name: testers
  match:
  - headers: {end-user: {exact: jason}}
    uri: {prefix: /reviews}
  - headers: {end-user: {exact: eve}}
  - method: {exact: POST}
  route: [{destination: {host: reviews, subset: v2}}]
  timeout: 5s
- match: [{uri: {prefix: /reviews}, queryParams: {version: {regex: 'v\\d+'}}}]
  redirect: {uri: /v, redirectCode: 302}
- route:
  - {destination: {host: reviews, subset: v1}, weight: 90}
  - {destination: {host: reviews, subset: v3}, weight: 10}
- route: [{destination: {host: reviews}}]
";

const SUBSETS: &str = "\
host: reviews
trafficPolicy: {connectionPool: {tcp: {maxConnections: 10, connectTimeout: 1s}}}
subsets:
- {name: v1, labels: {version: v1}}
- {name: v2, labels: {version: v2, track: test}}
- {name: v3, labels: {version: v3}}
";

fn reviews() -> [String; 2] {
    [routes("reviews", REVIEWS), policy("reviews", SUBSETS)]
}

#[test]
fn the_rule_that_takes_a_request_is_told_with_the_condition_that_is_met() {
    let request = with("http://reviews:9080/reviews/0", "end-user", "jason");
    assert_snapshot!(told(of(&reviews()), &request), @r"
    GET http://reviews:9080/reviews/0
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 9080
      DestinationRule default/reviews at mesh.yaml:27:9 (document 2)
    rule 1, default/reviews http[0] `testers` at mesh.yaml:8:5 (document 1), takes it: path begins with `/reviews`, header `end-user` is `jason`
      1. timeout: 5s, or less by a gRPC call's `grpc-timeout`
      to reviews.default.svc.cluster.local:9080, subset v2 (track=test,version=v2)
        2. limits per port over HTTP/1: 10 exchanges at once, others wait
        connections (left to the transport): made within 1s
    3 later rules are not asked
    ");
}

#[test]
fn of_a_rule_that_is_passed_over_each_entry_tells_what_it_lacked_first() {
    let request = with("http://reviews:9080/reviews/0?version=2", "end-user", "bob");
    assert_snapshot!(told(of(&reviews()), &request), @r"
    GET http://reviews:9080/reviews/0?version=2
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 9080
      DestinationRule default/reviews at mesh.yaml:27:9 (document 2)
    rule 1, default/reviews http[0] `testers` at mesh.yaml:8:5 (document 1), is passed over:
      header `end-user` must be `jason`, but is `bob`
      or header `end-user` must be `eve`, but is `bob`
      or method must be `POST`, but is `GET`
    rule 2, default/reviews http[1] at mesh.yaml:16:5 (document 1), is passed over:
      query parameter `version` must match `v\d+`, but is `2`
    rule 3, default/reviews http[2] at mesh.yaml:18:5 (document 1), takes it: every request
      90 of 100 to reviews.default.svc.cluster.local:9080, subset v1 (version=v1)
        1. limits per port over HTTP/1: 10 exchanges at once, others wait
        connections (left to the transport): made within 1s
      10 of 100 to reviews.default.svc.cluster.local:9080, subset v3 (version=v3)
        1. limits per port over HTTP/1: 10 exchanges at once, others wait
        connections (left to the transport): made within 1s
    1 later rule is not asked
    ");
}

#[test]
fn where_no_rule_takes_a_request_it_is_told_what_all_of_them_lacked() {
    let rule = "hosts: [reviews]\nhttp: [{match: [{uri: {exact: /login}}], route: [{destination: {host: reviews}}]}]";
    assert_snapshot!(told(of(&[routes("reviews", rule)]), &get("http://reviews/logout")), @r"
    GET http://reviews/logout
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 80
    rule 1, default/reviews http[0] at mesh.yaml:7:10, is passed over:
      path must be `/login`, but is `/logout`
    no rule takes it:
      answered 404 (NR)
    ");
}

#[test]
fn a_subset_that_no_policy_names_and_one_without_endpoints_are_told_with_their_answers() {
    let rule = "\
hosts: [reviews]
http:
- route:
  - {destination: {host: reviews, subset: v1}, weight: 1}
  - {destination: {host: reviews, subset: v2}, weight: 2}
  - {destination: {host: reviews, subset: v9}, weight: 3}
  - {destination: {host: elsewhere, subset: v1}, weight: 0}
";
    let mesh = of(&[routes("reviews", rule), policy("reviews", SUBSETS)]);
    assert_snapshot!(told(mesh.endpoint("reviews", endpoint("10.0.0.1", "v1")), &get("http://reviews/")), @r#"
    GET http://reviews/
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 80
      DestinationRule default/reviews at mesh.yaml:18:9 (document 2)
    rule 1, default/reviews http[0] at mesh.yaml:8:5 (document 1), takes it: every request
      1 of 6 to reviews.default.svc.cluster.local:80, subset v1 (version=v1)
        1 endpoint
        1. limits per port over HTTP/1: 10 exchanges at once, others wait
        connections (left to the transport): made within 1s
      2 of 6 to reviews.default.svc.cluster.local:80, subset v2 (track=test,version=v2)
        answered 503 (UH) "no healthy upstream": no endpoint that is known has these labels
      3 of 6 to reviews.default.svc.cluster.local:80, subset v9
        answered 500 (NC): no policy names a subset `v9` of reviews.default.svc.cluster.local: there are `v1`, `v2`, `v3`
      0 of 6 to elsewhere.default.svc.cluster.local:80, subset v1
        answered 500 (NC): no policy names a subset `v1` of elsewhere.default.svc.cluster.local, nor any other
    "#);
}

#[test]
fn a_redirect_and_a_direct_answer_are_told_as_the_caller_sees_them() {
    let rule = "\
hosts: [shop]
http:
- match: [{uri: {prefix: /old}}]
  redirect: {authority: shop.example.com, derivePort: FROM_REQUEST_PORT}
  headers: {response: {set: {x-why: moved}}}
- directResponse: {status: 418, body: {string: \"short and stout, and full of a tea that nobody will ever want to drink\"}}
";
    let mesh = || of(&[routes("shop", rule)]);
    assert_snapshot!(told(mesh(), &get("http://shop:8080/old/1?full=1")), @r"
    GET http://shop:8080/old/1?full=1
    `shop` is a short name of shop.default.svc.cluster.local (istio); the port is 8080
    rule 1, default/shop http[0] at mesh.yaml:8:5, takes it: path begins with `/old`
      answered 301, location: http://shop.example.com:8080/old/1?full=1, x-why: moved
    1 later rule is not asked
    ");
    assert_snapshot!(told(mesh(), &get("http://shop:8080/tea")), @r#"
    GET http://shop:8080/tea
    `shop` is a short name of shop.default.svc.cluster.local (istio); the port is 8080
    rule 1, default/shop http[0] at mesh.yaml:8:5, is passed over:
      path must begin with `/old`, but is `/tea`
    rule 2, default/shop http[1] at mesh.yaml:11:5, takes it: every request
      answered 418 "short and stout, and full of a tea that nobody will ever wan" and more
    "#);
}

#[test]
fn what_is_changed_on_the_way_is_told_as_it_comes_out() {
    let rule = "\
hosts: [ratings]
http:
- match: [{uri: {prefix: /ratings}}]
  rewrite: {uri: /v1, authority: old.example.com}
  headers: {request: {set: {x-way: new}, remove: [cookie]}, response: {add: {via: mesh}}}
  route: [{destination: {host: legacy, port: {number: 81}}, headers: {request: {add: {x-leg: only}, remove: [dnt]}}}]
  mirror: {host: shadow}
  mirrorPercentage: {value: 12.5}
- route:
  - {destination: {host: ratings}, weight: 1, headers: {request: {set: {x-leg: one}}}}
  - {destination: {host: legacy}, weight: 1, headers: {response: {set: {x-leg: two}}}}
  headers: {request: {set: {x-way: split}}}
";
    let limits = policy(
        "legacy",
        "host: legacy\ntrafficPolicy: {connectionPool: {http: {http1MaxPendingRequests: 3}}}",
    );
    let mesh = || of(&[routes("ratings", rule), limits.clone()]);
    assert_snapshot!(told(mesh(), &get("http://ratings:9080/ratings/0?full=1")), @r"
    GET http://ratings:9080/ratings/0?full=1
    `ratings` is a short name of ratings.default.svc.cluster.local (istio); the port is 9080
    rule 1, default/ratings http[0] at mesh.yaml:8:5 (document 1), takes it: path begins with `/ratings`
      with the path /v1/0?full=1
      with the authority old.example.com
      to legacy.default.svc.cluster.local:81
        DestinationRule default/legacy at mesh.yaml:23:9 (document 2)
        request: remove `cookie`, remove `dnt`, set `x-way: new`, add `x-leg: only`
        response: add `via: mesh`
      copies 12.5 % to shadow.default.svc.cluster.local:9080
    1 later rule is not asked
    ");
    assert_snapshot!(told(mesh(), &get("http://ratings:9080/")), @r"
    GET http://ratings:9080/
    `ratings` is a short name of ratings.default.svc.cluster.local (istio); the port is 9080
    rule 1, default/ratings http[0] at mesh.yaml:8:5 (document 1), is passed over:
      path must begin with `/ratings`, but is `/`
    rule 2, default/ratings http[1] at mesh.yaml:14:5 (document 1), takes it: every request
      1 of 2 to ratings.default.svc.cluster.local:9080
        request: set `x-leg: one`, set `x-way: split`
      1 of 2 to legacy.default.svc.cluster.local:9080
        DestinationRule default/legacy at mesh.yaml:23:9 (document 2)
        request: set `x-way: split`
        response: set `x-leg: two`
    ");
}

#[test]
fn headers_that_requests_are_not_trusted_with_are_off_before_rules_look_at_them() {
    let rule = "\
hosts: [reviews]
http:
- match: [{headers: {x-envoy-max-retries: {}}}]
  route: [{destination: {host: reviews}}]
- directResponse: {status: 204}
";
    let mesh = of(&[routes("reviews", rule)]);
    assert_snapshot!(told(mesh, &with("http://reviews/", "x-envoy-max-retries", "3")), @r"
    GET http://reviews/
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 80
    taken off, since requests are not trusted with it: `x-envoy-max-retries`
    rule 1, default/reviews http[0] at mesh.yaml:8:5, is passed over:
      header `x-envoy-max-retries` must be present, but is not
    rule 2, default/reviews http[1] at mesh.yaml:10:5, takes it: every request
      answered 204
    ");
}

#[test]
fn a_rule_for_other_clients_is_told_with_the_reason() {
    let rule = "\
hosts: [reviews]
http:
- match: [{sourceLabels: {app: page}}, {gateways: [edge]}]
  route: [{destination: {host: ratings}}]
- match: [{sourceLabels: {app: page}}, {uri: {exact: /}}, {sourceNamespace: prod}]
  route: [{destination: {host: reviews}}]
";
    let mesh = || of(&[routes("reviews", rule)]);
    assert_snapshot!(told(mesh(), &get("http://reviews/")), @r"
    GET http://reviews/
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 80
    default/reviews http[0] at mesh.yaml:8:5 is for other clients:
      `sourceLabels` asks for `app: page`, but the client has none; `gateways` names none that this client acts for: `mesh`
    default/reviews http[1] at mesh.yaml:10:5 is for other clients, in part:
      `sourceLabels` asks for `app: page`, but the client has none; `sourceNamespace` is `prod`, but the client's is `default`
    rule 1, default/reviews http[1] at mesh.yaml:10:5, takes it: path is `/`
      to reviews.default.svc.cluster.local:80
    ");
    let page = explained(mesh().labels([("app", "page")]), &get("http://reviews/"));
    assert_eq!((page.left_out.len(), page.taken.map(|taken| taken.rule)), (0, Some(1)));
}

#[test]
fn a_rule_that_says_nothing_of_where_requests_go_is_told_too() {
    let rule = "hosts: [details]\nhttp: [{timeout: 2s, route: [{destination: {host: details}}]}]";
    assert_snapshot!(told(of(&[routes("details", rule)]), &get("http://details:9080/")), @r"
    GET http://details:9080/
    `details` is a short name of details.default.svc.cluster.local (istio); the port is 9080
    rule 1, default/details http[0] at mesh.yaml:7:10, takes it: every request
      1. timeout: 2s, or less by a gRPC call's `grpc-timeout`
      to details.default.svc.cluster.local:9080
    ");
}

#[test]
fn a_machine_reads_the_same() {
    let request = with("http://reviews:9080/reviews/0?version=x", "end-user", "bob");
    let explanation = explained(of(&reviews()), &request);
    let End::Forwarded(forwarded) = &explanation.end else { panic!("it is sent on") };
    assert_eq!(forwarded.places.iter().map(|place| place.weight).collect::<Vec<_>>(), [90, 10]);
    assert_snapshot!(serde_json::to_string_pretty(&explanation).expect("JSON"), @r#"
    {
      "method": "GET",
      "uri": "http://reviews:9080/reviews/0?version=x",
      "era": {
        "trustRequestHeaders": false,
        "defaultRetries": "unsent",
        "ejections": "strict",
        "consecutiveErrors": "gateway-errors",
        "defaultBalancing": "least-request"
      },
      "host": "reviews",
      "port": 9080,
      "destination": {
        "name": "reviews.default.svc.cluster.local",
        "dialect": "istio",
        "by": "shortName",
        "documents": [
          {
            "name": "DestinationRule default/reviews",
            "at": "mesh.yaml:27:9 (document 2)"
          }
        ]
      },
      "speaksHttp": true,
      "passedOver": [
        {
          "rule": 1,
          "name": "default/reviews http[0] `testers`",
          "at": "mesh.yaml:8:5 (document 1)",
          "unmet": [
            "header `end-user` must be `jason`, but is `bob`",
            "header `end-user` must be `eve`, but is `bob`",
            "method must be `POST`, but is `GET`"
          ]
        },
        {
          "rule": 2,
          "name": "default/reviews http[1]",
          "at": "mesh.yaml:16:5 (document 1)",
          "unmet": [
            "query parameter `version` must match `v\\d+`, but is `x`"
          ]
        }
      ],
      "taken": {
        "rule": 3,
        "name": "default/reviews http[2]",
        "at": "mesh.yaml:18:5 (document 1)"
      },
      "notAsked": 1,
      "end": {
        "kind": "forwarded",
        "stations": [
          {
            "timeout": {
              "grpcTimeout": true,
              "trustRequestHeaders": false,
              "tellDeadline": false
            }
          },
          {
            "retry": {
              "attempts": 2,
              "on": "connect-failure,refused-stream,retriable-status-codes,cancelled,unavailable",
              "backoff": {
                "base": "25ms",
                "most": "250ms",
                "jitter": true
              },
              "methods": "all",
              "avoidPreviousHosts": true,
              "bodyLimit": 1048576,
              "hedging": false,
              "trustRequestHeaders": false,
              "countAttempts": true
            }
          }
        ],
        "places": [
          {
            "weight": 90,
            "total": 100,
            "cluster": "outbound|9080|v1|reviews.default.svc.cluster.local",
            "host": "reviews.default.svc.cluster.local",
            "port": 9080,
            "subset": "v1",
            "labels": {
              "version": "v1"
            },
            "stations": [
              {
                "limits": {
                  "protocol": "HTTP/1",
                  "connections": 10,
                  "scope": "cluster",
                  "reply": "envoy"
                }
              }
            ],
            "connections": {
              "connectTimeout": "1s"
            }
          },
          {
            "weight": 10,
            "total": 100,
            "cluster": "outbound|9080|v3|reviews.default.svc.cluster.local",
            "host": "reviews.default.svc.cluster.local",
            "port": 9080,
            "subset": "v3",
            "labels": {
              "version": "v3"
            },
            "stations": [
              {
                "limits": {
                  "protocol": "HTTP/1",
                  "connections": 10,
                  "scope": "cluster",
                  "reply": "envoy"
                }
              }
            ],
            "connections": {
              "connectTimeout": "1s"
            }
          }
        ]
      }
    }
    "#);
}

#[test]
fn what_is_only_told_makes_no_other_plan() {
    let plan = |documents: &[String]| of(documents).build().expect("a mesh").plan();
    let rules = |others: &str| {
        routes("reviews", &format!("hosts: [reviews]\nhttp: [{others}{{redirect: {{uri: /}}}}]"))
    };
    let others = "{match: [{sourceLabels: {app: page}}], redirect: {uri: /page}}, ";
    let limits = "host: reviews\ntrafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}";
    let one = plan(&[rules(""), policy("reviews", limits)]);
    let other = plan(&[rules(others), policy("limits", limits), policy("more", limits)]);
    assert_eq!((one.destinations[0].left_out.len(), other.destinations[0].left_out.len()), (0, 1));
    assert_eq!(one, other);
}
