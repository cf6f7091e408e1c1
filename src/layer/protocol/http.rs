//! HTTP, and gRPC over it.

use std::{borrow::Cow, error::Error};

use bytes::Bytes;
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING, UPGRADE},
};

use super::{
    Answers, Head, Protocol, Reads, Sealed,
    failure::{failure_of, failure_of_any},
};
use crate::{
    layer::{
        balance::Caller,
        body::{LocalBody, Timed, Watch, Watched},
        host,
        timeout::Deadline,
    },
    policy::{
        Draw, Failure, Outcome,
        balance::{HashKeys, Hashed},
    },
    refusal::{Flags, Grpc, Refusal},
};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// HTTP, and gRPC over it: the default.
///
/// A status of 500 and above is a failure, and so is an error of the service. Whether an error means that no connection
/// came about is seen of `std::io::Error` and `Box<dyn Error + Send + Sync>`; of other types by
/// [`reading_errors`](Self::reading_errors). A gRPC answer is judged by its
/// `grpc-status` as Envoy does: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS are
/// failures. A refusal is a response; for gRPC requests a trailers-only one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Http;

/// [`Http`], for services whose errors tell what they come from: see [`Http::reading_errors`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct HttpReadingErrors;

impl Http {
    /// Follows an error to its sources, to see whether a connection came about: for hyper's clients, and all whose error
    /// is a `std::error::Error`.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body_util::Full;
    /// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
    /// use tower::ServiceBuilder;
    /// use tower_mesh::{AnswerableLayer, Http, RetryLayer, layer::body::Sent, policy::retry::Settings};
    ///
    /// let client = ServiceBuilder::new()
    ///     .layer(RetryLayer::new(Settings::istio_default()).over(Http.reading_errors()))
    ///     .layer(AnswerableLayer)
    ///     .service(Client::builder(TokioExecutor::new()).build_http::<Sent<Full<Bytes>>>());
    /// # let _ = client;
    /// ```
    #[must_use]
    pub const fn reading_errors(self) -> HttpReadingErrors {
        HttpReadingErrors
    }
}

/// What [`Http`] remembers of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HttpMemo(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Plain,
    /// Its answer must not have a body.
    Head,
    Grpc,
    /// A good answer makes a tunnel of the connection.
    Connect,
}

impl Sealed for Http {}
impl Protocol for Http {}
impl OverHttp for Http {}

impl Sealed for HttpReadingErrors {}
impl Protocol for HttpReadingErrors {}
impl OverHttp for HttpReadingErrors {}

/// HTTP, however it looks at errors.
pub trait OverHttp: Protocol {}

/// How errors are looked at.
pub trait Looks<E> {
    #[doc(hidden)]
    fn failure(&self, error: &E) -> Failure;
}

impl<E: 'static> Looks<E> for Http {
    fn failure(&self, error: &E) -> Failure {
        failure_of_any(error)
    }
}

impl<E: Error + 'static> Looks<E> for HttpReadingErrors {
    fn failure(&self, error: &E) -> Failure {
        failure_of(error)
    }
}

impl<P: OverHttp, B> Reads<Request<B>> for P {
    type Memo = HttpMemo;

    #[inline]
    fn memo(&self, request: &Request<B>) -> HttpMemo {
        HttpMemo::of(request.method(), request.headers())
    }

    #[inline]
    fn read_headers<'r>(&self, request: &'r Request<B>) -> Option<&'r HeaderMap> {
        Some(request.headers())
    }

    #[inline]
    fn headers<'r>(&self, request: &'r mut Request<B>) -> Option<&'r mut HeaderMap> {
        Some(request.headers_mut())
    }

    #[inline]
    fn read_extensions<'r>(&self, request: &'r Request<B>) -> Option<&'r Extensions> {
        Some(request.extensions())
    }

    #[inline]
    fn extensions<'r>(&self, request: &'r mut Request<B>) -> Option<&'r mut Extensions> {
        Some(request.extensions_mut())
    }

    #[inline]
    fn is_grpc(&self, memo: HttpMemo) -> bool {
        memo.is_grpc()
    }

    fn target<'r>(&self, request: &'r Request<B>) -> Option<(Cow<'r, str>, u16)> {
        host::target(request)
    }

    fn hashed(&self, request: &Request<B>, keys: &HashKeys, draw: impl FnOnce() -> Draw) -> Hashed {
        let caller = request.extensions().get::<Caller>().map(|Caller(address)| *address);
        let mut draw = Some(draw);
        let draw = || draw.take().map_or(Draw::new(0), |draw| draw());
        keys.hash(request.headers(), request.uri().query(), caller, draw)
    }

    /// A CONNECT, or a GET with an `upgrade`.
    ///
    /// A server that can be asked for the connection says so in the request's extensions, as hyper does; so the headers
    /// of a request without extensions need no look.
    #[inline]
    fn asks_for_connection(&self, request: &Request<B>) -> bool {
        match *request.method() {
            Method::GET => !request.extensions().is_empty() && request.headers().contains_key(UPGRADE),
            Method::CONNECT => true,
            _ => false,
        }
    }
}

impl HttpMemo {
    #[inline]
    pub(crate) fn of(method: &Method, headers: &HeaderMap) -> Self {
        if matches!(*method, Method::GET) { Self(Kind::Plain) } else { Self::of_another(method, headers) }
    }

    /// Out of line: all methods in one place would be a table of jumps, which costs as much as the whole memo of a GET.
    #[inline(never)]
    fn of_another(method: &Method, headers: &HeaderMap) -> Self {
        Self(match *method {
            Method::POST if is_grpc(headers) => Kind::Grpc,
            Method::HEAD => Kind::Head,
            Method::CONNECT => Kind::Connect,
            _ => Kind::Plain,
        })
    }

    /// Whether the caller understands gRPC alone.
    #[inline]
    pub(crate) fn is_grpc(self) -> bool {
        self.0 == Kind::Grpc
    }
}

impl<P: OverHttp + Looks<E>, B: LocalBody, E> Answers<HttpMemo, Response<B>, E> for P {
    type Watched<W: Watch> = Response<Watched<B, W>>;
    type Timed = Response<Timed<B>>;

    #[inline]
    fn classify(&self, memo: HttpMemo, result: &Result<Response<B>, E>) -> Outcome {
        let response = match result {
            Ok(response) => response,
            Err(error) => return Outcome::Failure(self.failure(error)),
        };
        if let Some(refusal) = response.extensions().get::<Refusal>() {
            return refusal.reason().outcome();
        }
        if memo.0 == Kind::Grpc
            && let Some(outcome) = grpc_outcome(response.headers())
        {
            return outcome;
        }
        by_status(response.status())
    }

    fn shows_late(&self, memo: HttpMemo, response: &Response<B>) -> bool {
        memo.0 == Kind::Grpc && shows_in_trailers(response)
    }

    fn refuse(&self, memo: HttpMemo, refusal: Refusal) -> Result<Response<B>, E> {
        let mut response = match refusal.grpc_answer() {
            Grpc::Status(status) if memo.0 == Kind::Grpc => trailers_only(status, refusal.body()),
            _ => local(memo, plain(&refusal)),
        };
        let headers = refusal.headers().map(|(name, value)| (name.clone(), value.clone()));
        response.headers_mut().extend(headers);
        response.extensions_mut().insert(refusal.flags());
        response.extensions_mut().insert(refusal);
        Ok(response)
    }

    #[inline]
    fn goes_on(&self, response: &Response<B>) -> bool {
        !response.body().is_end_stream()
    }

    #[inline(always)]
    fn watch<W: Watch>(&self, response: Response<B>, watch: Option<W>) -> Self::Watched<W> {
        response.map(|body| Watched::going_on(body, watch))
    }

    #[inline(always)]
    fn timed(
        &self,
        response: Response<B>,
        deadline: impl FnOnce() -> Option<Deadline>,
    ) -> Response<Timed<B>> {
        response.map(|body| Timed::new(body, deadline))
    }

    #[inline]
    fn head<'r>(&self, response: &'r Response<B>) -> Option<Head<'r>> {
        Some(Head { status: response.status(), headers: response.headers() })
    }

    /// An answer of 101, or a good one to a CONNECT.
    #[inline]
    fn gives_connection(&self, asked: Option<HttpMemo>, response: &Response<B>) -> bool {
        let status = response.status();
        let tunnels = || asked == Some(HttpMemo(Kind::Connect)) && status.is_success();
        status == StatusCode::SWITCHING_PROTOCOLS || tunnels()
    }

    #[inline]
    fn refusal<'r>(&self, result: &'r Result<Response<B>, E>) -> Option<&'r Refusal> {
        result.as_ref().ok()?.extensions().get()
    }

    fn flag(&self, response: &mut Response<B>, flags: Flags) {
        let extensions = response.extensions_mut();
        let before = extensions.get().copied().unwrap_or(Flags::NONE);
        extensions.insert(before | flags);
    }

    fn headers_mut<'r>(&self, response: &'r mut Response<B>) -> Option<&'r mut HeaderMap> {
        Some(response.headers_mut())
    }

    fn extensions_mut<'r>(&self, response: &'r mut Response<B>) -> Option<&'r mut Extensions> {
        Some(response.extensions_mut())
    }
}

fn plain(refusal: &Refusal) -> Response<Bytes> {
    let mut response = Response::new(refusal.body().clone());
    *response.status_mut() = refusal.status();
    if let Some(content_type) = refusal.body_type() {
        response.headers_mut().insert(CONTENT_TYPE, content_type.clone());
    }
    response
}

/// Our own answer as it can be sent: with a length, or the same head without a body for a HEAD.
pub(crate) fn local<B: LocalBody>(memo: HttpMemo, answer: Response<Bytes>) -> Response<B> {
    let (mut head, content) = answer.into_parts();
    // These end with their head; a length would announce a body that must not come.
    let bodiless = head.status.is_informational()
        || matches!(
            head.status,
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
        );
    let framed = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| head.headers.contains_key(name));
    if !(bodiless || framed || is_grpc(&head.headers)) {
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
    }
    let content = if bodiless || memo.0 == Kind::Head { Bytes::new() } else { content };
    Response::from_parts(head, B::local(content))
}

/// A gRPC reply that has nothing but a status: the trailers stand in the head.
fn trailers_only<B: LocalBody>(status: u8, message: &[u8]) -> Response<B> {
    let mut response = Response::new(B::local(Bytes::new()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS, HeaderValue::from(u16::from(status)));
    if !message.is_empty()
        && let Ok(message) = HeaderValue::try_from(percent_encoded(message))
    {
        headers.insert(GRPC_MESSAGE, message);
    }
    response
}

/// As gRPC writes messages into headers: all but printable ASCII, and `%` itself, as `%XX`.
fn percent_encoded(message: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    message.iter().fold(String::with_capacity(message.len()), |mut text, &byte| {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            text.push(char::from(byte));
        } else {
            text.extend([
                '%',
                char::from(HEX[usize::from(byte >> 4)]),
                char::from(HEX[usize::from(byte & 15)]),
            ]);
        }
        text
    })
}

/// `application/grpc`, or one of its encodings (`application/grpc+proto`); not `application/grpc-web`.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"))
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// Whether the status of this answer to a gRPC call is yet to come.
pub(crate) fn shows_in_trailers<B>(response: &Response<B>) -> bool {
    response.status() == StatusCode::OK
        && !response.headers().contains_key(GRPC_STATUS)
        // A local answer is judged by its reason, whatever it looks like.
        && response.extensions().get::<Refusal>().is_none()
}

#[inline]
fn by_status(status: StatusCode) -> Outcome {
    if status.as_u16() < 500 { Outcome::Success } else { failed(status) }
}

/// Apart, so that a good answer jumps past all that is done for a bad one, instead of making a value to be looked at.
#[cold]
fn failed(status: StatusCode) -> Outcome {
    Outcome::Failure(Failure::Status(status.as_u16()))
}

/// What a `grpc-status` says, if there is one, in headers or trailers.
pub(crate) fn grpc_outcome(headers: &HeaderMap) -> Option<Outcome> {
    let status = headers.get(GRPC_STATUS)?.to_str().ok().and_then(|status| status.parse::<u32>().ok());
    Some(match http_status(status) {
        failed @ 500.. => Outcome::Failure(Failure::Status(failed)),
        _ => Outcome::Success,
    })
}

/// The HTTP status that Envoy counts for a gRPC status.
const fn http_status(grpc: Option<u32>) -> u16 {
    match grpc {
        Some(0) => 200,
        Some(1) => 499,
        Some(3 | 9 | 11) => 400,
        Some(4) => 504,
        Some(5) => 404,
        Some(6 | 10) => 409,
        Some(7) => 403,
        Some(8) => 429,
        Some(12) => 501,
        Some(14) => 503,
        Some(16) => 401,
        // UNKNOWN, INTERNAL, DATA_LOSS, and what is no gRPC status at all.
        _ => 500,
    }
}
