//! Kubernetes' `Service`.

use serde_json::json;

use crate::{kind::Kind, row::applied};

pub(crate) fn kind() -> Kind {
    Kind {
        name: "Service",
        api_version: "v1",
        about: "Kubernetes' own, `v1`. It makes a host known, its ports, and which protocol they speak. Its \
                endpoints are those of its `EndpointSlice`s, and each `WorkloadEntry` that it selects. \
                Everything else of it is passed over without a word: it is for others.",
        rows: vec![
            applied("ports[].port", "A port of the host."),
            applied(
                "ports[].name",
                "It begins with the protocol that is spoken there: `http`, `grpc-web`, `tcp-a`.",
            ),
            applied(
                "ports[].appProtocol",
                "The protocol that is spoken there, which counts before the name.",
            ),
            applied(
                "ports[].targetPort",
                "The port of a `WorkloadEntry` behind it, if it is a number; slices say their own.",
            ),
            applied("selector", "The labels of each `WorkloadEntry` of its namespace that is an endpoint."),
            applied("type", "`ExternalName`: it is another name of `externalName`."),
            applied("externalName", "The host that it is another name of."),
        ],
        bases: vec![
            ("", json!({"ports": [{"port": 80, "name": "http"}]})),
            ("type", json!({"externalName": "a.b"})),
            ("externalName", json!({"type": "ExternalName"})),
        ],
        values: vec![
            ("port", json!(80)),
            ("ports[].name", json!("grpc")),
            ("targetPort", json!(8080)),
            ("selector", json!({"app": "a"})),
            ("appProtocol", json!("grpc")),
            ("type", json!("ExternalName")),
            ("externalName", json!("a.b")),
        ],
        ..Kind::default()
    }
}
