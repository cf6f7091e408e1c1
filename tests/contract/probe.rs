//! The inner service of every contract: it does as a request tells it, and is strict.
//!
//! A layer's worst mistakes do not show over a lenient service: one that is always ready, may be called without being
//! readied, and whose error converts into anything. This one panics when an instance is called that was not readied,
//! and its error [`Lost`] converts into nothing; a contract counts what reached it.

use std::{
    convert::Infallible,
    fmt,
    marker::PhantomData,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_LENGTH};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::Service;

use crate::loss::{Loss, Lost};

/// What is asked of a probe.
pub(crate) type Ask = Request<Full<Bytes>>;

/// The header that has a probe wait first: so many milliseconds.
pub(crate) const AFTER: HeaderName = HeaderName::from_static("after");

/// What a probe answers with; it has a length that must survive.
pub(crate) const CONTENT: &str = "from the probe";

/// What a probe's panics say, to be told from those of a law that is broken.
pub(crate) const TOLD_TO_PANIC: &str = "the probe was told to panic";

/// Stands in the extensions of a probe's responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark;

/// The inner service. A clone reaches the same upstream, and has not been readied.
#[derive(Debug)]
pub(crate) struct Probe<E = Lost> {
    upstream: Arc<Upstream>,
    readied: bool,
    error: PhantomData<fn() -> E>,
}

/// What all clones of a probe have in common.
#[derive(Debug, Default)]
pub(crate) struct Upstream {
    calls: AtomicUsize,
    readied: AtomicUsize,
    running: AtomicUsize,
    gate: Mutex<Gate>,
    last: Mutex<Option<Ask>>,
}

#[derive(Debug, Default)]
enum Gate {
    #[default]
    Open,
    Shut(Vec<Waker>),
    Broken,
}

impl Upstream {
    /// How many calls have come.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }

    /// How many instances are readied and not called.
    pub(crate) fn readied(&self) -> usize {
        self.readied.load(SeqCst)
    }

    /// How many calls are under way.
    pub(crate) fn running(&self) -> usize {
        self.running.load(SeqCst)
    }

    /// The last request that came.
    pub(crate) fn last(&self) -> Option<Ask> {
        self.last.lock().unwrap().take()
    }

    /// Nobody gets ready from now on.
    pub(crate) fn shut(&self) {
        *self.gate.lock().unwrap() = Gate::Shut(Vec::new());
    }

    /// Getting ready fails from now on.
    pub(crate) fn fail(&self) {
        *self.gate.lock().unwrap() = Gate::Broken;
    }

    /// Everybody gets ready again.
    pub(crate) fn open(&self) {
        let gate = std::mem::take(&mut *self.gate.lock().unwrap());
        if let Gate::Shut(wakers) = gate {
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

impl<E> Default for Probe<E> {
    fn default() -> Self {
        Self { upstream: Arc::default(), readied: false, error: PhantomData }
    }
}

impl<E> Probe<E> {
    pub(crate) fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    fn set_readied(&mut self, readied: bool) {
        match (self.readied, readied) {
            (false, true) => self.upstream.readied.fetch_add(1, SeqCst),
            (true, false) => self.upstream.readied.fetch_sub(1, SeqCst),
            _ => 0,
        };
        self.readied = readied;
    }
}

impl<E> Clone for Probe<E> {
    fn clone(&self) -> Self {
        Self { upstream: Arc::clone(&self.upstream), ..Self::default() }
    }
}

impl<E> Drop for Probe<E> {
    fn drop(&mut self) {
        self.set_readied(false);
    }
}

/// Any body will do, since layers hand on bodies of their own; it must be there at once.
impl<E: Loss, B: Body<Data = Bytes, Error: fmt::Debug>> Service<Request<B>> for Probe<E> {
    type Response = Response<Full<Bytes>>;
    type Error = E;
    type Future = BoxFuture<'static, Result<Response<Full<Bytes>>, E>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        match &mut *self.upstream.gate.lock().unwrap() {
            Gate::Open => {}
            Gate::Shut(wakers) => {
                wakers.push(cx.waker().clone());
                return Poll::Pending;
            }
            Gate::Broken => return Poll::Ready(Err(E::lost())),
        }
        self.set_readied(true);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        assert!(self.readied, "an instance was called that was not readied");
        self.set_readied(false);
        self.upstream.calls.fetch_add(1, SeqCst);
        let (head, body) = request.into_parts();
        let body =
            body.collect().now_or_never().expect("a body that is there").expect("a body that is whole");
        let request = Request::from_parts(head, Full::new(body.to_bytes()));
        *self.upstream.last.lock().unwrap() = Some(request.clone());
        assert!(request.uri().path() != "/panic-in-call", "{TOLD_TO_PANIC}");
        let running = Running::new(&self.upstream);
        Box::pin(async move {
            let _running = running;
            answer(&request).await
        })
    }
}

async fn answer<E: Loss>(request: &Ask) -> Result<Response<Full<Bytes>>, E> {
    let after = request.headers().get(AFTER).map(|after| after.to_str().unwrap().parse().unwrap());
    if let Some(after) = after {
        tokio::time::sleep(Duration::from_millis(after)).await;
    }
    let status = match request.uri().path() {
        "/ok" => StatusCode::OK,
        "/status" => StatusCode::INTERNAL_SERVER_ERROR,
        "/error" => return Err(E::lost()),
        "/hang" => match std::future::pending::<Infallible>().await {},
        "/panic-in-poll" => panic!("{TOLD_TO_PANIC}"),
        unknown => panic!("a probe knows no {unknown}"),
    };
    let content = if request.method() == Method::HEAD { "" } else { CONTENT };
    let mut response = Response::new(Full::from(content));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(CONTENT.len()));
    response.headers_mut().insert("x-probe", HeaderValue::from_static("1"));
    response.extensions_mut().insert(Mark);
    Ok(response)
}

/// Counts a call as under way until it is dropped.
struct Running(Arc<Upstream>);

impl Running {
    fn new(upstream: &Arc<Upstream>) -> Self {
        upstream.running.fetch_add(1, SeqCst);
        Self(Arc::clone(upstream))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}
