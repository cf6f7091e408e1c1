//! osm-edge and FSM: `UpstreamTrafficSetting`. The numbered cases are osm-edge's: `docs/cases.md`.

use insta::assert_snapshot;
use tower_mesh::{
    Mesh,
    mesh::{MeshBuilder, NoteKind},
};

fn setting(api: &str, host: &str, rest: &str) -> String {
    format!(
        "apiVersion: {api}\nkind: UpstreamTrafficSetting\nmetadata: {{name: demo, namespace: ns}}\nspec:\n  host: {host}\n{rest}"
    )
}

const OSM: &str = "policy.openservicemesh.io/v1alpha1";
const FSM: &str = "policy.flomesh.io/v1alpha1";
const FORTIO: &str = "fortio.ns.svc.cluster.local";

pub(crate) fn breaker(block: &str) -> String {
    setting(OSM, FORTIO, &format!("  connectionSettings:\n    http:\n      circuitBreaking: {{{block}}}\n"))
}

pub(crate) fn load(text: &str) -> MeshBuilder {
    Mesh::builder().file("policy.yaml", text)
}

pub(crate) fn mesh(text: &str) -> Mesh {
    load(text).build().expect("it means something")
}

pub(crate) fn errors(text: &str) -> String {
    load(text).build().expect_err("it means nothing").to_string()
}

pub(crate) fn notes(text: &str) -> String {
    mesh(text).notes().iter().map(|note| format!("{note}\n")).collect()
}

#[test]
fn a_plan_can_be_read() {
    let text = breaker(
        "statTimeWindow: 1m30s, minRequestAmount: 200, errorAmountThreshold: 100, errorRatioThreshold: 0.10, \
         slowTimeThreshold: 200ms, slowAmountThreshold: 7, slowRatioThreshold: 0.5, degradedStatusCode: 520",
    );
    assert_snapshot!(mesh(&text).plan(), @r#"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. circuit breaker, one per port: opens at 100 errors or an error ratio of 0.1 (from 200 requests on) or 7 slow responses (slow from 200ms) or a slow ratio of 0.5 (slow from 200ms, from 200 requests on), counted over 1m30s; open for 30s, then straight closed; meanwhile 520 "Coming soon ..."
    "#);
    assert_snapshot!(serde_json::to_string_pretty(&mesh(&text).plan()).expect("JSON"), @r#"
    {
      "era": {
        "trustRequestHeaders": false,
        "defaultRetries": "unsent",
        "ejections": "strict",
        "consecutiveErrors": "gateway-errors",
        "defaultBalancing": "least-request"
      },
      "home": {
        "namespace": "default",
        "domain": "cluster.local"
      },
      "destinations": [
        {
          "name": "ns/fortio",
          "hosts": [
            "fortio.ns.svc.cluster.local",
            "fortio.ns.svc",
            "fortio.ns",
            "fortio.ns.svc.cluster"
          ],
          "dialect": "osm-edge",
          "stations": [
            {
              "circuitBreaker": {
                "window": "1m30s",
                "errorAmount": 100,
                "errorRatio": 0.1,
                "slowAmount": 7,
                "slowRatio": 0.5,
                "slowTime": "200ms",
                "minimumRequests": 200,
                "openFor": "30s",
                "recovery": "straight",
                "abandoned": "neutral",
                "shadow": false,
                "status": 520,
                "content": "Coming soon ...",
                "grpc": "unavailable"
              }
            }
          ]
        }
      ]
    }
    "#);
}

#[test]
fn case_22_a_breaker_that_can_never_open_is_told() {
    assert_snapshot!(notes(&breaker("statTimeWindow: 1m, slowTimeThreshold: 1s")), @r"
    policy.yaml:8:7 spec.connectionSettings.http.circuitBreaking: can never open: no threshold is set
    policy.yaml:8:64 spec.connectionSettings.http.circuitBreaking.slowTimeThreshold: has no effect: neither `slowAmountThreshold` nor `slowRatioThreshold` is set
    ");
}

#[test]
fn case_24_values_that_cannot_mean_anything_are_errors() {
    assert_snapshot!(errors(&breaker("errorRatioThreshold: 1.5")), @r"
    error: `errorRatioThreshold` cannot be 1.5
      --> policy.yaml:8:46, spec.connectionSettings.http.circuitBreaking.errorRatioThreshold
       |
     8 |       circuitBreaking: {errorRatioThreshold: 1.5}
       |                                              ^^^
       = accepted: above 0 and at most 1 (0.10 is ten percent), or 0 for unset
    ");
    assert_snapshot!(errors(&breaker("slowRatioThreshold: -0.1")), @r"
    error: `slowRatioThreshold` cannot be -0.1
      --> policy.yaml:8:45, spec.connectionSettings.http.circuitBreaking.slowRatioThreshold
       |
     8 |       circuitBreaking: {slowRatioThreshold: -0.1}
       |                                             ^^^^
       = accepted: above 0 and at most 1 (0.10 is ten percent), or 0 for unset
    ");
    assert_snapshot!(errors(&breaker("statTimeWindow: -1m")), @r"
    error: `statTimeWindow` cannot be -1m0s
      --> policy.yaml:8:41, spec.connectionSettings.http.circuitBreaking.statTimeWindow
       |
     8 |       circuitBreaking: {statTimeWindow: -1m}
       |                                         ^^^
       = accepted: longer than zero, or 0 for the default of 30s
    ");
    assert_snapshot!(errors(&breaker("degradedStatusCode: 1000")), @r"
    error: `degradedStatusCode` cannot be 1000
      --> policy.yaml:8:45, spec.connectionSettings.http.circuitBreaking.degradedStatusCode
       |
     8 |       circuitBreaking: {degradedStatusCode: 1000}
       |                                             ^^^^
       = accepted: a final HTTP status: 200 to 999, or 0 for the default of 409
    ");
    assert_snapshot!(errors(&breaker("degradedStatusCode: -5")), @r"
    error: `degradedStatusCode` cannot be -5
      --> policy.yaml:8:45, spec.connectionSettings.http.circuitBreaking.degradedStatusCode
       |
     8 |       circuitBreaking: {degradedStatusCode: -5}
       |                                             ^^
       = accepted: a final HTTP status: 200 to 999, or 0 for the default of 409
    ");
}

#[test]
fn several_errors_are_told_at_once() {
    let two = format!(
        "{}---\n{}",
        breaker("errorRatioThreshold: 2"),
        breaker("degradedStatusCode: 7").replace("demo", "b")
    );
    let errors = load(&two).build().expect_err("two errors");
    assert_eq!(errors.iter().count(), 3, "and the two are for the same host: {errors}");
}

#[test]
fn case_35_a_host_is_a_full_name() {
    assert_snapshot!(errors(&setting(OSM, "fortio", "")), @r#"
    error: Invalid value: "fortio": invalid FQDN specified as host
      --> policy.yaml:5:9, spec.host
       |
     5 |   host: fortio
       |         ^^^^^^
       = accepted: a full name, such as `fortio.ns.svc.cluster.local`
    "#);
    assert_snapshot!(errors(&setting(OSM, "fortio..ns", "")), @r#"
    error: Invalid value: "fortio..ns": invalid FQDN specified as host
      --> policy.yaml:5:9, spec.host
       |
     5 |   host: fortio..ns
       |         ^^^^^^^^^^
       = accepted: a full name, such as `fortio.ns.svc.cluster.local`
    "#);
}

#[test]
fn case_35_fsm_takes_a_name_and_a_namespace_where_osm_edge_does_not() {
    let hosts =
        |text: &str| mesh(text).plan().destinations.iter().map(|d| d.hosts.join(" ")).collect::<Vec<_>>();
    let all = "fortio.ns.svc.cluster.local fortio.ns.svc fortio.ns fortio.ns.svc.cluster";
    assert_eq!(hosts(&setting(FSM, "fortio.ns", "")), [all]);
    assert_eq!(hosts(&setting(OSM, FORTIO, "")), [all]);
    assert_eq!(hosts(&setting(OSM, "fortio.ns", "")), ["fortio.ns"]);
    assert_snapshot!(notes(&setting(OSM, "fortio.ns", "")), @"policy.yaml:5:9 spec.host: taken as a host outside of the cluster: a service's full name ends in `.svc.cluster.local`");
}

#[test]
fn a_setting_applies_to_services_of_its_own_namespace() {
    let text = setting(OSM, "fortio.other.svc.cluster.local", "");
    assert_eq!(mesh(&text).plan().destinations, []);
    assert_snapshot!(notes(&text), @"policy.yaml:5:9 spec.host: never applies: it lives in the namespace `ns`, its service in `other`");
}

#[test]
fn bare_names_belong_to_the_clients_namespace_and_full_names_to_its_cluster() {
    let text = setting(OSM, FORTIO, "");
    let hosts =
        |builder: MeshBuilder| builder.build().expect("a mesh").plan().destinations[0].hosts.join(" ");
    assert_eq!(
        hosts(load(&text).namespace("ns")),
        "fortio.ns.svc.cluster.local fortio.ns.svc fortio.ns fortio.ns.svc.cluster fortio"
    );
    let text = text.replace("cluster.local", "corp");
    assert_eq!(hosts(load(&text).cluster_domain("corp")), "fortio.ns.svc.corp fortio.ns.svc fortio.ns");
}

#[test]
fn documents_without_a_namespace_live_in_the_clients() {
    let text = setting(OSM, FORTIO, "").replace(", namespace: ns", "");
    let mesh = load(&text).namespace("ns").build().expect("a mesh");
    assert_eq!((mesh.plan().destinations.len(), mesh.notes().len()), (1, 0));
}

#[test]
fn case_36_both_api_groups_mean_the_same() {
    let text = breaker("errorAmountThreshold: 100, minRequestAmount: 5");
    assert_eq!(mesh(&text).plan(), mesh(&text.replace(OSM, FSM)).plan());
}

#[test]
fn case_36_unknown_fields_are_notes_or_when_strict_errors() {
    let text = breaker("errorAmountThresold: 100, slowAmountThreshold: 1");
    assert_snapshot!(notes(&text), @"policy.yaml:8:25 spec.connectionSettings.http.circuitBreaking.errorAmountThresold: the field `errorAmountThresold` is unknown here; did you mean `errorAmountThreshold`?");
    assert_eq!(mesh(&text).notes()[0].kind, NoteKind::Unknown);
    assert_snapshot!(load(&text).strict(true).build().expect_err("strict"), @r"
    error: the field `errorAmountThresold` is unknown here
      --> policy.yaml:8:25, spec.connectionSettings.http.circuitBreaking.errorAmountThresold
       |
     8 |       circuitBreaking: {errorAmountThresold: 100, slowAmountThreshold: 1}
       |                         ^^^^^^^^^^^^^^^^^^^
       = accepted: `statTimeWindow`, `minRequestAmount`, `degradedTimeWindow`, `slowTimeThreshold`, `slowAmountThreshold`, `slowRatioThreshold`, `errorAmountThreshold`, `errorRatioThreshold`, `degradedStatusCode`, `degradedResponseContent`, `towerMesh`
       = hint: did you mean `errorAmountThreshold`?
    ");
}

#[test]
fn case_37_two_settings_of_one_host_conflict() {
    let two =
        format!("{}---\n{}", setting(OSM, FORTIO, ""), setting(OSM, FORTIO, "").replace("demo", "other"));
    assert_snapshot!(errors(&two), @r"
    error: UpstreamTrafficSetting ns/other conflicts with ns/demo since they have the same host fortio.ns.svc.cluster.local
      --> policy.yaml:11:9 (document 2), spec.host
       |
    11 |   host: fortio.ns.svc.cluster.local
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: the other one is at policy.yaml:5:9 (document 1)
    ");
}

#[test]
fn a_name_means_the_host_of_the_first_document_and_the_others_are_told() {
    let outside = |name: &str, host: &str| setting(OSM, host, "").replace("demo", name);
    let texts =
        [setting(OSM, FORTIO, ""), outside("same", "Fortio.ns.svc"), outside("upper", "API.example.com")];
    let three = [&texts[..], &[outside("lower", "api.example.com")]].concat().join("---\n");
    assert_snapshot!(notes(&three), @r"
    policy.yaml:11:9 (document 2) spec.host: taken as a host outside of the cluster: a service's full name ends in `.svc.cluster.local`
    policy.yaml:11:9 (document 2) spec.host: never applies: the document at policy.yaml:5:9 (document 1) is for the same name
    policy.yaml:17:9 (document 3) spec.host: taken as a host outside of the cluster: a service's full name ends in `.svc.cluster.local`
    policy.yaml:23:9 (document 4) spec.host: taken as a host outside of the cluster: a service's full name ends in `.svc.cluster.local`
    policy.yaml:23:9 (document 4) spec.host: never applies: the document at policy.yaml:17:9 (document 3) is for the same name
    ");
    let reversed = [&texts[1], &texts[0]].map(String::as_str).join("---\n");
    assert_snapshot!(notes(&reversed), @r"
    policy.yaml:5:9 (document 1) spec.host: taken as a host outside of the cluster: a service's full name ends in `.svc.cluster.local`
    policy.yaml:11:9 (document 2) spec.host: does not apply to requests for `fortio.ns.svc`: the document at policy.yaml:5:9 (document 1) is for the same name
    ");
}

#[test]
fn a_later_document_of_the_same_name_replaces_an_earlier_one() {
    let two = format!("{}---\n{}", breaker("errorAmountThreshold: 1"), breaker("errorAmountThreshold: 2"));
    assert_snapshot!(mesh(&two).plan(), @r#"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. circuit breaker, one per port: opens at 2 errors, counted over 30s; open for 30s, then straight closed; meanwhile 409 "Coming soon ..."
    "#);
    assert_snapshot!(notes(&two), @"policy.yaml:3:18 (document 1) metadata.name: replaced by the document of the same name at policy.yaml:12:18 (document 2)");
}

#[test]
fn case_38_a_refusals_status_is_one_that_refuses() {
    let text = |status: &str| {
        let limit = format!("{{requests: 1, unit: minute, responseStatusCode: {status}}}");
        setting(OSM, FORTIO, &format!("  rateLimit: {{local: {{http: {limit}}}}}\n"))
    };
    for status in ["1", "200", "418", "425", "451", "520", "600"] {
        let errors = errors(&text(status));
        assert!(errors.starts_with(&format!("error: invalid responseStatusCode {status}\n")), "{errors}");
    }
    for status in ["0", "400", "429", "503", "511"] {
        assert_eq!(mesh(&text(status)).notes().len(), 1, "{status} is fine, and not applied yet");
    }
    assert_snapshot!(errors(&text("418")), @r"
    error: invalid responseStatusCode 418
      --> policy.yaml:6:77, spec.rateLimit.local.http.responseStatusCode
       |
     6 |   rateLimit: {local: {http: {requests: 1, unit: minute, responseStatusCode: 418}}}
       |                                                                             ^^^
       = accepted: 400-417, 421-424, 426, 428, 429, 431, 500-508, 510 or 511, or 0 for the default of 429
    ");
}

#[test]
fn a_rate_limit_needs_an_amount_and_a_unit() {
    assert_snapshot!(errors(&setting(OSM, FORTIO, "  rateLimit: {local: {tcp: {connections: 0}}}\n")), @r"
    error: a rate limit needs its `unit`
      --> policy.yaml:6:23, spec.rateLimit.local.tcp.unit
       |
     6 |   rateLimit: {local: {tcp: {connections: 0}}}
       |                       ^^^
       = accepted: `second`, `minute` or `hour`

    error: a rate limit needs `connections`
      --> policy.yaml:6:42, spec.rateLimit.local.tcp.connections
       |
     6 |   rateLimit: {local: {tcp: {connections: 0}}}
       |                                          ^
       = accepted: a whole number, at least 1
    ");
}

#[test]
fn what_is_not_applied_is_told() {
    let rest = "  connectionSettings:
    tcp: {maxConnections: 1, connectTimeout: 5s}
    http: {maxRequestsPerConnection: 1, maxPendingRequests: 1, maxRetries: 1}
  rateLimit: {local: {http: {requests: 1, unit: second}}}
  httpRoutes: [{path: /get, rateLimit: {local: {requests: 1, unit: hour}}}]
  httpHeaders: [{headers: [{name: a, value: b}], rateLimit: {local: {requests: 1, unit: hour}}}]
";
    let text = setting(OSM, FORTIO, rest);
    assert_snapshot!(notes(&text), @r"
    policy.yaml:7:46 spec.connectionSettings.tcp.connectTimeout: read, left to the transport, which makes the connections
    policy.yaml:8:38 spec.connectionSettings.http.maxRequestsPerConnection: read, left to the transport, which makes the connections
    policy.yaml:9:3 spec.rateLimit: read, not applied yet
    policy.yaml:10:3 spec.httpRoutes: read, not applied yet
    policy.yaml:11:3 spec.httpHeaders: read, not applied yet
    ");
    assert!(mesh(&text).notes().iter().all(|note| note.kind == NoteKind::NotApplied));
}

#[test]
fn other_kinds_are_kept_and_told_in_one_note() {
    let other = |kind: &str, name: &str| {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{a: 1}}\n")
    };
    let text =
        [other("Deployment", "a"), setting(OSM, FORTIO, ""), other("Deployment", "b"), other("Gateway", "c")]
            .join("---\n");
    assert_snapshot!(notes(&text), @"policy.yaml:2:7 (document 1) kind: documents of other kinds were read, and not applied: 2 `Deployment`, `Gateway`");
}

#[test]
fn nothing_is_a_mesh_that_does_nothing() {
    assert_snapshot!(mesh("").plan(), @"(no policy: every request passes untouched)");
}
