//! The answer of the endpoint that was picked, or our own.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderValue, StatusCode, header::SET_COOKIE};
use pin_project_lite::pin_project;

use super::member::{InFlight, UnderWay};
use crate::{
    layer::protocol::Answers,
    policy::{Failure, Outcome, outlier::Seen},
    refusal::{Reason, Refusal},
};

pin_project! {
    /// The future of a balancer's call.
    pub struct ResponseFuture<F, P, M, T> {
        // It is dropped before it is no longer in flight.
        #[pin]
        call: Call<F>,
        under_way: UnderWay<T>,
        memo: M,
        protocol: P,
    }
}

pin_project! {
    #[project = Projected]
    enum Call<F> {
        Calling { #[pin] answer: F },
        // Boxed, so that the usual call does not carry the room for it.
        Apart { call: Pin<Box<Apart<F>>> },
    }
}

pin_project! {
    #[project = ProjectedApart]
    enum Apart<F> {
        // Cookies are set with its answer: what the caller is to send with its next requests.
        Setting { #[pin] answer: F, cookies: Box<[HeaderValue]> },
        Refused,
    }
}

impl<F, P, M, T> ResponseFuture<F, P, M, T> {
    #[inline(always)]
    pub(super) fn calling(answer: F, under_way: UnderWay<T>, (memo, protocol): (M, P)) -> Self {
        Self { call: Call::Calling { answer }, under_way, memo, protocol }
    }

    /// The same, with these cookies, if there are any.
    pub(super) fn setting(
        cookies: Option<Box<[HeaderValue]>>,
        answer: F,
        under_way: UnderWay<T>,
        (memo, protocol): (M, P),
    ) -> Self {
        let call = match cookies {
            Some(cookies) => Call::Apart { call: Box::pin(Apart::Setting { answer, cookies }) },
            None => Call::Calling { answer },
        };
        Self { call, under_way, memo, protocol }
    }

    /// There is nobody to send this request to.
    #[cold]
    pub(super) fn refused<Req>(request: Req, (memo, protocol): (M, P)) -> Self {
        drop(request);
        Self {
            call: Call::Apart { call: Box::pin(Apart::Refused) },
            under_way: UnderWay::over(),
            memo,
            protocol,
        }
    }
}

impl<F, P, M, T, Res, Err> Future for ResponseFuture<F, P, M, T>
where
    F: Future<Output = Result<Res, Err>>,
    M: Copy,
    P: Answers<M, Res, Err>,
{
    type Output = Result<P::Watched<InFlight<T>>, Err>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.call.project() {
            Projected::Calling { answer } => {
                answered(this.protocol, *this.memo, answer.poll(cx), this.under_way)
            }
            Projected::Apart { call } => call.as_mut().poll(this.protocol, *this.memo, this.under_way, cx),
        }
    }
}

impl<F> Apart<F> {
    #[cold]
    fn poll<P, M: Copy, T, Res, Err>(
        self: Pin<&mut Self>,
        protocol: &P,
        memo: M,
        under_way: &mut UnderWay<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<P::Watched<InFlight<T>>, Err>>
    where
        F: Future<Output = Result<Res, Err>>,
        P: Answers<M, Res, Err>,
    {
        let ProjectedApart::Setting { answer, cookies } = self.project() else {
            return Poll::Ready(refused(protocol, memo));
        };
        let mut answer = answer.poll(cx);
        if let Poll::Ready(Ok(response)) = &mut answer
            && let Some(headers) = protocol.headers_mut(response)
        {
            for cookie in mem::take(cookies) {
                headers.append(SET_COOKIE, cookie);
            }
        }
        answered(protocol, memo, answer, under_way)
    }
}

/// The answer, which is in flight until its body has ended. It is looked at where the inner future put it, and moved once.
#[inline(always)]
fn answered<P, M: Copy, T, Res, Err>(
    protocol: &P,
    memo: M,
    answer: Poll<Result<Res, Err>>,
    under_way: &mut UnderWay<T>,
) -> Poll<Result<P::Watched<InFlight<T>>, Err>>
where
    P: Answers<M, Res, Err>,
{
    let in_flight = match &answer {
        Poll::Ready(result) => ended(protocol, memo, result, under_way),
        Poll::Pending => None,
    };
    match answer {
        Poll::Ready(Ok(response)) => Poll::Ready(Ok(protocol.watch(response, in_flight))),
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Pending,
    }
}

/// Notes what an answer says of the one who gave it; what keeps the request in flight, if its body goes on.
#[inline(always)]
pub(crate) fn ended<P, M: Copy, T, Res, Err>(
    protocol: &P,
    memo: M,
    result: &Result<Res, Err>,
    under_way: &mut UnderWay<T>,
) -> Option<InFlight<T>>
where
    P: Answers<M, Res, Err>,
{
    let held = under_way.end()?;
    if let Some(rules) = held.rules()
        && let Some(seen) = seen(protocol, memo, result)
    {
        held.note(rules, seen);
    }
    matches!(result, Ok(response) if protocol.goes_on(response)).then(|| InFlight::of(held))
}

/// What an answer says of the one who gave it; nothing, where it was ours.
#[inline(always)]
fn seen<P, M: Copy, Res, Err>(protocol: &P, memo: M, result: &Result<Res, Err>) -> Option<Seen>
where
    P: Answers<M, Res, Err>,
{
    let outcome = protocol.classify(memo, result);
    if outcome == Outcome::Success {
        let head = result.as_ref().ok().and_then(|response| protocol.head(response));
        return Some(Seen::Answered(head.map_or(StatusCode::OK, |head| head.status).as_u16()));
    }
    failed(outcome, protocol.refusal(result))
}

#[cold]
fn failed(outcome: Outcome, refusal: Option<&Refusal>) -> Option<Seen> {
    let Outcome::Failure(failure) = outcome else { return None };
    Some(match (failure, refusal) {
        // A timeout of ours between here and there.
        (Failure::Status(_), Some(refusal)) => Seen::TimedOut(refusal.status().as_u16()),
        // Who judges otherwise than by status means a failure, whatever the status.
        (Failure::Status(status), None) => Seen::Answered(if status < 500 { 500 } else { status }),
        (Failure::Connect, _) => Seen::ConnectFailed,
        (Failure::Transport, _) => Seen::Broken,
    })
}

/// There is nobody to ask: as a sidecar says it.
pub(crate) fn nobody() -> Refusal {
    Refusal::new(Reason::NoHealthyUpstream, StatusCode::SERVICE_UNAVAILABLE)
        .text("no healthy upstream")
        .details("no_healthy_upstream")
}

fn refused<P, M, T, Res, Err>(protocol: &P, memo: M) -> Result<P::Watched<InFlight<T>>, Err>
where
    P: Answers<M, Res, Err>,
{
    protocol.refuse(memo, nobody()).map(|response| protocol.watch(response, None))
}

impl<F, P, M, T> fmt::Debug for ResponseFuture<F, P, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
