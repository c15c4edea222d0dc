//! Any bytes as the description of a model: each byte is a choice, and every choice is valid.
//!
//! One operator follows the other, from an image to an image; some add state to it or keep it as
//! state. What the bytes may choose wrongly is the place of a tensor.

mod moves;
mod pairs;

use isokern_cpu::core::DType;
use isokern_model::OpKind;
use isokern_model::encode::{Constant, Draft, DraftOp, DraftPort, DraftTensor};
use isokern_model::geometry::Window;
use isokern_model::layout::Terms;
use isokern_model::operators::add::{Add, AddBody};
use isokern_model::operators::conv2d::Conv2d;
use isokern_model::operators::convert::{Conversion, Convert, ConvertBody};
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2d;
use isokern_model::operators::dot_body::{DotBody, constants};
use isokern_model::operators::fully_connected::FullyConnected;
use isokern_model::operators::pool::{Pool, PoolBody};
use isokern_model::operators::reshape::Reshape;
use isokern_model::operators::softmax::{Softmax, SoftmaxBody};
use isokern_model::operators::table::{TABLE_ENTRIES, Table};
use isokern_model::tensor::Region;

/// Operators that the bytes choose.
const OPERATORS_MAX: usize = 6;

/// Images, height, width and channels.
type Sizes = [u32; 4];

/// Returns the model that these bytes describe.
#[must_use]
pub fn sketch(bytes: &[u8]) -> Draft {
    let mut sketch = Sketch { choices: bytes.iter(), tensors: Vec::new(), ops: Vec::new() };
    let sizes = [2, 9, 9, 36].map(|most| sketch.up_to(most));
    let mut last = sketch.tensor(sizes, Region::Arena);
    for _ in 0..sketch.up_to(OPERATORS_MAX as u32) {
        last = sketch.operator(last);
    }
    let state_bytes = sketch.tensors.iter().filter(|tensor| tensor.region == Region::State);
    let state_bytes = state_bytes.map(DraftTensor::bytes).sum();
    let initial = sketch.byte();
    Draft {
        inputs: vec![DraftPort::new(0, "in")],
        outputs: vec![DraftPort::new(last, "out")],
        state: vec![initial; state_bytes],
        tensors: sketch.tensors,
        ops: sketch.ops,
        source_sha256: [0; 32],
    }
}

/// A description while it grows.
struct Sketch<'b> {
    choices: core::slice::Iter<'b, u8>,
    tensors: Vec<DraftTensor>,
    ops: Vec<DraftOp>,
}

impl Sketch<'_> {
    fn byte(&mut self) -> u8 {
        self.choices.next().copied().unwrap_or(0)
    }

    /// Returns a number from 1 to `most`.
    fn up_to(&mut self, most: u32) -> u32 {
        1 + u32::from(self.byte()) % most.max(1)
    }

    /// Returns values from a seed: as many as a constant has, from one choice.
    fn values(&mut self, count: usize) -> Vec<u32> {
        let mut state = u32::from(self.byte()) | 1 << 20;
        let next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        core::iter::repeat_with(next).take(count).collect()
    }

    fn tensor(&mut self, sizes: Sizes, region: Region) -> u16 {
        let mut tensor = DraftTensor {
            dims: sizes.to_vec(),
            dtype: DType::I8,
            scale: 0.5,
            zero_point: self.byte().cast_signed().into(),
            region,
            offset: 0,
        };
        let before = self.tensors.iter().filter(|other| other.region == region);
        let ends = before.map(|other| other.offset + other.bytes() as u32);
        tensor.offset = ends.max().unwrap_or(0);
        // Where an earlier one was: it may be dead, or the encoder refuses.
        let choice = usize::from(self.byte());
        let earlier = self.tensors.get(choice % 8).filter(|other| other.region == region);
        if let Some(earlier) = earlier.filter(|_| choice >= 128 && region == Region::Arena) {
            tensor.offset = earlier.offset;
        }
        self.tensors.push(tensor);
        (self.tensors.len() - 1) as u16
    }

    fn sizes(&self, index: u16) -> Sizes {
        let dims = &self.tensors[usize::from(index)].dims;
        core::array::from_fn(|place| dims[place])
    }

    /// Appends an operator that reads `input`, and returns what it writes.
    fn operator(&mut self, input: u16) -> u16 {
        let kinds = OpKind::ALL;
        match kinds[usize::from(self.byte()) % kinds.len()] {
            OpKind::Conv2d => self.conv2d(input),
            OpKind::DepthwiseConv2d => self.depthwise_conv2d(input),
            OpKind::FullyConnected => self.fully_connected(input),
            OpKind::Add => self.add(input),
            OpKind::Pool => self.pool(input),
            OpKind::Reshape => self.reshape(input),
            OpKind::Softmax => self.softmax(input),
            OpKind::Table => self.table(input),
            OpKind::Convert => self.convert(input),
            OpKind::Binary => self.binary(input),
            OpKind::Reduce => self.reduce(input),
            OpKind::Select => self.select(input),
            OpKind::AddN => self.add_n(input),
            OpKind::Move => self.moves(input),
            OpKind::Gather => self.gather(input),
        }
    }

    fn push(&mut self, op: DraftOp) {
        self.ops.push(op);
    }

    /// Returns a window over an image, and the height and width of the output.
    fn window(&mut self, sizes: Sizes, dilation_max: u32) -> (Window, [u32; 2]) {
        let mut axis = |len: u32| {
            let (kernel, stride) = (self.up_to(4), self.up_to(3));
            let dilation = self.up_to(dilation_max);
            let pad = self.up_to((kernel - 1) * dilation + 1) - 1;
            let outputs = self.up_to((len + pad).div_ceil(stride));
            ([kernel, stride, dilation, pad].map(|value| value as u16), outputs)
        };
        let ([kernel_height, stride_height, dilation_height, pad_top], height) = axis(sizes[1]);
        let ([kernel_width, stride_width, dilation_width, pad_left], width) = axis(sizes[2]);
        let window = Window {
            kernel_height,
            kernel_width,
            stride_height,
            stride_width,
            dilation_height,
            dilation_width,
            pad_top,
            pad_left,
        };
        (window, [height, width])
    }

    fn range(&mut self) -> (i8, i8) {
        let (a, b) = (self.byte().cast_signed(), self.byte().cast_signed());
        if a == b { (i8::MIN, i8::MAX) } else { (a.min(b), a.max(b)) }
    }

    /// Returns the body of dot products, and the constants after their weights.
    fn dots(&mut self, outputs: u32, weights: Constant) -> (DotBody, Vec<Constant>) {
        let scale_count = if self.byte() < 64 { 1 } else { outputs };
        let (activation_min, activation_max) = self.range();
        let body =
            DotBody { activation_min, activation_max, scale_count, outputs, ..DotBody::default() };
        let bias: Vec<i32> =
            self.values(outputs as usize).into_iter().map(|value| value as i32 >> 12).collect();
        let scales = self.values(scale_count as usize);
        let multiplier: Vec<i32> = scales.iter().map(|value| (value >> 1) as i32).collect();
        // Mostly what leaves a value in range, with every shift there is.
        let any = self.byte() >= 224;
        let shift = scales
            .iter()
            .map(|value| if any { (value % 62) as i8 - 31 } else { -((value % 12) as i8) });
        let shift: Vec<i8> = shift.collect();
        (body, constants(weights, &bias, &multiplier, &shift))
    }

    fn weights(&mut self, count: usize) -> Vec<i8> {
        self.values(count).into_iter().map(|value| (value >> 24) as i8).collect()
    }

    fn conv2d(&mut self, input: u16) -> u16 {
        let sizes = self.sizes(input);
        let (window, [height, width]) = self.window(sizes, 2);
        let mut outputs = self.up_to(40);
        let mut groups = self.up_to(sizes[3]);
        groups = if sizes[3].is_multiple_of(groups) { groups } else { 1 };
        outputs = outputs.next_multiple_of(groups);
        let terms = Terms {
            rows: window.kernel_height.into(),
            row_terms: usize::from(window.kernel_width) * (sizes[3] / groups) as usize,
        };
        let values = self.weights(terms.count() * outputs as usize);
        let weights = Constant::Dots { values, outputs: outputs as usize, terms };
        let (body, constants) = self.dots(outputs, weights);
        let output = self.tensor([sizes[0], height, width, outputs], Region::Arena);
        let groups = if groups == 1 { 0 } else { groups as u16 };
        let body = DotBody { window, groups, ..body };
        let op = DraftOp::new::<Conv2d>(&body, &[input], &[output]);
        self.push(op.with_constants(constants));
        output
    }

    fn depthwise_conv2d(&mut self, input: u16) -> u16 {
        let sizes = self.sizes(input);
        let (window, [height, width]) = self.window(sizes, 2);
        let depth_multiplier = self.up_to(3);
        let outputs = sizes[3] * depth_multiplier;
        let taps = usize::from(window.kernel_height) * usize::from(window.kernel_width);
        let weights = Constant::Weights(self.weights(taps * outputs as usize));
        let (body, constants) = self.dots(outputs, weights);
        let body = DotBody { window, depth_multiplier: depth_multiplier as u16, ..body };
        let output = self.tensor([sizes[0], height, width, outputs], Region::Arena);
        let op = DraftOp::new::<DepthwiseConv2d>(&body, &[input], &[output]);
        self.push(op.with_constants(constants));
        output
    }

    fn fully_connected(&mut self, input: u16) -> u16 {
        let [images, height, width, depth] = self.sizes(input);
        let outputs = self.up_to(40);
        let terms = Terms { rows: 1, row_terms: depth as usize };
        let values = self.weights(terms.count() * outputs as usize);
        let weights = Constant::Dots { values, outputs: outputs as usize, terms };
        let (body, constants) = self.dots(outputs, weights);
        let weight_zero_point =
            if self.byte() < 192 { 0 } else { self.byte().cast_signed().into() };
        let body = DotBody { weight_zero_point, ..body };
        let output = self.tensor([images, height, width, outputs], Region::Arena);
        let op = DraftOp::new::<FullyConnected>(&body, &[input], &[output]);
        self.push(op.with_constants(constants));
        output
    }

    /// Returns the sum with itself or with state, which then keeps the sum.
    fn add(&mut self, input: u16) -> u16 {
        let sizes = self.sizes(input);
        let with_state = self.byte() >= 128;
        let other = if with_state { self.tensor(sizes, Region::State) } else { input };
        let values = self.values(3);
        let (activation_min, activation_max) = self.range();
        let body = AddBody {
            multiplier: core::array::from_fn(|place| (values[place] >> 1) as i32),
            shift: [0, -1, -(self.up_to(32) as i8 - 1)],
            left_shift: self.up_to(21) as u8 - 1,
            activation_min,
            activation_max,
            reserved: 0,
        };
        let output = self.tensor(sizes, Region::Arena);
        self.push(DraftOp::new::<Add>(&body, &[input, other], &[output]));
        if with_state {
            self.push(DraftOp::new::<Reshape>(&[], &[output], &[other]));
        }
        output
    }

    fn pool(&mut self, input: u16) -> u16 {
        let sizes = self.sizes(input);
        let (window, [height, width]) = self.window(sizes, 1);
        let (activation_min, activation_max) = self.range();
        let operation = self.byte() & 1;
        let body = PoolBody { window, activation_min, activation_max, operation, reserved: 0 };
        let output = self.tensor([sizes[0], height, width, sizes[3]], Region::Arena);
        self.push(DraftOp::new::<Pool>(&body, &[input], &[output]));
        output
    }

    fn reshape(&mut self, input: u16) -> u16 {
        let [images, height, width, depth] = self.sizes(input);
        let output = self.tensor([images, width, height, depth], Region::Arena);
        self.push(DraftOp::new::<Reshape>(&[], &[input], &[output]));
        output
    }

    fn softmax(&mut self, input: u16) -> u16 {
        let body = SoftmaxBody {
            multiplier: (self.values(1)[0] >> 1) as i32,
            left_shift: self.up_to(32) as i32 - 1,
            diff_min: -i32::from(self.byte()),
        };
        let output = self.tensor(self.sizes(input), Region::Arena);
        self.push(DraftOp::new::<Softmax>(&body, &[input], &[output]));
        output
    }

    fn table(&mut self, input: u16) -> u16 {
        let table = Constant::of(&self.weights(TABLE_ENTRIES));
        let output = self.tensor(self.sizes(input), Region::Arena);
        let op = DraftOp::new::<Table>(&[], &[input], &[output]);
        self.push(op.with_constants(vec![table]));
        output
    }
    /// Converts to another type and back, which all other operators take.
    fn convert(&mut self, input: u16) -> u16 {
        let dtypes = [DType::F32, DType::I16, DType::I32, DType::U8, DType::Bool, DType::U32];
        let dtype = dtypes[usize::from(self.byte()) % dtypes.len()];
        let end = self.tensors.iter().map(|other| other.offset + other.bytes() as u32).max();
        let between = DraftTensor {
            dtype,
            offset: end.unwrap_or(0).next_multiple_of(4),
            zero_point: 0,
            ..self.tensors[usize::from(input)].clone()
        };
        self.tensors.push(DraftTensor { region: Region::Arena, ..between });
        let between = (self.tensors.len() - 1) as u16;
        let scaled = self.byte() < 128;
        let (there, back) = match dtype {
            DType::F32 if scaled => (Conversion::Dequantize, Conversion::Quantize),
            DType::I16 | DType::I32 | DType::U8 if scaled => {
                (Conversion::Requantize, Conversion::Requantize)
            }
            _ => (Conversion::Cast, Conversion::Cast),
        };
        let output = self.tensor(self.sizes(input), Region::Arena);
        for (operation, from, to) in [(there, input, between), (back, between, output)] {
            let is_scaled = operation == Conversion::Requantize;
            let body = ConvertBody {
                multiplier: if is_scaled { (self.values(1)[0] >> 1) as i32 } else { 0 },
                shift: if is_scaled { (self.byte() % 62) as i8 - 31 } else { 0 },
                operation: operation.code(),
                reserved: 0,
            };
            self.push(DraftOp::new::<Convert>(&body, &[from], &[to]));
        }
        output
    }
}
