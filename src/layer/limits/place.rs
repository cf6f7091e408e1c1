//! A place among those in flight, and one in the queue: each gives itself back when it is dropped.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    in_flight::Slot,
    station::{Refused, Station},
};
use crate::{
    layer::{
        body::{End, Watch},
        clock,
        seat::Shared,
    },
    policy::{
        Time,
        limits::{Limits, Turn},
    },
};

/// What became of a call that arrived.
pub(super) enum Entrance {
    In(Place),
    Waits(Waiting),
    Refused(Refused),
}

/// Where a call is counted.
pub(super) struct Seat {
    station: Shared<Station>,
    /// Those of the endpoint, where each has its own.
    endpoint: Option<Arc<Limits>>,
    /// When it began, where that matters.
    began: Time,
}

impl Seat {
    #[inline]
    pub(super) const fn new(station: Shared<Station>, endpoint: Option<Arc<Limits>>, began: Time) -> Self {
        Self { station, endpoint, began }
    }

    /// It was counted as in flight.
    #[inline]
    pub(super) const fn taken(self) -> Place {
        Place(self)
    }

    /// It was put into the queue.
    pub(super) const fn awaited(self, turn: Turn) -> Waiting {
        Waiting(Some((self, turn)))
    }

    /// Out of line, so that a place which nobody waits for is given back quickly.
    #[inline(never)]
    fn give_back(&self) {
        if self.station.retries.looks_back() {
            self.station.retries.request_ended(self.began, clock::now());
        }
        if let Some(waker) = self.limits().release() {
            waker.wake();
        }
    }

    fn limits(&self) -> &Limits {
        self.endpoint.as_deref().unwrap_or(&self.station.all)
    }
}

/// A place among those in flight, given back when this is dropped.
pub(super) struct Place(Seat);

impl Drop for Place {
    #[inline]
    fn drop(&mut self) {
        let Seat { station, .. } = &self.0;
        if !(station.plain && station.all.try_release()) {
            self.0.give_back();
        }
    }
}

/// A place in the queue, left when this is dropped. None once its turn has come.
pub(super) struct Waiting(Option<(Seat, Turn)>);

impl Waiting {
    /// The place among those in flight, when its turn has come.
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<Place> {
        let up = self.0.as_ref().is_some_and(|(seat, turn)| seat.limits().is_up(turn, cx.waker()));
        match self.0.take_if(|_| up) {
            Some((seat, _)) => Poll::Ready(seat.taken()),
            None => Poll::Pending,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((seat, turn)) = self.0.take()
            && let Some(waker) = seat.limits().leave(turn)
        {
            waker.wake();
        }
    }
}

/// What keeps a call in flight while its response body goes on.
pub struct Permit(#[expect(dead_code, reason = "it is there to be dropped")] Kept);

#[expect(dead_code, reason = "they are there to be dropped")]
enum Kept {
    Place(Place),
    /// The body is one of those that keep it.
    Slot(Arc<Slot>),
}

impl Permit {
    #[inline]
    pub(super) const fn of(place: Place) -> Self {
        Self(Kept::Place(place))
    }

    pub(super) const fn shared(slot: Arc<Slot>) -> Self {
        Self(Kept::Slot(slot))
    }
}

impl Watch for Permit {
    /// A watch is dropped when the body has ended, which is all that is needed.
    fn end(&mut self, _: End<'_>) {}
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}
