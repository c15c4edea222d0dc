//! Sets of operator kinds.

use crate::operators::OpKind;

/// A set of operator kinds.
///
/// ```
/// use isokern_model::{OpKind, OpSet};
///
/// let set = OpSet::EMPTY.with(OpKind::Add);
/// assert!(set.contains(OpKind::Add) && !set.contains(OpKind::Softmax));
/// assert!(OpSet::ALL.contains_all(set));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct OpSet(u32);

impl OpSet {
    /// No kind.
    pub const EMPTY: Self = Self(0);

    /// The set with these bits: bit `n` is the kind of code `n`.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits of the set.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set with one kind more.
    #[must_use]
    pub const fn with(self, kind: OpKind) -> Self {
        Self(self.0 | 1 << kind.code())
    }

    /// Whether the kind is in the set.
    #[must_use]
    pub const fn contains(self, kind: OpKind) -> bool {
        self.0 & 1 << kind.code() != 0
    }

    /// Whether every kind of `other` is in the set.
    #[must_use]
    pub const fn contains_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

/// A set of operator kinds as a type: what an executor is built with.
///
/// Code for kinds outside the set is not linked. `include_model!` makes such a type
/// for each model; [`AllOperators`] is the default elsewhere.
pub trait OperatorSet {
    /// The kinds.
    const KINDS: OpSet;
}

/// Every operator kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AllOperators;

impl OperatorSet for AllOperators {
    const KINDS: OpSet = OpSet::ALL;
}
