//! A shared value whose handles are cloned without meeting.
//!
//! Cloning one `Arc` on two cores costs 60 ns, more than a whole breaker, because both write the same count; and a
//! service is cloned for every request. So a handle points to a seat: a small `Arc` that belongs to one lane, with the
//! shared value behind it. Cloning a handle counts on the calling thread's own seat.
//!
//! Seats form a tree of two levels, so that none can keep itself alive: the first seat holds the seats of the other
//! lanes, and those know it only weakly. Where the first one is gone, a thread that holds the seat of another lane
//! founds a new first seat for the same value.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock, Weak},
};

use super::lane;
use crate::policy::Lane;

/// A handle on a shared `T`.
#[derive(Debug)]
pub(crate) struct Shared<T>(Arc<Seat<T>>);

/// Aligned so that the counts of two seats never share a cache line.
#[derive(Debug)]
#[repr(align(128))]
struct Seat<T> {
    value: Arc<T>,
    /// Whose it is: one of the first lanes.
    lane: Lane,
    kin: Kin<T>,
}

#[derive(Debug)]
enum Kin<T> {
    /// The first seat: it holds the others, made when their lane first asks.
    Others(Box<[OnceLock<Arc<Seat<T>>>]>),
    /// One of the others.
    First(Weak<Seat<T>>),
}

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self::found(Arc::new(value), lane::here())
    }

    /// A handle on what others know without a seat.
    pub(crate) fn of(value: Arc<T>) -> Self {
        Self::found(value, lane::here())
    }

    /// What it is a handle on, for others who know it without a seat.
    pub(crate) fn value(&self) -> Arc<T> {
        Arc::clone(&self.0.value)
    }

    /// A handle by way of this lane's own seat.
    #[inline]
    pub(crate) fn on(&self, lane: Lane) -> Self {
        if self.0.lane == lane { Self(Arc::clone(&self.0)) } else { self.elsewhere(lane) }
    }

    /// A handle by way of this lane's own seat, which becomes this handle's own too: the next one is nearer.
    ///
    /// Only the first seat is not left, since the others are found through it.
    #[inline]
    pub(crate) fn moved_to(&mut self, lane: Lane) -> Self {
        if self.0.lane != lane && matches!(self.0.kin, Kin::First(_)) {
            *self = self.elsewhere(lane);
        }
        self.on(lane)
    }

    fn elsewhere(&self, lane: Lane) -> Self {
        match &self.0.kin {
            Kin::Others(others) => Self::other(&self.0, others, lane),
            Kin::First(first) => match first.upgrade() {
                Some(first) => Self(first).on(lane),
                None => Self::found(Arc::clone(&self.0.value), lane),
            },
        }
    }

    /// Whether both are handles on the same value.
    #[cfg(test)]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.value, &other.0.value)
    }

    fn found(value: Arc<T>, lane: Lane) -> Self {
        let others = (0..lane::count()).map(|_| OnceLock::new()).collect();
        Self(Arc::new(Seat { value, lane, kin: Kin::Others(others) }))
    }

    fn other(first: &Arc<Seat<T>>, others: &[OnceLock<Arc<Seat<T>>>], lane: Lane) -> Self {
        Self(Arc::clone(others[lane.among(others.len())].get_or_init(|| {
            let (value, kin) = (Arc::clone(&first.value), Kin::First(Arc::downgrade(first)));
            Arc::new(Seat { value, lane, kin })
        })))
    }
}

impl<T> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        self.on(lane::here())
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0.value
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// The lanes that are not this thread's.
    fn others() -> impl Iterator<Item = Lane> {
        (0..lane::count()).map(Lane::new).filter(|lane| *lane != lane::here())
    }

    #[test]
    fn a_value_lives_as_long_as_any_handle_on_any_lane() {
        let value = Arc::new(());
        let first = Shared::new(Arc::clone(&value));
        let elsewhere: Vec<_> = others().map(|lane| first.on(lane)).collect();
        drop(first);
        assert_eq!(Arc::strong_count(&value), 2);
        let refounded = elsewhere[0].on(lane::here());
        drop(elsewhere);
        assert_eq!(Arc::strong_count(&value), 2);
        drop(refounded);
        assert_eq!(Arc::strong_count(&value), 1, "no cycle keeps it");
    }

    #[test]
    fn handles_on_all_lanes_are_handles_on_one_value() {
        let first = Shared::new(7);
        let handles: Vec<_> = others().chain([lane::here()]).map(|lane| first.on(lane)).collect();
        assert!(handles.iter().all(|handle| handle.is(&first)));
        assert!(handles.iter().all(|handle| handle.on(lane::here()).is(&first)));
    }

    #[test]
    fn a_handle_moves_to_the_lane_it_is_used_on_but_never_off_the_first_seat() {
        let mut first = Shared::new(7);
        let [a, b] = [0, 1].map(|i| others().nth(i).expect("a lane"));
        let mut handle = first.on(a);
        drop(handle.moved_to(b));
        assert_eq!(handle.0.lane, b);
        drop(first.moved_to(b));
        assert_eq!(first.0.lane, lane::here());
    }

    #[test]
    fn handles_may_wander_between_threads() {
        let mut handle = Shared::new(7);
        for _ in 0..200 {
            handle = thread::spawn(move || Shared::clone(&handle)).join().expect("the thread lives");
            assert_eq!(*handle, 7);
        }
    }
}
