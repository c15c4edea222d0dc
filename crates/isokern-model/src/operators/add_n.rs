//! Sum of any number of tensors of one shape and one scale.

use core::ops::RangeInclusive;

use bytemuck::{Pod, Zeroable};
use isokern_core::Team;

use crate::memory::Memory;
use crate::operator::{Check, Cost, Operator, require};
use crate::operators::reduce::SumScale;
use crate::site::OperatorSite;
use crate::tensor::Tensor;

/// Elements that one core sums up at once.
const TILE_ELEMENTS: usize = 64;

/// The kind of sums of any number of tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddN;

/// Body of a sum of any number of tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct AddNBody {
    /// Multiplier of the sum.
    pub multiplier: i32,
    /// What the sum is less.
    pub offset: i32,
    /// Shift of the multiplier; above zero is to the left.
    pub shift: i8,
    /// Bits the sum moves left before it is scaled.
    pub left_shift: u8,
    /// Zero point of the output.
    pub zero_point: i8,
    /// Zero.
    pub reserved: u8,
}

const _: () = assert!(size_of::<AddNBody>() == 12);

/// The sum of any number of tensors.
#[derive(Debug, Clone, Copy)]
pub struct AddNView<'m> {
    /// Where the summands are: the inputs.
    pub site: OperatorSite<'m>,
    /// The sum.
    pub output: Tensor,
    /// How a sum becomes a value of the output.
    pub scale: SumScale,
}

impl PartialEq for AddNView<'_> {
    fn eq(&self, other: &Self) -> bool {
        let same = self.site.input_indices().eq(other.site.input_indices());
        same && (self.output, self.scale) == (other.output, other.scale)
    }
}

impl Operator for AddN {
    type Body = AddNBody;
    type View<'m> = AddNView<'m>;
    const INPUTS: RangeInclusive<usize> = 1..=255;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, body: &AddNBody) -> AddNView<'m> {
        AddNView {
            site: *site,
            output: site.output(0),
            scale: SumScale {
                offset: body.offset,
                left_shift: body.left_shift,
                multiplier: body.multiplier,
                shift: body.shift,
                zero_point: body.zero_point.into(),
            },
        }
    }

    fn check(site: &OperatorSite<'_>, body: &AddNBody, view: &AddNView<'_>) -> Check {
        require(site.constant_count() == 0, "constant_count")?;
        require(body.reserved == 0, "body")?;
        let mut inputs = (0..site.input_count()).map(|position| site.input(position));
        require(inputs.all(|input| input.shape() == view.output.shape()), "input")?;
        require(view.scale.multiplier >= 0, "multiplier")?;
        require((-31..=30).contains(&view.scale.shift), "shift")?;
        require(view.scale.left_shift <= 20, "left_shift")
    }

    /// Counts a step for each element read.
    fn cost(view: &AddNView<'_>) -> Cost {
        let inputs = view.site.input_count() as u64;
        Cost { work: (view.output.bytes() as u64).saturating_mul(inputs), ..Cost::default() }
    }

    /// Runs the calling rank's share of a sum; it wraps at 32 bits.
    ///
    /// Source: TensorFlow Lite Micro, `micro/kernels/add_n.cc` and
    /// `kernels/internal/reference/add_n.h`.
    ///
    /// A tile is 64 elements, for one rank among several a single one.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &AddNView<'_>, memory: &Memory<'_>) {
        let y = memory.view(&op.output);
        let inputs = 0..op.site.input_count();
        let cells = |position| memory.view(&op.site.input(position));
        if cfg!(target_arch = "nvptx64") || team.size() > 1 {
            for index in team.share(y.len()) {
                let values = inputs.clone().map(|position| i32::from(cells(position).get(index)));
                y.set(index, op.scale.apply(values.fold(0, i32::wrapping_add)));
            }
            return;
        }
        let mut first = 0;
        while first < y.len() {
            let count = TILE_ELEMENTS.min(y.len() - first);
            let mut sums = [0_i32; TILE_ELEMENTS];
            for position in inputs.clone() {
                let x = cells(position).window(first, count);
                for (sum, x) in sums.iter_mut().zip(x.as_slice()) {
                    *sum = sum.wrapping_add(x.get().into());
                }
            }
            for (lane, &sum) in sums.iter().enumerate().take(count) {
                y.set(first + lane, op.scale.apply(sum));
            }
            first += count;
        }
    }
}
