//! Who calls, and what it gets: for all that is told here call by call.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, response::Parts};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};
use tower_mesh::{Event, Events, Flags, Listening, Reason, Refusal, layer::clock};

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The least that is asked.
pub(crate) fn get() -> Request<Full<Bytes>> {
    Request::new(Full::default())
}

pub(crate) fn with<B>(mut request: Request<B>, name: &'static str, value: &str) -> Request<B> {
    request.headers_mut().insert(name, value.parse().expect("a value"));
    request
}

/// Calls once, and reads to the end.
pub(crate) async fn ask<S, B, R>(service: &S, request: Request<B>) -> Got
where
    S: Service<Request<B>, Response = Response<R>, Error: fmt::Debug> + Clone,
    R: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let start = clock::now();
    let passed = || clock::now().since(start).as_millis();
    in_time(async {
        let (head, body) = service.clone().oneshot(request).await.expect("an answer").into_parts();
        let (size, head_after) = (body.size_hint().exact(), passed());
        let content = body.collect().await.map(|body| body.to_bytes()).map_err(Into::into);
        Got { head, size, head_after, after: passed(), content }
    })
    .await
}

/// What is broken may hang: it has an hour of virtual time.
pub(crate) async fn in_time<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(3600), call).await.expect("it was held up for an hour")
}

/// What a caller gets, and when.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) head: Parts,
    /// What the body said of its size.
    pub(crate) size: Option<u64>,
    /// After how many milliseconds the head was there, and all.
    pub(crate) head_after: u128,
    pub(crate) after: u128,
    pub(crate) content: Result<Bytes, BoxError>,
}

impl Got {
    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub(crate) fn flags(&self) -> String {
        self.head.extensions.get::<Flags>().copied().unwrap_or_default().to_string()
    }

    /// The refusal that the answer is, or its body's error.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        let error = self.content.as_ref().err().and_then(|error| error.downcast_ref());
        self.head.extensions.get().or(error)
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.refusal().map(Refusal::reason)
    }

    /// The details of the refusal.
    pub(crate) fn why(&self) -> Option<&str> {
        self.refusal().map(Refusal::why)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    /// The headers, in the order of their names.
    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        let text = |(name, value)| (HeaderName::as_str(name), HeaderValue::to_str(value).expect("a text"));
        let mut headers: Vec<_> = self.head.headers.iter().map(text).collect();
        headers.sort_unstable();
        headers
    }

    #[track_caller]
    pub(crate) fn content(&self) -> &str {
        std::str::from_utf8(self.content.as_ref().expect("a whole body")).expect("a text")
    }

    /// Status, flags, and after how many milliseconds all was there.
    pub(crate) fn seen(&self) -> (u16, String, u128) {
        (self.status(), self.flags(), self.after)
    }

    /// Status, details, and after how many milliseconds all was there.
    pub(crate) fn ended(&self) -> (u16, Option<&str>, u128) {
        (self.status(), self.why(), self.after)
    }

    /// Status, content and flags.
    #[track_caller]
    pub(crate) fn said(&self) -> (u16, &str, String) {
        (self.status(), self.content(), self.flags())
    }
}

/// Events, and what they told.
pub(crate) struct Told {
    pub(crate) events: Events,
    heard: Arc<Mutex<Vec<Event>>>,
    _listening: Listening,
}

impl Told {
    pub(crate) fn new() -> Self {
        let (events, heard) = (Events::new(), Arc::<Mutex<Vec<_>>>::default());
        let listening = events.listen({
            let heard = Arc::clone(&heard);
            move |event| heard.lock().expect("no panic").push(event.clone())
        });
        Self { events, heard, _listening: listening }
    }

    /// What was told since it was asked last.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.heard().iter().map(ToString::to_string).collect()
    }

    /// The names alone.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.heard().iter().map(|event| event.kind.name()).collect()
    }

    /// The names, and the lines.
    pub(crate) fn named(&self) -> Vec<String> {
        self.heard().iter().map(|event| format!("{}: {event}", event.kind.name())).collect()
    }

    fn heard(&self) -> Vec<Event> {
        std::mem::take(&mut self.heard.lock().expect("no panic"))
    }
}
