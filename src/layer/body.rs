//! Response bodies: one that we can answer with, one whose end is observed, and one that a deadline can cut.
//!
//! A response is not over when its head is there; the body is the load. Who counts what is in flight, or waits for a
//! gRPC status in the trailers, has the body watched: [`Watched`] passes every frame on, and tells its [`Watch`]
//! exactly once how it ended.
//!
//! And a request body: one that can be sent more than once, [`Sent`].

mod sent;
mod timed;

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pub(crate) use self::sent::{Kept, Spare, Unkept};
pub use self::sent::{Sent, SentError};
pub use self::timed::Timed;

/// A body that a layer can answer with by itself.
///
/// Every body that can be made of bytes is one: axum's, `Full<Bytes>`. Others become one by
/// [`AnswerableLayer`](crate::AnswerableLayer).
#[diagnostic::on_unimplemented(
    message = "a layer cannot answer with a `{Self}`: it is not made of bytes",
    label = "this response body comes from a connection only",
    note = "put `tower_mesh::AnswerableLayer` right below the layer: its body is either the upstream's or our own bytes"
)]
pub trait LocalBody: Body {
    /// A body of these bytes.
    fn local(content: Bytes) -> Self;
}

// Else the compiler asks for `From<Bytes>`, with no word of the cure.
#[diagnostic::do_not_recommend]
impl<B: Body + From<Bytes>> LocalBody for B {
    fn local(content: Bytes) -> Self {
        content.into()
    }
}

/// Hears how a response body goes on and ends.
pub trait Watch {
    /// Some data passed.
    fn data(&mut self, length: usize) {
        let _ = length;
    }

    /// The body ended. Called exactly once.
    fn end(&mut self, end: End<'_>);
}

/// How a body ended.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum End<'a> {
    /// With its last byte.
    Complete,
    /// With trailers.
    Trailers(&'a HeaderMap),
    /// With an error.
    Error,
    /// It was dropped before its end.
    Dropped,
}

pin_project! {
    /// A body that tells its watch how it ends, and is otherwise the same body.
    #[derive(Debug)]
    pub struct Watched<B: Body, W: Watch> {
        #[pin]
        body: B,
        watch: Option<W>,
    }

    impl<B: Body, W: Watch> PinnedDrop for Watched<B, W> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(watch) = this.watch {
                // A server does not poll a body again that said it is at its end.
                watch.end(if this.body.is_end_stream() { End::Complete } else { End::Dropped });
            }
        }
    }
}

impl<B: Body, W: Watch> Watched<B, W> {
    /// Has the body watched, if there is a watch. One that is at its end ends here: nobody may ever look at it.
    pub fn new(body: B, watch: Option<W>) -> Self {
        if !body.is_end_stream() {
            return Self::going_on(body, watch);
        }
        if let Some(mut watch) = watch {
            watch.end(End::Complete);
        }
        Self::going_on(body, None)
    }

    /// Has a body watched that is not at its end, or by nobody.
    #[inline]
    pub(crate) const fn going_on(body: B, watch: Option<W>) -> Self {
        Self { body, watch }
    }
}

impl<B: Body, W: Watch> Body for Watched<B, W> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        let Some(watch) = this.watch else { return Poll::Ready(frame) };
        let end = match &frame {
            None => Some(End::Complete),
            Some(Err(_)) => Some(End::Error),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    watch.data(bytes::Buf::remaining(data));
                }
                let last = || this.body.is_end_stream().then_some(End::Complete);
                frame.trailers_ref().map(End::Trailers).or_else(last)
            }
        };
        if let Some(end) = end {
            watch.end(end);
            *this.watch = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Body + From<Bytes>, W: Watch> From<Bytes> for Watched<B, W> {
    fn from(content: Bytes) -> Self {
        Self::new(content.into(), None)
    }
}

impl<B: Body + Default, W: Watch> Default for Watched<B, W> {
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}
