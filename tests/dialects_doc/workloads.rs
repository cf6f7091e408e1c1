//! `WorkloadEntry` and `WorkloadGroup`.

use serde_json::{Value, json};

use crate::{
    kind::Kind,
    row::{applied, noted},
};

const ACCOUNT: &str = "Certificates are the transport's concern.";

pub(crate) fn entry() -> Kind {
    Kind {
        name: "WorkloadEntry",
        api_version: "networking.istio.io/v1",
        about: "Istio's `networking.istio.io`, in any version; an endpoint outside of Kubernetes, of the \
                hosts of each `ServiceEntry`, and of each `Service`, of its namespace that selects it by its \
                labels. Those in its `metadata` count before those in its `spec`; what it does not say its \
                `WorkloadGroup` lends.",
        rows: vec![
            applied("address", "Where it is, as in a `ServiceEntry`; a name only where names are looked up."),
            applied("ports", "Its ports, by the names of the host's."),
            applied("labels", "By which it is selected."),
            applied("network", "Its network."),
            applied("locality", "Where it is; else as its labels say."),
            applied("weight", "Its share; 0 is 1."),
            noted("serviceAccount", ACCOUNT),
        ],
        schema: include_str!("schema/workload_entry.txt"),
        bases: vec![("", json!({"address": "10.0.0.1"}))],
        values: values(),
        beside: SELECTING,
        ..Kind::default()
    }
}

const SELECTING: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: all}
spec:
  hosts: [a.b]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  workloadSelector: {}
";

pub(crate) fn group() -> Kind {
    Kind {
        name: "WorkloadGroup",
        api_version: "networking.istio.io/v1",
        about: "Istio's `networking.istio.io`, in any version; it lends each `WorkloadEntry` of the group what \
                that does not say. An entry is of the group that its annotation `istio.io/autoRegistrationGroup` \
                names; without that, of the one of its namespace that has labels in `metadata`, all of which it \
                has too: of several that with most labels, then the first by name.",
        rows: vec![
            applied("metadata.labels", "Labels of each entry, and those by which one is of the group."),
            noted("metadata.annotations", "Nothing here goes by annotations."),
            noted("template.address", "Each entry has its own."),
            applied("template.ports", "The ports of each entry that has none."),
            applied("template.labels", "Labels of each entry."),
            applied("template.network", "The network of each entry that says none."),
            applied("template.locality", "Where each entry is that does not say it, by its labels neither."),
            applied("template.weight", "The share of each entry that says none."),
            noted("template.serviceAccount", ACCOUNT),
            noted("probe", "Endpoints are not asked whether they are well."),
        ],
        schema: include_str!("schema/workload_group.txt"),
        bases: vec![("", json!({"template": {}}))],
        values: values(),
        ..Kind::default()
    }
}

fn values() -> Vec<(&'static str, Value)> {
    vec![
        ("labels", json!({"app": "a"})),
        ("annotations", json!({"a": "b"})),
        ("ports", json!({"http": 8080})),
        ("weight", json!(2)),
        ("address", json!("10.0.0.1")),
        ("locality", json!("us-central1/z1")),
    ]
}
