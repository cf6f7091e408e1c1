//! A client: a transport behind a whole mesh, compiled from the mesh's own YAML.
//!
//! `cargo run --example client`. The transport is hyper's; nothing listens where it calls, so every call fails, and soon
//! they are answered without being made.
#![allow(clippy::print_stdout, reason = "an example speaks to people")]

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{BoxError, ServiceExt};
use tower_mesh::Mesh;

const POLICY: &str = "
apiVersion: policy.openservicemesh.io/v1alpha1
kind: UpstreamTrafficSetting
metadata: {name: reviews, namespace: bookinfo}
spec:
  host: 127.0.0.1
  connectionSettings:
    tcp: {maxConnections: 1}
    http: {circuitBreaking: {errorAmountThreshold: 2, degradedTimeWindow: 10s}}
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let mesh = Mesh::from_yaml(POLICY)?;
    print!("{}", mesh.plan());
    for note in mesh.notes() {
        println!("note: {note}");
    }
    let _listening = mesh.events().listen(|event| println!("{event}"));

    let client = mesh.client(Client::builder(TokioExecutor::new()).build_http());
    for call in 1..=4 {
        let request = Request::get("http://127.0.0.1:1/reviews/0").body(Empty::<Bytes>::new())?;
        match client.clone().oneshot(request).await {
            Ok(response) => {
                let status = response.status();
                let body = response.into_body().collect().await?.to_bytes();
                println!("call {call}: {status}: {}", String::from_utf8_lossy(&body));
            }
            Err(error) => println!("call {call}: {error}"),
        }
    }
    Ok(())
}
