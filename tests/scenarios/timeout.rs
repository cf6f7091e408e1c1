//! What takes too long is ended: layers composed by hand, over an upstream that is slow, hangs, or dawdles in its body.

mod answers;
mod bodies;
mod composed;
mod headers;
mod idle;
mod pass;
mod upload;

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE, response::Parts};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};
use tower_mesh::{
    Events, Flags, Listening, Refusal, TimeoutLayer,
    layer::clock,
    policy::timeout::{Settings, SettingsBuilder},
};

type BoxError = Box<dyn Error + Send + Sync>;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn limits() -> SettingsBuilder {
    Settings::builder()
}

fn timeout(settings: SettingsBuilder) -> TimeoutLayer {
    TimeoutLayer::new(settings.build().expect("the settings mean something"))
}

fn get() -> Request<Full<Bytes>> {
    Request::new(Full::default())
}

fn grpc() -> Request<Full<Bytes>> {
    let request = Request::post("/").header(CONTENT_TYPE, "application/grpc");
    request.body(Full::default()).expect("a request")
}

fn with<B>(mut request: Request<B>, name: &'static str, value: &'static str) -> Request<B> {
    request.headers_mut().insert(name, value.parse().expect("a value"));
    request
}

/// What a caller gets, and when.
#[derive(Debug)]
struct Got {
    head: Parts,
    /// Until the head was there, and until all was.
    head_after: u128,
    after: u128,
    content: Result<Bytes, BoxError>,
}

impl Got {
    fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    fn flags(&self) -> String {
        self.head.extensions.get::<Flags>().copied().unwrap_or_default().to_string()
    }

    /// The details of the refusal that the answer is, or its body's error.
    fn why(&self) -> Option<&str> {
        let error = self.content.as_ref().err().and_then(|error| error.downcast_ref());
        self.head.extensions.get::<Refusal>().or(error).map(Refusal::why)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    fn content(&self) -> &str {
        std::str::from_utf8(self.content.as_ref().expect("a whole body")).expect("a text")
    }

    /// Status, details, and after how many milliseconds all was there.
    fn seen(&self) -> (u16, Option<&str>, u128) {
        (self.status(), self.why(), self.after)
    }
}

async fn ask<S, B, R>(service: &S, request: Request<B>) -> Got
where
    S: Service<Request<B>, Response = http::Response<R>, Error: fmt::Debug> + Clone,
    R: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let start = clock::now();
    let passed = || clock::now().since(start).as_millis();
    in_time(async {
        let (head, body) = service.clone().oneshot(request).await.expect("an answer").into_parts();
        let head_after = passed();
        let content = body.collect().await.map(|body| body.to_bytes()).map_err(Into::into);
        Got { head, head_after, after: passed(), content }
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
            move |event| lines.lock().expect("no panic").push(event.to_string())
        });
        Self { events, lines, _listening: listening }
    }

    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().expect("no panic"))
    }
}
