//! A request body that can be sent more than once.

mod kept;
mod source;

use std::{
    error::Error,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pub(crate) use self::kept::{Kept, Unkept};
use self::source::{Keeping, Source, lock};
use crate::layer::{BoxError, waker::keep};

/// What is needed to send a body again.
pub(crate) enum Spare<B> {
    Ended(SizeHint),
    Shared(Handle<B>),
}

/// A hold on a body that is kept; without it nothing more is kept.
pub(crate) struct Handle<B> {
    source: Arc<Mutex<Source<B>>>,
    hint: SizeHint,
}

impl<B> Spare<B> {
    /// Whether it can be sent again: it did not fail, and was not too long.
    pub(crate) fn is_kept(&self, whole: bool) -> bool {
        match self {
            Self::Ended(_) => true,
            Self::Shared(handle) => lock(&handle.source).is_kept(whole),
        }
    }

    /// Claims it for another try, if it can be sent again: beside those that were sent before, for which all of it must be
    /// kept; or instead of them, which have lost, and are told so if they wait for more.
    pub(crate) fn claim(&self, beside: bool) -> bool {
        let Self::Shared(handle) = self else { return true };
        let mut source = lock(&handle.source);
        let kept = source.is_kept(beside);
        if kept && !beside {
            source.oldest = source.reader + 1;
            let waiting = source.waiting.take();
            drop(source);
            waiting.into_iter().for_each(Waker::wake);
        }
        kept
    }

    /// The body from its beginning, once it has been claimed.
    pub(crate) fn again(&self) -> Sent<B> {
        let Handle { source, hint } = match self {
            Self::Ended(hint) => return Sent { kind: Kind::Ended { hint: SizeHint::clone(hint) } },
            Self::Shared(handle) => handle,
        };
        let mut locked = lock(source);
        debug_assert!(locked.keeping == Keeping::All, "nobody could read since it was claimed");
        locked.reader += 1;
        Sent::shared(source, locked.reader, SizeHint::clone(hint))
    }
}

impl<B> Drop for Handle<B> {
    /// Nobody will send it again. Who reads it goes on, and what he has read is no longer kept.
    fn drop(&mut self) {
        let mut source = lock(&self.source);
        // Of several readers each needs all of it; then it was whole, and is no longer than the limit. Who is to have a copy
        // needs all of it too, and is told in the end that there is one, or that nothing is kept.
        if source.keeping == Keeping::All && source.oldest >= source.reader && source.copies.is_empty() {
            source.keeping = Keeping::Rest;
        }
    }
}

/// Why a body broke off that can be sent more than once.
///
/// It is whatever the body's own error can be: boxed, it is that error again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentError<E> {
    /// The body failed.
    Body(E),
    /// The try that it was sent with has lost: another one is sent it in its place.
    Lost,
}

impl<E: fmt::Display> fmt::Display for SentError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => error.fmt(f),
            Self::Lost => Lost.fmt(f),
        }
    }
}

/// As clients and servers want it. An error by itself it could be only where the body's is one, which a box is not.
impl<E: Into<Self>> From<SentError<E>> for BoxError {
    fn from(error: SentError<E>) -> Self {
        match error {
            SentError::Body(error) => error.into(),
            SentError::Lost => Lost.into(),
        }
    }
}

#[derive(Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another try of this request has taken the place of this one")
    }
}

impl Error for Lost {}

pin_project! {
    /// A request body that can be sent more than once: what services below a [`RetryLayer`](crate::RetryLayer) get, and
    /// both kinds of services of a [`MirrorLayer`](crate::MirrorLayer).
    ///
    /// It is the same body: its bytes, its frames, its trailers, its size. While it is read it is kept, up to a limit, so
    /// that the next try gets it from the beginning: first what is kept, then what is still to come. A body that is longer
    /// is sent on, and is no longer kept. One that is at its end when it comes costs nothing.
    ///
    /// A try that has lost may still read one, in a connection's task. It is broken off by an [error](SentError::Lost),
    /// so that the connection lets go of it: an end would make a whole request of half a one.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::Request;
    /// use http_body_util::{BodyExt, Full};
    /// use tower_mesh::layer::body::Sent;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let body = Sent::through(Full::new(Bytes::from("hello"))); // as it is sent where nothing is tried again
    /// assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    /// # }
    /// ```
    pub struct Sent<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = Projected]
    enum Kind<B> {
        Own { #[pin] body: B },
        Shared { reader: Reader<B> },
        Ended { hint: SizeHint },
    }
}

/// One who reads what is shared.
struct Reader<B> {
    source: Arc<Mutex<Source<B>>>,
    number: u32,
    /// How many of the frames that are kept were given to this one.
    position: usize,
    /// What is still to come, as the body said when it came.
    hint: SizeHint,
}

impl<B> Sent<B> {
    /// A body that is sent once.
    pub const fn through(body: B) -> Self {
        Self { kind: Kind::Own { body } }
    }

    /// A body that is sent for the first time, and of which up to so many bytes are kept, to send it again.
    ///
    /// One that is at its end already is just given, and there is nothing to keep.
    #[inline]
    pub(crate) fn first(body: B, limit: usize) -> Self
    where
        B: Body,
    {
        if body.is_end_stream() { Self::through(body) } else { Self::kept(body, limit) }
    }

    fn kept(body: B, limit: usize) -> Self
    where
        B: Body,
    {
        let hint = body.size_hint();
        Self::shared(&Arc::new(Mutex::new(Source::new(body, limit))), 1, hint)
    }

    /// What is needed to send it again, before it is sent for the first time.
    #[inline]
    pub(crate) fn spare(&self) -> Spare<B>
    where
        B: Body,
    {
        match &self.kind {
            Kind::Own { body } => Spare::Ended(body.size_hint()),
            Kind::Ended { hint } => Spare::Ended(SizeHint::clone(hint)),
            Kind::Shared { reader } => {
                let (source, hint) = (Arc::clone(&reader.source), SizeHint::clone(&reader.hint));
                Spare::Shared(Handle { source, hint })
            }
        }
    }

    fn shared(source: &Arc<Mutex<Source<B>>>, number: u32, hint: SizeHint) -> Self {
        let reader = Reader { source: Arc::clone(source), number, position: 0, hint };
        Self { kind: Kind::Shared { reader } }
    }
}

impl<B: Body> Body for Sent<B> {
    type Data = Bytes;
    type Error = SentError<B::Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.project().kind.project() {
            Projected::Own { body } => {
                let frame = ready!(body.poll_frame(cx));
                Poll::Ready(frame.map(|frame| {
                    let frame = frame.map_err(SentError::Body)?;
                    Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
                }))
            }
            Projected::Shared { reader } => {
                let Reader { source, number, position, hint } = reader;
                let mut source = lock(source);
                let Poll::Ready(frame) = source.poll_frame(*number, position, cx) else {
                    let before = keep(&mut source.waiting, cx.waker());
                    drop(source);
                    drop(before);
                    return Poll::Pending;
                };
                let known = source.settle();
                drop(source);
                known.into_iter().for_each(kept::tell);
                if let Some(Ok(data)) = frame.as_ref().map(|frame| frame.as_ref().map(Frame::data_ref)) {
                    *hint = less(hint, data.map_or(0, Bytes::len));
                }
                Poll::Ready(frame)
            }
            Projected::Ended { .. } => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Own { body } => body.is_end_stream(),
            Kind::Shared { reader } => lock(&reader.source).is_read(reader.number, reader.position),
            Kind::Ended { .. } => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Own { body } => body.size_hint(),
            Kind::Shared { reader } => SizeHint::clone(&reader.hint),
            Kind::Ended { hint } => SizeHint::clone(hint),
        }
    }
}

/// What is still to come when so many bytes have.
fn less(hint: &SizeHint, bytes: usize) -> SizeHint {
    let mut less = SizeHint::new();
    if let Some(upper) = hint.upper() {
        less.set_upper(upper.saturating_sub(bytes as u64));
    }
    less.set_lower(hint.lower().saturating_sub(bytes as u64));
    less
}

impl<B: Default> Default for Sent<B> {
    fn default() -> Self {
        Self::through(B::default())
    }
}

impl<B> fmt::Debug for Sent<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Own { .. } => f.write_str("Sent(once)"),
            Kind::Shared { reader } => write!(f, "Sent(try {})", reader.number),
            Kind::Ended { .. } => f.write_str("Sent(ended)"),
        }
    }
}
