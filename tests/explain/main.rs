//! What is told of a request's way: that it can be read, by people and by machines, and that it is what happens.

mod agreement;
mod documents;
mod endpoints;
mod names;
mod ports;
mod rules;

use http::Request;
use tower_mesh::{
    Endpoint, Mesh,
    mesh::{Explanation, MeshBuilder, explain::End},
};

/// A `VirtualService` of this name, with these lines in its `spec`.
fn routes(name: &str, spec: &str) -> String {
    document("networking.istio.io/v1", "VirtualService", name, spec)
}

/// A `DestinationRule` of this name, with these lines in its `spec`.
fn policy(name: &str, spec: &str) -> String {
    document("networking.istio.io/v1", "DestinationRule", name, spec)
}

/// A `Service` of this name, with these ports.
fn service(name: &str, ports: &str) -> String {
    document("v1", "Service", name, &format!("ports: {ports}"))
}

fn document(api: &str, kind: &str, name: &str, spec: &str) -> String {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!("---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{spec}")
}

/// A mesh of these documents, in a file.
fn of(documents: &[String]) -> MeshBuilder {
    Mesh::builder().file("mesh.yaml", &documents.concat())
}

/// An endpoint of this version.
fn endpoint(address: &str, version: &str) -> Endpoint {
    address.parse::<Endpoint>().expect("an address").label("version", version)
}

fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).expect("a request")
}

/// A request with this header.
fn with(uri: &str, name: &str, value: &str) -> Request<()> {
    Request::get(uri).header(name, value).body(()).expect("a request")
}

/// What is told of a request.
fn explained(mesh: MeshBuilder, request: &Request<()>) -> Explanation {
    mesh.build().expect("a mesh").explain(request)
}

/// The same as people read it, without the era, and without the stations that every rule of Istio's has.
fn told(mesh: MeshBuilder, request: &Request<()>) -> String {
    let mut explanation = explained(mesh, request);
    if let End::Forwarded(forwarded) = &mut explanation.end {
        let usual = |text: &str| {
            text == "timeout: none, but a gRPC call's `grpc-timeout`" || text.starts_with(RETRIES)
        };
        forwarded.stations.retain(|station| !usual(&station.to_string()));
    }
    explanation.to_string().lines().filter(|line| !line.starts_with("era: ")).collect::<Vec<_>>().join("\n")
}

const RETRIES: &str = "retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable";
