//! A request body that can be sent more than once.

use std::{
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

/// How small frames may be, on average, that are kept: each takes room of its own besides its bytes.
const FRAME: usize = 64;

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
    /// kept; or instead of them, which have lost, and read no further.
    pub(crate) fn claim(&self, beside: bool) -> bool {
        let Self::Shared(handle) = self else { return true };
        let mut source = lock(&handle.source);
        let kept = source.is_kept(beside);
        if kept && !beside {
            source.oldest = source.reader + 1;
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
        // Of several readers each needs all of it; then it was whole, and is no longer than the limit.
        if source.keeping == Keeping::All && source.oldest >= source.reader {
            source.keeping = Keeping::Rest;
        }
    }
}

/// A body, and what has been read of it.
struct Source<B> {
    /// None once it has ended. Boxed, since it is polled by one after another.
    body: Option<Pin<Box<B>>>,
    parts: Vec<Part>,
    /// How many more bytes, and frames, may be kept.
    room: usize,
    frames: usize,
    keeping: Keeping,
    /// Who was sent last: he alone reads what nobody has read yet.
    reader: u32,
    /// Those before this one have lost.
    oldest: u32,
}

impl<B> Source<B> {
    /// Whether it can be read from its beginning; all of it, if the whole is asked for.
    const fn is_kept(&self, whole: bool) -> bool {
        matches!(self.keeping, Keeping::All) && !(whole && self.body.is_some())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeping {
    /// Everything, to be sent again.
    All,
    /// What has been read ahead of the only reader.
    Rest,
    /// Nothing: it was too long, or failed.
    Nothing,
}

/// A frame, as it can be kept.
enum Part {
    Data(Bytes),
    Trailers(HeaderMap),
    /// It was given to the only reader.
    Gone,
}

impl Part {
    fn of<D: Buf>(frame: Frame<D>) -> Option<Self> {
        match frame.into_data() {
            // For `Bytes` this copies nothing.
            Ok(mut data) => Some(Self::Data(data.copy_to_bytes(data.remaining()))),
            Err(other) => other.into_trailers().ok().map(Self::Trailers),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::Trailers(trailers) => {
                trailers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
            }
            Self::Gone => 0,
        }
    }

    fn copy(&self) -> Self {
        match self {
            Self::Data(data) => Self::Data(data.clone()),
            Self::Trailers(trailers) => Self::Trailers(trailers.clone()),
            Self::Gone => Self::Gone,
        }
    }

    fn frame(self) -> Option<Frame<Bytes>> {
        match self {
            Self::Data(data) => Some(Frame::data(data)),
            Self::Trailers(trailers) => Some(Frame::trailers(trailers)),
            Self::Gone => None,
        }
    }
}

impl<B: Body> Source<B> {
    /// The next frame of the reader `number`, who stands at `position`.
    fn poll_frame(
        &mut self,
        number: u32,
        position: &mut usize,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if number < self.oldest {
            // An end would make a whole request of half a one.
            return Poll::Pending;
        }
        if let Some(part) = self.parts.get_mut(*position) {
            *position += 1;
            let part =
                if self.keeping == Keeping::All { part.copy() } else { mem::replace(part, Part::Gone) };
            return Poll::Ready(part.frame().map(Ok));
        }
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        if number != self.reader {
            return Poll::Pending;
        }
        Poll::Ready(loop {
            match ready!(body.as_mut().poll_frame(cx)) {
                None => {
                    self.body = None;
                    break None;
                }
                Some(Err(error)) => {
                    self.body = None;
                    self.keep_nothing();
                    break Some(Err(error));
                }
                Some(Ok(frame)) => {
                    // A frame of a kind that there is not yet cannot be kept, nor given on as another one.
                    let Some(part) = Part::of(frame) else { continue };
                    // Who reads by `is_end_stream` does not ask for the end.
                    if body.is_end_stream() {
                        self.body = None;
                    }
                    if self.keeping == Keeping::All && self.keep(&part) {
                        *position += 1;
                    }
                    break part.frame().map(Ok);
                }
            }
        })
    }

    fn keep(&mut self, part: &Part) -> bool {
        let room = self.room.checked_sub(part.size()).filter(|_| self.parts.len() < self.frames);
        match room {
            Some(room) => {
                self.room = room;
                self.parts.push(part.copy());
            }
            None => self.keep_nothing(),
        }
        room.is_some()
    }

    /// All that was kept has been read by the one who reads on.
    fn keep_nothing(&mut self) {
        self.keeping = Keeping::Nothing;
        self.parts = Vec::new();
    }
}

fn lock<B>(source: &Mutex<Source<B>>) -> MutexGuard<'_, Source<B>> {
    source.lock().unwrap_or_else(PoisonError::into_inner)
}

pin_project! {
    /// A request body that can be sent more than once: what services below a [`RetryLayer`](crate::RetryLayer) get.
    ///
    /// It is the same body: its bytes, its frames, its trailers, its error, its size. While it is read it is kept, up to
    /// a limit, so that the next try gets it from the beginning: first what is kept, then what is still to come. A body
    /// that is longer is sent on, and is no longer kept. One that is at its end when it comes costs nothing.
    ///
    /// A try that has lost may still hold one, in a connection's task: it is pending for ever, for an end would make a
    /// whole request of half a one.
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
        let source = Source {
            body: Some(Box::pin(body)),
            parts: Vec::new(),
            room: limit,
            frames: limit / FRAME + FRAME,
            keeping: Keeping::All,
            reader: 1,
            oldest: 1,
        };
        let reader = Reader { source: Arc::new(Mutex::new(source)), number: 1, position: 0, hint };
        Self { kind: Kind::Shared { reader } }
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
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            Projected::Own { body } => {
                let frame = ready!(body.poll_frame(cx));
                Poll::Ready(frame.map(|frame| {
                    frame.map(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
                }))
            }
            Projected::Shared { reader } => {
                let Reader { source, number, position, hint } = reader;
                let frame = ready!(lock(source).poll_frame(*number, position, cx));
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
            Kind::Shared { reader } => {
                let source = lock(&reader.source);
                source.body.is_none()
                    && reader.number >= source.oldest
                    && reader.position >= source.parts.len()
            }
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
