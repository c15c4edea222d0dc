//! Modes: the ways a backend can keep a model running.

use thiserror::Error;

/// A set of execution modes.
///
/// | mode | bit | the model runs |
/// |---|--:|---|
/// | batch | 1 | when it is called, and is gone after the answer |
/// | ring | 2 | as a resident actor which takes messages from a ring |
/// | megakernel | 4 | as tasks which resident workers take from a queue |
///
/// The output bytes are the same in all of them.
///
/// ```
/// use isokern_core::compute::ModeSet;
///
/// const RUNS: ModeSet = ModeSet::empty().with_batch().with_ring();
/// assert!(RUNS.contains_ring() && !RUNS.contains_megakernel());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u8", into = "u8"))]
pub struct ModeSet(u8);

impl ModeSet {
    const BATCH: u8 = 1;
    const RING: u8 = 2;
    const MEGAKERNEL: u8 = 4;
    const KNOWN_BITS: u8 = Self::BATCH | Self::RING | Self::MEGAKERNEL;

    /// Returns the set without a mode.
    #[must_use]
    pub const fn empty() -> Self {
        Self(0)
    }

    /// Returns the set with batch calls added.
    #[must_use]
    pub const fn with_batch(self) -> Self {
        Self(self.0 | Self::BATCH)
    }

    /// Returns the set with ring actors added.
    #[must_use]
    pub const fn with_ring(self) -> Self {
        Self(self.0 | Self::RING)
    }

    /// Returns the set with megakernel tasks added.
    #[must_use]
    pub const fn with_megakernel(self) -> Self {
        Self(self.0 | Self::MEGAKERNEL)
    }

    /// Says whether batch calls are in the set.
    #[must_use]
    pub const fn contains_batch(self) -> bool {
        self.0 & Self::BATCH != 0
    }

    /// Says whether ring actors are in the set.
    #[must_use]
    pub const fn contains_ring(self) -> bool {
        self.0 & Self::RING != 0
    }

    /// Says whether megakernel tasks are in the set.
    #[must_use]
    pub const fn contains_megakernel(self) -> bool {
        self.0 & Self::MEGAKERNEL != 0
    }

    /// Returns the modes that are in both sets.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the bits of the table above.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Returns the set with these bits, `None` when one of them means no mode.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & !Self::KNOWN_BITS == 0 { Some(Self(bits)) } else { None }
    }
}

/// A number that is no [`ModeSet`]: a bit above 4 is set.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("mode bits {bits:#04x} set a bit which means no mode")]
pub struct ModeBitsError {
    /// The number that was refused.
    pub bits: u8,
}

impl TryFrom<u8> for ModeSet {
    type Error = ModeBitsError;

    fn try_from(bits: u8) -> Result<Self, Self::Error> {
        Self::from_bits(bits).ok_or(ModeBitsError { bits })
    }
}

impl From<ModeSet> for u8 {
    fn from(modes: ModeSet) -> Self {
        modes.bits()
    }
}

#[cfg(test)]
mod tests {
    use super::{ModeBitsError, ModeSet};

    #[test]
    fn each_mode_is_its_own_bit() {
        assert_eq!(ModeSet::empty().with_batch().bits(), 1);
        assert_eq!(ModeSet::empty().with_ring().bits(), 2);
        assert_eq!(ModeSet::empty().with_megakernel().bits(), 4);
        let all = ModeSet::try_from(7).unwrap();
        assert!(all.contains_batch() && all.contains_ring() && all.contains_megakernel());
        assert_eq!(all.intersect(ModeSet::empty().with_ring()).bits(), 2);
        assert_eq!(ModeSet::try_from(8), Err(ModeBitsError { bits: 8 }));
    }
}
