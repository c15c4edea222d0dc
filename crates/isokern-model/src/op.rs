//! Operators as executors see them: parameters, tensors and constant slices.

use core::fmt;

use crate::geometry::Window;
use crate::layout::{Layout, Terms};
use crate::tensor::Tensor;

/// One operator of a model, ready to run.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Op<'m> {
    /// Convolution over an image.
    Conv2d(Conv2d<'m>),
    /// Convolution of each channel with kernels of its own.
    DepthwiseConv2d(DepthwiseConv2d<'m>),
    /// Product of rows with a matrix.
    FullyConnected(FullyConnected<'m>),
    /// Sum of two tensors of one shape.
    Add(Add),
    /// Mean over a window.
    AveragePool2d(AveragePool2d),
    /// The same bytes under another shape.
    Reshape(Reshape),
    /// Normalised exponentials of each row.
    Softmax(Softmax),
}

/// Weights of dot products, in the blob's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights<'m> {
    /// The order of the values.
    pub layout: Layout,
    /// The values.
    pub values: &'m [i8],
    /// Each output's sum of weights (packed layout; empty in the row layout).
    pub sums: &'m [i32],
    /// Number of dot products.
    pub outputs: usize,
    /// Terms of one dot product.
    pub terms: Terms,
}

/// How accumulators become output values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requant<'m> {
    /// One bias per output.
    pub bias: &'m [i32],
    /// One Q31 multiplier per output, or one for all.
    pub multiplier: &'m [i32],
    /// One shift per multiplier; above zero is to the left.
    pub shift: &'m [i8],
    /// Zero point of the output.
    pub zero_point: i32,
    /// Least and greatest output value.
    pub activation: Activation,
}

/// The range a fused activation leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activation {
    /// Least output value.
    pub min: i8,
    /// Greatest output value.
    pub max: i8,
}

/// See [`Op::Conv2d`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conv2d<'m> {
    /// An image.
    pub input: Tensor,
    /// An image.
    pub output: Tensor,
    /// The kernel.
    pub window: Window,
    /// One dot product per output channel.
    pub weights: Weights<'m>,
    /// Bias and scales.
    pub requant: Requant<'m>,
}

/// See [`Op::DepthwiseConv2d`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DepthwiseConv2d<'m> {
    /// An image.
    pub input: Tensor,
    /// An image with `depth_multiplier` times the channels.
    pub output: Tensor,
    /// The kernel.
    pub window: Window,
    /// Output channel `c * depth_multiplier + m` reads input channel `c`.
    pub depth_multiplier: usize,
    /// `[kernel row][kernel column][output channel]`, in both layouts.
    pub weights: &'m [i8],
    /// Bias and scales.
    pub requant: Requant<'m>,
}

/// See [`Op::FullyConnected`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FullyConnected<'m> {
    /// Rows of `weights.terms.row_terms` values.
    pub input: Tensor,
    /// As many rows of `weights.outputs` values.
    pub output: Tensor,
    /// One dot product per unit.
    pub weights: Weights<'m>,
    /// Quantised weight that stands for real zero.
    pub weight_zero_point: i32,
    /// Bias and scales.
    pub requant: Requant<'m>,
}

/// See [`Op::Add`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Add {
    /// The first summand.
    pub input_a: Tensor,
    /// The second summand, of the same shape.
    pub input_b: Tensor,
    /// The sum.
    pub output: Tensor,
    /// Multipliers of first input, second input and output.
    pub multiplier: [i32; 3],
    /// Their shifts, none above zero.
    pub shift: [i8; 3],
    /// Bits both inputs move left before they are scaled.
    pub left_shift: u8,
    /// Least and greatest output value.
    pub activation: Activation,
}

/// See [`Op::AveragePool2d`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AveragePool2d {
    /// An image.
    pub input: Tensor,
    /// An image of as many channels.
    pub output: Tensor,
    /// The cells one mean is taken over; padding does not count.
    pub window: Window,
    /// Least and greatest output value.
    pub activation: Activation,
}

/// See [`Op::Reshape`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reshape {
    /// Any tensor.
    pub input: Tensor,
    /// As many elements; usually the same place in the arena.
    pub output: Tensor,
}

/// See [`Op::Softmax`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Softmax {
    /// Rows along the last dimension.
    pub input: Tensor,
    /// The same shape, scale 1/256, zero point -128.
    pub output: Tensor,
    /// Multiplier that brings a difference to Q5.26.
    pub multiplier: i32,
    /// Its left shift.
    pub left_shift: u32,
    /// Differences below this one count as zero.
    pub diff_min: i32,
}

/// The kind of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpKind {
    /// [`Op::Conv2d`].
    Conv2d,
    /// [`Op::DepthwiseConv2d`].
    DepthwiseConv2d,
    /// [`Op::FullyConnected`].
    FullyConnected,
    /// [`Op::Add`].
    Add,
    /// [`Op::AveragePool2d`].
    AveragePool2d,
    /// [`Op::Reshape`].
    Reshape,
    /// [`Op::Softmax`].
    Softmax,
}

impl OpKind {
    /// Every kind, in the order of the codes.
    pub const ALL: [Self; 7] = [
        Self::Conv2d,
        Self::DepthwiseConv2d,
        Self::FullyConnected,
        Self::Add,
        Self::AveragePool2d,
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
            Self::AveragePool2d => 5,
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
            5 => Some(Self::AveragePool2d),
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
            Self::AveragePool2d => "AVERAGE_POOL_2D",
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

impl Op<'_> {
    /// The kind of the operator.
    #[must_use]
    pub const fn kind(&self) -> OpKind {
        match self {
            Self::Conv2d(_) => OpKind::Conv2d,
            Self::DepthwiseConv2d(_) => OpKind::DepthwiseConv2d,
            Self::FullyConnected(_) => OpKind::FullyConnected,
            Self::Add(_) => OpKind::Add,
            Self::AveragePool2d(_) => OpKind::AveragePool2d,
            Self::Reshape(_) => OpKind::Reshape,
            Self::Softmax(_) => OpKind::Softmax,
        }
    }

    /// The tensor the operator writes.
    #[must_use]
    pub const fn output(&self) -> &Tensor {
        match self {
            Self::Conv2d(op) => &op.output,
            Self::DepthwiseConv2d(op) => &op.output,
            Self::FullyConnected(op) => &op.output,
            Self::Add(op) => &op.output,
            Self::AveragePool2d(op) => &op.output,
            Self::Reshape(op) => &op.output,
            Self::Softmax(op) => &op.output,
        }
    }

    /// The tensor the operator reads first.
    #[must_use]
    pub const fn input(&self) -> &Tensor {
        match self {
            Self::Conv2d(op) => &op.input,
            Self::DepthwiseConv2d(op) => &op.input,
            Self::FullyConnected(op) => &op.input,
            Self::Add(op) => &op.input_a,
            Self::AveragePool2d(op) => &op.input,
            Self::Reshape(op) => &op.input,
            Self::Softmax(op) => &op.input,
        }
    }

    /// Multiply-accumulates; 0 for operators without weights.
    #[must_use]
    pub const fn macs(&self) -> u64 {
        match self {
            Self::Conv2d(op) => {
                (op.output.len() as u64).saturating_mul(op.weights.terms.count() as u64)
            }
            Self::DepthwiseConv2d(op) => (op.output.len() as u64)
                .saturating_mul(op.window.kernel_height as u64 * op.window.kernel_width as u64),
            Self::FullyConnected(op) => {
                (op.output.len() as u64).saturating_mul(op.weights.terms.count() as u64)
            }
            _ => 0,
        }
    }

    /// Elementary steps: what bounds the time of one run.
    #[must_use]
    pub const fn work(&self) -> u64 {
        let elements = self.output().len() as u64;
        match self {
            Self::AveragePool2d(op) => elements
                .saturating_mul(op.window.kernel_height as u64)
                .saturating_mul(op.window.kernel_width as u64),
            _ => self.macs().saturating_add(elements),
        }
    }

    /// Bytes of weights; 0 for operators without.
    #[must_use]
    pub const fn weight_bytes(&self) -> usize {
        match self {
            Self::Conv2d(op) => op.weights.values.len(),
            Self::DepthwiseConv2d(op) => op.weights.len(),
            Self::FullyConnected(op) => op.weights.values.len(),
            _ => 0,
        }
    }
}
