//! What is answered where a layer refused: each rule of `docs/semantics.md` about fallbacks.

mod composed;
mod local;
mod plain;
mod second;

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE, response::Parts};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};
use tower_mesh::{
    CircuitBreakerLayer, Events, Flags, Listening, Reason, Refusal,
    policy::circuit_breaker::{Settings, SettingsBuilder},
};

fn breaker(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(settings.build().expect("the settings mean something"))
}

/// Opens at the first error.
fn fragile() -> CircuitBreakerLayer {
    breaker(Settings::builder().error_amount(1))
}

/// A layer's refusal, as every layer writes it, with what others had to say of the call.
fn refused(content: &'static str) -> Response<Full<Bytes>> {
    let refusal = Refusal::new(Reason::CircuitOpen, StatusCode::CONFLICT).details(content);
    let mut response = Response::new(Full::from(content));
    *response.status_mut() = refusal.status();
    response.headers_mut().insert("x-refused", content.parse().expect("a value"));
    response.extensions_mut().insert(refusal.flags() | Flags::DI);
    response.extensions_mut().insert(refusal);
    response
}

/// A service that refuses every call without reading it.
async fn refuses<B>(_: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(refused("first"))
}

fn answer(status: u16, content: &'static str) -> Response<Bytes> {
    Response::builder().status(status).body(content.into()).expect("a response")
}

fn get() -> Request<Full<Bytes>> {
    Request::new(Full::default())
}

fn head() -> Request<Full<Bytes>> {
    Request::head("/").body(Full::default()).expect("a request")
}

fn grpc() -> Request<Full<Bytes>> {
    let request = Request::post("/").header(CONTENT_TYPE, "application/grpc+proto");
    request.body(Full::from("message")).expect("a request")
}

/// What a caller gets.
#[derive(Debug)]
struct Got {
    head: Parts,
    /// What the body said of its size.
    size: Option<u64>,
    content: Bytes,
}

impl Got {
    fn flags(&self) -> String {
        self.head.extensions.get::<Flags>().copied().unwrap_or_default().to_string()
    }

    /// The details of the refusal that is in the answer.
    fn refusal(&self) -> Option<&str> {
        self.head.extensions.get().map(Refusal::why)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    /// Status, content and flags.
    fn seen(&self) -> (u16, &str, String) {
        (self.head.status.as_u16(), std::str::from_utf8(&self.content).expect("a text"), self.flags())
    }
}

async fn ask<S, B, R>(service: &S, request: Request<B>) -> Got
where
    S: Service<Request<B>, Response = Response<R>, Error: fmt::Debug> + Clone,
    R: Body<Data = Bytes, Error: fmt::Debug>,
{
    in_time(async {
        let (head, body) = service.clone().oneshot(request).await.expect("an answer").into_parts();
        let size = body.size_hint().exact();
        Got { head, size, content: body.collect().await.expect("a body").to_bytes() }
    })
    .await
}

/// What is broken may hang: it has an hour of virtual time.
async fn in_time<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(3600), call).await.expect("it was held up for an hour")
}

/// Events, and what they told.
struct Told {
    events: Events,
    lines: Arc<Mutex<Vec<String>>>,
    _listening: Listening,
}

impl Told {
    fn new() -> Self {
        let (events, lines) = (Events::new(), Arc::<Mutex<Vec<String>>>::default());
        let listening = events.listen({
            let lines = Arc::clone(&lines);
            move |event| lines.lock().expect("no panic").push(format!("{}: {event}", event.kind.name()))
        });
        Self { events, lines, _listening: listening }
    }

    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().expect("no panic"))
    }
}

const FELL_BACK: &str = "fell_back: [reviews] fell back: circuit_open";
