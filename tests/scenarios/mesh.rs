//! Whole meshes by YAML: the exercises on limits, faults, timeouts and retries, and what a mesh itself owes.

pub(crate) mod chains;
mod faults;
mod headers;
mod limits;
mod osm_edge;
mod retries;
mod retry_limits;
mod state;
mod timeouts;

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header::CONTENT_TYPE};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};
use tower_mesh::{
    Flags, Http, LimitsHandle, Mesh, Reason, Refusal,
    layer::{clock, protocol::HttpReadingErrors},
    mesh::{Client, MeshBuilder},
    policy::Time,
    testing::{
        Echo, EchoError, Load, Report,
        echo::{EchoBody, EchoFuture},
        load::Bounded,
    },
};

use crate::caller::{Got, ask, ms, with};

// ===== documents =====

/// A service of the exercises, and where to call it.
const HOST: &str = "httpbin";
const URI: &str = "http://httpbin:8000/get";

fn indented(by: usize, lines: &str) -> String {
    lines.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

fn document(api: &str, kind: &str, host: &str, spec: &str) -> String {
    let name = if host.starts_with('*') { "any" } else { host };
    let spec = indented(2, spec);
    format!(
        "---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: bookinfo}}\nspec:\n{spec}"
    )
}

/// A `VirtualService` with one route, which has these lines.
fn route_to(host: &str, lines: &str) -> String {
    let lines = indented(2, lines);
    // A family and an address are no places to go to.
    let to = if host.contains(':') { "localhost".to_owned() } else { host.replace('*', "any") };
    let spec = format!("hosts: ['{host}']\nhttp:\n- route: [{{destination: {{host: '{to}'}}}}]\n{lines}");
    document("networking.istio.io/v1", "VirtualService", host, &spec)
}

fn route(lines: &str) -> String {
    route_to(HOST, lines)
}

/// A `DestinationRule` with these lines in its `trafficPolicy`.
fn rule_for(host: &str, lines: &str) -> String {
    let spec = format!("host: '{host}'\ntrafficPolicy:\n{}", indented(2, lines));
    document("networking.istio.io/v1", "DestinationRule", host, &spec)
}

/// A `DestinationRule` with this `connectionPool`.
fn pool(block: &str) -> String {
    rule_for(HOST, &format!("connectionPool: {block}"))
}

const ONE_AND_ONE: &str = "{tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1}}";

// ===== what is played =====

/// An upstream, and what it heard.
#[derive(Clone)]
struct Hearing {
    upstream: Echo,
    since: Time,
    heard: Arc<Mutex<Vec<Heard>>>,
}

/// A request as it arrived, and after how many milliseconds.
#[derive(Debug, Clone)]
struct Heard {
    at: u128,
    headers: HeaderMap,
}

impl Heard {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a text"))
    }
}

impl<B: Body> Service<Request<B>> for Hearing {
    type Response = Response<EchoBody>;
    type Error = EchoError;
    type Future = EchoFuture<B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), EchoError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> EchoFuture<B> {
        let heard =
            Heard { at: clock::now().since(self.since).as_millis(), headers: request.headers().clone() };
        self.heard.lock().expect("no panic").push(heard);
        self.upstream.call(request)
    }
}

/// A mesh in the namespace of the exercises, and one upstream.
struct Play {
    mesh: Mesh,
    upstream: Echo,
    hearing: Hearing,
    client: Client<Hearing, HttpReadingErrors>,
}

impl Play {
    fn new(yaml: &str, upstream: Echo) -> Self {
        Self::of(Mesh::builder(), yaml, upstream)
    }

    fn of(builder: MeshBuilder, yaml: &str, upstream: Echo) -> Self {
        let mesh = sidecar(builder, yaml);
        let hearing = Hearing { upstream: upstream.clone(), since: clock::now(), heard: Arc::default() };
        let client = mesh.client(hearing.clone()).over(Http.reading_errors());
        Self { mesh, upstream, hearing, client }
    }

    /// `-c workers -n calls`, as fast as it goes.
    async fn load(&self, workers: u64, calls: u64) -> Report {
        self.run(Load::workers(workers).requests(calls)).await
    }

    async fn run(&self, load: Load<Bounded>) -> Report {
        load.uri(URI).run(self.client.clone()).await
    }

    async fn get(&self) -> Got {
        ask(&self.client, get()).await
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> Got {
        ask(&self.client, request).await
    }

    fn limits(&self) -> LimitsHandle {
        self.mesh.limits(HOST, 8000).expect("policies speak of it")
    }

    /// What arrived since it was asked last.
    fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.hearing.heard.lock().expect("no panic"))
    }

    /// When it arrived.
    fn heard_at(&self) -> Vec<u128> {
        self.heard().iter().map(|heard| heard.at).collect()
    }

    fn notes(&self) -> Vec<String> {
        self.mesh.notes().iter().map(ToString::to_string).collect()
    }

    fn has_note(&self, part: &str) -> bool {
        self.notes().iter().any(|note| note.contains(part))
    }

    /// Nobody is on the way any more, and nothing is left behind.
    #[track_caller]
    fn is_at_rest(&self) {
        let status = self.limits().status();
        assert_eq!((status.active, status.waiting, status.retries), (0, 0, 0));
        assert_eq!(self.upstream.seen().active, 0);
    }
}

/// A mesh in the namespace of the exercises.
pub(crate) fn sidecar(builder: MeshBuilder, yaml: &str) -> Mesh {
    match builder.namespace("bookinfo").yaml(yaml).build() {
        Ok(mesh) => mesh,
        Err(errors) => panic!("{errors}"),
    }
}

fn get() -> Request<Full<Bytes>> {
    get_at(URI)
}

pub(crate) fn get_at(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).expect("a request")
}

fn post(content: &'static str) -> Request<Full<Bytes>> {
    Request::post(URI).body(Full::from(content)).expect("a request")
}

fn grpc() -> Request<Full<Bytes>> {
    with(post(""), CONTENT_TYPE.as_str(), "application/grpc")
}

/// As it stands in an assertion.
pub(crate) fn seen(status: u16, flags: &str, after: u128) -> (u16, String, u128) {
    (status, flags.to_owned(), after)
}

/// Polls a call until so many milliseconds have passed, and drops it.
async fn for_a_while<T>(call: impl Future<Output = T>, millis: u64) {
    let mut call = pin!(call);
    let mut over = pin!(tokio::time::sleep(ms(millis)));
    poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending(), "it ended before its time");
        over.as_mut().poll(cx)
    })
    .await;
}
