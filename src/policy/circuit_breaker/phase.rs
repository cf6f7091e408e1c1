//! Which state a circuit is in, and its number.

/// What a state is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Closed,
    Open,
    HalfOpen,
}

/// A state together with its number, in one word: each state that a circuit enters is another phase, so that what
/// began in one is never taken for what began in another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Phase(u32);

impl Phase {
    const OPEN: u32 = 1;
    const HALF_OPEN: u32 = 2;
    const KIND: u32 = 3;
    /// It stays as it is until somebody says otherwise.
    const HELD: u32 = 4;
    const NUMBER: u32 = !7;

    pub(super) const fn kind(self) -> Kind {
        match self.0 & Self::KIND {
            0 => Kind::Closed,
            Self::OPEN => Kind::Open,
            _ => Kind::HalfOpen,
        }
    }

    #[inline]
    pub(super) const fn is_closed(self) -> bool {
        self.0 & Self::KIND == 0
    }

    pub(super) const fn is_held(self) -> bool {
        self.0 & Self::HELD != 0
    }

    /// The one after this.
    pub(super) const fn next(self, kind: Kind, held: bool) -> Self {
        let kind = match kind {
            Kind::Closed => 0,
            Kind::Open => Self::OPEN,
            Kind::HalfOpen => Self::HALF_OPEN,
        };
        let number = (self.0 & Self::NUMBER).wrapping_add(8);
        Self(number | kind | if held { Self::HELD } else { 0 })
    }

    pub(super) const fn number(self) -> u64 {
        (self.0 >> 3) as u64
    }

    #[inline]
    pub(super) const fn word(self) -> u64 {
        self.0 as u64
    }

    #[inline]
    pub(super) const fn of(word: u64) -> Self {
        Self(word as u32)
    }
}
