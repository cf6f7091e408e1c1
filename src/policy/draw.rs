//! Chance, as a policy sees it.

/// A random number that was handed in: 64 even bits.
///
/// A policy never draws, it is given a draw; so the same draws give the same decisions, and a test can hand in the
/// very number that tips a scale.
///
/// ```
/// use tower_mesh::policy::Draw;
///
/// assert!(Draw::new(0).hits(1, 1_000_000));          // the lowest draw hits any chance but none at all
/// assert!(!Draw::new(u64::MAX).hits(999_999, 1_000_000));
/// assert_eq!(Draw::new(1 << 63).below(10), 5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Draw(u64);

impl Draw {
    /// A draw with these bits.
    #[must_use]
    pub const fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// A number in `0..bound`, evenly (0 when `bound` is 0).
    #[must_use]
    pub const fn below(self, bound: u64) -> u64 {
        ((self.0 as u128 * bound as u128) >> 64) as u64
    }

    /// Whether a chance of `parts` in `whole` comes true.
    #[must_use]
    pub const fn hits(self, parts: u64, whole: u64) -> bool {
        self.below(whole) < parts
    }

    /// Another draw for the same asker: as even as this one, and the same for the same `ordinal`.
    #[must_use]
    pub(crate) const fn nth(self, ordinal: u64) -> Self {
        Self(mix(self.0 ^ mix(ordinal)))
    }

    /// A number in `[0, 1)`, evenly.
    #[must_use]
    pub fn unit(self) -> f64 {
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// SplitMix64's finalizer: every bit in moves every bit out.
pub(crate) const fn mix(bits: u64) -> u64 {
    let z = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
