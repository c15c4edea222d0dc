//! Loops for processors that multiply two values in a step: those without a vector unit or DSP
//! instructions, such as a Cortex-M0, a Cortex-M3 or a small RISC-V.
//!
//! What costs there is to load: a value that is in a register is used twice or more often.
//! Convolutions compute two positions by two outputs at a time, depthwise ones four channels of a
//! position, fully connected operators four outputs of a row. Weights must be in the row layout;
//! the rest runs the plain loops.
//!
//! [`SingleMacLoops`] is written over [`SingleMac`], whose provided methods are plain code: a
//! processor brings what it does better. [`WideProducts`] is for those that multiply 32 by 32 bits
//! to 64 bits, [`NarrowProducts`] for those that give the lower 32 alone.

mod convolution;
mod dense;
mod position_pair;

use core::cell::Cell;
use core::marker::PhantomData;

use isokern_core::Team;
use isokern_model::Memory;
use isokern_model::layout::Layout;
use isokern_model::operators::add::AddView;
use isokern_model::operators::conv2d::{Conv2d, Conv2dView};
use isokern_model::operators::depthwise_conv2d::{DepthwiseConv2d, DepthwiseConv2dView};
use isokern_model::operators::fully_connected::{FullyConnected, FullyConnectedView};
use isokern_model::{AllOperators, Loops, OpSet, Operator, OperatorSet};

use crate::depthwise;
use crate::depthwise::FourChannels;
use crate::scale::{Rescale, Scale, add};

/// Activations of two positions that meet the same weights, less their zero point.
pub type Pair = [i32; 2];

/// Sums of products, several at a time.
pub trait SingleMac: FourChannels {
    /// Adds to each of `sums` the products of two positions with the next two rows of weights,
    /// which start `stride` apart in `rows`: both positions of the first row, then both of the
    /// second. The caller gives `rows` at least `(2 * sums.len() - 1) * stride + xs.len()`
    /// weights; of fewer it is left open which are used.
    #[inline]
    fn two_by_two(xs: &[Pair], rows: &[i8], stride: usize, sums: &mut [[i32; 4]]) {
        let mut rows = rows;
        for sums in sums {
            let second = rows.get(stride..).unwrap_or(&[]);
            let mut total = *sums;
            for ((xs, first), weight) in xs.iter().zip(rows).zip(second) {
                total = two_by_two(*xs, [*first, *weight], total);
            }
            *sums = total;
            rows = second.get(stride..).unwrap_or(&[]);
        }
    }

    /// Adds to `sums` the products of `xs`, less `zero_point`, with four rows of weights that
    /// start `stride` apart in `rows`. The caller gives `rows` at least `3 * stride + xs.len()`
    /// weights; of fewer it is left open which are used.
    #[inline]
    fn four_rows(
        xs: &[Cell<i8>],
        zero_point: i32,
        rows: &[i8],
        stride: usize,
        sums: [i32; 4],
    ) -> [i32; 4] {
        let row = |index: usize| rows.get(index * stride..).unwrap_or(&[]);
        let [mut a, mut b, mut c, mut d] = sums;
        let rows = row(0).iter().zip(row(1)).zip(row(2)).zip(row(3));
        for (x, (((first, second), third), fourth)) in xs.iter().zip(rows) {
            let x = i32::from(x.get()) - zero_point;
            a = add_product(a, x, *first);
            b = add_product(b, x, *second);
            c = add_product(c, x, *third);
            d = add_product(d, x, *fourth);
        }
        [a, b, c, d]
    }
}

#[inline(always)]
fn two_by_two([x, y]: Pair, [first, second]: [i8; 2], [a, b, c, d]: [i32; 4]) -> [i32; 4] {
    let (a, b) = (add_product(a, x, first), add_product(b, y, first));
    [a, b, add_product(c, x, second), add_product(d, y, second)]
}

#[inline(always)]
fn add_product(sum: i32, x: i32, weight: i8) -> i32 {
    sum.wrapping_add(x.wrapping_mul(i32::from(weight)))
}

/// For processors with products of 64 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WideProducts;

impl FourChannels for WideProducts {}

impl SingleMac for WideProducts {}

impl Rescale for WideProducts {
    #[inline(always)]
    fn scaled(value: i32, scale: Scale) -> i32 {
        scale.finish_by_comparison(high_word(value.wrapping_shl(scale.left), scale.multiplier))
    }

    #[inline(always)]
    fn requantised(value: i32, scale: Scale, zero_point: i32) -> i8 {
        saturated(Self::scaled(value, scale).wrapping_add(zero_point))
    }
}

/// For processors whose products have 32 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NarrowProducts;

impl FourChannels for NarrowProducts {}

impl SingleMac for NarrowProducts {}

impl Rescale for NarrowProducts {
    #[inline(always)]
    fn scaled(value: i32, scale: Scale) -> i32 {
        scale.finish(high_word_of_halves(value.wrapping_shl(scale.left), scale.multiplier))
    }

    #[inline(always)]
    fn requantised(value: i32, scale: Scale, zero_point: i32) -> i8 {
        saturated(Self::scaled(value, scale).wrapping_add(zero_point))
    }
}

/// Returns the upper 32 bits of a product, to nearest, ties up.
#[inline(always)]
const fn high_word(value: i32, multiplier: i32) -> i32 {
    let product = value as i64 * multiplier as i64;
    (product >> 32) as i32 + (product as u32 >> 31).cast_signed()
}

/// Returns [`high_word`] by products of 16 by 16 bits. The multiplier is not negative.
///
/// With `value = a * 2^16 + b` and `multiplier = c * 2^16 + d`, where `b`, `c` and `d` are not
/// negative, the product is `ac * 2^32 + (ad + bc) * 2^16 + bd`; no sum below leaves its type.
#[inline(always)]
const fn high_word_of_halves(value: i32, multiplier: i32) -> i32 {
    let (a, b) = (value >> 16, value & 0xFFFF);
    let (c, d) = (multiplier >> 16, multiplier & 0xFFFF);
    let low = b.cast_unsigned().wrapping_mul(d.cast_unsigned()) >> 16;
    let middle = a * d + low.cast_signed();
    let rest = (b * c).cast_unsigned() + (middle & 0xFFFF).cast_unsigned() + 0x8000;
    a * c + (middle >> 16) + (rest >> 16).cast_signed()
}

#[inline(always)]
fn saturated(value: i32) -> i8 {
    value.clamp(i8::MIN.into(), i8::MAX.into()) as i8
}

/// Loops that use `M` for the operators of `S`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SingleMacLoops<M, S = AllOperators> {
    instructions: PhantomData<(M, S)>,
}

impl<M, S> SingleMacLoops<M, S> {
    /// Returns the loops.
    #[must_use]
    pub const fn for_operators() -> Self {
        Self { instructions: PhantomData }
    }
}

impl<M: SingleMac, S: OperatorSet> Loops for SingleMacLoops<M, S> {
    const OPERATORS: OpSet = S::KINDS;

    #[inline]
    fn conv2d<T: Team>(&self, team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
        if op.groups == 1 && op.weights.layout == Layout::Row {
            convolution::run::<M, T>(team, op, memory);
        } else {
            Conv2d::run(team, op, memory);
        }
    }

    #[inline]
    fn depthwise_conv2d<T: Team>(
        &self,
        team: &T,
        op: &DepthwiseConv2dView<'_>,
        memory: &Memory<'_>,
    ) {
        if depthwise::takes(op) {
            depthwise::run::<M, T>(team, op, memory);
        } else {
            DepthwiseConv2d::run(team, op, memory);
        }
    }

    #[inline]
    fn fully_connected<T: Team>(&self, team: &T, op: &FullyConnectedView<'_>, memory: &Memory<'_>) {
        if op.weights.layout == Layout::Row && op.weight_zero_point == 0 {
            dense::run::<M, T>(team, op, memory);
        } else {
            FullyConnected::run(team, op, memory);
        }
    }

    #[inline]
    fn add<T: Team>(&self, team: &T, op: &AddView, memory: &Memory<'_>) {
        add::run::<M, T>(team, op, memory);
    }
}

#[cfg(test)]
mod tests {
    use super::{NarrowProducts, WideProducts, high_word, high_word_of_halves};
    use crate::scale::{Rescale, Scale};

    /// Returns values near powers of two, in order of their magnitude.
    fn values() -> impl Iterator<Item = i32> {
        let near = |centre: i32| (-2..=2).map(move |step| centre.wrapping_add(step));
        (0..32).flat_map(move |bit| near(1 << bit).chain(near(-1 << bit)))
    }

    #[test]
    fn products_of_halves_are_those_of_words() {
        for value in values() {
            for multiplier in values().filter(|multiplier| *multiplier >= 0) {
                let product = i64::from(value) * i64::from(multiplier);
                let expected = ((product + (1 << 31)) >> 32) as i32;
                assert_eq!(high_word(value, multiplier), expected, "{value} * {multiplier}");
                let halves = high_word_of_halves(value, multiplier);
                assert_eq!(halves, expected, "{value} * {multiplier} by halves");
            }
        }
    }

    #[test]
    fn values_with_room_are_scaled_as_by_the_oracle() {
        for shift in -31..=30_i8 {
            for multiplier in values().filter(|multiplier| *multiplier >= 0) {
                let scale = Scale::new(multiplier, shift);
                let has_room =
                    |value: &i32| i64::from(value.unsigned_abs()) < 1 << (31 - scale.left);
                for value in values().filter(has_room) {
                    let expected = scale.apply(value);
                    let scaled = WideProducts::scaled(value, scale);
                    assert_eq!(scaled, expected, "{value} by {scale:?}");
                    assert_eq!(NarrowProducts::scaled(value, scale), expected, "{value}, narrow");
                    let byte = (expected + 5).clamp(-128, 127) as i8;
                    assert_eq!(WideProducts::requantised(value, scale, 5), byte);
                    assert_eq!(NarrowProducts::requantised(value, scale, 5), byte);
                }
            }
        }
    }
}
