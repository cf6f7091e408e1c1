//! What several tries read one after another: a body, and what has been read of it.

use std::{
    mem,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame};

use super::{
    SentError, Unkept,
    kept::{Copying, Whole},
};

/// How small frames may be, on average, that are kept: each takes room of its own besides its bytes.
const FRAME: usize = 64;

/// A body, and what has been read of it.
pub(super) struct Source<B> {
    /// None once it has ended. Boxed, since it is polled by one after another.
    body: Option<Pin<Box<B>>>,
    parts: Vec<Part>,
    /// How many more bytes, and frames, may be kept.
    room: usize,
    frames: usize,
    pub(super) keeping: Keeping,
    /// Who is to have a copy of all of it.
    pub(super) copies: Vec<Copying>,
    /// Who was sent last: he alone reads what nobody has read yet.
    pub(super) reader: u32,
    /// Those before this one have lost.
    pub(super) oldest: u32,
    /// Who waits for more: the one who was sent last.
    pub(super) waiting: Option<Waker>,
}

impl<B> Source<B> {
    /// Of which up to so many bytes are kept, for its first reader.
    pub(super) fn new(body: B, limit: usize) -> Self {
        let nothing = Self::whole(Vec::new());
        Self { body: Some(Box::pin(body)), room: limit, frames: frames(limit), ..nothing }
    }

    /// All of a body, for its first reader.
    pub(super) const fn whole(parts: Vec<Part>) -> Self {
        Self {
            body: None,
            parts,
            room: 0,
            frames: 0,
            keeping: Keeping::All,
            copies: Vec::new(),
            reader: 1,
            oldest: 1,
            waiting: None,
        }
    }

    /// Has up to so many bytes kept, if it was less before; nothing has been read yet.
    pub(super) fn allow(&mut self, limit: usize) {
        if self.parts.is_empty() {
            self.room = self.room.max(limit);
            self.frames = self.frames.max(frames(limit));
        }
    }

    /// Who is to have all of it, as soon as it is known whether there is all of it. To be told where nothing is locked.
    pub(super) fn settle(&mut self) -> Option<(Vec<Copying>, Whole)> {
        if self.copies.is_empty() {
            return None;
        }
        let whole = match self.keeping {
            Keeping::All if self.body.is_some() => return None,
            Keeping::All => Ok(self.parts.iter().map(Part::copy).collect()),
            Keeping::Nothing => Err(Unkept::TooLong),
            Keeping::Rest | Keeping::Failed => Err(Unkept::Failed),
        };
        Some((mem::take(&mut self.copies), whole))
    }

    /// Whether it can be read from its beginning; all of it, if the whole is asked for.
    pub(super) const fn is_kept(&self, whole: bool) -> bool {
        matches!(self.keeping, Keeping::All) && !(whole && self.body.is_some())
    }

    /// Whether this reader has read all of it; one who has lost meanwhile too.
    pub(super) const fn is_read(&self, number: u32, position: usize) -> bool {
        let counts = number >= self.oldest || matches!(self.keeping, Keeping::All);
        self.body.is_none() && position >= self.parts.len() && counts
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    /// Everything, to be sent again.
    All,
    /// What has been read ahead of the only reader.
    Rest,
    /// Nothing: it was too long.
    Nothing,
    /// Nothing: it failed.
    Failed,
}

/// How many frames may be kept, with so many bytes.
const fn frames(bytes: usize) -> usize {
    bytes / FRAME + FRAME
}

/// A frame, as it can be kept.
pub(super) enum Part {
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

    pub(super) fn size(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::Trailers(trailers) => {
                trailers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
            }
            Self::Gone => 0,
        }
    }

    pub(super) fn copy(&self) -> Self {
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

/// A frame, the end, or why there is none.
type Next<E> = Option<Result<Frame<Bytes>, SentError<E>>>;

impl<B: Body> Source<B> {
    /// The next frame of the reader `number`, who stands at `position`.
    pub(super) fn poll_frame(
        &mut self,
        number: u32,
        position: &mut usize,
        cx: &mut Context<'_>,
    ) -> Poll<Next<B::Error>> {
        if self.is_read(number, *position) {
            return Poll::Ready(None);
        }
        if number < self.oldest {
            // An end would make a whole request of half a one.
            return Poll::Ready(Some(Err(SentError::Lost)));
        }
        if let Some(part) = self.parts.get_mut(*position) {
            *position += 1;
            let part =
                if self.keeping == Keeping::All { part.copy() } else { mem::replace(part, Part::Gone) };
            return Poll::Ready(part.frame().map(Ok));
        }
        if self.keeping == Keeping::Rest {
            // He has read what was kept before that: it need not stay for as long as the rest takes.
            (self.parts, *position) = (Vec::new(), 0);
        }
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        debug_assert!(number == self.reader, "others read beside him what is whole, or have lost");
        Poll::Ready(loop {
            match ready!(body.as_mut().poll_frame(cx)) {
                None => {
                    self.body = None;
                    break None;
                }
                Some(Err(error)) => {
                    self.body = None;
                    self.keep_nothing(Keeping::Failed);
                    break Some(Err(SentError::Body(error)));
                }
                Some(Ok(frame)) => {
                    // A frame of a kind that there is not yet cannot be kept, nor given on as another one.
                    let Some(part) = Part::of(frame) else { continue };
                    // Who reads by `is_end_stream` does not ask for the end.
                    if body.is_end_stream() {
                        self.body = None;
                    }
                    if self.keeping == Keeping::All && self.add(&part) {
                        *position += 1;
                    }
                    break part.frame().map(Ok);
                }
            }
        })
    }

    fn add(&mut self, part: &Part) -> bool {
        let room = self.room.checked_sub(part.size()).filter(|_| self.parts.len() < self.frames);
        match room {
            Some(room) => {
                self.room = room;
                self.parts.push(part.copy());
            }
            None => self.keep_nothing(Keeping::Nothing),
        }
        room.is_some()
    }

    /// All that was kept has been read by the one who reads on.
    fn keep_nothing(&mut self, since: Keeping) {
        self.keeping = since;
        self.parts = Vec::new();
    }
}

pub(super) fn lock<B>(source: &Mutex<Source<B>>) -> MutexGuard<'_, Source<B>> {
    source.lock().unwrap_or_else(PoisonError::into_inner)
}
