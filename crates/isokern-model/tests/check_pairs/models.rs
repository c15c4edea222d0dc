//! Valid models to start from: one of each kind, and some with a certain plan.

use isokern_core::DType;
use isokern_core::compute::ModelArtifact;
use isokern_model::Model;
use isokern_model::encode::{Constant, Draft, DraftMove, DraftOp, DraftPort, DraftTensor};
use isokern_model::geometry::Window;
use isokern_model::layout::{Layout, Terms};
use isokern_model::operators::add::{Add, AddBody};
use isokern_model::operators::add_n::{AddN, AddNBody};
use isokern_model::operators::binary::{Binary, BinaryBody, BinaryOperation};
use isokern_model::operators::conv2d::Conv2d;
use isokern_model::operators::convert::{Conversion, Convert, ConvertBody};
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2d;
use isokern_model::operators::dot_body::{DotBody, constants};
use isokern_model::operators::fully_connected::FullyConnected;
use isokern_model::operators::gather::{Gather, GatherBody};
use isokern_model::operators::moves::PieceAxis;
use isokern_model::operators::pool::{Pool, PoolBody};
use isokern_model::operators::reduce::{Reduce, ReduceBody, ReduceOperation};
use isokern_model::operators::reshape::Reshape;
use isokern_model::operators::select::{Select, SelectBody};
use isokern_model::operators::softmax::{Softmax, SoftmaxBody};
use isokern_model::operators::table::Table;
use isokern_model::tensor::Region;

use crate::blob::Blob;

/// What lets every value pass.
const RANGE: (i8, i8) = (-128, 127);

/// A 3x3 window that keeps the size of an image.
const SAME: Window = Window {
    kernel_height: 3,
    kernel_width: 3,
    stride_height: 1,
    stride_width: 1,
    dilation_height: 1,
    dilation_width: 1,
    pad_top: 1,
    pad_left: 1,
};

pub(crate) fn activation(dims: &[u32], offset: u32) -> DraftTensor {
    DraftTensor {
        dims: dims.to_vec(),
        dtype: DType::I8,
        scale: 0.5,
        zero_point: 0,
        region: Region::Arena,
        offset,
    }
}

pub(crate) fn state(dims: &[u32], offset: u32) -> DraftTensor {
    DraftTensor { region: Region::State, ..activation(dims, offset) }
}

pub(crate) fn draft(
    tensors: Vec<DraftTensor>,
    ops: Vec<DraftOp>,
    inputs: &[u16],
    outputs: &[u16],
) -> Draft {
    let port = |&tensor: &u16| DraftPort::new(tensor, "");
    Draft {
        tensors,
        ops,
        inputs: inputs.iter().map(port).collect(),
        outputs: outputs.iter().map(port).collect(),
        state: Vec::new(),
        source_sha256: [0; 32],
    }
}

pub(crate) fn encoded(draft: &Draft, layout: Layout) -> Blob {
    Blob::new(draft.encode(layout).expect("the draft is valid"))
}

pub(crate) fn copy(input: u16, output: u16) -> DraftOp {
    DraftOp::new::<Reshape>(&[], &[input], &[output])
}

/// Returns a model of one operator from tensor 0 to tensor 1.
fn single(from: &[u32], to: &[u32], op: DraftOp, layout: Layout) -> Blob {
    let bytes: u32 = from.iter().product();
    let tensors = vec![activation(from, 0), activation(to, bytes.next_multiple_of(16))];
    encoded(&draft(tensors, vec![op], &[0], &[1]), layout)
}

/// Returns a model in which tensor 0 of `[1, 4, 3]` at 0 becomes tensor 1 of `[12]` at 16: a copy.
pub(crate) fn reshape() -> Blob {
    single(&[1, 4, 3], &[12], copy(0, 1), Layout::Row)
}

/// Returns the model of [`reshape`] with both tensors in the same place.
pub(crate) fn in_place() -> Blob {
    let tensors = vec![activation(&[1, 4, 3], 0), activation(&[12], 0)];
    encoded(&draft(tensors, vec![copy(0, 1)], &[0], &[1]), Layout::Row)
}

/// Returns a model in which tensor 0 at 0 becomes tensor 1 at 16, that tensor 2 at 32, all of
/// `[12]`.
pub(crate) fn two_copies() -> Blob {
    let tensors = vec![activation(&[12], 0), activation(&[12], 16), activation(&[12], 32)];
    encoded(&draft(tensors, vec![copy(0, 1), copy(1, 2)], &[0], &[2]), Layout::Row)
}

/// Returns a model in which tensor 0 is input and output; what its operator writes to tensor 1
/// nobody reads.
pub(crate) fn dead_end() -> Blob {
    let tensors = vec![activation(&[12], 0), activation(&[12], 16)];
    encoded(&draft(tensors, vec![copy(0, 1)], &[0], &[0]), Layout::Row)
}

/// Adds state (tensor 1, with initial contents) to the input (tensor 0), and keeps the sum, which
/// is the output (tensor 2), as the state of the next run. All are of `[6]`.
pub(crate) fn with_state() -> Blob {
    let tensors = vec![activation(&[6], 0), state(&[6], 0), activation(&[6], 8)];
    let mut draft = draft(tensors, vec![sum(&[0, 1], 2), copy(2, 1)], &[0], &[2]);
    draft.state = vec![7; 6];
    encoded(&draft, Layout::Row)
}

/// Returns a convolution of 4 outputs, and state with initial contents, which is as long as its
/// biases.
pub(crate) fn state_after_constants() -> Blob {
    let tensors =
        vec![activation(&[1, 4, 4, 3], 0), activation(&[1, 4, 4, 4], 48), state(&[16], 0)];
    let mut draft = draft(tensors, vec![convolution(4)], &[0], &[1]);
    draft.state = vec![7; 16];
    encoded(&draft, Layout::Row)
}

/// Returns a model with one constant more, after those of its operators: contents of state.
pub(crate) fn with_spare_constant(model: &Blob) -> Blob {
    let artifact = ModelArtifact::from_bytes(model.bytes());
    let model = Model::parse(artifact.bytes()).expect("the model is valid");
    let mut draft = Draft::from_model(&model);
    draft.tensors.push(state(&[1], 0));
    draft.state = vec![7];
    encoded(&draft, model.layout())
}

/// Returns the sum of tensors 0 at 0 and 1 at 8, in tensor 2 at 16, all of `[2, 3]`.
pub(crate) fn add() -> Blob {
    let tensors = vec![activation(&[2, 3], 0), activation(&[2, 3], 8), activation(&[2, 3], 16)];
    encoded(&draft(tensors, vec![sum(&[0, 1], 2)], &[0, 1], &[2]), Layout::Row)
}

/// Returns a 3x3 convolution of 3 channels to 5, over 4x4 cells.
pub(crate) fn conv2d(layout: Layout) -> Blob {
    single(&[1, 4, 4, 3], &[1, 4, 4, 5], convolution(5), layout)
}

/// Returns a 3x3 convolution of 6 channels to 4 in two groups, over 4x4 cells.
pub(crate) fn grouped(layout: Layout) -> Blob {
    let body = DotBody { window: SAME, groups: 2, ..dots(4) };
    let terms = Terms { rows: 3, row_terms: 9 };
    let weights = Constant::Dots { values: vec![1; 4 * 27], outputs: 4, terms };
    let op = DraftOp::new::<Conv2d>(&body, &[0], &[1]).with_constants(scaled(weights, 4));
    single(&[1, 4, 4, 6], &[1, 4, 4, 4], op, layout)
}

/// Returns a 3x3 convolution of 2 channels, 3 outputs each, over 4x4 cells.
pub(crate) fn depthwise_conv2d(layout: Layout) -> Blob {
    let body = DotBody { window: SAME, depth_multiplier: 3, ..dots(6) };
    let op = DraftOp::new::<DepthwiseConv2d>(&body, &[0], &[1]);
    let weights = Constant::Weights(vec![1; 54]);
    single(&[1, 4, 4, 2], &[1, 4, 4, 6], op.with_constants(scaled(weights, 6)), layout)
}

/// Returns two rows of 6 values to two rows of 5.
pub(crate) fn fully_connected(layout: Layout) -> Blob {
    let op = DraftOp::new::<FullyConnected>(&dots(5), &[0], &[1]);
    let terms = Terms { rows: 1, row_terms: 6 };
    let weights = Constant::Dots { values: vec![1; 30], outputs: 5, terms };
    single(&[2, 6], &[2, 5], op.with_constants(scaled(weights, 5)), layout)
}

/// Returns a 2x2 pool with stride 2 over two images of 4x4 cells and 3 channels.
pub(crate) fn pool() -> Blob {
    let body = PoolBody {
        window: Window {
            kernel_height: 2,
            kernel_width: 2,
            stride_height: 2,
            stride_width: 2,
            pad_top: 0,
            pad_left: 0,
            ..SAME
        },
        activation_min: RANGE.0,
        activation_max: RANGE.1,
        operation: 1,
        reserved: 0,
    };
    let op = DraftOp::new::<Pool>(&body, &[0], &[1]);
    single(&[2, 4, 4, 3], &[2, 2, 2, 3], op, Layout::Row)
}

/// Returns two rows of 5 values.
pub(crate) fn softmax() -> Blob {
    let body = SoftmaxBody { multiplier: 1 << 30, left_shift: 20, diff_min: -31 };
    single(&[2, 5], &[2, 5], DraftOp::new::<Softmax>(&body, &[0], &[1]), Layout::Row)
}

/// Returns two rows of 3 values, each looked up.
pub(crate) fn lookup() -> Blob {
    let table = Constant::of(&[3_i8; 256]);
    let op = DraftOp::new::<Table>(&[], &[0], &[1]).with_constants(vec![table]);
    single(&[2, 3], &[2, 3], op, Layout::Row)
}

/// Returns the product of tensor 0, of `[2, 3]`, and a constant for each column, in tensor 1.
pub(crate) fn binary() -> Blob {
    let body = BinaryBody {
        dims: [1, 1, 1, 1, 2, 3],
        multiplier: [0, 0, 1 << 30],
        shift: [0, 0, -4],
        operation: BinaryOperation::Mul.code(),
        activation_min: RANGE.0,
        activation_max: RANGE.1,
        repeats: [0, 1 << 4],
        constants: 1 << 1,
        ..BinaryBody::default()
    };
    let op = DraftOp::new::<Binary>(&body, &[0], &[1]);
    single(&[2, 3], &[2, 3], op.with_constants(vec![Constant::of(&[3_i8; 3])]), Layout::Row)
}

/// Returns a model that selects elements of tensor 1 where tensor 0 holds, both of `[2, 3]`, else
/// of a constant for each column.
pub(crate) fn select() -> Blob {
    let body = SelectBody { dims: [1, 1, 1, 1, 2, 3], repeats: [0, 0, 1 << 4], constants: 1 << 2 };
    let op = DraftOp::new::<Select>(&body, &[0, 1], &[2]);
    let condition = DraftTensor { dtype: DType::Bool, ..activation(&[2, 3], 0) };
    let tensors = vec![condition, activation(&[2, 3], 8), activation(&[2, 3], 16)];
    let op = op.with_constants(vec![Constant::of(&[3_i8; 3])]);
    encoded(&draft(tensors, vec![op], &[0, 1], &[2]), Layout::Row)
}

/// Returns the sum of tensor 0 and twice tensor 1, both of `[2, 3]`.
pub(crate) fn add_n() -> Blob {
    let body = AddNBody { multiplier: 1 << 30, shift: -4, left_shift: 4, ..AddNBody::default() };
    let tensors = [0, 8, 16].map(|offset| activation(&[2, 3], offset)).to_vec();
    let op = DraftOp::new::<AddN>(&body, &[0, 1, 1], &[2]);
    encoded(&draft(tensors, vec![op], &[0, 1], &[2]), Layout::Row)
}

/// Returns the sums over the rows of two matrices of 3 x 4 values.
pub(crate) fn reduce() -> Blob {
    let body = ReduceBody {
        reduced: [1, 1, 3, 1],
        kept: [1, 2, 4],
        multiplier: 1 << 30,
        shift: -1,
        operation: ReduceOperation::Sum.code(),
        ..ReduceBody::default()
    };
    single(&[2, 3, 4], &[2, 4], DraftOp::new::<Reduce>(&body, &[0], &[1]), Layout::Row)
}

/// Returns two rows of 3 values, each converted.
pub(crate) fn conversion(operation: Conversion, from: DType, to: DType) -> Blob {
    let body = ConvertBody { operation: operation.code(), ..ConvertBody::default() };
    let op = DraftOp::new::<Convert>(&body, &[0], &[1]);
    let tensor = |dtype, offset| DraftTensor { dtype, ..activation(&[2, 3], offset) };
    let tensors = vec![tensor(from, 0), tensor(to, 32)];
    encoded(&draft(tensors, vec![op], &[0], &[1]), Layout::Row)
}

/// Returns a model that joins tensor 0 of `[2, 3]` with a column of a constant after it: tensor 1
/// of `[2, 4]`.
pub(crate) fn moved() -> Blob {
    let mut columns = DraftMove::new(&[2, 4]);
    columns.piece(0, 0, &[axis(0, 2, 3), axis(0, 3, 1)]);
    columns.piece(1, 0, &[axis(0, 2, 0), axis(3, 1, 0)]);
    let op = columns.with_data(vec![9]).op(&[0], 1).expect("two axes");
    single(&[2, 3], &[2, 4], op, Layout::Row)
}

/// Returns a model that gathers four rows, in another order, of both halves of tensor 0, each three
/// rows of two values.
pub(crate) fn gathered() -> Blob {
    let body = GatherBody {
        batches: 1,
        repeats: 2,
        choices: 3,
        count: 4,
        block: 2,
        steps: [1, 0, 0, 0, 0],
        numbers: 1,
        constants: 0b10,
        reserved: [0; 2],
    };
    let op = DraftOp::new::<Gather>(&body, &[0], &[1]);
    let op = op.with_constants(vec![Constant::of(&[0_i32, 2, 1, 2])]);
    single(&[2, 3, 2], &[2, 4, 2], op, Layout::Row)
}

/// Returns a tensor of six axes, the other way around.
pub(crate) fn transposed() -> Blob {
    let op = DraftMove::whole(&[2; 6], 0, &[1, 2, 4, 8, 16, 32]).op(&[0], 1).expect("six axes");
    single(&[2; 6], &[2; 6], op, Layout::Row)
}

/// Returns as many elements as pieces, each the first of the input, and `data_bytes` that no piece
/// reads.
pub(crate) fn in_pieces(count: u32, data_bytes: usize) -> Blob {
    let mut elements = DraftMove::new(&[count]);
    for first in 0..count {
        elements.piece(0, 0, &[axis(first, 1, 0)]);
    }
    let op = elements.with_data(vec![0; data_bytes]).op(&[0], 1).expect("one axis");
    single(&[4], &[count], op, Layout::Row)
}

const fn axis(first: u32, size: u32, stride: i32) -> PieceAxis {
    PieceAxis { first, size, stride }
}

fn sum(inputs: &[u16], output: u16) -> DraftOp {
    let body = AddBody {
        multiplier: [1 << 30; 3],
        shift: [0, 0, -19],
        left_shift: 20,
        activation_min: RANGE.0,
        activation_max: RANGE.1,
        reserved: 0,
    };
    DraftOp::new::<Add>(&body, inputs, &[output])
}

/// Returns a 3x3 convolution of 3 channels.
fn convolution(outputs: usize) -> DraftOp {
    let body = DotBody { window: SAME, ..dots(outputs) };
    let terms = Terms { rows: 3, row_terms: 9 };
    let weights = Constant::Dots { values: vec![1; outputs * 27], outputs, terms };
    DraftOp::new::<Conv2d>(&body, &[0], &[1]).with_constants(scaled(weights, outputs))
}

fn dots(outputs: usize) -> DotBody {
    DotBody {
        activation_min: RANGE.0,
        activation_max: RANGE.1,
        scale_count: outputs as u32,
        outputs: outputs as u32,
        ..DotBody::default()
    }
}

fn scaled(weights: Constant, outputs: usize) -> Vec<Constant> {
    constants(weights, &vec![3; outputs], &vec![1 << 30; outputs], &vec![-4; outputs])
}
