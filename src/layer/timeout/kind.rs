//! How far a timeout reaches, and when its time starts to count.

use std::task::Poll;

use http::Request;
use http_body::Body;

use super::{
    Deadline,
    upload::{Signal, Uploading},
};
use crate::layer::protocol::Answers;

/// How far a timeout reaches. Sealed: [`Whole`] and [`HeadOnly`].
pub trait Reach<P, M, Res, Err>: Copy + sealed::Sealed {
    /// What the service answers with.
    type Response;

    /// The answer with what is left of its deadline; that is asked for only if the answer goes on after its head.
    #[doc(hidden)]
    fn answer(
        protocol: &P,
        answer: Poll<Result<Res, Err>>,
        left: impl FnOnce() -> Option<Deadline>,
    ) -> Poll<Result<Self::Response, Err>>;
}

/// To the end of the response's body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Whole;

/// To the head of the response: bodies stay what they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeadOnly;

impl<P, M, Res, Err> Reach<P, M, Res, Err> for Whole
where
    P: Answers<M, Res, Err>,
{
    type Response = P::Timed;

    #[inline(always)]
    fn answer(
        protocol: &P,
        answer: Poll<Result<Res, Err>>,
        left: impl FnOnce() -> Option<Deadline>,
    ) -> Poll<Result<P::Timed, Err>> {
        match answer {
            Poll::Ready(Ok(response)) => Poll::Ready(Ok(protocol.timed(response, left))),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<P, M, Res, Err> Reach<P, M, Res, Err> for HeadOnly {
    type Response = Res;

    #[inline(always)]
    fn answer(
        _: &P,
        answer: Poll<Result<Res, Err>>,
        _: impl FnOnce() -> Option<Deadline>,
    ) -> Poll<Result<Res, Err>> {
        answer
    }
}

/// When time starts to count. Sealed: [`AtFirstPoll`] and [`AtRequestEnd`].
pub trait Start<Req>: Copy + sealed::Sealed {
    /// What the inner service is called with.
    type Request;

    #[doc(hidden)]
    fn signal(request: &Req) -> Option<Signal>;
    #[doc(hidden)]
    fn wrap(request: Req, signal: Option<Signal>) -> Self::Request;
}

/// When the answer is first asked for: requests stay what they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtFirstPoll;

/// When the request's body has come to its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtRequestEnd;

impl<Req> Start<Req> for AtFirstPoll {
    type Request = Req;

    #[inline]
    fn signal(_: &Req) -> Option<Signal> {
        None
    }

    #[inline]
    fn wrap(request: Req, _: Option<Signal>) -> Req {
        request
    }
}

impl<B: Body> Start<Request<B>> for AtRequestEnd {
    type Request = Request<Uploading<B>>;

    #[inline]
    fn signal(request: &Request<B>) -> Option<Signal> {
        (!request.body().is_end_stream()).then(Signal::default)
    }

    #[inline]
    fn wrap(request: Request<B>, signal: Option<Signal>) -> Self::Request {
        request.map(|body| Uploading::new(body, signal))
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Whole {}
    impl Sealed for super::HeadOnly {}
    impl Sealed for super::AtFirstPoll {}
    impl Sealed for super::AtRequestEnd {}
}
