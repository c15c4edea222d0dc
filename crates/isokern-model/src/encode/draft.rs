//! The description of a model that the encoder takes.

use std::vec;
use std::vec::Vec;

use crate::geometry::Window;
use crate::layout::Terms;
use crate::operators::OpKind;
use crate::requant::Activation;

/// A model before it is packed.
///
/// Operators run in order; each writes one tensor that no other writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The activations.
    pub tensors: Vec<DraftTensor>,
    /// The operators.
    pub ops: Vec<DraftOp>,
    /// Index of the tensor the caller writes.
    pub input: u16,
    /// Index of the tensor the caller reads.
    pub output: u16,
    /// SHA-256 of the file the model came from, or zeros.
    pub source_sha256: [u8; 32],
}

/// An activation.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftTensor {
    /// Sizes, outermost first; 1 to 4 of them.
    pub dims: Vec<u32>,
    /// Real value of one quantised step.
    pub scale: f32,
    /// Quantised value that stands for real zero.
    pub zero_point: i8,
    /// Place in the arena, in bytes.
    pub arena_offset: u32,
}

/// An operator.
#[derive(Debug, Clone, PartialEq)]
pub enum DraftOp {
    /// Convolution; terms are kernel row, kernel column, input channel.
    Conv2d(DraftDot),
    /// Depthwise convolution; weights are `[row][column][output channel]`.
    DepthwiseConv2d(DraftDot),
    /// Fully connected; the window is all zeros.
    FullyConnected(DraftDot),
    /// Sum of two tensors.
    Add(DraftAdd),
    /// Mean over a window.
    Pool(DraftPool),
    /// The same bytes under another shape.
    Reshape {
        /// Index of the tensor read.
        input: u16,
        /// Index of the tensor written.
        output: u16,
    },
    /// Normalised exponentials.
    Softmax(DraftSoftmax),
}

/// An operator made of dot products.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftDot {
    /// Index of the tensor read.
    pub input: u16,
    /// Index of the tensor written.
    pub output: u16,
    /// The window.
    pub window: Window,
    /// Output channels per input channel; 0 unless depthwise.
    pub depth_multiplier: u16,
    /// Number of dot products; for depthwise, output channels.
    pub outputs: usize,
    /// Weights in the row layout: `[output][k]`, for depthwise `[k][output]`.
    pub weights: Vec<i8>,
    /// Quantised weight that stands for real zero.
    pub weight_zero_point: i8,
    /// One bias per output.
    pub bias: Vec<i32>,
    /// One multiplier per output, or one for all.
    pub multiplier: Vec<i32>,
    /// One shift per multiplier.
    pub shift: Vec<i8>,
    /// Least and greatest output value.
    pub activation: Activation,
}

/// See [`Add`](crate::operators::add::Add).
#[derive(Debug, Clone, PartialEq)]
pub struct DraftAdd {
    /// Indices of the tensors read.
    pub inputs: [u16; 2],
    /// Index of the tensor written.
    pub output: u16,
    /// Multipliers of first input, second input and output.
    pub multiplier: [i32; 3],
    /// Their shifts.
    pub shift: [i8; 3],
    /// Bits both inputs move left before they are scaled.
    pub left_shift: u8,
    /// Least and greatest output value.
    pub activation: Activation,
}

/// See [`Pool`](crate::operators::pool::Pool).
#[derive(Debug, Clone, PartialEq)]
pub struct DraftPool {
    /// Index of the tensor read.
    pub input: u16,
    /// Index of the tensor written.
    pub output: u16,
    /// The window.
    pub window: Window,
    /// Least and greatest output value.
    pub activation: Activation,
}

/// See [`Softmax`](crate::operators::softmax::Softmax).
#[derive(Debug, Clone, PartialEq)]
pub struct DraftSoftmax {
    /// Index of the tensor read.
    pub input: u16,
    /// Index of the tensor written.
    pub output: u16,
    /// Multiplier that brings a difference to Q5.26.
    pub multiplier: i32,
    /// Its left shift.
    pub left_shift: u8,
    /// Differences below this one count as zero.
    pub diff_min: i32,
}

/// When a tensor is alive, and whose bytes it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// First step; see [`Tensor::alive`](crate::Tensor::alive).
    pub first_step: u16,
    /// Last step.
    pub last_step: u16,
    /// The tensor with the same bytes that was written first.
    pub root: u16,
}

impl Draft {
    /// The lifetimes of all tensors, by index.
    ///
    /// A reshape is in place, and shares its input's root, where both tensors have
    /// the same arena offset. A planner that wants that calls this first with all
    /// offsets equal.
    #[must_use]
    pub fn lifetimes(&self) -> Vec<Lifetime> {
        let steps = |index: usize| u16::try_from(index).unwrap_or(u16::MAX);
        let fresh = |index| Lifetime { first_step: 0, last_step: 0, root: steps(index) };
        let mut lifetimes: Vec<Lifetime> = (0..self.tensors.len()).map(fresh).collect();
        for (index, op) in self.ops.iter().enumerate() {
            let step = steps(index + 1);
            for input in op.inputs() {
                if let Some(lifetime) = lifetimes.get_mut(usize::from(input)) {
                    lifetime.last_step = step;
                }
            }
            let root = self.root_of(op, &lifetimes);
            if let Some(lifetime) = lifetimes.get_mut(usize::from(op.output())) {
                *lifetime = Lifetime { first_step: step, last_step: step, root };
            }
        }
        if let Some(lifetime) = lifetimes.get_mut(usize::from(self.output)) {
            lifetime.last_step = steps(self.ops.len() + 1);
        }
        lifetimes
    }

    /// Bytes from the arena's start to the end of the last tensor.
    #[must_use]
    pub fn arena_bytes(&self) -> usize {
        let end =
            |tensor: &DraftTensor| (tensor.arena_offset as usize).saturating_add(tensor.len());
        self.tensors.iter().map(end).max().unwrap_or(0)
    }

    /// Multiply-accumulates of one inference.
    #[must_use]
    pub fn macs(&self) -> u64 {
        let macs = |op: &DraftOp| match op {
            DraftOp::Conv2d(dot) | DraftOp::DepthwiseConv2d(dot) | DraftOp::FullyConnected(dot) => {
                self.len_of(dot.output).saturating_mul(dot.terms().count() as u64)
            }
            _ => 0,
        };
        self.ops.iter().map(macs).fold(0, u64::saturating_add)
    }

    fn len_of(&self, index: u16) -> u64 {
        self.tensors.get(usize::from(index)).map_or(0, |tensor| tensor.len() as u64)
    }

    fn root_of(&self, op: &DraftOp, lifetimes: &[Lifetime]) -> u16 {
        let DraftOp::Reshape { input, output } = *op else { return op.output() };
        let offset = |index: u16| self.tensors.get(usize::from(index)).map(|t| t.arena_offset);
        if offset(input) != offset(output) {
            return output;
        }
        lifetimes.get(usize::from(input)).map_or(output, |lifetime| lifetime.root)
    }
}

impl DraftDot {
    /// The terms of one dot product, from the window and the number of weights.
    #[must_use]
    pub fn terms(&self) -> Terms {
        let rows = usize::from(self.window.kernel_height).max(1);
        Terms { rows, row_terms: self.weights.len() / self.outputs.max(1) / rows }
    }
}

impl DraftTensor {
    /// Number of elements, which for `i8` is also the number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dims.iter().fold(1, |len: usize, &size| len.saturating_mul(size as usize))
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl DraftOp {
    /// The kind of the operator.
    #[must_use]
    pub const fn kind(&self) -> OpKind {
        match self {
            Self::Conv2d(_) => OpKind::Conv2d,
            Self::DepthwiseConv2d(_) => OpKind::DepthwiseConv2d,
            Self::FullyConnected(_) => OpKind::FullyConnected,
            Self::Add(_) => OpKind::Add,
            Self::Pool(_) => OpKind::Pool,
            Self::Reshape { .. } => OpKind::Reshape,
            Self::Softmax(_) => OpKind::Softmax,
        }
    }

    /// The tensors the operator reads.
    #[must_use]
    pub fn inputs(&self) -> Vec<u16> {
        match self {
            Self::Conv2d(dot) | Self::DepthwiseConv2d(dot) | Self::FullyConnected(dot) => {
                vec![dot.input]
            }
            Self::Add(add) => add.inputs.to_vec(),
            Self::Pool(pool) => vec![pool.input],
            Self::Reshape { input, .. } => vec![*input],
            Self::Softmax(softmax) => vec![softmax.input],
        }
    }

    /// The tensor the operator writes.
    #[must_use]
    pub const fn output(&self) -> u16 {
        match self {
            Self::Conv2d(dot) | Self::DepthwiseConv2d(dot) | Self::FullyConnected(dot) => {
                dot.output
            }
            Self::Add(add) => add.output,
            Self::Pool(pool) => pool.output,
            Self::Reshape { output, .. } => *output,
            Self::Softmax(softmax) => softmax.output,
        }
    }
}
