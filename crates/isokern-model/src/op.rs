//! Operators as executors see them: parameters, tensors and constant slices.

use crate::geometry::Window;
use crate::kind::OpKind;
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
    Pool(Pool),
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

/// See [`Op::Pool`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pool {
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

impl Op<'_> {
    /// The kind of the operator.
    #[must_use]
    pub const fn kind(&self) -> OpKind {
        match self {
            Self::Conv2d(_) => OpKind::Conv2d,
            Self::DepthwiseConv2d(_) => OpKind::DepthwiseConv2d,
            Self::FullyConnected(_) => OpKind::FullyConnected,
            Self::Add(_) => OpKind::Add,
            Self::Pool(_) => OpKind::Pool,
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
            Self::Pool(op) => &op.output,
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
            Self::Pool(op) => &op.input,
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
            Self::Pool(op) => elements
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
