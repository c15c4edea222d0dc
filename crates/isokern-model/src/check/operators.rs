//! Checks the operator records against the tensors they name.

use super::constants;
use crate::error::FormatError;
use crate::geometry::{Axis, Window};
use crate::kind::OpKind;
use crate::model::Model;
use crate::op::{Activation, Add, Conv2d, DepthwiseConv2d, Op, Pool, Softmax};
use crate::record::{AddBody, DotBody, NONE, OpRecord, PoolBody, SoftmaxBody};
use crate::tensor::Tensor;

type Fault = Result<(), &'static str>;

/// What a checked operator adds to the totals of the header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) kind: OpKind,
    pub(super) macs: u64,
    pub(super) work: u64,
    pub(super) weight_bytes: usize,
}

/// Checks the operator at `index` and says what it costs.
#[inline(never)] // A frame of its own: firmware's stack is short.
pub(super) fn check(model: &Model<'_>, index: usize) -> Result<Cost, FormatError> {
    let number = u16::try_from(index).unwrap_or(u16::MAX);
    let fault = |field| FormatError::Operator { index: number, field };
    let record = model.op_record(index).ok_or(fault("record"))?;
    let kind = OpKind::from_code(record.kind).ok_or(fault("kind"))?;
    require(record.reserved == 0, "reserved").map_err(fault)?;
    tensors(model, &record, kind, index + 1).map_err(fault)?;
    let op = model.op(index).ok_or(fault("kind"))?;
    body(model, &record, &op).map_err(fault)?;
    Ok(Cost { kind, macs: op.macs(), work: op.work(), weight_bytes: op.weight_bytes() })
}

/// The tensors exist, and are alive while the operator runs.
fn tensors(model: &Model<'_>, record: &OpRecord, kind: OpKind, step: usize) -> Fault {
    let alive = |index: u16| {
        let (first, last) = model.tensor(index.into()).alive();
        usize::from(index) < model.tensor_count() && first < step && step <= last
    };
    require(alive(record.input), "input")?;
    if kind == OpKind::Add {
        require(alive(record.input_b), "input_b")?;
    } else {
        require(record.input_b == NONE, "input_b")?;
    }
    let output = model.tensor_record(record.output.into()).ok_or("output")?;
    require(usize::from(output.first_step) == step, "output")?;
    require(!model.is_input(record.output), "output")?;
    let input = model.tensor_record(record.input.into()).ok_or("input")?;
    let in_place = kind == OpKind::Reshape && input.arena_offset == output.arena_offset;
    require(output.root == if in_place { input.root } else { record.output }, "output")
}

fn body(model: &Model<'_>, record: &OpRecord, op: &Op<'_>) -> Fault {
    match op {
        Op::Conv2d(op) => conv2d(op)
            .and_then(|()| dot(model, record))
            .and_then(|()| constants::weights(model, &record.body(), &op.weights)),
        Op::DepthwiseConv2d(op) => depthwise(op, &record.body())
            .and_then(|()| dot(model, record))
            .and_then(|()| constants::depthwise_weights(model, &record.body(), op)),
        Op::FullyConnected(op) => {
            let body: DotBody = record.body();
            let rows = op.output.len() / op.weights.outputs.max(1);
            require(body.window == Window::default(), "window")?;
            require(body.depth_multiplier == 0, "depth_multiplier")?;
            require(op.output.depth() == op.weights.outputs, "outputs")?;
            require(op.weights.terms.row_terms.saturating_mul(rows) == op.input.len(), "input")?;
            require(i8::try_from(op.weight_zero_point).is_ok(), "weight_zero_point")?;
            dot(model, record)?;
            constants::weights(model, &body, &op.weights)
        }
        Op::Add(op) => add(op, record),
        Op::Pool(op) => pool(op, record),
        Op::Reshape(op) => {
            require(record.body == [0; 14], "body")?;
            require(op.input.len() == op.output.len(), "output")
        }
        Op::Softmax(op) => softmax(op, record),
    }
}

fn conv2d(op: &Conv2d<'_>) -> Fault {
    images(&op.input, &op.output, &op.window)?;
    require(op.weights.outputs == op.output.image().channels, "outputs")
}

fn depthwise(op: &DepthwiseConv2d<'_>, body: &DotBody) -> Fault {
    images(&op.input, &op.output, &op.window)?;
    let channels = op.output.image().channels;
    require(body.outputs as usize == channels, "outputs")?;
    require(op.depth_multiplier > 0, "depth_multiplier")?;
    let expected = op.input.image().channels.checked_mul(op.depth_multiplier);
    require(expected == Some(channels), "depth_multiplier")?;
    require(body.weight_sums_offset == 0, "weight_sums_offset")?;
    require(body.weight_zero_point == 0, "weight_zero_point")
}

/// What the bodies of all dot products have in common.
fn dot(model: &Model<'_>, record: &OpRecord) -> Fault {
    let body: DotBody = record.body();
    if record.kind == OpKind::Conv2d.code() {
        require(body.depth_multiplier == 0, "depth_multiplier")?;
        require(body.weight_zero_point == 0, "weight_zero_point")?;
    }
    require(body.activation_min <= body.activation_max, "activation_min")?;
    constants::requant(model, &body)
}

fn add(op: &Add, record: &OpRecord) -> Fault {
    let body: AddBody = record.body();
    require(record.is_clear_behind::<AddBody>() && body.reserved == 0, "body")?;
    require(op.input_a.shape() == op.output.shape(), "input")?;
    require(op.input_b.shape() == op.output.shape(), "input_b")?;
    require(op.multiplier.iter().all(|&multiplier| multiplier >= 0), "multiplier")?;
    require(op.shift.iter().all(|shift| (-31..=0).contains(shift)), "shift")?;
    require(op.left_shift <= 20, "left_shift")?;
    activation(op.activation)
}

fn pool(op: &Pool, record: &OpRecord) -> Fault {
    let body: PoolBody = record.body();
    require(record.is_clear_behind::<PoolBody>() && body.reserved == 0, "body")?;
    images(&op.input, &op.output, &op.window)?;
    require(op.input.image().channels == op.output.image().channels, "output")?;
    require((op.window.dilation_height, op.window.dilation_width) == (1, 1), "window")?;
    activation(op.activation)
}

fn softmax(op: &Softmax, record: &OpRecord) -> Fault {
    require(record.is_clear_behind::<SoftmaxBody>(), "body")?;
    require(op.input.shape() == op.output.shape(), "output")?;
    require(op.multiplier >= 0, "multiplier")?;
    require(op.left_shift <= 31, "left_shift")?;
    require(op.diff_min <= 0, "diff_min")
}

fn activation(range: Activation) -> Fault {
    require(range.min <= range.max, "activation_min")
}

/// Both tensors are images of batch 1, and every window starts before the image's
/// end and ends behind its start.
fn images(input: &Tensor, output: &Tensor, window: &Window) -> Fault {
    require(matches!(input.shape(), [1, _, _, _]), "input")?;
    require(matches!(output.shape(), [1, _, _, _]), "output")?;
    let (input, output) = (input.image(), output.image());
    require(axis(window.rows(), input.height, output.height), "window")?;
    require(axis(window.columns(), input.width, output.width), "window")
}

fn axis(axis: Axis, inputs: usize, outputs: usize) -> bool {
    // Outputs are below 2^28 and strides below 2^16, which a 32-bit address may not hold.
    let last_start = (outputs as u64).saturating_sub(1) * axis.stride as u64;
    axis.kernel > 0
        && axis.stride > 0
        && axis.dilation > 0
        && axis.pad < axis.extent()
        && last_start < inputs as u64 + axis.pad as u64
}

fn require(holds: bool, field: &'static str) -> Fault {
    if holds { Ok(()) } else { Err(field) }
}
