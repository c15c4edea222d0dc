//! Select: each element from one of two operands, by a truth value.

use core::ops::RangeInclusive;

use bytemuck::{Pod, Zeroable};
use isokern_core::{Cells, DType, Team};

use crate::memory::Memory;
use crate::operator::{Check, Cost, Operator, require};
use crate::operators::broadcast::{Dims, Operand, check_dims, check_operands, operands};
use crate::site::OperatorSite;
use crate::tensor::Tensor;

/// Bytes of the output that one core writes at once.
const TILE_BYTES: usize = 64;

/// The kind of choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Select;

/// Body of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct SelectBody {
    /// Sizes of the output's dimensions, outermost first, 1 before them; merged where they can be.
    pub dims: Dims,
    /// For each operand the dimensions along which it repeats: bit 0 is the first.
    pub repeats: [u8; 3],
    /// Which operands are constants: bit 0 is the first operand.
    pub constants: u8,
}

const _: () = assert!(size_of::<SelectBody>() == 28);

/// A choice between two operands, element by element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelectView<'m> {
    /// The condition, what is taken where it holds, and what elsewhere; any may be constants.
    pub operands: [Operand<'m>; 3],
    /// What was taken.
    pub output: Tensor,
    /// The output's dimensions.
    pub dims: Dims,
}

impl Operator for Select {
    type Body = SelectBody;
    type View<'m> = SelectView<'m>;
    const INPUTS: RangeInclusive<usize> = 1..=3;
    const ANY_DTYPE: bool = true;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, body: &SelectBody) -> SelectView<'m> {
        SelectView {
            operands: operands(site, body.constants, body.repeats),
            output: site.output(0),
            dims: body.dims,
        }
    }

    fn check(site: &OperatorSite<'_>, body: &SelectBody, view: &SelectView<'_>) -> Check {
        check_operands::<3>(site, body.constants)?;
        let [condition, holds, fails] = &view.operands;
        let dtype = view.output.dtype();
        let fits = condition.is_of(DType::Bool) && holds.is_of(dtype) && fails.is_of(dtype);
        require(fits, "dtype")?;
        check_dims(&view.dims, &body.repeats, &view.output)?;
        require(condition.fits(&view.dims, 1), "condition")?;
        require(holds.fits(&view.dims, dtype.size_bytes()), "operand")?;
        require(fails.fits(&view.dims, dtype.size_bytes()), "operand_b")
    }

    fn cost(view: &SelectView<'_>) -> Cost {
        Cost::of_bytes(&view.output)
    }

    /// Runs the calling rank's share of a choice, of elements of any type.
    ///
    /// Source: TensorFlow Lite Micro, `micro/kernels/select.cc`.
    ///
    /// A tile is 64 bytes of the output, for one rank among several a single element.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &SelectView<'_>, memory: &Memory<'_>) {
        if cfg!(target_arch = "nvptx64") || team.size() > 1 {
            elements(team, op, memory);
        } else {
            tiles(op, memory);
        }
    }
}

/// Copies one element after the other.
#[inline(always)]
fn elements<T: Team>(team: &T, op: &SelectView<'_>, memory: &Memory<'_>) {
    let y = memory.view(&op.output);
    let element = op.output.dtype().size_bytes();
    let [condition, holds, fails] = &op.operands;
    let condition = condition.reader(&op.dims, 1, memory);
    let [holds, fails] = [holds, fails].map(|from| from.reader(&op.dims, element, memory));
    for index in team.share(y.len() / element) {
        let from = if condition.byte(index) != 0 { &holds } else { &fails };
        for byte in 0..element {
            y.set(index * element + byte, from.byte_of(index, byte));
        }
    }
}

/// Copies tiles of bytes, and the rest after the last tile.
#[inline(always)]
fn tiles(op: &SelectView<'_>, memory: &Memory<'_>) {
    let y = memory.view(&op.output);
    let element = op.output.dtype().size_bytes();
    let [condition, holds, fails] = &op.operands;
    let mut condition = condition.reader(&op.dims, 1, memory).cursor();
    let [mut holds, mut fails] =
        [holds, fails].map(|from| from.reader(&op.dims, element, memory).cursor());
    let mut first = 0;
    while first < y.len() {
        let bytes = TILE_BYTES.min(y.len() - first);
        let mut tiles = [[0; TILE_BYTES]; 3];
        let [conditions, taken, others] = &mut tiles;
        condition.fill(conditions.get_mut(..bytes / element).unwrap_or(&mut []));
        holds.fill(taken.get_mut(..bytes).unwrap_or(&mut []));
        fails.fill(others.get_mut(..bytes).unwrap_or(&mut []));
        choose(element, conditions, taken, others);
        write(y, first, taken.get(..bytes).unwrap_or(&[]));
        first += bytes;
    }
}

/// Replaces the elements that are not taken.
#[inline(always)]
fn choose(
    element: usize,
    conditions: &[i8; TILE_BYTES],
    taken: &mut [i8; TILE_BYTES],
    others: &[i8; TILE_BYTES],
) {
    if element == 1 {
        for ((taken, other), condition) in taken.iter_mut().zip(others).zip(conditions) {
            *taken = if *condition == 0 { *other } else { *taken };
        }
        return;
    }
    let others = others.chunks_exact(element);
    for ((taken, other), condition) in taken.chunks_exact_mut(element).zip(others).zip(conditions) {
        if *condition == 0 {
            taken.copy_from_slice(other);
        }
    }
}

#[inline(always)]
fn write(y: Cells<'_>, first: usize, bytes: &[i8]) {
    match bytes.first_chunk::<TILE_BYTES>() {
        Some(whole) => y.store(first, *whole),
        None => y.copy_from(first, bytes),
    }
}
