//! What has been counted together: over a span of time, or over the last so many calls.

use super::Window;

/// What an answer was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) error: bool,
    pub(super) slow: bool,
    /// The upstream answered well, if perhaps late: that ends a row of errors.
    pub(super) success: bool,
}

impl Mark {
    pub(super) const fn is_good(self) -> bool {
        !(self.error || self.slow)
    }

    /// In a byte, as one of the last calls.
    const fn kept(self) -> u8 {
        self.error as u8 | (self.slow as u8) << 1
    }
}

/// What has been counted together, with what has to be forgotten in time.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) counted: Counted,
    /// A tumbling window forgets everything at once and needs none.
    history: Option<Box<History>>,
}

/// Sums wrap around: they are compared with numbers of 32 bits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) total: u64,
    pub(super) slow: u32,
    pub(super) error: u32,
}

impl Counted {
    fn add(&mut self, mark: Mark) {
        self.slow = self.slow.wrapping_add(u32::from(mark.slow));
        self.error = self.error.wrapping_add(u32::from(mark.error));
    }

    fn subtract(&mut self, other: Self) {
        self.total -= other.total;
        self.slow = self.slow.wrapping_sub(other.slow);
        self.error = self.error.wrapping_sub(other.error);
    }
}

#[derive(Debug)]
enum History {
    Buckets {
        buckets: Box<[Counted]>,
        /// The one that is being filled.
        current: usize,
    },
    Calls {
        /// As many as there is room for.
        ring: Vec<u8>,
        size: usize,
        /// Where the next one goes.
        next: usize,
    },
}

impl Tally {
    pub(super) fn over(window: Window) -> Self {
        let history = match window {
            Window::Tumbling(_) => None,
            Window::Sliding { buckets, .. } => {
                let buckets = vec![Counted::default(); buckets as usize].into();
                Some(History::Buckets { buckets, current: 0 })
            }
            Window::LastCalls(calls) => {
                let size = calls as usize;
                // It grows as calls come: of many keys, most have few.
                Some(History::Calls { ring: Vec::new(), size, next: 0 })
            }
        };
        Self { counted: Counted::default(), history: history.map(Box::new) }
    }

    /// Requests have come. The last calls are counted when they are answered.
    pub(super) fn arrived(&mut self, requests: u64) {
        match self.history.as_deref_mut() {
            Some(History::Calls { .. }) => return,
            Some(History::Buckets { buckets, current }) => buckets[*current].total += requests,
            None => {}
        }
        self.counted.total += requests;
    }

    /// An answer has come. Good ones count among the last calls only.
    pub(super) fn answered(&mut self, mark: Mark) {
        self.counted.add(mark);
        match self.history.as_deref_mut() {
            None => {}
            Some(History::Buckets { buckets, current }) => buckets[*current].add(mark),
            Some(History::Calls { ring, size, .. }) if ring.len() < *size => {
                ring.push(mark.kept());
                self.counted.total += 1;
            }
            Some(History::Calls { ring, size, next }) => {
                let gone = std::mem::replace(&mut ring[*next], mark.kept());
                *next = (*next + 1) % *size;
                let (error, slow) = (u32::from(gone & 1), u32::from(gone >> 1));
                self.counted.subtract(Counted { total: 0, slow, error });
            }
        }
    }

    /// Whether a good answer would change nothing: the last calls are all good already.
    pub(super) fn is_flawless(&self) -> bool {
        match self.history.as_deref() {
            Some(History::Calls { ring, size, .. }) => {
                ring.len() == *size && self.counted.slow == 0 && self.counted.error == 0
            }
            _ => true,
        }
    }

    /// Time has passed, by so many buckets.
    pub(super) fn pass(&mut self, passed: u64) {
        let Some(History::Buckets { buckets, current }) = self.history.as_deref_mut() else { return };
        for _ in 0..passed.min(buckets.len() as u64) {
            *current = (*current + 1) % buckets.len();
            self.counted.subtract(std::mem::take(&mut buckets[*current]));
        }
    }

    /// Everything is forgotten.
    pub(super) fn clear(&mut self) {
        self.counted = Counted::default();
        match self.history.as_deref_mut() {
            None => {}
            Some(History::Buckets { buckets, .. }) => buckets.fill(Counted::default()),
            Some(History::Calls { ring, next, .. }) => {
                ring.clear();
                *next = 0;
            }
        }
    }
}
