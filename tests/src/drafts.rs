//! Small models with random weights, one operator each, described without a file.
//!
//! Everything follows from a seed, so a failure repeats. Multipliers, shifts and
//! biases of every other operator cover more than a converter would write: shifts of -31,
//! shifts to the left, biases near the ends of their range. All have dead channels.

use isokern_core::DType;
use isokern_model::Region;
use isokern_model::encode::{Constant, Draft, DraftMove, DraftOp, DraftPort, DraftTensor};
use isokern_model::geometry::{Axis, Window};
use isokern_model::layout::Terms;
use isokern_model::operators::HasKind;
use isokern_model::operators::add::{Add, AddBody};
use isokern_model::operators::add_n::{AddN, AddNBody};
use isokern_model::operators::binary::{Binary, BinaryBody, BinaryOperation};
use isokern_model::operators::conv2d::Conv2d;
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2d;
use isokern_model::operators::dot_body::{DotBody, constants};
use isokern_model::operators::fully_connected::FullyConnected;
use isokern_model::operators::gather::{Gather, GatherBody};
use isokern_model::operators::moves::PieceAxis;
use isokern_model::operators::pool::{Pool, PoolBody, Pooling};
use isokern_model::operators::reduce::{Reduce, ReduceBody, ReduceOperation};
use isokern_model::operators::reshape::Reshape;
use isokern_model::operators::select::{Select, SelectBody};
use isokern_model::operators::softmax::{Softmax, SoftmaxBody};
use isokern_model::requant::Activation;

/// A generator of test numbers: xorshift64*, S. Vigna 2016.
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// Returns the sequence of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Returns the next 32 bits.
    pub const fn bits(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    /// Returns a number in `low..=high`.
    pub const fn within(&mut self, low: i64, high: i64) -> i64 {
        low + self.bits() as i64 % (high - low + 1)
    }

    /// Returns a size in `low..=high`.
    pub const fn size(&mut self, low: usize, high: usize) -> usize {
        self.within(low as i64, high as i64) as usize
    }

    /// Returns `count` random bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<i8> {
        (0..count).map(|_| self.bits() as i8).collect()
    }

    /// Returns one of `choices`.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.size(0, choices.len() - 1)]
    }
}

/// The shape of a windowed operator.
#[derive(Debug, Clone, Copy)]
pub struct WindowShape {
    /// Number of images.
    pub images: usize,
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
    /// Returns a random shape with up to `channels_max` channels whose windows fit.
    pub fn random(numbers: &mut Numbers, channels_max: usize) -> Self {
        let kernel = [numbers.size(1, 5), numbers.size(1, 5)];
        let dilation = [numbers.pick(&[1, 1, 1, 2]), numbers.pick(&[1, 1, 1, 3])];
        let extent = |axis: usize| (kernel[axis] - 1) * dilation[axis] + 1;
        let channels = numbers.pick(&[1, 2, 3, 4, 5, 7, 8, 12, 16, 20, 31, 32, 40, 64]);
        Self {
            images: numbers.pick(&[1, 1, 1, 2, 3]),
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

/// Returns a model of one `CONV_2D` with `outputs` channels.
#[must_use]
pub fn conv2d(numbers: &mut Numbers, shape: &WindowShape, outputs: usize) -> Draft {
    let ([height, width], window) = shape.outputs_and_window();
    // Some are grouped, where channels allow.
    let divides =
        |groups: &usize| shape.input[2].is_multiple_of(*groups) && outputs.is_multiple_of(*groups);
    let groups = [2, 3, 4, 5].into_iter().find(divides).filter(|_| numbers.bits() & 1 == 0);
    let depth = shape.input[2] / groups.unwrap_or(1);
    let terms = Terms { rows: shape.kernel[0], row_terms: shape.kernel[1] * depth };
    let values = numbers.bytes(outputs * terms.count());
    let groups = groups.unwrap_or(0) as u16;
    let dot = Dot { window, groups, ..Dot::new(Constant::Dots { values, outputs, terms }) };
    let op = dot.operator::<Conv2d>(numbers, outputs, outputs);
    let output = image(shape.images, [height, width, outputs]);
    one_op(numbers, &image(shape.images, shape.input), &output, op)
}

/// Returns a model of one `DEPTHWISE_CONV_2D`.
#[must_use]
pub fn depthwise_conv2d(numbers: &mut Numbers, shape: &WindowShape, multiplier: usize) -> Draft {
    let ([height, width], window) = shape.outputs_and_window();
    let outputs = shape.input[2] * multiplier;
    let values = numbers.bytes(shape.kernel[0] * shape.kernel[1] * outputs);
    let depth_multiplier = multiplier as u16;
    let dot = Dot { window, depth_multiplier, ..Dot::new(Constant::Weights(values)) };
    let op = dot.operator::<DepthwiseConv2d>(numbers, outputs, outputs);
    let output = image(shape.images, [height, width, outputs]);
    one_op(numbers, &image(shape.images, shape.input), &output, op)
}

/// Returns a model of one `FULLY_CONNECTED` over `rows` rows.
#[must_use]
pub fn fully_connected(
    numbers: &mut Numbers,
    rows: usize,
    terms: usize,
    outputs: usize,
    weight_zero_point: i8,
) -> Draft {
    let scale_count = numbers.pick(&[1, outputs]);
    let values = numbers.bytes(outputs * terms);
    let row = Terms { rows: 1, row_terms: terms };
    let weights = Constant::Dots { values, outputs, terms: row };
    let dot = Dot { weight_zero_point: weight_zero_point.into(), ..Dot::new(weights) };
    let op = dot.operator::<FullyConnected>(numbers, outputs, scale_count);
    let shape = |depth: usize| vec![rows as u32, depth as u32];
    one_op(numbers, &shape(terms), &shape(outputs), op)
}

/// Returns a model of one pool. The shape's dilation is not used.
#[must_use]
pub fn pool(numbers: &mut Numbers, shape: &WindowShape) -> Draft {
    let shape = WindowShape { dilation: [1, 1], ..*shape };
    let ([height, width], window) = shape.outputs_and_window();
    let activation = activation(numbers);
    let body = PoolBody {
        window,
        activation_min: activation.min,
        activation_max: activation.max,
        operation: numbers.pick(&Pooling::ALL).code(),
        reserved: 0,
    };
    let output = image(shape.images, [height, width, shape.input[2]]);
    let op = DraftOp::new::<Pool>(&body, &[0], &[1]);
    one_op(numbers, &image(shape.images, shape.input), &output, op)
}

/// Returns a model of one `SOFTMAX` over `rows` rows.
#[must_use]
pub fn softmax(numbers: &mut Numbers, rows: usize, depth: usize) -> Draft {
    let left_shift = numbers.within(15, 28) as u8;
    let body = SoftmaxBody {
        multiplier: numbers.within(1 << 30, i32::MAX.into()) as i32,
        left_shift: left_shift.into(),
        diff_min: -((31_i64 << 26) >> left_shift) as i32,
    };
    let shape = vec![rows as u32, depth as u32];
    one_op(numbers, &shape, &shape, DraftOp::new::<Softmax>(&body, &[0], &[1]))
}

/// Returns a model of a pool over one cell, then an `ADD` of its result and the input.
#[must_use]
pub fn add(numbers: &mut Numbers, len: usize) -> Draft {
    let unit = WindowShape {
        images: 1,
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
    let tensor = tensor(numbers, &image(1, [1, len, 1]));
    draft.tensors.push(tensor);
    let activation = activation(numbers);
    let body = AddBody {
        multiplier,
        shift,
        left_shift: 20,
        activation_min: activation.min,
        activation_max: activation.max,
        reserved: 0,
    };
    draft.ops.push(DraftOp::new::<Add>(&body, &[0, 1], &[2]));
    draft.outputs = vec![DraftPort::new(2, "sum")];
    placed(draft)
}

/// Returns a model of one `BINARY`: operands repeat along any dimensions, and one may be a
/// constant.
#[must_use]
pub fn binary(numbers: &mut Numbers, operation: BinaryOperation) -> Draft {
    let mut dims = [1; 6];
    for size in dims.iter_mut().skip(numbers.size(2, 5)) {
        *size = numbers.pick(&[1, 2, 3, 4, 4, 7, 16, 65]);
    }
    let own = |repeats: u8| {
        let kept = dims.iter().enumerate().filter(|(dim, _)| repeats >> dim & 1 == 0);
        kept.map(|(_, size)| *size).product::<u32>()
    };
    let mask = |numbers: &mut Numbers| {
        let any = numbers.bits() as u8 & 0x3f;
        numbers.pick(&[0, 0x3f, 0x1f, 0x20, any])
    };
    let mut repeats = [mask(numbers), mask(numbers)];
    let constants = if own(repeats[0]) == own(repeats[1]) { 0 } else { numbers.pick(&[0, 1, 2]) };
    if constants == 0 && own(repeats[0]) != own(repeats[1]) {
        // Both operands are the input, so they have as many elements.
        let last = (0..64).rev().find(|&mask| own(mask) == own(repeats[0]));
        repeats[1] = last.unwrap_or(repeats[0]);
    }
    let body = binary_body(numbers, operation);
    let body = BinaryBody { dims, repeats, constants, ..body };
    let [input, constant] = if constants == 1 { [1, 0] } else { [0, 1] };
    let inputs: &[u16] = if constants == 0 { &[0, 0] } else { &[0] };
    let op = DraftOp::new::<Binary>(&body, inputs, &[1]);
    let values = numbers.bytes(own(repeats[constant]) as usize);
    let stored = if constants == 0 { Vec::new() } else { vec![Constant::of(&values)] };
    let code = operation.code();
    let (of_bools, is_bool) = (code >= 14, code >= 8);
    let from = if of_bools { DType::Bool } else { DType::I8 };
    let to = if is_bool { DType::Bool } else { DType::I8 };
    let (read, written) = ([own(repeats[input])], [dims.iter().product()]);
    let draft = one_op(numbers, &read, &written, op.with_constants(stored));
    typed(draft, [from, to])
}

/// Scales of an operation: all within what it may have.
fn binary_body(numbers: &mut Numbers, operation: BinaryOperation) -> BinaryBody {
    use BinaryOperation as Of;
    let used = match operation {
        Of::Add | Of::Sub | Of::SquaredDifference => [1, 1, 1],
        Of::Mul => [0, 0, 1],
        Of::Prelu => [1, 0, 1],
        Of::Equal | Of::NotEqual | Of::Greater | Of::GreaterEqual | Of::Less | Of::LessEqual => {
            [1, 1, 0]
        }
        Of::Maximum | Of::Minimum => [0; 3],
        Of::LogicalAnd | Of::LogicalOr | Of::LogicalEqual | Of::LogicalNotEqual => [0; 3],
    };
    let multiplier = used.map(|used| used * numbers.within(1 << 30, i32::MAX.into()) as i32);
    let (left_shift, low, high) = match operation {
        Of::Mul | Of::Prelu => (0, -9, -3),
        Of::SquaredDifference => (7, -25, -19),
        _ => (20, -22, -16),
    };
    let shifts = [(-4, 1), (-4, 0), (low, high)];
    let activation = activation(numbers);
    BinaryBody {
        multiplier,
        shift: shifts.map(|(low, high)| numbers.within(low, high) as i8),
        left_shift,
        zero_point: [(); 3].map(|()| numbers.bits() as i8),
        operation: operation.code(),
        activation_min: activation.min,
        activation_max: activation.max,
        ..BinaryBody::default()
    }
}

/// Returns a model of one `ADD_N` of the input, up to nine times.
#[must_use]
pub fn add_n(numbers: &mut Numbers, len: usize) -> Draft {
    let body = AddNBody {
        multiplier: numbers.within(1 << 30, i32::MAX.into()) as i32,
        offset: numbers.within(-1000, 1000) as i32,
        shift: numbers.within(-22, -16) as i8,
        left_shift: 19,
        zero_point: numbers.bits() as i8,
        reserved: 0,
    };
    let inputs = vec![0; numbers.size(1, 9)];
    one_op(numbers, &[len as u32], &[len as u32], DraftOp::new::<AddN>(&body, &inputs, &[1]))
}

/// Returns a model of one `SELECT` by the input: both choices are constants, of any type and size.
#[must_use]
pub fn select(numbers: &mut Numbers) -> Draft {
    let mut dims = [1; 6];
    for size in dims.iter_mut().skip(numbers.size(2, 5)) {
        *size = numbers.pick(&[1, 2, 3, 4, 7, 16, 65]);
    }
    let repeats = [(); 3].map(|()| {
        let any = numbers.bits() as u8 & 0x3f;
        numbers.pick(&[0, 0x3f, 0x1f, any])
    });
    let own = repeats.map(|repeats: u8| {
        let kept = dims.iter().enumerate().filter(|(dim, _)| repeats >> dim & 1 == 0);
        kept.map(|(_, size)| *size).product::<u32>()
    });
    let dtype = numbers.pick(&[DType::I8, DType::I8, DType::I16, DType::F32, DType::I64]);
    let body = SelectBody { dims, repeats, constants: 0b110 };
    let constant = |&count: &u32| Constant::of(&numbers.bytes(count as usize * dtype.size_bytes()));
    let constants = own[1..].iter().map(constant).collect();
    let op = DraftOp::new::<Select>(&body, &[0], &[1]).with_constants(constants);
    let draft = one_op(numbers, &[own[0]], &[dims.iter().product()], op);
    typed(draft, [DType::Bool, dtype])
}

/// Returns a model of one `REDUCE` over dimensions of up to 130 elements, few of them long.
#[must_use]
pub fn reduce(numbers: &mut Numbers, operation: ReduceOperation) -> Draft {
    let mut size = || numbers.pick(&[1, 1, 2, 3, 5]);
    let (mut reduced, mut kept) = ([size(), size(), size(), 1], [size(), size(), size()]);
    match numbers.bits() % 3 {
        0 => reduced[3] = numbers.pick(&[2, 3, 16, 64, 65, 130]),
        1 => kept[2] = numbers.pick(&[3, 16, 63, 64, 65, 130]),
        _ => reduced[2] = numbers.pick(&[7, 49, 100]),
    }
    let body = ReduceBody {
        reduced,
        kept,
        multiplier: numbers.within(1 << 30, i32::MAX.into()) as i32,
        offset: numbers.within(-3000, 3000) as i32,
        shift: numbers.within(-9, 1) as i8,
        left_shift: numbers.pick(&[0, 0, 0, 4]),
        zero_point: numbers.bits() as i8,
        operation: operation.code(),
    };
    let outputs: u32 = kept.iter().product();
    let read = [reduced.iter().product::<u32>() * outputs];
    let draft = one_op(numbers, &read, &[outputs], DraftOp::new::<Reduce>(&body, &[0], &[1]));
    match operation {
        ReduceOperation::Sum | ReduceOperation::Maximum | ReduceOperation::Minimum => draft,
        ReduceOperation::All => typed(draft, [DType::Bool; 2]),
        ReduceOperation::ArgMaximum | ReduceOperation::ArgMinimum => {
            typed(draft, [DType::I8, DType::I32])
        }
    }
}

/// Returns a model of one `RESHAPE` that moves its bytes.
#[must_use]
pub fn reshape(numbers: &mut Numbers, rows: usize, depth: usize) -> Draft {
    let (from, to) = ([rows as u32, depth as u32], [(rows * depth) as u32]);
    one_op(numbers, &from, &to, DraftOp::new::<Reshape>(&[], &[0], &[1]))
}

/// Returns a model of one `GATHER`: rows of three tables by constant indices.
#[must_use]
pub fn gather(numbers: &mut Numbers, rows: u32, columns: u32, count: u32) -> Draft {
    let body = GatherBody {
        batches: 1,
        repeats: 3,
        choices: rows,
        count,
        block: columns,
        steps: [1, 0, 0, 0, 0],
        numbers: 1,
        constants: 0b10,
        reserved: [0; 2],
    };
    let index = |_| numbers.within(0, i64::from(rows) - 1) as i32;
    let indices: Vec<i32> = (0..count).map(index).collect();
    let op = DraftOp::new::<Gather>(&body, &[0], &[1]);
    let op = op.with_constants(vec![Constant::of(&indices)]);
    one_op(numbers, &[3, rows, columns], &[3, count, columns], op)
}

/// Returns a model of one `MOVE`: rows become columns, between a row of a constant and a row that
/// is the input backwards.
#[must_use]
pub fn moves(numbers: &mut Numbers, rows: u32, columns: u32) -> Draft {
    let axis = |first, size, stride| PieceAxis { first, size, stride };
    let mut all = DraftMove::new(&[columns + 2, rows]);
    all.piece(1, 0, &[axis(0, 1, 0), axis(0, rows, 0)]);
    all.piece(0, 0, &[axis(1, columns, 1), axis(0, rows, columns as i32)]);
    all.piece(0, rows * columns - 1, &[axis(columns + 1, 1, 0), axis(0, rows, -1)]);
    let data = vec![numbers.bits() as u8];
    let op = all.with_data(data).op(&[0], 1).expect("three pieces of two axes");
    one_op(numbers, &[rows, columns], &[columns + 2, rows], op)
}

/// An operator made of dot products, before bias and scales are drawn.
struct Dot {
    window: Window,
    depth_multiplier: u16,
    groups: u16,
    weight_zero_point: i32,
    weights: Constant,
}

impl Dot {
    fn new(weights: Constant) -> Self {
        let (depth_multiplier, groups, weight_zero_point) = (0, 0, 0);
        Self { window: Window::default(), depth_multiplier, groups, weight_zero_point, weights }
    }

    /// Draws bias, scales and activation of `outputs` dot products.
    fn operator<O: HasKind<Body = DotBody>>(
        self,
        numbers: &mut Numbers,
        outputs: usize,
        scale_count: usize,
    ) -> DraftOp {
        // Every other operator has what converters write: some loops take no others.
        let is_usual = numbers.bits().is_multiple_of(2);
        let bias = |numbers: &mut Numbers| match numbers.bits() % 8 {
            0 if !is_usual => numbers.pick(&[i32::MAX, i32::MIN, 1 << 30, -1 << 30]),
            _ => numbers.within(-50_000, 50_000) as i32,
        };
        let mantissa = |numbers: &mut Numbers| numbers.within(1 << 30, i32::MAX.into()) as i32;
        let scale = |numbers: &mut Numbers| match numbers.bits() % 8 {
            0 => (0, 0),
            1 if !is_usual => (mantissa(numbers), numbers.pick(&[-31, -30, 3, 12, 30])),
            _ => (mantissa(numbers), numbers.within(-12, -4) as i8),
        };
        let (multiplier, shift): (Vec<i32>, Vec<i8>) =
            (0..scale_count).map(|_| scale(numbers)).unzip();
        let bias: Vec<i32> = (0..outputs).map(|_| bias(numbers)).collect();
        let activation = activation(numbers);
        let body = DotBody {
            window: self.window,
            activation_min: activation.min,
            activation_max: activation.max,
            depth_multiplier: self.depth_multiplier,
            scale_count: scale_count as u32,
            outputs: outputs as u32,
            weight_zero_point: self.weight_zero_point,
            groups: self.groups,
            reserved: 0,
        };
        let constants = constants(self.weights, &bias, &multiplier, &shift);
        DraftOp::new::<O>(&body, &[0], &[1]).with_constants(constants)
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
        inputs: vec![DraftPort::new(0, "input")],
        outputs: vec![DraftPort::new(1, "output")],
        state: Vec::new(),
        source_sha256: [0; 32],
    })
}

/// Returns the tensors of a model of one operator with other types.
fn typed(mut draft: Draft, dtypes: [DType; 2]) -> Draft {
    for (tensor, dtype) in draft.tensors.iter_mut().zip(dtypes) {
        if dtype != DType::I8 {
            (tensor.dtype, tensor.zero_point) = (dtype, 0);
        }
    }
    placed(draft)
}

/// Returns the tensors one after another, a few bytes apart.
fn placed(mut draft: Draft) -> Draft {
    let mut end = 0_u32;
    for tensor in &mut draft.tensors {
        tensor.offset = end.next_multiple_of(tensor.dtype.size_bytes() as u32);
        end = tensor.offset + tensor.bytes() as u32 + 3;
    }
    draft
}

fn tensor(numbers: &mut Numbers, dims: &[u32]) -> DraftTensor {
    let zero_point = (numbers.bits() as i8).into();
    let (dtype, region) = (DType::I8, Region::Arena);
    DraftTensor { dims: dims.to_vec(), dtype, scale: 0.5, zero_point, region, offset: 0 }
}

fn image(images: usize, [height, width, channels]: [usize; 3]) -> Vec<u32> {
    vec![images as u32, height as u32, width as u32, channels as u32]
}
