//! A whole mesh keeps the contract too: compiled from YAML, around any transport.

use tower::Layer;
use tower_mesh::{Mesh, mesh::Client};

use crate::{
    contract::contract,
    subject::{Ending, Subject},
};

contract!(with_a_breaker: Subject::two_strikes(|| Meshed::new("{errorAmountThreshold: 2, statTimeWindow: 10m}"))
    .counting(&[Ending::Status, Ending::Error]));

contract!(without_a_breaker: Subject::never(|| Meshed::new("null")), [readiness passing]);

/// A mesh as a layer, whose policy is for the host that the laws' requests name.
#[derive(Clone)]
struct Meshed(Mesh);

impl Meshed {
    fn new(breaker: &str) -> Self {
        let policy = format!(
            "{{apiVersion: policy.openservicemesh.io/v1alpha1, kind: UpstreamTrafficSetting,
              metadata: {{name: probe, namespace: default}},
              spec: {{host: probe.default.svc.cluster.local,
                      connectionSettings: {{http: {{circuitBreaking: {breaker}}}}}}}}}"
        );
        Self(Mesh::from_yaml(&policy).unwrap())
    }
}

impl<S> Layer<S> for Meshed {
    type Service = Client<S>;

    fn layer(&self, inner: S) -> Client<S> {
        self.0.client(inner)
    }
}
