//! `Gateway` and `ServiceEntry`.

use serde_json::json;

use crate::{
    kind::Kind,
    row::{applied, noted},
};

pub(crate) fn gateway() -> Kind {
    Kind {
        name: "Gateway",
        api_version: "networking.istio.io/v1",
        about: "Istio's `networking.istio.io`, in any version; it says which hosts routes may have that \
                are for it. Kubernetes' own `Gateway` (`gateway.networking.k8s.io`) is another kind, \
                which is passed over.",
        rows: vec![
            applied("selector", "Which proxies it is for; a client says itself which gateways it acts for."),
            applied("servers[].hosts", "The hosts that are served."),
            applied("servers[].port.number", "The port on which they are."),
            applied("servers[].port.name", "What the port is called."),
            applied("servers[].port.protocol", "Whether HTTP is spoken there."),
            noted("servers[].port.targetPort", "Istio does not look at it either."),
            applied("servers[].name", "What the server is called."),
            noted("servers[].bind", "Nothing listens here."),
            noted("servers[].tls", "Nothing listens here."),
            noted("servers[].defaultEndpoint", "Istio does not apply it either."),
        ],
        schema: include_str!("schema/gateway.txt"),
        bases: vec![(
            "",
            json!({
                "selector": {"istio": "ingressgateway"},
                "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
            }),
        )],
        values: vec![
            ("selector", json!({"istio": "ingressgateway"})),
            ("hosts", json!(["a.b"])),
            ("number", json!(80)),
            ("protocol", json!("HTTP")),
            ("targetPort", json!(8080)),
            ("bind", json!("0.0.0.0")),
            ("defaultEndpoint", json!("127.0.0.1:80")),
        ],
        ..Kind::default()
    }
}

pub(crate) fn service_entry() -> Kind {
    Kind {
        name: "ServiceEntry",
        api_version: "networking.istio.io/v1",
        about: "Istio's `networking.istio.io`, in any version; it makes hosts known, which protocol their \
                ports speak, and who their endpoints are. A host whose endpoints nobody tells of is asked \
                by its name, as the transport finds it.",
        rows: vec![
            applied("hosts", "The hosts."),
            applied("ports[].number", "A port of theirs."),
            applied("ports[].name", "What the port is called."),
            applied("ports[].protocol", "The protocol that is spoken there."),
            applied("ports[].targetPort", "The endpoints' port, unless one of them says another."),
            applied("exportTo", "The namespaces whose clients see it."),
            applied(
                "addresses",
                "Addresses by which requests can mean the hosts, each alone; a range means nobody.",
            ),
            noted("location", "A client speaks to hosts in the mesh and outside of it alike."),
            applied(
                "resolution",
                "Addresses, or names to be looked up; `NONE`, `DYNAMIC_DNS`: whoever the request names.",
            ),
            applied(
                "endpoints[].address",
                "An address, a name, `unix:///path`; none: it is behind its network's gateway.",
            ),
            applied("endpoints[].ports", "Its ports, by the names of the host's."),
            applied("endpoints[].labels", "By which subsets select it; where it is counts as labels too."),
            applied("endpoints[].network", "Its network; another than the client's may be behind a gateway."),
            applied(
                "endpoints[].locality",
                "Where it is; else the label `topology.istio.io/locality`, or `istio-locality`.",
            ),
            applied("endpoints[].weight", "Its share; 0 is 1."),
            noted("endpoints[].serviceAccount", "Certificates are the transport's concern."),
            applied(
                "workloadSelector.labels",
                "The labels of each `WorkloadEntry` and `Pod` of its namespace that is an endpoint.",
            ),
            noted("subjectAltNames", "Certificates are the transport's concern."),
        ],
        schema: include_str!("schema/service_entry.txt"),
        bases: vec![
            ("", json!({"hosts": ["a.b"], "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}]})),
            (
                "endpoints",
                json!({
                    "hosts": ["a.b"],
                    "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
                    "resolution": "STATIC",
                    "endpoints": [{"address": "10.0.0.1"}],
                }),
            ),
            (
                "workloadSelector",
                json!({
                    "hosts": ["a.b"],
                    "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
                    "resolution": "STATIC",
                }),
            ),
        ],
        values: vec![
            ("hosts", json!(["a.b"])),
            ("number", json!(80)),
            ("address", json!("10.0.0.1")),
            ("locality", json!("us-central1/z1")),
            ("protocol", json!("HTTP")),
            ("targetPort", json!(8080)),
            ("exportTo", json!(["."])),
            ("addresses", json!(["10.0.0.1"])),
            ("location", json!("MESH_INTERNAL")),
            ("resolution", json!("DNS")),
            ("subjectAltNames", json!(["a.b"])),
            ("labels", json!({"app": "a"})),
            ("endpoints[].ports", json!({"http": 8080})),
            ("weight", json!(2)),
        ],
        ..Kind::default()
    }
}
