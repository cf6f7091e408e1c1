//! Who is in flight and who waits, in one word; and the queue behind a lock.

use std::task::Waker;

use super::{
    Admission, Overflow, Settings,
    line::{Line, Turn},
};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

/// A limit on what is in flight, with or without a queue: shared by all that go through it, from any thread.
///
/// How many are in flight and how many wait are one word, so that a call comes and goes by one exchange of it as long as
/// nobody waits: the exact count is the one line that calls have in common. The queue is behind a lock, which is taken
/// by those who join or leave it and, while somebody waits, by those whose call ends.
///
/// A place that gets free while somebody waits is handed over: the count does not change, so nobody who comes by chance
/// at that moment can take it, and one is woken, not all. Whoever was given a place holds it, whether he knows it or
/// not: who leaves then passes it on.
#[derive(Debug)]
pub struct Limits {
    hot: Hot,
    line: Mutex<Line>,
    pending_overflow: AtomicU64,
    request_overflow: AtomicU64,
}

/// What every call touches, on two cache lines of its own, since processors fetch them in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Hot {
    /// In flight, and above that waiting.
    ///
    /// While somebody waits as many are in flight as may be. How many wait changes under the lock of the line only,
    /// together with it.
    state: AtomicU64,
    most: u32,
    /// How many may wait; none if there is no queue.
    queue: Option<u32>,
}

const ACTIVE: u64 = 1;
const WAITING: u64 = 1 << 32;

const fn active(state: u64) -> u32 {
    state as u32
}

const fn waiting(state: u64) -> u32 {
    (state >> 32) as u32
}

impl Limits {
    /// Nothing is in flight yet. The scope of the settings is not looked at: these are the limits of one.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            hot: Hot {
                state: AtomicU64::new(0),
                most: settings.most().unwrap_or(u32::MAX),
                queue: settings.queue(),
            },
            line: Mutex::new(Line::default()),
            pending_overflow: AtomicU64::new(0),
            request_overflow: AtomicU64::new(0),
        }
    }

    /// A call arrives.
    #[inline]
    pub fn admit(&self) -> Admission {
        if self.try_pass() { Admission::Pass } else { self.wait_or_refuse() }
    }

    /// A call that passed, or whose turn came, has ended: its place is free, or goes to the first who waits.
    ///
    /// The waker of that one is given back, to be woken.
    #[inline]
    #[must_use = "whose turn has come has to be woken"]
    pub fn release(&self) -> Option<Waker> {
        if self.try_release() { None } else { self.hand_over(self.line()) }
    }

    /// Passes a call, if there is a place. Else nothing has changed.
    #[inline]
    pub(crate) fn try_pass(&self) -> bool {
        let mut state = self.hot.state.load(Ordering::Relaxed);
        while self.has_place(state) {
            match self.exchange(state, state + ACTIVE) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Frees a place, if nobody waits for it. Else nothing has changed.
    #[inline]
    pub(crate) fn try_release(&self) -> bool {
        let mut state = self.hot.state.load(Ordering::Relaxed);
        while waiting(state) == 0 {
            match self.exchange(state, state - ACTIVE) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Whether this turn has come, so that its call is in flight; else `waker` will be given back when it has.
    #[must_use]
    pub fn is_up(&self, turn: &Turn, waker: &Waker) -> bool {
        let before = self.line().wait(turn, waker);
        // A waker may be the last of what keeps a task, and a task may hold a place: it is dropped here, without lock.
        before.is_none()
    }

    /// Whoever had this turn does not wait any longer. If it has come, the place goes to the next.
    #[must_use = "whose turn has come has to be woken"]
    pub fn leave(&self, turn: Turn) -> Option<Waker> {
        let mut line = self.line();
        match line.leave(turn) {
            Some(waker) => {
                self.hot.state.fetch_sub(WAITING, Ordering::Relaxed);
                drop(line);
                drop(waker);
                None
            }
            None => self.hand_over(line),
        }
    }

    /// How many are in flight.
    #[must_use]
    pub fn active(&self) -> u32 {
        active(self.hot.state.load(Ordering::Relaxed))
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        waiting(self.hot.state.load(Ordering::Relaxed))
    }

    /// Those in flight and those that wait, of one moment.
    #[must_use]
    pub fn load(&self) -> u64 {
        let state = self.hot.state.load(Ordering::Relaxed);
        u64::from(active(state)) + u64::from(waiting(state))
    }

    /// How often a call was refused because as many waited as may.
    #[must_use]
    pub fn pending_overflow(&self) -> u64 {
        self.pending_overflow.load(Ordering::Relaxed)
    }

    /// How often a call was refused because as many were in flight as may be.
    #[must_use]
    pub fn request_overflow(&self) -> u64 {
        self.request_overflow.load(Ordering::Relaxed)
    }

    /// Whether who comes now passes: not before those who wait.
    #[inline]
    const fn has_place(&self, state: u64) -> bool {
        waiting(state) == 0 && active(state) < self.hot.most
    }

    /// What the call before did is seen by the one that gets its place.
    #[inline]
    fn exchange(&self, state: u64, next: u64) -> Result<u64, u64> {
        self.hot.state.compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Relaxed)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cold]
    fn wait_or_refuse(&self) -> Admission {
        let Some(queue) = self.hot.queue else {
            self.request_overflow.fetch_add(1, Ordering::Relaxed);
            return Admission::Refuse(Overflow::Requests);
        };
        let mut line = self.line();
        let mut state = self.hot.state.load(Ordering::Relaxed);
        loop {
            // One may have ended before the lock was there.
            let next = if self.has_place(state) {
                state + ACTIVE
            } else if waiting(state) < queue {
                state + WAITING
            } else {
                self.pending_overflow.fetch_add(1, Ordering::Relaxed);
                return Admission::Refuse(Overflow::Pending);
            };
            match self.exchange(state, next) {
                Ok(_) if active(next) > active(state) => return Admission::Pass,
                Ok(_) => return Admission::Wait(line.join()),
                Err(now) => state = now,
            }
        }
    }

    /// The place goes to the first who waits, or is free: they may all have left.
    #[cold]
    fn hand_over(&self, mut line: MutexGuard<'_, Line>) -> Option<Waker> {
        let first = line.pop();
        let gone = if first.is_some() { WAITING } else { ACTIVE };
        self.hot.state.fetch_sub(gone, Ordering::AcqRel);
        drop(line);
        first.flatten()
    }
}
