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
pub struct OpSet([u32; 4]);

impl OpSet {
    /// No kind.
    pub const EMPTY: Self = Self([0; 4]);

    /// Returns the set in these words: bit `n % 32` of word `n / 32` is the kind of code `n`.
    #[must_use]
    pub const fn from_words(words: [u32; 4]) -> Self {
        Self(words)
    }

    /// Returns the words of the set.
    #[must_use]
    pub const fn words(self) -> [u32; 4] {
        self.0
    }

    /// Returns the set with one kind more.
    #[must_use]
    pub const fn with(self, kind: OpKind) -> Self {
        self.with_code(kind.code())
    }

    /// Returns the set with the kind of this code, a checked one.
    pub(crate) const fn with_code(mut self, code: u8) -> Self {
        let (word, bit) = place(code);
        self.0[word] |= bit;
        self
    }

    /// Returns the kinds that are in both sets.
    #[must_use]
    pub const fn and(mut self, other: Self) -> Self {
        let mut word = 0;
        while word < self.0.len() {
            self.0[word] &= other.0[word];
            word += 1;
        }
        self
    }

    /// Returns whether the kind is in the set.
    #[must_use]
    pub const fn contains(self, kind: OpKind) -> bool {
        self.contains_code(kind.code())
    }

    /// Returns whether the kind of this code, a checked one, is in the set.
    pub(crate) const fn contains_code(self, code: u8) -> bool {
        let (word, bit) = place(code);
        self.0[word] & bit != 0
    }

    /// Returns whether every kind of `other` is in the set.
    #[must_use]
    pub const fn contains_all(self, other: Self) -> bool {
        let mut word = 0;
        while word < self.0.len() {
            if other.0[word] & !self.0[word] != 0 {
                return false;
            }
            word += 1;
        }
        true
    }
}

/// Returns word and bit of a code of some kind.
const fn place(code: u8) -> (usize, u32) {
    // As long as the codes of all kinds fit one word, firmware has no index to compute.
    let word = if HAS_HIGH_CODES { (code / 32) as usize % 4 } else { 0 };
    (word, 1 << (code % 32))
}

/// Whether a kind has a code above 31.
const HAS_HIGH_CODES: bool = {
    let (mut has, mut index) = (false, 0);
    while index < OpKind::ALL.len() {
        has |= OpKind::ALL[index].code() > 31;
        index += 1;
    }
    has
};

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

/// The kinds of a network of convolutions: those with codes 1 to 8.
///
/// Device code has an entry for these alone, which needs no more registers than they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct BaseOperators;

impl OperatorSet for BaseOperators {
    const KINDS: OpSet = OpSet::from_words([0b1_1111_1110, 0, 0, 0]);
}
