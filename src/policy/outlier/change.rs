//! What a detector of outliers tells.

use std::{fmt, time::Duration};

use super::Kind;
use crate::policy::{Time, balance::HostId};

/// What became of a host; or what would have, and did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// It was ejected.
    Ejected {
        /// Which host.
        host: HostId,
        /// What told it.
        kind: Kind,
        /// When that was.
        ejected_at: Time,
        /// At which tick it returns.
        returns_at: Time,
        /// How long it is until then.
        lasts: Duration,
        /// For the how manieth time.
        times: u32,
    },
    /// Somebody ejected it, until somebody returns it.
    Held {
        /// Which host.
        host: HostId,
    },
    /// It returned: the rows of errors of its record are to be [cleared](super::Record::clear).
    Returned {
        /// Which host.
        host: HostId,
        /// When: the tick, however much later somebody came and saw; or when somebody returned it.
        at: Time,
        /// How long it had been ejected.
        after: Duration,
    },
    /// It was detected, and chance, or a share of none, had it stay.
    NotEnforced {
        /// Which host.
        host: HostId,
        /// What detected it.
        kind: Kind,
    },
    /// It was detected, and stays because no more may be ejected.
    Overflow {
        /// Which host.
        host: HostId,
        /// What detected it.
        kind: Kind,
    },
}

impl Change {
    /// A short name: `ejected`, `held`, `returned`, `ejection_not_enforced`, `ejection_overflow`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ejected { .. } => "ejected",
            Self::Held { .. } => "held",
            Self::Returned { .. } => "returned",
            Self::NotEnforced { .. } => "ejection_not_enforced",
            Self::Overflow { .. } => "ejection_overflow",
        }
    }

    /// Which host it is about.
    #[must_use]
    pub const fn host(&self) -> HostId {
        match self {
            Self::Ejected { host, .. }
            | Self::Held { host }
            | Self::Returned { host, .. }
            | Self::NotEnforced { host, .. }
            | Self::Overflow { host, .. } => *host,
        }
    }

    /// Whether the host is ejected by it, or returns; none if it stays what it was.
    #[must_use]
    pub const fn ejects(&self) -> Option<bool> {
        match self {
            Self::Ejected { .. } | Self::Held { .. } => Some(true),
            Self::Returned { .. } => Some(false),
            Self::NotEnforced { .. } | Self::Overflow { .. } => None,
        }
    }

    /// In words, by the name that the host has elsewhere.
    #[must_use]
    pub fn named(&self, host: impl fmt::Display) -> String {
        struct Named<'c, H>(&'c Change, H);

        impl<H: fmt::Display> fmt::Display for Named<'_, H> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.tell(&self.1, f)
            }
        }

        Named(self, host).to_string()
    }

    fn tell(&self, host: &dyn fmt::Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ejected { kind, lasts, times, .. } => {
                write!(f, "{host} ejected for {lasts:?} by {kind}, ejection {times}")
            }
            Self::Held { .. } => write!(f, "{host} ejected by hand"),
            Self::Returned { after, .. } => write!(f, "{host} returned after {after:?}"),
            Self::NotEnforced { kind, .. } => write!(f, "{host} not ejected by {kind}: not enforced"),
            Self::Overflow { kind, .. } => {
                write!(f, "{host} not ejected by {kind}: no more may be ejected")
            }
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(&self.host(), f)
    }
}
