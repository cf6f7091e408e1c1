//! `Retry` of osm-edge and FSM.

use serde_json::json;

use crate::{
    kind::Kind,
    row::{applied, noted},
};

pub(crate) fn kind() -> Kind {
    let to = json!([{"kind": "Service", "name": "reviews", "namespace": "default"}]);
    let source = json!({"kind": "ServiceAccount", "name": "a", "namespace": "default"});
    Kind {
        name: "Retry",
        api_version: "policy.openservicemesh.io/v1alpha1",
        about: "osm-edge's `policy.openservicemesh.io/v1alpha1` and FSM's `policy.flomesh.io/v1alpha1`.",
        rows: vec![
            noted("source", "Whose requests are meant is not looked at."),
            applied("destinations[].kind", "`Service`; others are passed over with a note."),
            applied("destinations[].name", "The service."),
            applied("destinations[].namespace", "Its namespace."),
            applied("retryPolicy.retryOn", "Statuses and classes of them, with commas between."),
            applied("retryPolicy.perTryTimeout", "How long one try may take; osm-edge does not apply it."),
            applied("retryPolicy.numRetries", "Tries after the first."),
            applied("retryPolicy.retryBackoffBaseInterval", "How long to wait before the first retry."),
        ],
        bases: vec![
            ("", json!({"destinations": to, "retryPolicy": {"numRetries": 1}})),
            ("source", json!({"source": source, "destinations": to, "retryPolicy": {"numRetries": 1}})),
        ],
        values: vec![
            ("destinations[].kind", json!("Service")),
            ("source.kind", json!("ServiceAccount")),
            ("namespace", json!("default")),
            ("retryOn", json!("5xx")),
            ("perTryTimeout", json!("1s")),
            ("numRetries", json!(2)),
            ("retryBackoffBaseInterval", json!("100ms")),
        ],
        ..Kind::default()
    }
}
