//! The same model with its weights in another layout.

use std::vec::Vec;

use super::constants::places;
use super::draft::{Draft, DraftAdd, DraftDot, DraftOp, DraftPool, DraftSoftmax, DraftTensor};
use super::{EncodeError, set_self_test};
use crate::geometry::Window;
use crate::layout::Layout;
use crate::model::Model;
use crate::operators::Op;
use crate::requant::Requant;
use crate::weights::Weights;

/// Writes `model` again with its weights in `layout`.
///
/// Lifetimes and the arena's size are worked out anew; what the model computes and
/// its self-test stay.
///
/// # Errors
///
/// [`EncodeError::TooLong`] where padding takes the blob past 4 GiB, and
/// [`EncodeError::Invalid`] where it would then not pass [`Model::parse`].
pub fn relayout(model: &Model<'_>, layout: Layout) -> Result<Vec<u8>, EncodeError> {
    let mut blob = Draft::from_model(model).encode(layout)?;
    if let Some((seed, digest)) = model.header().self_test() {
        set_self_test(&mut blob, seed, digest)?;
    }
    Ok(blob)
}

impl Draft {
    /// The description of a packed model, arena offsets included.
    #[must_use]
    pub fn from_model(model: &Model<'_>) -> Self {
        let tensor = |index| {
            let tensor = model.tensor(index);
            DraftTensor {
                dims: tensor.shape().to_vec(),
                scale: tensor.scale(),
                zero_point: tensor.zero_point() as i8,
                arena_offset: tensor.arena_offset() as u32,
            }
        };
        let op = |(index, op): (usize, Op<'_>)| {
            let record = model.op_record(index);
            let (inputs, output) = record
                .map_or(([0; 2], 0), |record| ([record.input, record.input_b], record.output));
            draft_op(&op, inputs, output)
        };
        Self {
            tensors: (0..model.tensor_count()).map(tensor).collect(),
            ops: model.ops().enumerate().map(op).collect(),
            input: model.header().input_tensor as u16,
            output: model.header().output_tensor as u16,
            source_sha256: model.header().source_sha256,
        }
    }
}

fn draft_op(op: &Op<'_>, inputs: [u16; 2], output: u16) -> DraftOp {
    let input = inputs[0];
    match op {
        Op::Conv2d(op) => DraftOp::Conv2d(DraftDot {
            window: op.window,
            outputs: op.weights.outputs,
            weights: rows(&op.weights),
            ..dot(input, output, &op.requant)
        }),
        Op::DepthwiseConv2d(op) => DraftOp::DepthwiseConv2d(DraftDot {
            window: op.window,
            depth_multiplier: op.depth_multiplier as u16,
            outputs: op.requant.bias.len(),
            weights: op.weights.to_vec(),
            ..dot(input, output, &op.requant)
        }),
        Op::FullyConnected(op) => DraftOp::FullyConnected(DraftDot {
            outputs: op.weights.outputs,
            weights: rows(&op.weights),
            weight_zero_point: op.weight_zero_point as i8,
            ..dot(input, output, &op.requant)
        }),
        Op::Add(op) => DraftOp::Add(DraftAdd {
            inputs,
            output,
            multiplier: op.multiplier,
            shift: op.shift,
            left_shift: op.left_shift,
            activation: op.activation,
        }),
        Op::Pool(op) => {
            DraftOp::Pool(DraftPool { input, output, window: op.window, activation: op.activation })
        }
        Op::Reshape(_) => DraftOp::Reshape { input, output },
        Op::Softmax(op) => DraftOp::Softmax(DraftSoftmax {
            input,
            output,
            multiplier: op.multiplier,
            left_shift: op.left_shift as u8,
            diff_min: op.diff_min,
        }),
    }
}

/// What all dot products have in common; weights and window are still empty.
fn dot(input: u16, output: u16, requant: &Requant<'_>) -> DraftDot {
    DraftDot {
        input,
        output,
        window: Window::default(),
        depth_multiplier: 0,
        outputs: 0,
        weights: Vec::new(),
        weight_zero_point: 0,
        bias: requant.bias.to_vec(),
        multiplier: requant.multiplier.to_vec(),
        shift: requant.shift.to_vec(),
        activation: requant.activation,
    }
}

/// The weights in the row layout.
fn rows(weights: &Weights<'_>) -> Vec<i8> {
    let (outputs, terms) = (weights.outputs, weights.terms);
    let value = |output, (row, term)| {
        weights.values[weights.layout.weight_index(outputs, terms, output, row, term)]
    };
    (0..outputs).flat_map(|output| places(terms).map(move |place| value(output, place))).collect()
}
