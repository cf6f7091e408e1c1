//! Documents of every sort, for clients of every sort.

use tower_mesh::mesh::{Era, MeshBuilder};

use crate::{document, endpoint, of, policy, routes, service};

/// Each rule puts its own name into `x-rule`, so that an upstream sees which one it was.
const REVIEWS: &str = "\
hosts: [reviews]
http:
- name: jason
  match: [{headers: {end-user: {exact: jason}}}, {uri: {prefix: /jason}, method: {exact: GET}}]
  headers: {request: {set: {x-rule: jason}, remove: [cookie]}, response: {set: {x-answered: jason}}}
  route: [{destination: {host: reviews, subset: v2}, headers: {request: {add: {x-leg: only}}}}]
- name: ported
  match: [{port: 8080}]
  headers: {request: {set: {x-rule: ported}}}
  route: [{destination: {host: ratings}}]
- name: labelled
  match: [{sourceLabels: {app: page}, method: {exact: PUT}}]
  headers: {request: {set: {x-rule: labelled}}}
  route: [{destination: {host: reviews, subset: v1}}]
- name: asked
  match: [{headers: {x-envoy-max-retries: {}}}]
  headers: {request: {set: {x-rule: asked}}}
  route: [{destination: {host: reviews}}]
- name: split
  match: [{uri: {prefix: /split}}]
  headers: {request: {set: {x-rule: split}}}
  route:
  - destination: {host: reviews, subset: v1}
    weight: 40
    headers: {request: {set: {x-leg: one}}, response: {set: {x-answered: one}}}
  - {destination: {host: reviews, subset: v9}, weight: 20}
  - {destination: {host: reviews, subset: v3}, weight: 20}
  - {destination: {host: elsewhere.example.org}, weight: 20, headers: {request: {set: {x-leg: two}}}}
  - {destination: {host: nobody}, weight: 0}
- name: old
  match: [{uri: {prefix: /old}}]
  redirect: {uri: /new, derivePort: FROM_REQUEST_PORT}
  headers: {response: {set: {x-answered: old}}}
- name: direct
  match: [{uri: {exact: /direct}}]
  directResponse: {status: 418, body: {string: short and stout}}
- name: rewritten
  match: [{uri: {prefix: /rewrite}}]
  rewrite: {uri: /v1, authority: legacy.example.com}
  headers: {request: {set: {x-rule: rewritten}}}
  route: [{destination: {host: ratings, port: {number: 9081}}}]
- name: faulty
  match: [{uri: {exact: /fault}}]
  fault: {abort: {percentage: {value: 100}, httpStatus: 555}}
  route: [{destination: {host: reviews}}]
- name: copied
  match: [{uri: {exact: /copy}}]
  headers: {request: {set: {x-rule: copied}}}
  route: [{destination: {host: reviews}}]
  mirrors: [{destination: {host: shadow}}, {destination: {host: shadow, subset: v1}}]
- name: queried
  match: [{queryParams: {q: {exact: '1'}}}]
  headers: {request: {set: {x-rule: queried}}}
  route: [{destination: {host: reviews, port: {number: 7777}}}]
";

const SUBSETS: &str = "\
host: reviews
trafficPolicy: {connectionPool: {tcp: {maxConnections: 100}}}
subsets:
- {name: v1, labels: {version: v1}}
- {name: v2, labels: {version: v2}}
- {name: v3, labels: {version: v3}}
";

/// Rules of a family for each host of it, and one host of its own.
const FAMILY: &str = "\
hosts: ['*.example.com']
http:
- name: api
  match: [{authority: {prefix: api.}}]
  headers: {request: {set: {x-rule: api}}}
  route: [{destination: {host: api.example.com}}]
- name: family
  headers: {request: {set: {x-rule: family}}}
  route: [{destination: {host: ratings}}]
";

const SHOP: &str = "\
hosts: [shop.example.com]
gateways: [edge, mesh]
http:
- name: inside
  match: [{gateways: [mesh]}]
  headers: {request: {set: {x-rule: inside}}}
  route: [{destination: {host: egress.istio-system.svc.cluster.local, port: {number: 80}}}]
- name: edge
  match: [{gateways: [edge], port: 80}]
  headers: {request: {set: {x-rule: edge}}}
  route: [{destination: {host: shop.example.com, port: {number: 443}}}]
";

const PORTED: &str = "\
hosts: [ported]
http:
- name: eighty-one
  match: [{port: 81, uri: {prefix: /split}}]
  headers: {request: {set: {x-rule: eighty-one}}}
  route: [{destination: {host: ported}}]
";

const SETTING: &str = "\
host: fortio.default.svc.cluster.local
connectionSettings: {http: {circuitBreaking: {errorAmountThreshold: 1000}}}
";

fn all() -> Vec<String> {
    let details = "hosts: [details]\nhttp: [{timeout: 2s, route: [{destination: {host: details}}]}]";
    let limits = |host: &str| {
        format!("host: '{host}'\ntrafficPolicy: {{connectionPool: {{tcp: {{maxConnections: 100}}}}}}")
    };
    vec![
        service("reviews", "[{port: 80}, {port: 81}, {port: 8080}, {port: 9080}, {port: 3306, name: tcp}]"),
        service("ratings", "[{port: 9080}, {port: 9081}]"),
        service("details", "[{port: 3306, name: mysql}, {port: 9080}]"),
        routes("reviews", REVIEWS),
        policy("reviews", SUBSETS),
        routes("family", FAMILY),
        routes("shop", SHOP),
        routes("ported", PORTED),
        routes("details", details),
        policy("corp", &limits("*.corp.svc.cluster.local")),
        policy("local", &limits("*.local")),
        document("policy.openservicemesh.io/v1alpha1", "UpstreamTrafficSetting", "fortio", SETTING),
    ]
}

/// The same documents for clients that are not the same.
pub(crate) fn clients() -> Vec<(&'static str, MeshBuilder)> {
    let mesh = || of(&all()).seed(7);
    vec![
        ("inside", mesh()),
        ("a page", mesh().labels([("app", "page"), ("version", "v1")])),
        ("at the edge", mesh().gateway("default/edge")),
        ("elsewhere", mesh().namespace("corp")),
        ("long ago", mesh().era(Era::V1_5)),
        (
            "who knows endpoints",
            mesh()
                .endpoint("reviews", endpoint("10.0.0.1", "v1"))
                .endpoint("reviews", endpoint("10.0.0.2", "v2")),
        ),
    ]
}
