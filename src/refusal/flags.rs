//! What happened to a request on its way, as a set.

use std::{fmt, ops::BitOr};

/// Envoy's response flags, and [one of ours](Self::FB): what happened to a request on its way, as a set.
///
/// Kept in the extensions of a response that a layer made or touched.
///
/// ```
/// use tower_mesh::Flags;
///
/// let flags = Flags::DI | Flags::FI;
/// assert!(flags.contains(Flags::FI));
/// assert_eq!(flags.to_string(), "DI,FI");
/// assert_eq!(Flags::NONE.to_string(), "-");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u32);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal,)*) => {
        impl Flags {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
            const NAMES: &[(Self, &str)] = &[$((Self::$name, stringify!($name)),)*];
        }
    };
}

// In the order in which things happen to a request, which is that of a log: first what was done with it, then how it ended.
flags! {
    /// Delay injected.
    DI = 0,
    /// Fault injected.
    FI = 1,
    /// Upstream retry limit exceeded.
    URX = 2,
    /// Upstream overflow: a limit or a circuit breaker refused.
    UO = 3,
    /// No healthy upstream.
    UH = 4,
    /// Upstream connection failure.
    UF = 5,
    /// Upstream request timeout.
    UT = 6,
    /// Upstream connection termination.
    UC = 7,
    /// Upstream remote reset.
    UR = 8,
    /// No route.
    NR = 9,
    /// No cluster.
    NC = 10,
    /// Rate limited.
    RL = 11,
    /// Rate limit service error.
    RLSE = 12,
    /// Dropped by overload.
    DO = 13,
    /// Stream idle timeout.
    SI = 14,
    /// A fallback answered. This one is ours: Envoy has no fallbacks, and no flag for them.
    FB = 15,
}

impl Flags {
    /// Nothing happened.
    pub const NONE: Self = Self(0);

    /// These and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether none is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, rhs: Self) -> Self {
        self.with(rhs)
    }
}

impl fmt::Display for Flags {
    /// As in Envoy's access log: `URX,UO`, or `-`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Self::NAMES.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| name);
        match names.next() {
            None => f.write_str("-"),
            Some(first) => {
                f.write_str(first)?;
                names.try_for_each(|name| write!(f, ",{name}"))
            }
        }
    }
}
