//! The answer of a service behind a timeout: the inner one's, or our own.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::{Deadline, kind::Reach};
use crate::{
    layer::{late, protocol::Answers},
    policy::timeout::{Awaited, Limit},
};

pin_project! {
    /// The future of [`Timeout`](super::Timeout).
    pub struct ResponseFuture<F, P, M, R> {
        // None once time was up.
        #[pin]
        inner: Option<F>,
        // None until there is something to wait for.
        #[pin]
        sleep: Option<Sleep>,
        // None if nothing can be limited.
        call: Option<(Deadline, M)>,
        protocol: P,
        reach: PhantomData<fn() -> R>,
    }
}

impl<F, P, M, R> ResponseFuture<F, P, M, R> {
    #[inline(always)]
    pub(super) const fn new(inner: F, call: Option<(Deadline, M)>, protocol: P) -> Self {
        Self { inner: Some(inner), sleep: None, call, protocol, reach: PhantomData }
    }
}

impl<F, P, M, R, Res, Err> Future for ResponseFuture<F, P, M, R>
where
    F: Future<Output = Result<Res, Err>>,
    P: Answers<M, Res, Err>,
    R: Reach<P, M, Res, Err>,
{
    type Output = Result<R::Response, Err>;

    /// The inner one first: an answer that is there at the last moment is given.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.as_mut().project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { panic!("polled after it had ended") };
        let (call, sleep) = (&mut *this.call, this.sleep.as_mut());
        // Neither borrowed, nor still there when another one is made: so the compiler has it written where it is returned.
        // A response is large, and a move of it costs more than all else here.
        let answer = R::answer(this.protocol, inner.poll(cx), || left(call, sleep.as_ref().get_ref()));
        #[expect(clippy::redundant_pattern_matching, reason = "`is_pending` borrows")]
        if let Poll::Pending = answer {
            drop(answer);
            let Some((deadline, _)) = this.call else { return Poll::Pending };
            let limit = ready!(deadline.poll(Awaited::Head, this.sleep, cx));
            return self.late(limit);
        }
        answer
    }
}

/// What is left of a deadline when the head is there. Out of line: most bodies are at their end by then.
#[inline(never)]
fn left<M>(call: &mut Option<(Deadline, M)>, timer: &Option<Sleep>) -> Option<Deadline> {
    let (deadline, _) = call.take()?;
    deadline.after_the_head(timer.as_ref())
}

impl<F, P, M, R> ResponseFuture<F, P, M, R> {
    /// Lets go of the inner call first, and tells of it last.
    #[cold]
    fn late<Res, Err>(self: Pin<&mut Self>, limit: Limit) -> Poll<Result<R::Response, Err>>
    where
        P: Answers<M, Res, Err>,
        R: Reach<P, M, Res, Err>,
    {
        let mut this = self.project();
        let Some((deadline, memo)) = this.call.take() else { return Poll::Pending };
        let refusal = deadline.refusal(limit);
        late::dropping(refusal.status(), || this.inner.set(None));
        this.sleep.set(None);
        let reason = refusal.reason();
        let refused = this.protocol.refuse(memo, refusal);
        deadline.tell(reason);
        R::answer(this.protocol, Poll::Ready(refused), || None)
    }
}

impl<F, P, M, R> fmt::Debug for ResponseFuture<F, P, M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
