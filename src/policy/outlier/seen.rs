//! What became of one try, and which detectors it set off.

use std::fmt;

use super::Kind;

/// What became of one try, as it counts for the host that it went to.
///
/// Tries that never got to a host are none: what one's own limits refuse says nothing about anybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Seen {
    /// The head of an answer came, with this status; for gRPC, that which stands for its own.
    Answered(u16),
    /// No connection came about.
    ConnectFailed,
    /// The connection, or what was under way over it, broke off: before the head of an answer, or after it.
    Broken,
    /// Time was up, and this status was answered in the host's place: 504, or what the caller had asked for instead.
    TimedOut(u16),
}

/// The detectors that one try set off; hardly ever any.
///
/// They come in the order in which they are to be looked at: gateway errors before all errors.
///
/// ```
/// use tower_mesh::policy::outlier::{Kind, Record, Seen, Settings};
///
/// let settings = Settings::builder().consecutive_5xx(2).consecutive_gateway(2).build()?;
/// let record = Record::new();
/// assert!(record.note(&settings, Seen::Answered(503)).is_none());
///
/// let hits = record.note(&settings, Seen::ConnectFailed);
/// assert_eq!(hits.into_iter().collect::<Vec<_>>(), [Kind::ConsecutiveGateway, Kind::Consecutive5xx]);
/// # Ok::<(), tower_mesh::policy::outlier::SettingsError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[must_use = "a detector has to be told"]
pub struct Hits(u8);

/// In the order in which they are looked at.
const ORDER: [Kind; 3] = [Kind::ConsecutiveGateway, Kind::Consecutive5xx, Kind::ConsecutiveLocalOrigin];

impl Hits {
    /// None was set off.
    pub const NONE: Self = Self(0);

    /// Whether none was.
    #[inline]
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether this one was.
    #[must_use]
    pub const fn has(self, kind: Kind) -> bool {
        self.0 >> kind.index() & 1 == 1
    }

    /// These, and this one if so.
    pub(super) const fn with_if(self, hit: bool, kind: Kind) -> Self {
        Self(self.0 | (hit as u8) << kind.index())
    }
}

impl IntoIterator for Hits {
    type Item = Kind;
    type IntoIter = HitsIter;

    fn into_iter(self) -> HitsIter {
        HitsIter { hits: self, order: ORDER.iter() }
    }
}

impl fmt::Debug for Hits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(*self).finish()
    }
}

/// One after another.
#[derive(Debug, Clone)]
pub struct HitsIter {
    hits: Hits,
    order: std::slice::Iter<'static, Kind>,
}

impl Iterator for HitsIter {
    type Item = Kind;

    fn next(&mut self) -> Option<Kind> {
        self.order.by_ref().copied().find(|kind| self.hits.has(*kind))
    }
}
