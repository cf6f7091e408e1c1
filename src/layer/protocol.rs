//! How a layer reads requests, judges answers and writes refusals.
//!
//! A layer must neither change its service's error type nor box it, and must still answer by itself. Over HTTP it
//! answers with a response, so that `Infallible` stays `Infallible` and an axum `Router` needs no error handler. Over
//! anything else it answers with the service's own error, made by `From<Refusal>`. Two traits carry this; a layer
//! needs nothing else, and [`Http`] (the default) and [`Plain`] implement both.
//!
//! ```
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_mesh::{CircuitBreakerLayer, Plain, Refusal, policy::circuit_breaker::Settings};
//!
//! #[derive(Debug)]
//! enum Failed { Broken, Refused(Refusal) }
//!
//! impl From<Refusal> for Failed {
//!     fn from(refusal: Refusal) -> Self { Self::Refused(refusal) }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let settings = Settings::builder().error_amount(1).build().unwrap();
//! let service = ServiceBuilder::new()
//!     .layer(CircuitBreakerLayer::new(settings).over(Plain))
//!     .service(service_fn(|_: u32| async { Err::<(), _>(Failed::Broken) }));
//!
//! assert!(matches!(service.clone().oneshot(1).await, Err(Failed::Broken)));
//! assert!(matches!(service.clone().oneshot(2).await, Err(Failed::Refused(_))));
//! # }
//! ```

mod failure;
mod http;
mod judged;
mod plain;

use std::borrow::Cow;

use ::http::{Extensions, HeaderMap, StatusCode};

pub(crate) use self::http::{grpc_outcome, is_grpc, local, shows_in_trailers};
use self::sealed::Sealed;
pub use self::{
    failure::failure_of,
    http::{Http, HttpMemo, HttpReadingErrors, Looks, OverHttp},
    judged::Judged,
    plain::{Plain, Reading},
};
use super::{body::Watch, timeout::Deadline};
use crate::{
    policy::{
        Draw, Outcome,
        balance::{HashKeys, Hashed},
    },
    refusal::{Flags, Refusal},
};

/// Reads a request when it arrives: in [`call`](tower_service::Service::call), before the request is given on.
pub trait Reads<Req> {
    /// What must be remembered of the request until the answer is written.
    type Memo: Copy;

    /// Notes what an answer will depend on.
    fn memo(&self, request: &Req) -> Self::Memo;

    /// The headers of a request, to be read alone; none where there are no headers.
    ///
    /// Who only reads leaves the request where it is; to have it changed, the compiler first moves it.
    fn read_headers<'r>(&self, request: &'r Req) -> Option<&'r HeaderMap> {
        let _ = request;
        None
    }

    /// The headers of a request, to be read and changed before it is given on; none where there are no headers.
    fn headers<'r>(&self, request: &'r mut Req) -> Option<&'r mut HeaderMap> {
        let _ = request;
        None
    }

    /// What another layer further out left on a request, to be read alone; nothing, where there is no room for that.
    fn read_extensions<'r>(&self, request: &'r Req) -> Option<&'r Extensions> {
        let _ = request;
        None
    }

    /// What one layer leaves on a request for another further in; nowhere, where there is no room for that.
    fn extensions<'r>(&self, request: &'r mut Req) -> Option<&'r mut Extensions> {
        let _ = request;
        None
    }

    /// The host, in its normal form, and the port that a request is for, where it names one.
    fn target<'r>(&self, request: &'r Req) -> Option<(Cow<'r, str>, u16)> {
        let _ = request;
        None
    }

    /// What keys come to in a request, by which it always goes to the same one of several; `draw` is asked for a new
    /// cookie's value.
    fn hashed(&self, request: &Req, keys: &HashKeys, draw: impl FnOnce() -> Draw) -> Hashed {
        let _ = (request, keys, draw);
        Hashed::default()
    }

    /// Whether this was a gRPC call.
    fn is_grpc(&self, memo: Self::Memo) -> bool {
        let _ = memo;
        false
    }

    /// Whether a request asks for the connection itself, for whoever serves it: to tunnel, or to speak another protocol.
    fn asks_for_connection(&self, request: &Req) -> bool {
        let _ = request;
        false
    }
}

/// The head of a response.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Head<'r> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'r HeaderMap,
}

/// Judges answers, and writes them.
pub trait Answers<Memo, Res, Err> {
    /// A response whose end is observed.
    type Watched<W: Watch>;

    /// A response that a deadline can cut.
    type Timed;

    /// What the call came to.
    fn classify(&self, memo: Memo, result: &Result<Res, Err>) -> Outcome;

    /// Whether the outcome of this answer shows only in its trailers.
    fn shows_late(&self, memo: Memo, response: &Res) -> bool {
        let _ = (memo, response);
        false
    }

    /// Writes a refusal down as this protocol's answer.
    ///
    /// # Errors
    ///
    /// The refusal, where the protocol refuses by an error.
    fn refuse(&self, memo: Memo, refusal: Refusal) -> Result<Res, Err>;

    /// Whether a response goes on after its head, so that its end can be observed.
    fn goes_on(&self, response: &Res) -> bool {
        let _ = response;
        false
    }

    /// Has the end of a response observed that [goes on](Self::goes_on); by nobody, if there is no watch.
    fn watch<W: Watch>(&self, response: Res, watch: Option<W>) -> Self::Watched<W>;

    /// Has the response end at a deadline, if there is one. It is asked for only if the response goes on after its head.
    fn timed(&self, response: Res, deadline: impl FnOnce() -> Option<Deadline>) -> Self::Timed;

    /// The head of a response; none where there are no heads.
    fn head<'r>(&self, response: &'r Res) -> Option<Head<'r>> {
        let _ = response;
        None
    }

    /// Whether a response gives the caller the connection itself: the exchange goes on beyond it. There is a memo if the
    /// request [asked](Reads::asks_for_connection) for it.
    fn gives_connection(&self, asked: Option<Memo>, response: &Res) -> bool {
        let _ = (asked, response);
        false
    }

    /// The refusal that an answer is, if it is one.
    fn refusal<'r>(&self, result: &'r Result<Res, Err>) -> Option<&'r Refusal> {
        let _ = result;
        None
    }

    /// Notes on a response what happened to its request, where there is room for that.
    fn flag(&self, response: &mut Res, flags: Flags) {
        let _ = (response, flags);
    }

    /// The headers of a response, to be changed before it is given on; none where there are none.
    fn headers_mut<'r>(&self, response: &'r mut Res) -> Option<&'r mut HeaderMap> {
        let _ = response;
        None
    }

    /// What one layer leaves on a response for others further out; nowhere, where there is no room for that.
    fn extensions_mut<'r>(&self, response: &'r mut Res) -> Option<&'r mut Extensions> {
        let _ = response;
        None
    }
}

/// What protocols have in common: each is small, and cloned for each call.
pub trait Protocol: Sealed + Clone + Sized {
    /// The same protocol, but judging answers by `judge`, which is given each result and what this protocol makes
    /// of it.
    ///
    /// ```
    /// use http::{Response, StatusCode};
    /// use tower_mesh::{CircuitBreakerLayer, Http, layer::protocol::Protocol};
    /// use tower_mesh::policy::{Failure, Outcome, circuit_breaker::Settings};
    ///
    /// // Being told to slow down is a failure here.
    /// let http = Http.judging(|result: &Result<Response<axum::body::Body>, _>, outcome| match result {
    ///     Ok(response) if response.status() == StatusCode::TOO_MANY_REQUESTS => {
    ///         Outcome::Failure(Failure::Status(429))
    ///     }
    ///     _ => outcome,
    /// });
    /// # let _: &Result<Response<axum::body::Body>, std::convert::Infallible> = &Ok(Response::default());
    /// let app = axum::Router::<()>::new()
    ///     .layer(CircuitBreakerLayer::new(Settings::builder().error_amount(5).build().unwrap()).over(http));
    /// ```
    fn judging<F, Res, Err>(self, judge: F) -> Judged<Self, F>
    where
        F: Fn(&Result<Res, Err>, Outcome) -> Outcome + Clone,
    {
        Judged::new(self, judge)
    }
}

mod sealed {
    pub trait Sealed {}
}
