//! Status words: what an end says about itself in its status word.

use super::memory::SharedRing;
use super::words::SharedWord;

/// Bits of a status word; 0 is an end that is open and busy elsewhere.
///
/// The word is its own end's to write, so that both bits change without
/// read-modify-write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct EndStatus(u32);

impl EndStatus {
    /// Bit 0: the consumer takes no more. A producer says so by its final tail instead.
    pub const CLOSED: Self = Self(1);
    /// Bit 1: the end sleeps and wants the doorbell after the next change.
    pub const WAITING: Self = Self(1 << 1);

    /// Returns the status with these bits; unknown ones are kept.
    #[inline]
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the bits.
    #[inline]
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether every bit of `other` is set.
    #[inline]
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the bits of either status.
    #[inline]
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Returns whether the consumer of a ring sleeps and wants the doorbell.
#[inline]
pub fn consumer_waits<R: SharedRing>(ring: &R) -> bool {
    EndStatus::from_bits(ring.consumer_status().load_relaxed()).contains(EndStatus::WAITING)
}

/// Returns whether the consumer of a ring takes no more. `true` stays.
#[inline]
pub fn consumer_closed<R: SharedRing>(ring: &R) -> bool {
    EndStatus::from_bits(ring.consumer_status().load_relaxed()).contains(EndStatus::CLOSED)
}

/// Returns whether the producer of a ring sleeps and wants the doorbell.
#[inline]
pub fn producer_waits<R: SharedRing>(ring: &R) -> bool {
    EndStatus::from_bits(ring.producer_status().load_relaxed()).contains(EndStatus::WAITING)
}
