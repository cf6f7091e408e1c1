//! Kubernetes' `EndpointSlice`.

use serde_json::json;

use crate::{kind::Kind, row::applied};

pub(crate) fn kind() -> Kind {
    Kind {
        name: "EndpointSlice",
        api_version: "discovery.k8s.io/v1",
        about: "Kubernetes' own, `discovery.k8s.io/v1` or `v1beta1`. Its fields stand beside `metadata`, \
                where the label `kubernetes.io/service-name` says whose endpoints they are. Where no `Pod` \
                tells an endpoint's labels, the slice's own stand for them, without those of Kubernetes. \
                Everything else of it is passed over without a word.",
        rows: vec![
            applied("addressType", "An address is what it looks like."),
            applied("endpoints[].addresses", "Where they are; each is an endpoint."),
            applied("endpoints[].conditions.ready", "`false`: it is there, and gets no requests."),
            applied("endpoints[].conditions.serving", "Whoever is not ready gets no requests anyhow."),
            applied("endpoints[].conditions.terminating", "`true`: it is there, and gets no requests."),
            applied("endpoints[].targetRef.kind", "`Pod`, or absent: it has the labels of a pod."),
            applied(
                "endpoints[].targetRef.name",
                "That of the pod, in the same namespace; else the one with its address.",
            ),
            applied(
                "endpoints[].zone",
                "Its zone; the region is told by labels: of the place, or of the pod.",
            ),
            applied("endpoints[].topology", "Labels of the place, as they used to be."),
            applied("endpoints[].deprecatedTopology", "The same."),
            applied("ports[].name", "The name of the service's port."),
            applied("ports[].port", "The endpoints' port behind that; absent: the one that is asked for."),
            applied("ports[].protocol", "A port is found by its name."),
            applied("ports[].appProtocol", "The service says what is spoken."),
        ],
        has_no_spec: true,
        bases: vec![
            ("", json!({"addressType": "IPv4"})),
            ("endpoints[]", json!({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}]})),
        ],
        values: vec![
            ("addressType", json!("IPv4")),
            ("addresses", json!(["10.0.0.1"])),
            ("ready", json!(true)),
            ("serving", json!(true)),
            ("terminating", json!(true)),
            ("topology", json!({"topology.kubernetes.io/zone": "z1"})),
            ("deprecatedTopology", json!({"topology.kubernetes.io/zone": "z1"})),
            ("kind", json!("Pod")),
            ("port", json!(8080)),
            ("protocol", json!("TCP")),
        ],
        ..Kind::default()
    }
}

pub(crate) fn pod() -> Kind {
    Kind {
        name: "Pod",
        api_version: "v1",
        about: "Kubernetes' own, `v1`. The labels in its `metadata` are those of the endpoint of an \
                `EndpointSlice` that it is; a `ServiceEntry` can select it by them. Everything else of it is passed \
                over without a word.",
        rows: vec![applied("status.podIP", "Where it is.")],
        has_no_spec: true,
        bases: vec![("", json!({}))],
        values: vec![("podIP", json!("10.0.0.1"))],
        ..Kind::default()
    }
}
