//! Where requests go: whole documents of routing, in virtual time.

mod actions;
mod answers;
mod bookinfo;
mod clients;
mod clusters;
mod conditions;
mod failures;
mod gateways;
mod headers;
mod hosts;
mod policies;
mod reload;
mod rewrites;
mod weights;

use std::{
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header::HOST};
use http_body::Body;
use http_body_util::Full;
use tower::Service;
use tower_mesh::{
    Endpoint, Http, Mesh, Reason,
    layer::{cluster::Cluster, protocol::HttpReadingErrors},
    mesh::{Client, MeshBuilder},
    testing::{Echo, EchoError, Load, Report, Upstreams, echo::EchoBody},
};

use crate::{
    caller::{Got, ask, ms, with},
    mesh::{get_at, seen, sidecar},
};

/// Where most of it is called.
const REVIEWS: &str = "http://reviews:9080/reviews/0";

// ===== documents =====

/// A document in the namespace of the exercises.
fn document(kind: &str, name: &str, spec: &str) -> String {
    document_in("bookinfo", kind, name, spec)
}

fn document_in(namespace: &str, kind: &str, name: &str, spec: &str) -> String {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: {kind}\n\
         metadata: {{name: {name}, namespace: {namespace}}}\nspec:\n{spec}"
    )
}

/// A `VirtualService` with these routes for a host.
fn routes(host: &str, http: &str) -> String {
    document("VirtualService", host, &format!("hosts: [{host}]\nhttp:\n{http}"))
}

/// A `DestinationRule` that makes a subset of each of these versions of a host.
fn versions(host: &str, names: &[&str]) -> String {
    let subsets: String =
        names.iter().map(|name| format!("- {{name: {name}, labels: {{version: {name}}}}}\n")).collect();
    document("DestinationRule", host, &format!("host: {host}\nsubsets:\n{subsets}"))
}

/// The three versions of reviews, each a subset, and these routes to them.
fn reviews(http: &str) -> String {
    versions("reviews", &["v1", "v2", "v3"]) + &routes("reviews", http)
}

/// A route of a version of reviews: `- route: …`, with more lines before that or after.
fn to(version: &str) -> String {
    format!("route: [{{destination: {{host: reviews, subset: {version}}}}}]")
}

/// A `Service` with these ports, each with its name.
fn service(name: &str, ports: &[(u16, &str)]) -> String {
    let ports: Vec<_> = ports.iter().map(|(port, name)| format!("{{port: {port}, name: {name}}}")).collect();
    let head =
        format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: bookinfo}}\n");
    format!("{head}spec: {{ports: [{}]}}\n", ports.join(", "))
}

// ===== who is there =====

/// The services of the exercises in all their versions; what is none of these is answered by `others`.
fn bookinfo() -> Upstreams {
    let services = [
        ("details", &["v1"][..]),
        ("productpage", &["v1"]),
        ("reviews", &["v1", "v2", "v3"]),
        ("ratings", &["v1", "v2", "v2-mysql-vm"]),
    ];
    let all = services.into_iter().flat_map(|(host, names)| names.iter().map(move |name| (host, *name)));
    let upstreams = Upstreams::new().in_namespace("bookinfo").otherwise(Echo::new().named("others")).seed(1);
    all.fold(upstreams, |all, (host, name)| all.at(host, [("version", name)], Echo::new()))
}

/// Reviews alone, each version with an echo of its own.
fn of_versions(versions: impl IntoIterator<Item = (&'static str, Echo)>) -> Upstreams {
    let none = Upstreams::new().in_namespace("bookinfo").seed(1);
    versions.into_iter().fold(none, |all, (name, echo)| all.at("reviews", [("version", name)], echo))
}

/// Who tells of these versions of reviews as of endpoints, among those that are there.
fn knowing(upstreams: &Upstreams, names: &[&str]) -> MeshBuilder {
    let is_meant = |endpoint: &Endpoint| names.iter().any(|name| endpoint.has_all([("version", *name)]));
    let endpoints = upstreams.endpoints().into_iter();
    let meant = endpoints.filter(|(host, _, endpoint)| host == "reviews" && is_meant(endpoint));
    Mesh::builder().endpoints_at(meant)
}

/// A transport that hears where requests are led.
#[derive(Clone)]
struct Ear {
    upstreams: Upstreams,
    heard: Arc<Mutex<Vec<Heard>>>,
}

/// A request as the transport gets it.
#[derive(Debug, Clone)]
struct Heard {
    uri: String,
    headers: HeaderMap,
    cluster: Option<Cluster>,
}

impl Heard {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    /// All lines of a header.
    fn lines(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("a text")).collect()
    }

    /// Where to connect, and what the upstream is told of it.
    fn led(&self) -> (&str, Option<&str>) {
        (&self.uri, self.header(HOST.as_str()))
    }
}

impl<B: Body> Service<Request<B>> for Ear {
    type Response = Response<EchoBody>;
    type Error = EchoError;
    type Future = <Upstreams as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), EchoError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let heard = Heard {
            uri: request.uri().to_string(),
            headers: request.headers().clone(),
            cluster: request.extensions().get().cloned(),
        };
        self.heard.lock().expect("no panic").push(heard);
        self.upstreams.call(request)
    }
}

/// A mesh in the namespace of the exercises, and everybody whom its requests may reach.
struct Town {
    mesh: Mesh,
    upstreams: Upstreams,
    ear: Ear,
    client: Client<Ear, HttpReadingErrors>,
}

impl Town {
    fn new(yaml: &str) -> Self {
        Self::of(Mesh::builder(), yaml)
    }

    fn of(builder: MeshBuilder, yaml: &str) -> Self {
        Self::with(builder, yaml, bookinfo())
    }

    fn with(builder: MeshBuilder, yaml: &str, upstreams: Upstreams) -> Self {
        let mesh = sidecar(builder, yaml);
        let ear = Ear { upstreams: upstreams.clone(), heard: Arc::default() };
        let client = mesh.client(ear.clone()).over(Http.reading_errors());
        Self { mesh, upstreams, ear, client }
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> Got {
        ask(&self.client, request).await
    }

    async fn get(&self, uri: &str) -> Got {
        self.ask(get_at(uri)).await
    }

    /// Who answers a request, by its name, such as `reviews version=v2`; or the answer of who reaches nobody.
    async fn whom(&self, request: Request<Full<Bytes>>) -> String {
        let before = self.upstreams.seen();
        let got = self.ask(request).await;
        let after = self.upstreams.seen().since(&before);
        let asked: Vec<_> = after.each.into_iter().filter(|(_, seen)| seen.calls > 0).collect();
        let names: Vec<_> = asked.into_iter().map(|(name, _)| name).collect();
        if names.is_empty() { format!("{} {}", got.status(), got.flags()) } else { names.join(", ") }
    }

    /// `-c workers -n calls`, as fast as it goes.
    async fn load(&self, workers: u64, calls: u64, uri: &str) -> Report {
        let before = self.upstreams.seen();
        let report = Load::workers(workers).requests(calls).uri(uri).run(self.client.clone()).await;
        report.with_upstreams(&self.upstreams.seen().since(&before))
    }

    /// How often each version of reviews has been asked so far.
    fn asked(&self) -> [u64; 3] {
        let seen = self.upstreams.seen();
        ["v1", "v2", "v3"]
            .map(|name| seen.each.get(&format!("reviews version={name}")).map_or(0, |seen| seen.calls))
    }

    /// What the transport got since it was asked last.
    fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.ear.heard.lock().expect("no panic"))
    }

    fn has_note(&self, part: &str) -> bool {
        self.mesh.notes().iter().any(|note| note.to_string().contains(part))
    }

    #[track_caller]
    fn told(&self, part: &str) {
        let notes: Vec<_> = self.mesh.notes().iter().map(ToString::to_string).collect();
        assert!(self.has_note(part), "`{part}` is not among {notes:#?}");
    }
}

/// Of whom nothing is to be read but the version.
fn version(name: &str) -> String {
    format!("reviews version={name}")
}

/// Within five standard deviations of so many percent of so many.
#[track_caller]
fn is_about(count: u64, percent: f64, of: u64) {
    let (share, of) = (percent / 100.0, of as f64);
    let most = 5.0 * (of * share * (1.0 - share)).sqrt();
    assert!((count as f64 - of * share).abs() < most, "{count} is not about {percent} % of {of}");
}
