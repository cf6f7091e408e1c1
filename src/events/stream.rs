//! Events to be awaited, rather than heard on the request's own task.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use futures_core::Stream;
use tokio::sync::mpsc;

use super::{Event, Events, Listening};

/// How many events wait for a reader that is late.
const WAITING: usize = 1024;

/// Events, one after another, from the moment it was made: see [`Events::stream`].
///
/// A change of a circuit is told when its lock has been left. So when two threads change a state at the same moment,
/// these changes may come in the other order: who needs the state now asks the
/// [handle](crate::CircuitBreakerHandle::state).
pub struct EventStream {
    events: mpsc::Receiver<Event>,
    missed: Arc<AtomicU64>,
    _listening: Listening,
}

impl Events {
    /// Every event from now on, for a task that awaits them.
    ///
    /// A thousand wait for it; those after them are [missed](EventStream::missed), so that no reader can hold up
    /// requests, or memory.
    #[must_use]
    pub fn stream(&self) -> EventStream {
        let (sender, events) = mpsc::channel(WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        let listening = self.listen({
            let missed = Arc::clone(&missed);
            move |event| {
                if sender.try_send(event.clone()).is_err() {
                    missed.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        EventStream { events, missed, _listening: listening }
    }
}

impl EventStream {
    /// The next event; `None` when there will be no more.
    pub async fn recv(&mut self) -> Option<Event> {
        poll_fn(|cx| self.events.poll_recv(cx)).await
    }

    /// How many events there was no room for, because nobody read.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_recv(cx)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("missed", &self.missed()).finish_non_exhaustive()
    }
}
