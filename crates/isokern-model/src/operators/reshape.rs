//! Reshape: the same bytes under another shape.

use core::ops::RangeInclusive;

use crate::memory::Memory;
use isokern_core::Team;

use crate::operator::{Check, Cost, Operator, require};
use crate::site::OperatorSite;
use crate::tensor::Tensor;

const TILE_ELEMENTS: usize = 64;

/// The kind of reshapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reshape;

/// The same bytes under another shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReshapeView {
    /// Any tensor.
    pub input: Tensor,
    /// As many elements; usually the same place in the arena.
    pub output: Tensor,
}

impl Operator for Reshape {
    type Body = [u32; 0];
    type View<'m> = ReshapeView;
    const INPUTS: RangeInclusive<usize> = 1..=1;
    const IN_PLACE: bool = true;
    const ANY_DTYPE: bool = true;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, _: &[u32; 0]) -> ReshapeView {
        ReshapeView { input: site.input(0), output: site.output(0) }
    }

    fn check(site: &OperatorSite<'_>, _: &[u32; 0], view: &ReshapeView) -> Check {
        require(view.input.dtype() == view.output.dtype(), "output")?;
        require(view.input.bytes() == view.output.bytes(), "output")?;
        require(site.constant_count() == 0, "constant_count")
    }

    fn cost(view: &ReshapeView) -> Cost {
        Cost::of_bytes(&view.output)
    }

    /// Runs the calling rank's share of a reshape: a copy, or nothing where the
    /// memory plan put both tensors in one place.
    ///
    /// A tile is 64 elements.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &ReshapeView, memory: &Memory<'_>) {
        if (op.input.region(), op.input.offset()) == (op.output.region(), op.output.offset()) {
            return;
        }
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        for tile_index in team.share(y.len().div_ceil(TILE_ELEMENTS)) {
            let first = tile_index * TILE_ELEMENTS;
            for index in first..y.len().min(first + TILE_ELEMENTS) {
                y.set(index, x.get(index));
            }
        }
    }
}
