//! Addition: the sum of two tensors of one shape and different scales.

use core::ops::RangeInclusive;

use crate::memory::Memory;
use bytemuck::{Pod, Zeroable};
use isokern_core::Team;

use crate::loops::Loops;
use crate::operator::{Check, Cost, Operator, Outline, require};
use crate::requant::{Activation, PairScales};
use crate::site::OperatorSite;
use crate::tensor::Tensor;

const TILE_ELEMENTS: usize = 64;

/// The kind of additions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Add;

/// Body of an addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct AddBody {
    /// Multipliers of first input, second input and output.
    pub multiplier: [i32; 3],
    /// Their shifts, none above zero.
    pub shift: [i8; 3],
    /// Bits both inputs move left before they are scaled.
    pub left_shift: u8,
    /// Least output value.
    pub activation_min: i8,
    /// Greatest output value.
    pub activation_max: i8,
    /// Zero.
    pub reserved: u16,
}

const _: () = assert!(size_of::<AddBody>() == 20);

/// The sum of two tensors of one shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AddView {
    /// The first summand.
    pub input_a: Tensor,
    /// The second summand, of the same shape.
    pub input_b: Tensor,
    /// The sum.
    pub output: Tensor,
    /// How they meet.
    pub scales: PairScales,
}

impl Operator for Add {
    type Body = AddBody;
    type View<'m> = AddView;
    const INPUTS: RangeInclusive<usize> = 2..=2;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, body: &AddBody) -> AddView {
        let (input_a, input_b, output) = (site.input(0), site.input(1), site.output(0));
        let scales = PairScales {
            multiplier: body.multiplier,
            shift: body.shift,
            zero_point: [input_a.zero_point(), input_b.zero_point(), output.zero_point()],
            left_shift: body.left_shift,
            activation: Activation { min: body.activation_min, max: body.activation_max },
        };
        AddView { input_a, input_b, output, scales }
    }

    fn check(site: &OperatorSite<'_>, body: &AddBody, view: &AddView) -> Check {
        require(site.constant_count() == 0, "constant_count")?;
        require(body.reserved == 0, "body")?;
        require(view.input_a.shape() == view.output.shape(), "input")?;
        require(view.input_b.shape() == view.output.shape(), "input_b")?;
        require(view.scales.multiplier.iter().all(|&multiplier| multiplier >= 0), "multiplier")?;
        require(view.scales.shift.iter().all(|shift| (-31..=0).contains(shift)), "shift")?;
        require(view.scales.left_shift <= 20, "left_shift")?;
        require(view.scales.activation.is_range(), "activation_min")
    }

    fn cost(view: &AddView) -> Cost {
        Cost::of_bytes(&view.output)
    }

    /// Runs the calling rank's share of an addition.
    ///
    /// Both inputs, less their zero points, move left by `left_shift` bits and are
    /// rescaled to a scale they share; their sum is rescaled to the output's. Each of
    /// the three rescalings rounds by itself. Source: TensorFlow Lite
    /// `kernels/internal/reference/integer_ops/add.h`.
    ///
    /// A tile is 64 elements.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &AddView, memory: &Memory<'_>) {
        let (a, b) = (memory.view(&op.input_a), memory.view(&op.input_b));
        let (y, scales) = (memory.view(&op.output), &op.scales);
        for tile_index in team.share(y.len().div_ceil(TILE_ELEMENTS)) {
            let first = tile_index * TILE_ELEMENTS;
            for index in first..y.len().min(first + TILE_ELEMENTS) {
                y.set(index, scales.sum(a.get(index), b.get(index)));
            }
        }
    }

    #[inline]
    fn run_with<T: Team, L: Loops>(team: &T, loops: &L, view: &AddView, memory: &Memory<'_>) {
        loops.add(team, view, memory);
    }

    fn outline(view: &AddView) -> Outline {
        Outline { activation: Some(view.scales.activation), ..Outline::default() }
    }
}
