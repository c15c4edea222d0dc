//! Small models with several ports and with state, and what they compute, worked out without
//! the code that runs them.

use core::array;

use isokern_core::DType;
use isokern_core::compute::ModelArtifact;
use isokern_model::Region;
use isokern_model::encode::{Constant, Draft, DraftOp, DraftPort, DraftTensor};
use isokern_model::geometry::Window;
use isokern_model::layout::{Layout, Terms};
use isokern_model::operators::add::{Add, AddBody};
use isokern_model::operators::dot_body::{DotBody, constants};
use isokern_model::operators::fully_connected::FullyConnected;
use isokern_model::operators::pool::{Pool, PoolBody};
use isokern_model::operators::reshape::Reshape;

/// Values of an image of the models that add: two rows of two cells of three channels.
pub const LEN: usize = 12;
/// Values of a mean over the cells of an image.
pub const MEAN_LEN: usize = 3;
/// Scale and zero point of `left`, `right` and `sum`.
pub const QUANTISATION: [(f32, i16); 3] = [(0.5, 3), (0.125, -5), (0.5, 1)];

/// Values of an image of [`running_sum`].
pub const STEP_LEN: usize = 4;
/// What the sum is before the first run.
pub const INITIAL: [i8; STEP_LEN] = [10, -20, 30, -40];
/// Steps of [`running_sum`].
pub const STEPS: [i8; 3 * STEP_LEN] = [1, 2, 3, 4, 100, 100, -100, -100, 0, 0, 0, -50];
/// What they give from the initial sum on, worked out by a person.
pub const STEPS_BY_HAND: [i8; 6 * STEP_LEN] = [
    14, -17, 32, -39, 10, -20, 30, -40, // the first sum, and the one before
    -86, -117, 127, 61, 14, -17, 32, -39, //
    -128, -117, 127, 61, -86, -117, 127, 61,
];
/// Bytes of the state in front of the sum, which no operator touches.
pub const STATE_GAP: usize = 3;
/// What they hold.
pub const GAP_VALUE: u8 = 0x63;

/// Returns `left` + `right` = `sum`, each of another scale. Tensors are listed in another order
/// than ports.
#[must_use]
pub fn sum(images: usize) -> Draft {
    let dims = [images as u32, 2, 2, 3];
    let [left, right, sum] =
        QUANTISATION.map(|(scale, zero_point)| DraftTensor { scale, zero_point, ..int8(&dims) });
    Draft {
        tensors: vec![sum, right, left],
        ops: vec![add([0, -2, -18], [2, 1], 0)],
        inputs: vec![DraftPort::new(2, "left"), DraftPort::new(1, "right")],
        outputs: vec![DraftPort::new(0, "sum")],
        state: Vec::new(),
        source_sha256: [0; 32],
    }
    .placed()
}

/// Returns [`sum`] with two outputs: first its mean over the cells of each image, then the sum.
#[must_use]
pub fn mean_and_sum(images: usize) -> Draft {
    let mut draft = sum(images);
    let (scale, zero_point) = QUANTISATION[2];
    let dims = [images as u32, 1, 1, 3];
    draft.tensors.push(DraftTensor { scale, zero_point, ..int8(&dims) });
    let (kernel_height, kernel_width, stride_height, stride_width) = (2, 2, 1, 1);
    let window =
        Window { kernel_height, kernel_width, stride_height, stride_width, ..Window::default() };
    let window = Window { dilation_height: 1, dilation_width: 1, ..window };
    let (activation_min, activation_max) = (i8::MIN, i8::MAX);
    let body = PoolBody { window, activation_min, activation_max, operation: 0, reserved: 0 };
    draft.ops.push(DraftOp::new::<Pool>(&body, &[0], &[3]));
    draft.outputs.insert(0, DraftPort::new(3, "mean"));
    draft.placed()
}

/// Returns [`mean_and_sum`] of one image with three values of int32 in front of the inputs; they
/// come again as the second of three outputs, after the three bytes of the mean.
#[must_use]
pub fn mixed() -> Draft {
    let mut draft = mean_and_sum(1);
    let int32 = |dims: &[u32]| DraftTensor { dtype: DType::I32, ..int8(dims) };
    draft.tensors.extend([int32(&[1, 3]), int32(&[3, 1])]);
    draft.ops.push(DraftOp::new::<Reshape>(&[], &[4], &[5]));
    draft.inputs.insert(0, DraftPort::new(4, "raw"));
    draft.outputs.insert(1, DraftPort::new(5, "copy"));
    draft.placed()
}

/// Adds each input, its values in reverse, to the state; the outputs are the new sum and the
/// one before. Each image has a sum of its own.
#[must_use]
pub fn running_sum(images: usize) -> Draft {
    let dims = [images as u32, STEP_LEN as u32];
    let kept = DraftTensor { region: Region::State, ..int8(&dims) };
    let [step, reversed, sum, before] = array::from_fn(|_| int8(&dims));
    let gap = core::iter::repeat_n(GAP_VALUE, STATE_GAP);
    let initial = INITIAL.iter().cycle().take(images * STEP_LEN);
    Draft {
        tensors: vec![kept, step, reversed, sum, before],
        ops: vec![
            DraftOp::new::<Reshape>(&[], &[0], &[4]),
            reverse(1, 2),
            add([0, 0, -18], [2, 0], 3),
            DraftOp::new::<Reshape>(&[], &[3], &[0]),
        ],
        inputs: vec![DraftPort::new(1, "step")],
        outputs: vec![DraftPort::new(3, "sum"), DraftPort::new(4, "before")],
        state: gap.chain(initial.map(|value| value.cast_unsigned())).collect(),
        source_sha256: [0; 32],
    }
    .placed()
}

/// Returns the bytes of a model; a test may leak them.
#[must_use]
pub fn leaked(draft: &Draft, layout: Layout) -> &'static [u8] {
    let blob = draft.encode(layout).expect("the draft is a model");
    Box::leak(Box::new(ModelArtifact::from_bytes(&blob))).bytes()
}

/// Returns what [`sum`] gives: the real values, added and rounded to the output's steps.
#[must_use]
pub fn sum_of(left: &[i8], right: &[i8]) -> Vec<i8> {
    let [left_of, right_of, sum_of] =
        QUANTISATION.map(|(scale, zero_point)| (f64::from(scale), f64::from(zero_point)));
    let real = |value: i8, (scale, zero): (f64, f64)| (f64::from(value) - zero) * scale;
    let total = |(&a, &b): (&i8, &i8)| real(a, left_of) + real(b, right_of);
    let stored = |real: f64| (real / sum_of.0).round() + sum_of.1;
    let pairs = left.iter().zip(right).map(total);
    pairs.map(|real| stored(real).clamp(-128.0, 127.0) as i8).collect()
}

/// Returns the means of images over their cells.
#[must_use]
pub fn mean_of(images: &[i8]) -> Vec<i8> {
    let mean = |image: &[i8], channel: usize| {
        let cells = image.iter().skip(channel).step_by(MEAN_LEN);
        (cells.map(|&value| f64::from(value)).sum::<f64>() / 4.0).round() as i8
    };
    let images = images.chunks_exact(LEN);
    images.flat_map(|image| (0..MEAN_LEN).map(move |channel| mean(image, channel))).collect()
}

/// Returns what [`running_sum`] of one image gives for steps, one after the other, and what it
/// keeps.
#[must_use]
pub fn running_sums(kept: [i8; STEP_LEN], steps: &[i8]) -> (Vec<i8>, [i8; STEP_LEN]) {
    let (mut outputs, mut kept) = (Vec::new(), kept);
    for step in steps.chunks_exact(STEP_LEN) {
        let sum = array::from_fn(|at| kept[at].saturating_add(step[STEP_LEN - 1 - at]));
        outputs.extend([sum, kept].concat());
        kept = sum;
    }
    (outputs, kept)
}

/// Returns the state of one stream of [`running_sum`] that keeps this sum.
#[must_use]
pub fn state_of(kept: [i8; STEP_LEN]) -> Vec<u8> {
    let gap = core::iter::repeat_n(GAP_VALUE, STATE_GAP);
    gap.chain(kept.map(i8::cast_unsigned)).collect()
}

/// Writes tensors one after another.
trait Placed {
    fn placed(self) -> Self;
}

impl Placed for Draft {
    /// Returns the tensors of each region one after another, a few bytes apart.
    fn placed(mut self) -> Self {
        let mut end = 0;
        for tensor in &mut self.tensors {
            if tensor.region == Region::State {
                tensor.offset = STATE_GAP as u32;
                continue;
            }
            let aligned = tensor.dtype.size_bytes() as u32;
            tensor.offset = u32::next_multiple_of(end, aligned);
            end = tensor.offset + tensor.bytes() as u32 + 3;
        }
        self
    }
}

fn int8(dims: &[u32]) -> DraftTensor {
    let (dtype, region) = (DType::I8, Region::Arena);
    DraftTensor { dims: dims.to_vec(), dtype, scale: 1.0, zero_point: 0, region, offset: 0 }
}

/// Returns a sum whose scales are powers of two: every step but the last one is exact.
fn add(shift: [i8; 3], inputs: [u16; 2], output: u16) -> DraftOp {
    let body = AddBody {
        multiplier: [1 << 30; 3],
        shift,
        left_shift: 20,
        activation_min: i8::MIN,
        activation_max: i8::MAX,
        reserved: 0,
    };
    DraftOp::new::<Add>(&body, &inputs, &[output])
}

/// Returns the values in reverse: dot products with a one each. Their weights have two layouts.
fn reverse(input: u16, output: u16) -> DraftOp {
    let one = |at: usize| (at / STEP_LEN + at % STEP_LEN == STEP_LEN - 1).into();
    let values = (0..STEP_LEN * STEP_LEN).map(one).collect();
    let terms = Terms { rows: 1, row_terms: STEP_LEN };
    let weights = Constant::Dots { values, outputs: STEP_LEN, terms };
    let body = DotBody {
        activation_min: i8::MIN,
        activation_max: i8::MAX,
        scale_count: 1,
        outputs: STEP_LEN as u32,
        ..DotBody::default()
    };
    let constants = constants(weights, &[0; STEP_LEN], &[1 << 30], &[1]);
    DraftOp::new::<FullyConnected>(&body, &[input], &[output]).with_constants(constants)
}
