//! The flag word of a message header.

use core::fmt;

use bytemuck::{Pod, Zeroable};

/// A set of message flags.
///
/// Bits without a name are kept as they are, so that a relay of an older
/// version passes on what it does not know. A ring carries bits 0 to 7.
///
/// ```
/// use isokern_core::compute::MessageFlags;
///
/// let only = MessageFlags::FIRST_IN_BATCH.union(MessageFlags::LAST_IN_BATCH);
/// assert!(only.contains(MessageFlags::LAST_IN_BATCH));
/// assert!(!only.contains(MessageFlags::DEGRADE_ALLOWED));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct MessageFlags(u16);

impl MessageFlags {
    /// Bit 0: this message opens a batch.
    pub const FIRST_IN_BATCH: Self = Self(1);
    /// Bit 1: this message closes a batch.
    pub const LAST_IN_BATCH: Self = Self(1 << 1);
    /// Bit 2: a cheaper answer is welcome when the full one would be late.
    pub const DEGRADE_ALLOWED: Self = Self(1 << 2);
    /// Every flag with a name.
    pub const NAMED: Self =
        Self::FIRST_IN_BATCH.union(Self::LAST_IN_BATCH).union(Self::DEGRADE_ALLOWED);

    /// Returns the set without flags.
    #[must_use]
    pub const fn empty() -> Self {
        Self(0)
    }

    /// Returns the set with these bits, named or not.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Returns the bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Returns the flags of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the flags of this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Says whether every flag of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for MessageFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMED: [(MessageFlags, &str); 3] = [
            (MessageFlags::FIRST_IN_BATCH, "FIRST_IN_BATCH"),
            (MessageFlags::LAST_IN_BATCH, "LAST_IN_BATCH"),
            (MessageFlags::DEGRADE_ALLOWED, "DEGRADE_ALLOWED"),
        ];
        let mut unnamed = *self;
        let mut set = f.debug_set();
        for (flag, name) in NAMED {
            if self.contains(flag) {
                set.entry(&format_args!("{name}"));
                unnamed = unnamed.without(flag);
            }
        }
        if unnamed != Self::empty() {
            set.entry(&format_args!("{:#06x}", unnamed.bits()));
        }
        set.finish()
    }
}
