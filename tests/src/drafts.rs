//! Small models with random weights, one operator each, described without a file.
//!
//! Everything follows from a seed, so a failure repeats. Multipliers, shifts and
//! biases cover more than a converter would write: dead channels, shifts of -31,
//! shifts to the left, biases near the ends of their range.

use isokern_model::encode::{
    Draft, DraftAdd, DraftDot, DraftOp, DraftPool, DraftSoftmax, DraftTensor,
};
use isokern_model::geometry::{Axis, Window};
use isokern_model::requant::Activation;

/// A generator of test numbers: xorshift64*, S. Vigna 2016.
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// The sequence of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next 32 bits.
    pub const fn bits(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    /// A number in `low..=high`.
    pub const fn within(&mut self, low: i64, high: i64) -> i64 {
        low + self.bits() as i64 % (high - low + 1)
    }

    /// A size in `low..=high`.
    pub const fn size(&mut self, low: usize, high: usize) -> usize {
        self.within(low as i64, high as i64) as usize
    }

    /// `count` random bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<i8> {
        (0..count).map(|_| self.bits() as i8).collect()
    }

    /// One of `choices`.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.size(0, choices.len() - 1)]
    }
}

/// The shape of a windowed operator.
#[derive(Debug, Clone, Copy)]
pub struct WindowShape {
    /// Input height, width and channels.
    pub input: [usize; 3],
    /// Kernel height and width.
    pub kernel: [usize; 2],
    /// Vertical and horizontal stride.
    pub stride: [usize; 2],
    /// Vertical and horizontal dilation.
    pub dilation: [usize; 2],
    /// Whether the padding is SAME.
    pub same: bool,
}

impl WindowShape {
    /// A random shape with up to `channels_max` channels whose windows fit.
    pub fn random(numbers: &mut Numbers, channels_max: usize) -> Self {
        let kernel = [numbers.size(1, 5), numbers.size(1, 5)];
        let dilation = [numbers.pick(&[1, 1, 1, 2]), numbers.pick(&[1, 1, 1, 3])];
        let extent = |axis: usize| (kernel[axis] - 1) * dilation[axis] + 1;
        let channels = numbers.pick(&[1, 2, 3, 4, 5, 7, 8, 12, 16, 20, 31, 32, 40, 64]);
        Self {
            input: [
                extent(0) + numbers.size(0, 7),
                extent(1) + numbers.size(0, 20),
                channels.min(channels_max),
            ],
            kernel,
            stride: [numbers.size(1, 3), numbers.size(1, 3)],
            dilation,
            same: numbers.bits() & 1 == 0,
        }
    }

    fn outputs_and_window(&self) -> ([usize; 2], Window) {
        let axis = |axis: usize| {
            let (kernel, stride) = (self.kernel[axis], self.stride[axis]);
            let (dilation, len) = (self.dilation[axis], self.input[axis]);
            if self.same {
                Axis::same(kernel, stride, dilation, len)
            } else {
                (Axis::valid(kernel, stride, dilation, len), 0)
            }
        };
        let ((height, top), (width, left)) = (axis(0), axis(1));
        let window = Window {
            kernel_height: self.kernel[0] as u16,
            kernel_width: self.kernel[1] as u16,
            stride_height: self.stride[0] as u16,
            stride_width: self.stride[1] as u16,
            dilation_height: self.dilation[0] as u16,
            dilation_width: self.dilation[1] as u16,
            pad_top: top as u16,
            pad_left: left as u16,
        };
        ([height, width], window)
    }
}

/// A model of one `CONV_2D` with `outputs` channels.
#[must_use]
pub fn conv2d(numbers: &mut Numbers, shape: &WindowShape, outputs: usize) -> Draft {
    let ([height, width], window) = shape.outputs_and_window();
    let terms = shape.kernel[0] * shape.kernel[1] * shape.input[2];
    let dot = DraftDot {
        window,
        weights: numbers.bytes(outputs * terms),
        ..dot_parameters(numbers, outputs, outputs)
    };
    one_op(numbers, &image(shape.input), &image([height, width, outputs]), DraftOp::Conv2d(dot))
}

/// A model of one `DEPTHWISE_CONV_2D`.
#[must_use]
pub fn depthwise_conv2d(numbers: &mut Numbers, shape: &WindowShape, multiplier: usize) -> Draft {
    let ([height, width], window) = shape.outputs_and_window();
    let outputs = shape.input[2] * multiplier;
    let dot = DraftDot {
        window,
        depth_multiplier: multiplier as u16,
        weights: numbers.bytes(shape.kernel[0] * shape.kernel[1] * outputs),
        ..dot_parameters(numbers, outputs, outputs)
    };
    let output = image([height, width, outputs]);
    one_op(numbers, &image(shape.input), &output, DraftOp::DepthwiseConv2d(dot))
}

/// A model of one `FULLY_CONNECTED` over `rows` rows.
#[must_use]
pub fn fully_connected(
    numbers: &mut Numbers,
    rows: usize,
    terms: usize,
    outputs: usize,
    weight_zero_point: i8,
) -> Draft {
    let scale_count = numbers.pick(&[1, outputs]);
    let dot = DraftDot {
        weights: numbers.bytes(outputs * terms),
        weight_zero_point,
        ..dot_parameters(numbers, outputs, scale_count)
    };
    let shape = |depth: usize| vec![rows as u32, depth as u32];
    one_op(numbers, &shape(terms), &shape(outputs), DraftOp::FullyConnected(dot))
}

/// A model of one `AVERAGE_POOL_2D`. The shape's dilation is not used.
#[must_use]
pub fn pool(numbers: &mut Numbers, shape: &WindowShape) -> Draft {
    let shape = WindowShape { dilation: [1, 1], ..*shape };
    let ([height, width], window) = shape.outputs_and_window();
    let pool = DraftPool { input: 0, output: 1, window, activation: activation(numbers) };
    let output = image([height, width, shape.input[2]]);
    one_op(numbers, &image(shape.input), &output, DraftOp::Pool(pool))
}

/// A model of one `SOFTMAX` over `rows` rows.
#[must_use]
pub fn softmax(numbers: &mut Numbers, rows: usize, depth: usize) -> Draft {
    let left_shift = numbers.within(15, 28) as u8;
    let softmax = DraftSoftmax {
        input: 0,
        output: 1,
        multiplier: numbers.within(1 << 30, i32::MAX.into()) as i32,
        left_shift,
        diff_min: -((31_i64 << 26) >> left_shift) as i32,
    };
    let shape = vec![rows as u32, depth as u32];
    one_op(numbers, &shape, &shape, DraftOp::Softmax(softmax))
}

/// A model of a pool over one cell, then an `ADD` of its result and the input.
#[must_use]
pub fn add(numbers: &mut Numbers, len: usize) -> Draft {
    let unit = WindowShape {
        input: [1, len, 1],
        kernel: [1, 1],
        stride: [1, 1],
        dilation: [1, 1],
        same: false,
    };
    let mut draft = pool(numbers, &unit);
    let mut multiplier = || numbers.within(1 << 30, i32::MAX.into()) as i32;
    let multiplier = [multiplier(), multiplier(), multiplier()];
    let mut shift = |low, high| numbers.within(low, high) as i8;
    let shift = [shift(-6, 0), shift(-6, 0), shift(-22, -16)];
    let tensor = tensor(numbers, &image([1, len, 1]));
    draft.tensors.push(tensor);
    draft.ops.push(DraftOp::Add(DraftAdd {
        inputs: [0, 1],
        output: 2,
        multiplier,
        shift,
        left_shift: 20,
        activation: activation(numbers),
    }));
    draft.output = 2;
    placed(draft)
}

/// A model of one `RESHAPE` that moves its bytes.
#[must_use]
pub fn reshape(numbers: &mut Numbers, rows: usize, depth: usize) -> Draft {
    let (from, to) = ([rows as u32, depth as u32], [(rows * depth) as u32]);
    one_op(numbers, &from, &to, DraftOp::Reshape { input: 0, output: 1 })
}

/// Bias, scales and activation of `outputs` dot products.
fn dot_parameters(numbers: &mut Numbers, outputs: usize, scale_count: usize) -> DraftDot {
    let bias = |numbers: &mut Numbers| match numbers.bits() % 8 {
        0 => numbers.pick(&[i32::MAX, i32::MIN, 1 << 30, -1 << 30]),
        _ => numbers.within(-50_000, 50_000) as i32,
    };
    let scale = |numbers: &mut Numbers| match numbers.bits() % 8 {
        0 => (0, 0),
        1 => {
            (numbers.within(1 << 30, i32::MAX.into()) as i32, numbers.pick(&[-31, -30, 3, 12, 30]))
        }
        _ => (numbers.within(1 << 30, i32::MAX.into()) as i32, numbers.within(-12, -4) as i8),
    };
    let (multiplier, shift) = (0..scale_count).map(|_| scale(numbers)).unzip();
    DraftDot {
        input: 0,
        output: 1,
        window: Window::default(),
        depth_multiplier: 0,
        outputs,
        weights: Vec::new(),
        weight_zero_point: 0,
        bias: (0..outputs).map(|_| bias(numbers)).collect(),
        multiplier,
        shift,
        activation: activation(numbers),
    }
}

fn activation(numbers: &mut Numbers) -> Activation {
    match numbers.bits() % 3 {
        0 => Activation { min: numbers.within(-128, 0) as i8, max: numbers.within(1, 127) as i8 },
        _ => Activation { min: i8::MIN, max: i8::MAX },
    }
}

fn one_op(numbers: &mut Numbers, input: &[u32], output: &[u32], op: DraftOp) -> Draft {
    placed(Draft {
        tensors: vec![tensor(numbers, input), tensor(numbers, output)],
        ops: vec![op],
        input: 0,
        output: 1,
        source_sha256: [0; 32],
    })
}

/// The tensors behind one another, a few bytes apart.
fn placed(mut draft: Draft) -> Draft {
    let mut end = 0;
    for tensor in &mut draft.tensors {
        tensor.arena_offset = end;
        end += tensor.len() as u32 + 3;
    }
    draft
}

fn tensor(numbers: &mut Numbers, dims: &[u32]) -> DraftTensor {
    let zero_point = numbers.bits() as i8;
    DraftTensor { dims: dims.to_vec(), scale: 0.5, zero_point, arena_offset: 0 }
}

fn image([height, width, channels]: [usize; 3]) -> Vec<u32> {
    vec![1, height as u32, width as u32, channels as u32]
}
