//! Runs operators of random shapes, weights and scales, with the fastest loops of the processor and
//! with the plain ones, and prints how many differ. What is drawn follows from a seed and is the
//! same on every board.
#![no_std]
#![no_main]

use isokern_cpu::core::{Cells, DType, Solo};
use isokern_cpu::instruction_set;
use isokern_cpu::model::digest::{fnv1a, fnv1a_update};
use isokern_cpu::model::geometry::{Axis, Window};
use isokern_cpu::model::layout::{Layout, Terms};
use isokern_cpu::model::operators::add::{Add, AddView};
use isokern_cpu::model::operators::conv2d::{Conv2d, Conv2dView};
use isokern_cpu::model::operators::depthwise_conv2d::{DepthwiseConv2d, DepthwiseConv2dView};
use isokern_cpu::model::operators::fully_connected::{FullyConnected, FullyConnectedView};
use isokern_cpu::model::requant::{Activation, PairScales, Requant};
use isokern_cpu::model::tensor::{Tensor, TensorRecord};
use isokern_cpu::model::weights::Weights;
use isokern_cpu::model::{Loops, Memory, Operator};
use isokern_firmware::console::{print_digest, print_number};
use isokern_firmware::processor::entry;
use isokern_firmware::{ending, lend};

/// Operators that are drawn of each kind.
const COUNT: u32 = 200;

/// The most weights, outputs, and values of all inputs or of the output.
const WEIGHTS: usize = 2048;
const OUTPUTS: usize = 40;
const VALUES: usize = 1024;

/// What operators compute with.
struct Parts {
    weights: [i8; WEIGHTS],
    bias: [i32; OUTPUTS],
    multiplier: [i32; OUTPUTS],
    shift: [i8; OUTPUTS],
}

/// Inputs and output of an operator, and what the plain loops make of it.
struct Values {
    arena: [i8; 2 * VALUES],
    expected: [i8; VALUES],
}

/// How the operators fared.
struct Tally {
    run: u32,
    different: u32,
    digest: u64,
}

#[entry]
fn main() -> ! {
    let parts = lend!(
        Parts = Parts {
            weights: [0; WEIGHTS],
            bias: [0; OUTPUTS],
            multiplier: [0; OUTPUTS],
            shift: [0; OUTPUTS],
        }
    );
    let values = lend!(Values = Values { arena: [0; 2 * VALUES], expected: [0; VALUES] });
    let mut tally = Tally { run: 0, different: 0, digest: fnv1a(&[]) };
    let mut numbers = Numbers(0x9E37_79B9);
    for _ in 0..COUNT {
        convolution(&mut numbers, parts, values, &mut tally);
        depthwise(&mut numbers, parts, values, &mut tally);
        fully_connected(&mut numbers, parts, values, &mut tally);
        addition(&mut numbers, values, &mut tally);
    }
    print_number("operators", tally.run);
    print_number("different", tally.different);
    print_digest("digest", tally.digest);
    ending::succeed()
}

#[inline(never)]
fn convolution(numbers: &mut Numbers, parts: &mut Parts, values: &mut Values, tally: &mut Tally) {
    let Shape { input, output, window } = Shape::draw(numbers, 20);
    let [height, width, depth] = input;
    let kernel_width = usize::from(window.kernel_width);
    let terms = Terms { rows: window.kernel_height.into(), row_terms: kernel_width * depth };
    let most = (WEIGHTS / terms.count()).min(VALUES / (output[0] * output[1])).min(OUTPUTS);
    let outputs = numbers.within(1, most);
    parts.draw(numbers, outputs * terms.count());
    let output = tensor(numbers, [output[0], output[1], outputs], height * width * depth);
    let op = Conv2dView {
        input: tensor(numbers, input, 0),
        output,
        window,
        groups: 1,
        depth,
        weights: parts.weights(outputs, terms),
        requant: parts.requant(numbers, &output, outputs),
    };
    let plain = |memory: &Memory<'_>| Conv2d::run(&Solo, &op, memory);
    let fast = |memory: &Memory<'_>| instruction_set::loops().conv2d(&Solo, &op, memory);
    values.compare(numbers, &output, tally, plain, fast);
}

#[inline(never)]
fn depthwise(numbers: &mut Numbers, parts: &mut Parts, values: &mut Values, tally: &mut Tally) {
    let Shape { input, output, window } = Shape::draw(numbers, OUTPUTS);
    let [height, width, channels] = input;
    let taps = usize::from(window.kernel_height) * usize::from(window.kernel_width);
    parts.draw(numbers, taps * channels);
    let output = tensor(numbers, [output[0], output[1], channels], height * width * channels);
    let op = DepthwiseConv2dView {
        input: tensor(numbers, input, 0),
        output,
        window,
        depth_multiplier: 1,
        weights: parts.weights.get(..taps * channels).unwrap_or(&[]),
        requant: parts.requant(numbers, &output, channels),
    };
    let plain = |memory: &Memory<'_>| DepthwiseConv2d::run(&Solo, &op, memory);
    let fast = |memory: &Memory<'_>| instruction_set::loops().depthwise_conv2d(&Solo, &op, memory);
    values.compare(numbers, &output, tally, plain, fast);
}

#[inline(never)]
fn fully_connected(
    numbers: &mut Numbers,
    parts: &mut Parts,
    values: &mut Values,
    tally: &mut Tally,
) {
    let (rows, row_terms) = (numbers.within(1, 3), numbers.within(1, 300));
    let outputs = numbers.within(1, (WEIGHTS / row_terms).min(OUTPUTS));
    let terms = Terms { rows: 1, row_terms };
    parts.draw(numbers, outputs * row_terms);
    let output = tensor(numbers, [1, rows, outputs], rows * row_terms);
    let op = FullyConnectedView {
        input: tensor(numbers, [1, rows, row_terms], 0),
        output,
        weights: parts.weights(outputs, terms),
        weight_zero_point: 0,
        requant: parts.requant(numbers, &output, outputs),
    };
    let plain = |memory: &Memory<'_>| FullyConnected::run(&Solo, &op, memory);
    let fast = |memory: &Memory<'_>| instruction_set::loops().fully_connected(&Solo, &op, memory);
    values.compare(numbers, &output, tally, plain, fast);
}

#[inline(never)]
fn addition(numbers: &mut Numbers, values: &mut Values, tally: &mut Tally) {
    let len = numbers.within(1, VALUES / 2);
    let shape = [1, 1, len];
    let (input_a, input_b) = (tensor(numbers, shape, 0), tensor(numbers, shape, len));
    let output = tensor(numbers, shape, 2 * len);
    let mut shift = |low: usize, high: usize| -(numbers.within(low, high) as i8);
    let shift = [shift(0, 6), shift(0, 6), shift(16, 22)];
    let multiplier = [numbers.mantissa(), numbers.mantissa(), numbers.mantissa()];
    let zero_point = [input_a.zero_point(), input_b.zero_point(), output.zero_point()];
    let activation = numbers.activation();
    let scales = PairScales { multiplier, shift, zero_point, left_shift: 20, activation };
    let op = AddView { input_a, input_b, output, scales };
    let plain = |memory: &Memory<'_>| Add::run(&Solo, &op, memory);
    let fast = |memory: &Memory<'_>| instruction_set::loops().add(&Solo, &op, memory);
    values.compare(numbers, &output, tally, plain, fast);
}

/// The shapes of an operator with windows; the channels of the output are left out.
struct Shape {
    input: [usize; 3],
    output: [usize; 2],
    window: Window,
}

impl Shape {
    /// Draws a shape with up to `channels_max` channels, whose values and weights have room.
    fn draw(numbers: &mut Numbers, channels_max: usize) -> Self {
        let (height, above) = Side::draw(numbers);
        let (width, left) = Side::draw(numbers);
        let cells = (height.len * width.len).max(height.outputs * width.outputs);
        let taps = height.kernel * width.kernel;
        let most = (VALUES / cells).min(WEIGHTS / taps).min(channels_max);
        let window = Window {
            kernel_height: height.kernel as u16,
            kernel_width: width.kernel as u16,
            stride_height: height.stride as u16,
            stride_width: width.stride as u16,
            dilation_height: height.dilation as u16,
            dilation_width: width.dilation as u16,
            pad_top: above as u16,
            pad_left: left as u16,
        };
        // Three by three cells and whole words of channels more often than by chance.
        let channels = numbers.within(1, most);
        let channels =
            if channels > 4 && numbers.within(0, 1) == 0 { channels & !3 } else { channels };
        Self {
            input: [height.len, width.len, channels],
            output: [height.outputs, width.outputs],
            window,
        }
    }
}

/// One dimension of a shape.
struct Side {
    kernel: usize,
    stride: usize,
    dilation: usize,
    len: usize,
    outputs: usize,
}

impl Side {
    /// Draws a dimension, and the padding in front of it.
    fn draw(numbers: &mut Numbers) -> (Self, usize) {
        let kernel = if numbers.within(0, 1) == 0 { 3 } else { numbers.within(1, 5) };
        let stride = numbers.within(1, 2);
        let dilation = if numbers.within(0, 3) == 0 { 2 } else { 1 };
        let len = (kernel - 1) * dilation + numbers.within(1, 7);
        let (outputs, pad) = if numbers.within(0, 1) == 0 {
            Axis::same(kernel, stride, dilation, len)
        } else {
            (Axis::valid(kernel, stride, dilation, len), 0)
        };
        (Self { kernel, stride, dilation, len, outputs }, pad)
    }
}

impl Parts {
    /// Draws weights, biases and scales; every fourth time such as converters do not write.
    fn draw(&mut self, numbers: &mut Numbers, weights: usize) {
        self.weights.iter_mut().take(weights).for_each(|weight| *weight = numbers.bits() as i8);
        let is_usual = numbers.within(0, 3) != 0;
        let scales = self.multiplier.iter_mut().zip(&mut self.shift);
        for ((multiplier, shift), bias) in scales.zip(&mut self.bias) {
            *multiplier = if numbers.within(0, 7) == 0 { 0 } else { numbers.mantissa() };
            *shift = -(numbers.within(4, 12) as i8);
            *bias = numbers.bits() as i32 >> 15;
            if !is_usual && numbers.within(0, 3) == 0 {
                *shift = numbers.within(0, 61) as i8 - 31;
                *bias = numbers.bits() as i32;
            }
        }
    }

    fn weights(&self, outputs: usize, terms: Terms) -> Weights<'_> {
        let values = self.weights.get(..outputs * terms.count()).unwrap_or(&[]);
        Weights { layout: Layout::Row, values, sums: &[], outputs, terms }
    }

    fn requant(&self, numbers: &mut Numbers, output: &Tensor, outputs: usize) -> Requant<'_> {
        let scales = if numbers.within(0, 3) == 0 { 1 } else { outputs };
        Requant {
            bias: self.bias.get(..outputs).unwrap_or(&[]),
            multiplier: self.multiplier.get(..scales).unwrap_or(&[]),
            shift: self.shift.get(..scales).unwrap_or(&[]),
            zero_point: output.zero_point(),
            activation: numbers.activation(),
        }
    }
}

impl Values {
    /// Runs both loops on the same values, and counts whether their outputs differ.
    fn compare(
        &mut self,
        numbers: &mut Numbers,
        output: &Tensor,
        tally: &mut Tally,
        plain: impl Fn(&Memory<'_>),
        fast: impl Fn(&Memory<'_>),
    ) {
        let Self { arena, expected } = self;
        arena.iter_mut().for_each(|value| *value = numbers.bits() as i8);
        let place = output.offset()..output.offset() + output.bytes();
        plain(&Memory::stateless(Cells::from_mut(arena)));
        let outputs = arena.get_mut(place.clone()).unwrap_or(&mut []);
        let expected = expected.get_mut(..outputs.len()).unwrap_or(&mut []);
        for (value, output) in expected.iter_mut().zip(outputs) {
            *value = *output;
            // What is not written differs.
            *output = !*output;
        }
        fast(&Memory::stateless(Cells::from_mut(arena)));
        let outputs = arena.get(place).unwrap_or(&[]);
        tally.run += u32::from(!outputs.is_empty());
        tally.different += u32::from(outputs != expected);
        tally.digest = fnv1a_update(tally.digest, outputs);
    }
}

/// Returns an image that begins at `offset`, with a random zero point.
fn tensor(numbers: &mut Numbers, [height, width, channels]: [usize; 3], offset: usize) -> Tensor {
    let zero_point = i16::from(numbers.bits() as i8);
    Tensor::from_record(&TensorRecord {
        dtype: DType::I8.code(),
        rank: 4,
        region: 0,
        reserved: 0,
        root: 0,
        first_step: 0,
        last_step: 0,
        zero_point,
        offset: offset as u32,
        bytes: (height * width * channels) as u32,
        dims: [1, 1, 1, height as u32, width as u32, channels as u32],
        scale: 1.0,
    })
}

/// A generator of numbers: xorshift of 32 bits, G. Marsaglia 2003.
struct Numbers(u32);

impl Numbers {
    const fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// Returns a number in `low..=high`.
    const fn within(&mut self, low: usize, high: usize) -> usize {
        let count = high.saturating_sub(low) as u32 + 1;
        low + ((self.bits() >> 8) % count) as usize
    }

    /// Returns a multiplier of scales.
    const fn mantissa(&mut self) -> i32 {
        (self.bits() >> 2 | 1 << 30).cast_signed()
    }

    fn activation(&mut self) -> Activation {
        match self.within(0, 2) {
            0 => Activation {
                min: -(self.within(0, 128) as i32) as i8,
                max: self.within(1, 127) as i8,
            },
            _ => Activation { min: i8::MIN, max: i8::MAX },
        }
    }
}
