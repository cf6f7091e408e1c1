//! How a request's body gets on, for those who wait for the answer.
//!
//! An upload that takes long is the caller's time, not the upstream's. A proxy has a request in its hands when it begins
//! to count; here the upstream reads the caller's body as it comes. So the body tells whose turn it is: while it has
//! nothing to give, the upstream cannot answer, and no time counts. It counts from when the body ended; and until then
//! from when it gave something that the upstream has not asked to go on from, or was not asked at all, so that an
//! upstream which never reads what it is sent is not waited for without end.
//!
//! A body that is at its end from the beginning takes no part in this. Any other costs an allocation and, for each
//! frame, a look at the clock and a lock that is free: this is an exception from what the pass path may do, made only
//! where something is limited.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::{
    layer::{clock, waker::keep},
    policy::Time,
};

/// How far a request's body has got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// It gave what it was asked for, or was not asked.
    #[default]
    WaitsForUpstream,
    /// It was asked and had nothing.
    WaitsForCaller,
    /// It is over.
    Ended,
}

/// What a request's body tells those who wait for the answer.
#[derive(Clone, Default)]
pub struct Signal(Arc<Shared>);

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    progress: Progress,
    /// When something moved last.
    at: Time,
    /// Who must know when it goes on.
    waiting: Option<Waker>,
    /// Who asked the body for more, and was told to wait.
    reader: Option<Waker>,
}

impl Signal {
    /// How far it has got, and when something moved last. Who is told that it waits for its caller is woken when that
    /// is over.
    pub(super) fn look(&self, waker: &Waker) -> (Progress, Time) {
        let mut state = self.0.lock();
        let waits = state.progress == Progress::WaitsForCaller;
        let before = if waits { keep(&mut state.waiting, waker) } else { None };
        let seen = (state.progress, state.at);
        drop(state);
        drop(before);
        seen
    }

    /// The same for who only passes by.
    pub(super) fn glance(&self) -> (Progress, Time) {
        let state = self.0.lock();
        (state.progress, state.at)
    }

    /// The body is asked, and has nothing unless it says otherwise. Whom it is to wake when it has more: this, which then
    /// wakes its reader.
    ///
    /// The reader may be gone by then, or have lost interest. So it is the body's waking, and not the next time that it
    /// is asked, which says that the caller is waited for no more.
    fn asked_by(&self, reader: &Waker) -> Waker {
        let mut state = self.0.lock();
        state.progress = Progress::WaitsForCaller;
        let before = keep(&mut state.reader, reader);
        drop(state);
        drop(before);
        Waker::from(Arc::clone(&self.0))
    }

    fn moved(&self, progress: Progress) {
        self.0.moved(progress);
    }
}

impl Shared {
    fn moved(&self, progress: Progress) {
        let at = clock::now();
        let mut state = self.lock();
        (state.progress, state.at) = (progress, at);
        let waiting = state.waiting.take();
        // Who has read it to the end is kept no longer: it may be the task that keeps this.
        let reader = (progress == Progress::Ended).then(|| state.reader.take());
        drop(state);
        drop(reader);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Shared {
    /// The caller has more.
    fn wake(self: Arc<Self>) {
        let mut state = self.lock();
        let reader = state.reader.take();
        // In one step with the look at it: meanwhile it may be read to the end.
        let waiting = if state.progress == Progress::WaitsForCaller {
            (state.progress, state.at) = (Progress::WaitsForUpstream, clock::now());
            state.waiting.take()
        } else {
            None
        };
        drop(state);
        waiting.into_iter().chain(reader).for_each(Waker::wake);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signal")
    }
}

pin_project! {
    /// A request body that tells how it gets on, and is otherwise the same body: what the inner service of a timeout
    /// [that starts at the request's end](super::TimeoutLayer::starting_at_request_end) reads.
    #[derive(Debug)]
    pub struct Uploading<B> {
        #[pin]
        body: B,
        end: Tells,
    }
}

/// Tells of the end when it is dropped, too: who has lost interest in a body waits for no more of it.
#[derive(Debug)]
struct Tells(Option<Signal>);

impl<B> Uploading<B> {
    /// A body of which nobody waits to hear.
    #[cfg(feature = "yaml")]
    pub(crate) const fn through(body: B) -> Self {
        Self::new(body, None)
    }

    pub(super) const fn new(body: B, signal: Option<Signal>) -> Self {
        Self { body, end: Tells(signal) }
    }
}

impl<B: Body> Body for Uploading<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(signal) = &this.end.0 else { return this.body.poll_frame(cx) };
        // Said before the body is asked: it may have more at once, on another thread.
        let waker = signal.asked_by(cx.waker());
        let polled = this.body.as_mut().poll_frame(&mut Context::from_waker(&waker));
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) if !frame.is_trailers() && !this.body.is_end_stream() => {
                signal.moved(Progress::WaitsForUpstream);
            }
            Poll::Ready(_) => this.end.now(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Tells {
    fn now(&mut self) {
        if let Some(signal) = self.0.take() {
            signal.moved(Progress::Ended);
        }
    }
}

impl Drop for Tells {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_some() {
            self.now();
        }
    }
}
