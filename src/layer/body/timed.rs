//! A response body that a deadline can cut.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::{
    layer::{BoxError, timeout::Deadline},
    policy::timeout::{Awaited, Limit},
    refusal::Refusal,
};

pin_project! {
    /// A body that ends in an error when time is up, and is otherwise the same body.
    ///
    /// The head of the answer has been sent by then, so nothing else can tell that it is not complete: as Envoy does,
    /// the exchange is broken off. The error is a [`Refusal`](crate::Refusal), for whoever logs it:
    /// `error.downcast_ref::<Refusal>()` knows the reason and the flags.
    ///
    /// A body that never keeps anybody waiting costs no timer.
    pub struct Timed<B> {
        // None once it has been cut.
        #[pin]
        body: Option<B>,
        // None if there is none, and when the body has ended.
        left: Option<Left>,
    }
}

struct Left {
    deadline: Deadline,
    /// Boxed, since few bodies keep anybody waiting, and all are moved.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<B: Body> Timed<B> {
    /// Has the body end at a deadline, if there is one. It is asked for only if the body is not at its end.
    #[inline(always)]
    pub fn new(body: B, deadline: impl FnOnce() -> Option<Deadline>) -> Self {
        // Apart, so that no room for a deadline is moved where there is none.
        if body.is_end_stream() {
            return Self { body: Some(body), left: None };
        }
        Self { body: Some(body), left: deadline().map(|deadline| Left { deadline, sleep: None }) }
    }
}

impl<B> Timed<B> {
    /// Lets go of the body first, and tells of it then.
    #[cold]
    fn cut(self: Pin<&mut Self>, limit: Limit) -> Option<Refusal> {
        let mut this = self.project();
        this.body.set(None);
        let Left { deadline, .. } = this.left.take()?;
        let refusal = deadline.refusal(limit);
        deadline.tell(refusal.reason());
        Some(refusal)
    }
}

impl<B> Body for Timed<B>
where
    B: Body<Error: Into<BoxError>>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut this = self.as_mut().project();
        let Some(mut body) = this.body.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        match body.as_mut().poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(left) = this.left {
                    left.deadline.moved();
                    let is_last = match &frame {
                        Some(Ok(frame)) => frame.is_trailers() || body.is_end_stream(),
                        _ => true,
                    };
                    if is_last {
                        *this.left = None;
                    } else if let Some(limit) = left.deadline.is_over(cx) {
                        // One that always has more would never end.
                        return Poll::Ready(self.cut(limit).map(|refusal| Err(refusal.into())));
                    }
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                let Some(Left { deadline, sleep }) = this.left else { return Poll::Pending };
                let limit = ready!(deadline.poll(Awaited::Body, sleep, cx));
                Poll::Ready(self.cut(limit).map(|refusal| Err(refusal.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: Body + From<Bytes>> From<Bytes> for Timed<B> {
    fn from(content: Bytes) -> Self {
        Self::new(content.into(), || None)
    }
}

impl<B: Body + Default> Default for Timed<B> {
    fn default() -> Self {
        Self::new(B::default(), || None)
    }
}

impl<B: fmt::Debug> fmt::Debug for Timed<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deadline = self.left.as_ref().map(|left| &left.deadline);
        f.debug_struct("Timed").field("body", &self.body).field("deadline", &deadline).finish()
    }
}
