//! Whole meshes under load, in virtual time.

mod breaker;
mod breaker_cases;
mod caller;
mod endpoints;
mod extension;
mod fallback;
mod fault;
mod handle;
mod keyed;
mod limits;
mod mesh;
mod mirror;
mod peers;
mod retry;
mod route;
mod routing;
mod timeout;

use tower_mesh::{
    Mesh,
    mesh::Client,
    testing::{Echo, Load, Report, load::Bounded},
};

/// The host of the exercises.
const HOST: &str = "fortio.circuit-breaking.svc.cluster.local";

/// A policy of osm-edge for that host, with this inside of `circuitBreaking`.
fn policy(block: &str) -> String {
    let indented: String = block.lines().map(|line| format!("        {}\n", line.trim())).collect();
    format!(
        "apiVersion: policy.openservicemesh.io/v1alpha1\n\
         kind: UpstreamTrafficSetting\n\
         metadata:\n  name: http-circuit-breaking\n  namespace: circuit-breaking\n\
         spec:\n  host: {HOST}\n  connectionSettings:\n    http:\n      circuitBreaking:\n{indented}"
    )
}

fn mesh(block: &str) -> Mesh {
    Mesh::from_yaml(&policy(block)).expect("the policy means something")
}

/// A mesh with one policy and one upstream.
struct Stage {
    mesh: Mesh,
    upstream: Echo,
    client: Client<Echo>,
}

impl Stage {
    fn new(block: &str, upstream: Echo) -> Self {
        let mesh = mesh(block);
        Self { client: mesh.client(upstream.clone()), mesh, upstream }
    }

    /// The load of the exercises: `-c 10 -n 1000 -qps 200`.
    async fn crowd(&self) -> Report {
        self.play(Load::workers(10).requests(1000).qps(200.0)).await
    }

    /// The same calls, one after another.
    async fn queue(&self) -> Report {
        self.play(Load::workers(1).requests(1000).qps(200.0)).await
    }

    async fn play(&self, load: Load<Bounded>) -> Report {
        let before = self.upstream.seen();
        let load = load.uri(format!("http://{HOST}:8080/echo")).events(self.mesh.events());
        let report = load.run(self.client.clone()).await;
        report.with_upstream("fortio", &self.upstream.seen().since(&before))
    }
}

/// How many calls the upstream saw.
fn reached(report: &Report) -> u64 {
    report.upstreams["fortio"].values().sum()
}

/// What happened, in a word each.
fn events(report: &Report) -> Vec<&str> {
    report.events.iter().map(|event| event.kind.as_str()).collect()
}
