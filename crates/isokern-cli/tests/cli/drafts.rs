//! Small models of several inputs and outputs, and with state, described without a file.

use isokern_core::DType;
use isokern_model::Region;
use isokern_model::encode::{Draft, DraftOp, DraftPort, DraftTensor};
use isokern_model::layout::Layout;
use isokern_model::operators::add::{Add, AddBody};
use isokern_model::operators::reshape::Reshape;

/// The values of an int8 input of these models.
pub(crate) const LEN: usize = 4;
/// What the state of [`running_sum`] holds at first.
pub(crate) const INITIAL: [i8; LEN] = [10, -20, 30, -40];
/// The name of the third input of [`mixed`], which would clear a terminal.
pub(crate) const HOSTILE: &str = "raw\u{1b}[2J";

/// Returns `left` + `right` = `sum`, saturated.
pub(crate) fn addition() -> Vec<u8> {
    let tensors = vec![int8(0), int8(4), int8(8)];
    let inputs = vec![DraftPort::new(0, "left"), DraftPort::new(1, "right")];
    packed(tensors, vec![add(0, 1, 2)], inputs, vec![DraftPort::new(2, "sum")], &[])
}

/// Returns twice the input, of this shape, saturated.
pub(crate) fn twice(dims: &[u32]) -> Vec<u8> {
    let len = dims.iter().product();
    let tensor = |offset| DraftTensor { dims: dims.to_vec(), ..int8(offset) };
    let tensors = vec![tensor(0), tensor(len)];
    let (inputs, outputs) = (vec![DraftPort::new(0, "x")], vec![DraftPort::new(1, "y")]);
    packed(tensors, vec![add(0, 0, 1)], inputs, outputs, &[])
}

/// Returns [`addition`], with this name of both inputs and the output.
pub(crate) fn ends_named(name: &str) -> Vec<u8> {
    let inputs = vec![DraftPort::new(0, name), DraftPort::new(1, name)];
    let tensors = vec![int8(0), int8(4), int8(8)];
    packed(tensors, vec![add(0, 1, 2)], inputs, vec![DraftPort::new(2, name)], &[])
}

/// Returns `left` + `right` = `sum`, saturated, and a third input, three values of int32, as they
/// come at the second output.
pub(crate) fn mixed() -> Vec<u8> {
    let int32 = |dims: &[u32], offset| DraftTensor {
        dims: dims.to_vec(),
        dtype: DType::I32,
        ..int8(offset)
    };
    let tensors = vec![int8(0), int8(4), int8(8), int32(&[1, 3], 12), int32(&[3, 1], 24)];
    let ops = vec![add(0, 1, 2), DraftOp::new::<Reshape>(&[], &[3], &[4])];
    let inputs =
        vec![DraftPort::new(0, "left"), DraftPort::new(1, "right"), DraftPort::new(3, HOSTILE)];
    let outputs = vec![DraftPort::new(2, "sum"), DraftPort::new(4, "copy")];
    packed(tensors, ops, inputs, outputs, &[])
}

/// Adds each input to the state, and answers with what the state is then.
pub(crate) fn running_sum() -> Vec<u8> {
    running_sum_of(&[1, LEN as u32])
}

/// Returns the same of this shape, of [`LEN`] values.
pub(crate) fn running_sum_of(dims: &[u32]) -> Vec<u8> {
    sum_from(dims, INITIAL)
}

/// Returns the same from zeros on.
pub(crate) fn zero_sum() -> Vec<u8> {
    sum_from(&[1, LEN as u32], [0; LEN])
}

fn sum_from(dims: &[u32], initial: [i8; LEN]) -> Vec<u8> {
    let int8 = |offset| DraftTensor { dims: dims.to_vec(), ..int8(offset) };
    let state = DraftTensor { region: Region::State, ..int8(0) };
    let tensors = vec![int8(0), state, int8(4)];
    let ops = vec![add(0, 1, 2), DraftOp::new::<Reshape>(&[], &[2], &[1])];
    let (inputs, outputs) = (vec![DraftPort::new(0, "step")], vec![DraftPort::new(2, "sum")]);
    packed(tensors, ops, inputs, outputs, &initial.map(i8::cast_unsigned))
}

/// Returns the sums that the models compute.
pub(crate) fn sums(left: &[i8], right: &[i8]) -> Vec<i8> {
    left.iter().zip(right).map(|(a, b)| a.saturating_add(*b)).collect()
}

/// Returns int8 values as the bytes of a file.
pub(crate) fn bytes(values: &[i8]) -> Vec<u8> {
    values.iter().map(|value| value.cast_unsigned()).collect()
}

fn packed(
    tensors: Vec<DraftTensor>,
    ops: Vec<DraftOp>,
    inputs: Vec<DraftPort>,
    outputs: Vec<DraftPort>,
    state: &[u8],
) -> Vec<u8> {
    let state = state.to_vec();
    let draft = Draft { tensors, ops, inputs, outputs, state, source_sha256: [0; 32] };
    draft.encode(Layout::Row).expect("the draft is a model")
}

fn int8(offset: u32) -> DraftTensor {
    let (dtype, region) = (DType::I8, Region::Arena);
    DraftTensor { dims: vec![1, LEN as u32], dtype, scale: 1.0, zero_point: 0, region, offset }
}

/// Returns an exact sum: the inputs move 20 bits to the left, then 1 to the right; the sum 19 more.
fn add(left: u16, right: u16, sum: u16) -> DraftOp {
    let body = AddBody {
        multiplier: [1 << 30; 3],
        shift: [0, 0, -18],
        left_shift: 20,
        activation_min: i8::MIN,
        activation_max: i8::MAX,
        reserved: 0,
    };
    DraftOp::new::<Add>(&body, &[left, right], &[sum])
}
