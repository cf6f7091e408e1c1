//! Upstreams that ask others before they answer: a page needs reviews, and reviews need ratings.
//!
//! What a mesh does to a request shows in full only in a chain: a fault is injected two hops away, a timeout ends the
//! wait one hop away, and the page retries once on top. Each hop has a client of its own, with policies of its own; so
//! an [`Echo`] is told whom to ask, and through which service.
//!
//! ```
//! use std::time::Duration;
//! use tower::{BoxError, ServiceBuilder};
//! use tower_mesh::testing::{Echo, Load};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let ratings = Echo::new().named("ratings").delay(Duration::from_secs(2));
//! let client = ServiceBuilder::new().timeout(Duration::from_millis(500)).service(ratings);
//! let reviews = Echo::new().named("reviews").calling(client, "http://ratings:9080/ratings/0");
//! let page = Echo::new().trying_to_call(reviews.clone(), "http://reviews:9080/reviews/0");
//!
//! let report = Load::workers(1).requests(1).run(page.clone()).await;
//! assert_eq!(report.count(200), 1); // whole, but for the reviews
//! assert_eq!(report.latency.max(), Duration::from_millis(502));
//! assert_eq!(reviews.seen().by_status[&502], 1);
//! assert_eq!((page.seen().onward, page.seen().onward_failed), (1, 1));
//! # }
//! ```

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::{Began, Echo, seen::Tally};
use crate::{layer::BoxError, testing::read_to_the_end};

/// Says in a response what it lacks.
static MISSING: HeaderName = HeaderName::from_static("x-missing");

/// Who asked, and what traces a request: about what bookinfo's services hand on.
static PASSED_ON: [HeaderName; 10] = [
    HeaderName::from_static("end-user"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-b3-traceid"),
    HeaderName::from_static("x-b3-spanid"),
    HeaderName::from_static("x-b3-parentspanid"),
    HeaderName::from_static("x-b3-sampled"),
    HeaderName::from_static("x-b3-flags"),
    HeaderName::from_static("b3"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

impl Echo {
    /// Asks this service before it answers, and cannot answer without it.
    ///
    /// It sends a `GET` to `uri`, without a body, and reads the answer to its end; told several times, it asks one
    /// after another. As in most services that people write, an answer of 400 and above is none: this upstream then
    /// answers with the same status at once, or with 502 where there was no whole answer, and says in the body whose
    /// fault it was. It sends none of the other's headers on.
    ///
    /// Its own delay comes first. A request that it refuses, resets, leaves without an answer, or answers with 400 and
    /// above by its own script, makes it ask nobody. Who drops a request drops what is asked for it too.
    ///
    /// The service may be another `Echo`, a client of a mesh, or any stack of layers: it is cloned for each call.
    ///
    /// # Panics
    ///
    /// On a text that is no URI; a `Uri` always is.
    #[must_use]
    #[track_caller]
    pub fn calling<S, B, U>(self, service: S, uri: U) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: Body<Error: Into<BoxError>> + Send + 'static,
        U: TryInto<Uri, Error: fmt::Display>,
    {
        self.asking(service, uri, true)
    }

    /// Asks this service before it answers, and answers without it if it must.
    ///
    /// As [`calling`](Self::calling), except that an answer of 400 and above, or none, is only missed: the response
    /// has a header `x-missing` with the authority that was called, such as `reviews:9080`, and a line in its body,
    /// after all else, that says so too.
    ///
    /// # Panics
    ///
    /// On a text that is no URI; a `Uri` always is.
    #[must_use]
    #[track_caller]
    pub fn trying_to_call<S, B, U>(self, service: S, uri: U) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: Body<Error: Into<BoxError>> + Send + 'static,
        U: TryInto<Uri, Error: fmt::Display>,
    {
        self.asking(service, uri, false)
    }

    /// Which headers of a request go with what it asks of others, and no more than these.
    ///
    /// By default who asks and what traces the request: `end-user`, `x-request-id`, `b3`, Zipkin's `x-b3-traceid`,
    /// `-spanid`, `-parentspanid`, `-sampled` and `-flags`, and the W3C's `traceparent` and `tracestate`.
    ///
    /// # Panics
    ///
    /// On a text that is no name of a header; a `HeaderName` always is.
    #[must_use]
    #[track_caller]
    pub fn passing_on<N>(self, names: impl IntoIterator<Item = N>) -> Self
    where
        N: TryInto<HeaderName, Error: fmt::Display>,
    {
        let name = |name: N| match name.try_into() {
            Ok(name) => name,
            Err(error) => panic!("not the name of a header: {error}"),
        };
        let names = names.into_iter().map(name).collect();
        self.going_on(|onward| onward.passed_on = names)
    }

    #[track_caller]
    fn asking<S, B, U>(self, service: S, uri: U, needed: bool) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: Body<Error: Into<BoxError>> + Send + 'static,
        U: TryInto<Uri, Error: fmt::Display>,
    {
        let uri = match uri.try_into() {
            Ok(uri) => uri,
            Err(error) => panic!("not a URI: {error}"),
        };
        let call: Call = Arc::new(move |request| Box::pin(ask(service.clone(), request)));
        self.going_on(|onward| onward.hops.push(Hop { call, uri, needed }))
    }

    fn going_on(mut self, tell: impl FnOnce(&mut Onward)) -> Self {
        let first = &mut Arc::make_mut(&mut self.does).first;
        tell(Arc::make_mut(first.onward.get_or_insert_default()));
        self.anew()
    }
}

/// Whom an upstream asks before it answers.
#[derive(Clone)]
pub(super) struct Onward {
    hops: Vec<Hop>,
    passed_on: Vec<HeaderName>,
}

#[derive(Clone)]
struct Hop {
    call: Call,
    uri: Uri,
    needed: bool,
}

/// A call of a service of any type: the status of an answer that was read to its end.
type Call = Arc<dyn Fn(Request<Full<Bytes>>) -> Answering + Send + Sync>;
type Answering = Pin<Box<dyn Future<Output = Result<StatusCode, BoxError>> + Send>>;

impl Default for Onward {
    fn default() -> Self {
        Self { hops: Vec::new(), passed_on: PASSED_ON.to_vec() }
    }
}

impl fmt::Debug for Onward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hops = self.hops.iter().map(|hop| (&hop.uri, if hop.needed { "needed" } else { "tried" }));
        f.debug_struct("Onward")
            .field("hops", &hops.collect::<Vec<_>>())
            .field("passed_on", &self.passed_on)
            .finish()
    }
}

/// What came of asking the others.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// Without this one there is no answer: its status, and what to say.
    pub(super) failed: Option<(StatusCode, String)>,
    /// Who is missed.
    pub(super) missing: Vec<String>,
}

/// All that is asked for one request. It begins when it is polled, and ends when it is dropped.
pub(super) struct Trip(Mutex<Pin<Box<dyn Future<Output = Came> + Send>>>);

impl Trip {
    pub(super) fn new(
        onward: &Arc<Onward>,
        headers: &HeaderMap,
        began: Option<Began>,
        tally: &Tally,
    ) -> Self {
        let mut passed_on = HeaderMap::new();
        for name in &onward.passed_on {
            headers.get_all(name).iter().for_each(|value| {
                passed_on.append(name, value.clone());
            });
        }
        // A boxed future is `Send` alone; the lock, which is never taken, makes it `Sync`, as a call without it is.
        Self(Mutex::new(Box::pin(go(Arc::clone(onward), passed_on, began, tally.clone()))))
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Came> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}

impl fmt::Debug for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trip")
    }
}

async fn go(onward: Arc<Onward>, headers: HeaderMap, began: Option<Began>, tally: Tally) -> Came {
    let mut came = Came::default();
    for Hop { call, uri, needed } in &onward.hops {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers.clone();
        if let Some(began) = began {
            request.extensions_mut().insert(began);
        }
        tally.goes_onward();
        let answer = call(request).await;
        if answer.as_ref().is_ok_and(|status| status.as_u16() < 400) {
            continue;
        }
        tally.failed_onward();
        let whom = uri.authority().map_or_else(|| uri.to_string(), ToString::to_string);
        if *needed {
            came.failed = Some(match answer {
                Ok(status) => (status, format!("{whom} answered {status}")),
                Err(error) => (StatusCode::BAD_GATEWAY, format!("no answer from {whom}: {error}")),
            });
            break;
        }
        came.missing.push(whom);
    }
    came
}

async fn ask<S, B>(mut service: S, request: Request<Full<Bytes>>) -> Result<StatusCode, BoxError>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>>,
    B: Body<Error: Into<BoxError>>,
{
    poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
    let (head, body) = service.call(request).await.map_err(Into::into)?.into_parts();
    read_to_the_end(body).await?;
    Ok(head.status)
}

/// The content with a line for each who is missed, and the headers with one for each.
pub(super) fn told(missing: &[String], headers: &mut HeaderMap, content: Bytes) -> Bytes {
    if missing.is_empty() {
        return content;
    }
    let mut told = Vec::from(content);
    for whom in missing {
        if let Ok(value) = HeaderValue::from_str(whom) {
            headers.append(&MISSING, value);
        }
        if !told.is_empty() && !told.ends_with(b"\n") {
            told.push(b'\n');
        }
        told.extend_from_slice(format!("missing: {whom}\n").as_bytes());
    }
    told.into()
}
