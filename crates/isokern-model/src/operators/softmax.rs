//! Softmax: exponentials of each row, normalised to sum to one.

use core::cell::Cell;
use core::ops::RangeInclusive;

use crate::memory::Memory;
use bytemuck::{Pod, Zeroable};
use isokern_core::Team;

use super::exponential::{exp_of_negative, reciprocal};
use crate::fixed::{clamp, high_mul, round_shift};
use crate::operator::{Check, Cost, Operator, require};
use crate::site::OperatorSite;
use crate::tensor::Tensor;

/// The kind of softmaxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softmax;

/// Body of a softmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct SoftmaxBody {
    /// Multiplier that brings a difference to Q5.26.
    pub multiplier: i32,
    /// Its left shift.
    pub left_shift: i32,
    /// Differences below this one count as zero.
    pub diff_min: i32,
}

const _: () = assert!(size_of::<SoftmaxBody>() == 12);

/// Normalised exponentials of each row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoftmaxView {
    /// Rows along the last dimension.
    pub input: Tensor,
    /// The same shape, scale 1/256, zero point -128.
    pub output: Tensor,
    /// Multiplier that brings a difference to Q5.26.
    pub multiplier: i32,
    /// Its left shift.
    pub left_shift: u32,
    /// Differences below this one count as zero.
    pub diff_min: i32,
}

impl Operator for Softmax {
    type Body = SoftmaxBody;
    type View<'m> = SoftmaxView;
    const INPUTS: RangeInclusive<usize> = 1..=1;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, body: &SoftmaxBody) -> SoftmaxView {
        SoftmaxView {
            input: site.input(0),
            output: site.output(0),
            multiplier: body.multiplier,
            left_shift: body.left_shift.cast_unsigned(),
            diff_min: body.diff_min,
        }
    }

    fn check(site: &OperatorSite<'_>, _: &SoftmaxBody, view: &SoftmaxView) -> Check {
        require(site.constant_count() == 0, "constant_count")?;
        require(view.input.shape() == view.output.shape(), "output")?;
        require(view.multiplier >= 0, "multiplier")?;
        require(view.left_shift <= 31, "left_shift")?;
        require(view.diff_min <= 0, "diff_min")
    }

    fn cost(view: &SoftmaxView) -> Cost {
        Cost::of_bytes(&view.output)
    }

    /// Runs the calling rank's share of a softmax.
    ///
    /// Differences to the row's maximum become Q5.26, their exponentials Q0.31; the
    /// sum is Q12.19, and its reciprocal comes from three Newton steps. The output has
    /// scale 1/256 and zero point -128. No table, no float. Source: TensorFlow Lite
    /// `kernels/internal/reference/softmax.h`.
    ///
    /// A tile is one row.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &SoftmaxView, memory: &Memory<'_>) {
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        let depth = op.input.depth().max(1);
        for row in team.share(x.len() / depth) {
            let xs = x.window(row * depth, depth).as_slice();
            let ys = y.window(row * depth, depth).as_slice();
            softmax_row(op, xs, ys);
        }
    }
}

#[inline(always)]
fn softmax_row(op: &SoftmaxView, xs: &[Cell<i8>], ys: &[Cell<i8>]) {
    let max = xs.iter().fold(i8::MIN, |max, x| max.max(x.get()));
    let mut sum = 0_i32;
    for x in xs {
        if let Some(value) = exponential(op, x.get(), max) {
            // Q0.31 to Q12.19.
            sum = sum.wrapping_add(round_shift(value, SUM_INTEGER_BITS));
        }
    }
    let headroom = sum.cast_unsigned().leading_zeros();
    let scale = reciprocal(sum, headroom);
    // The reciprocal is of the sum over 2^(12 - headroom); 23 more bits end at 1/256.
    let exponent = (SUM_INTEGER_BITS + 23).wrapping_sub(headroom);
    for (x, y) in xs.iter().zip(ys) {
        let value = match exponential(op, x.get(), max) {
            Some(value) => {
                let value = round_shift(high_mul(scale, value), exponent);
                clamp(value.wrapping_add(i8::MIN.into()), i8::MIN, i8::MAX)
            }
            None => i8::MIN,
        };
        y.set(value);
    }
}

/// Returns the exponential of a value less the row's maximum; `None` where it counts as zero.
// Once in firmware, whose flash is short.
#[cfg_attr(not(any(target_arch = "arm", target_arch = "riscv32")), inline(always))]
fn exponential(op: &SoftmaxView, x: i8, max: i8) -> Option<i32> {
    let difference = i32::from(x) - i32::from(max);
    if difference < op.diff_min {
        return None;
    }
    // As Q5.26.
    let scaled = high_mul(difference.wrapping_shl(op.left_shift), op.multiplier);
    Some(exp_of_negative(scaled))
}

const SUM_INTEGER_BITS: u32 = 12;
