//! Which memory classes a port takes, and whether a buffer must be copied first.
//!
//! Every backend asks [`decide_placement`] before it touches a payload. The
//! answer is [`ZeroCopy`](PlacementDecision::ZeroCopy), or
//! [`AdaptRequired`](PlacementDecision::AdaptRequired): then the backend makes a
//! real copy or refuses by name. It never reads the bytes where it cannot.

use thiserror::Error;

use super::memory::MemoryClass;

/// Says whether a buffer of class `have` can be used in place.
///
/// ```
/// use isokern_core::compute::{
///     MemoryClass, PlacementAcceptance, PlacementDecision, decide_placement,
/// };
///
/// const TAKES: PlacementAcceptance = PlacementAcceptance::empty().with_host().with_shared();
/// assert_eq!(decide_placement(MemoryClass::Host, TAKES), PlacementDecision::ZeroCopy);
/// assert_eq!(decide_placement(MemoryClass::Device(0), TAKES), PlacementDecision::AdaptRequired);
/// ```
#[must_use]
pub const fn decide_placement(
    have: MemoryClass,
    accepts: PlacementAcceptance,
) -> PlacementDecision {
    if accepts.accepts(have) {
        PlacementDecision::ZeroCopy
    } else {
        PlacementDecision::AdaptRequired
    }
}

/// The step that a buffer needs before it is used: none, or a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PlacementDecision {
    /// Nothing: the bytes are used where they are.
    #[cfg_attr(feature = "serde", serde(alias = "zero_copy"))]
    ZeroCopy,
    /// A copy to an accepted class, or a refusal which names both classes.
    #[cfg_attr(feature = "serde", serde(alias = "adapt_required"))]
    AdaptRequired,
}

/// A set of memory classes, one bit each.
///
/// Bit *n* is the class with [code](MemoryClass::code) *n*: 0 host, 1 pinned
/// host, 2 to 17 devices 0 to 15, 18 shared. A device above 15 is in no set.
///
/// ```
/// use isokern_core::compute::{MemoryClass, PlacementAcceptance};
///
/// let port = PlacementAcceptance::empty().with_pinned_host().with_shared();
/// assert!(port.accepts(MemoryClass::Shared));
/// assert!(!port.accepts(MemoryClass::Host));
/// assert_eq!(port.bits(), 1 << 1 | 1 << 18);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u32", into = "u32"))]
pub struct PlacementAcceptance(u32);

impl PlacementAcceptance {
    /// All nineteen bits that mean a class.
    const KNOWN_BITS: u32 = (1 << 19) - 1;

    /// Returns the set that takes nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self(0)
    }

    /// Returns the set that takes one class.
    ///
    /// For a device above 15 this is the empty set: it takes nothing, so that a
    /// buffer is copied or refused and never handed to the wrong device. Use
    /// [`try_with_device`](Self::try_with_device) to get an error.
    #[must_use]
    pub const fn exactly(class: MemoryClass) -> Self {
        match class.code() {
            Some(code) => Self(1 << code),
            None => Self::empty(),
        }
    }

    /// Returns the set with ordinary host memory added.
    #[must_use]
    pub const fn with_host(self) -> Self {
        self.union(Self::exactly(MemoryClass::Host))
    }

    /// Returns the set with page-locked host memory added.
    #[must_use]
    pub const fn with_pinned_host(self) -> Self {
        self.union(Self::exactly(MemoryClass::PinnedHost))
    }

    /// Returns the set with mapped memory added.
    #[must_use]
    pub const fn with_shared(self) -> Self {
        self.union(Self::exactly(MemoryClass::Shared))
    }

    /// Returns the set with one device added, `None` for an ordinal above 15.
    ///
    /// ```
    /// use isokern_core::compute::PlacementAcceptance;
    ///
    /// assert!(PlacementAcceptance::empty().try_with_device(15).is_some());
    /// assert!(PlacementAcceptance::empty().try_with_device(16).is_none());
    /// ```
    #[must_use]
    pub const fn try_with_device(self, ordinal: u8) -> Option<Self> {
        match MemoryClass::Device(ordinal).code() {
            Some(code) => Some(Self(self.0 | 1 << code)),
            None => None,
        }
    }

    /// Returns what either set takes.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns what both sets take.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Says whether this set takes everything that `other` takes.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Says whether a buffer of this class is taken as it is.
    #[must_use]
    pub const fn accepts(self, class: MemoryClass) -> bool {
        match class.code() {
            Some(code) => self.0 >> code & 1 == 1,
            None => false,
        }
    }

    /// Says whether the set takes nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the bit set.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns the set with these bits, `None` when one of them means no class.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !Self::KNOWN_BITS == 0 { Some(Self(bits)) } else { None }
    }
}

/// A number that is no [`PlacementAcceptance`]: a bit above 18 is set.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("placement bits {bits:#010x} set a bit above 18, which means no memory class")]
pub struct PlacementBitsError {
    /// The number that was refused.
    pub bits: u32,
}

impl TryFrom<u32> for PlacementAcceptance {
    type Error = PlacementBitsError;

    fn try_from(bits: u32) -> Result<Self, Self::Error> {
        Self::from_bits(bits).ok_or(PlacementBitsError { bits })
    }
}

impl From<PlacementAcceptance> for u32 {
    fn from(acceptance: PlacementAcceptance) -> Self {
        acceptance.bits()
    }
}
