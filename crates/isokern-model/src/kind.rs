//! The kinds of operators, and sets of them.

use core::fmt;

/// The kind of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpKind {
    /// [`Op::Conv2d`](crate::Op::Conv2d).
    Conv2d,
    /// [`Op::DepthwiseConv2d`](crate::Op::DepthwiseConv2d).
    DepthwiseConv2d,
    /// [`Op::FullyConnected`](crate::Op::FullyConnected).
    FullyConnected,
    /// [`Op::Add`](crate::Op::Add).
    Add,
    /// [`Op::Pool`](crate::Op::Pool).
    Pool,
    /// [`Op::Reshape`](crate::Op::Reshape).
    Reshape,
    /// [`Op::Softmax`](crate::Op::Softmax).
    Softmax,
}

impl OpKind {
    /// Every kind, in the order of the codes.
    pub const ALL: [Self; 7] = [
        Self::Conv2d,
        Self::DepthwiseConv2d,
        Self::FullyConnected,
        Self::Add,
        Self::Pool,
        Self::Reshape,
        Self::Softmax,
    ];

    /// The number that stands for this kind in a blob, from 1: zeroed memory is no operator.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Conv2d => 1,
            Self::DepthwiseConv2d => 2,
            Self::FullyConnected => 3,
            Self::Add => 4,
            Self::Pool => 5,
            Self::Reshape => 6,
            Self::Softmax => 7,
        }
    }

    /// The kind with this number.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Conv2d),
            2 => Some(Self::DepthwiseConv2d),
            3 => Some(Self::FullyConnected),
            4 => Some(Self::Add),
            5 => Some(Self::Pool),
            6 => Some(Self::Reshape),
            7 => Some(Self::Softmax),
            _ => None,
        }
    }

    /// The name TFLite files use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conv2d => "CONV_2D",
            Self::DepthwiseConv2d => "DEPTHWISE_CONV_2D",
            Self::FullyConnected => "FULLY_CONNECTED",
            Self::Add => "ADD",
            Self::Pool => "AVERAGE_POOL_2D",
            Self::Reshape => "RESHAPE",
            Self::Softmax => "SOFTMAX",
        }
    }
}

impl fmt::Display for OpKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

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
    /// Every kind of format version 1.
    pub const ALL: Self = Self(0b1111_1110);

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
