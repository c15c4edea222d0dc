//! Gather: blocks of a tensor, picked by a list of indices.

use core::ops::RangeInclusive;

use bytemuck::{Pod, Zeroable};
use isokern_core::{DType, Team};

use crate::memory::Memory;
use crate::operator::{Check, Cost, Operator, require};
use crate::operators::broadcast::{Operand, check_operands, operands};
use crate::operators::elements::Elements;
use crate::site::OperatorSite;
use crate::tensor::Tensor;

/// Numbers of one index.
pub const INDEX_NUMBERS_MAX: usize = 5;
/// Bytes that one rank among several copies at once.
const TILE_BYTES: usize = 64;

/// The kind of choices by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gather;

/// Body of a choice by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct GatherBody {
    /// How many lists of indices there are.
    pub batches: u32,
    /// How often each list is used, for parts of the source one after the other.
    pub repeats: u32,
    /// Blocks of a part of the source.
    pub choices: u32,
    /// Indices of a list.
    pub count: u32,
    /// Elements of a block.
    pub block: u32,
    /// Blocks that a step of each number of an index is; 0 after the last.
    pub steps: [u32; INDEX_NUMBERS_MAX],
    /// Numbers of an index.
    pub numbers: u8,
    /// Bit 0: the source is a constant; bit 1: the indices are.
    pub constants: u8,
    /// Zeros.
    pub reserved: [u8; 2],
}

const _: () = assert!(size_of::<GatherBody>() == 44);

/// Blocks of a tensor, picked by indices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GatherView<'m> {
    /// What is picked from, and the indices.
    pub operands: [Operand<'m>; 2],
    /// What was picked.
    pub output: Tensor,
    /// The numbers of everything.
    pub body: GatherBody,
}

impl Operator for Gather {
    type Body = GatherBody;
    type View<'m> = GatherView<'m>;
    const INPUTS: RangeInclusive<usize> = 0..=2;
    const ANY_DTYPE: bool = true;
    const CAN_FAIL: bool = true;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, body: &GatherBody) -> GatherView<'m> {
        let operands = operands(site, body.constants, [0; 2]);
        GatherView { operands, output: site.output(0), body: *body }
    }

    fn check(site: &OperatorSite<'_>, body: &GatherBody, view: &GatherView<'_>) -> Check {
        require(body.reserved == [0; 2], "body")?;
        check_operands::<2>(site, body.constants)?;
        let [source, indices] = &view.operands;
        let dtype = view.output.dtype();
        require(source.is_of(dtype) && indices.is_of(DType::I32), "dtype")?;
        let numbers = usize::from(body.numbers);
        require((1..=INDEX_NUMBERS_MAX).contains(&numbers), "numbers")?;
        let element = dtype.size_bytes();
        let product = |sizes: &[u32]| {
            sizes.iter().try_fold(1_u64, |product, &size| product.checked_mul(size.into()))
        };
        let GatherBody { batches, repeats, choices, count, block, .. } = *body;
        let blocks = product(&[batches, repeats, count, block]);
        require(blocks == Some(view.output.len() as u64), "dims")?;
        let (steps, unused) = body.steps.split_at(numbers);
        let are_steps = steps.iter().all(|&step| step <= choices);
        require(are_steps && unused.iter().all(|&step| step == 0), "steps")?;
        let elements = product(&[batches, repeats, choices, block, element as u32]);
        require(elements == Some(source.bytes() as u64), "source")?;
        let listed = product(&[batches, count, numbers as u32, 4]);
        require(listed == Some(indices.bytes() as u64), "indices")?;
        let constant = Elements::Constant(indices.constant);
        let are_inside = indices.constant.is_empty() || view.are_inside(constant);
        require(are_inside, "indices")
    }

    fn cost(view: &GatherView<'_>) -> Cost {
        Cost::of_bytes(&view.output)
    }

    fn fails(view: &GatherView<'_>, memory: &Memory<'_>) -> bool {
        let [_, indices] = &view.operands;
        // Constants were checked.
        indices.constant.is_empty() && !view.are_inside(indices.elements(memory))
    }

    /// Runs the calling rank's share of a choice by index, of elements of any type.
    ///
    /// Source: TensorFlow Lite Micro, `micro/kernels/gather.cc`, `gather_nd.cc` and
    /// `embedding_lookup.cc`.
    ///
    /// A tile is 64 bytes of a block, for a team of one a block.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &GatherView<'_>, memory: &Memory<'_>) {
        let element = op.output.dtype().size_bytes();
        let bytes = op.body.block as usize * element;
        if cfg!(target_arch = "nvptx64") || team.size() > 1 {
            op.tiles(team, bytes, memory);
            return;
        }
        match bytes {
            1 => op.blocks::<1>(memory),
            2 => op.blocks::<2>(memory),
            4 => op.blocks::<4>(memory),
            8 => op.blocks::<8>(memory),
            16 => op.blocks::<16>(memory),
            _ => op.runs(bytes, memory),
        }
    }
}

impl GatherView<'_> {
    /// Returns whether all indices are those of blocks.
    fn are_inside(&self, indices: Elements<'_>) -> bool {
        let count = self.body.batches.saturating_mul(self.body.count);
        let choices = i64::from(self.body.choices);
        (0..count as usize).all(|place| (0..choices).contains(&self.choice(indices, place)))
    }

    /// Returns the number of the block that the index at a place of all lists names.
    #[inline(always)]
    fn choice(&self, indices: Elements<'_>, place: usize) -> i64 {
        let numbers = usize::from(self.body.numbers);
        if numbers == 1 {
            let index = i32::from_le_bytes(indices.load(place * 4).map(i8::cast_unsigned));
            return i64::from(index) * i64::from(self.body.steps[0]);
        }
        let steps = self.body.steps.iter().take(numbers).enumerate();
        steps.fold(0, |choice, (number, &step)| {
            let bytes = indices.load((place * numbers + number) * 4);
            let index = i32::from_le_bytes(bytes.map(i8::cast_unsigned));
            choice + i64::from(index) * i64::from(step)
        })
    }

    /// Copies blocks of `N` bytes, one after the other.
    #[inline(always)]
    fn blocks<const N: usize>(&self, memory: &Memory<'_>) {
        let to = memory.view(&self.output);
        self.each(memory, |source, block, from| to.store::<N>(block * N, source.load(from * N)));
    }

    /// Copies blocks of any length, one after the other.
    #[inline(always)]
    fn runs(&self, bytes: usize, memory: &Memory<'_>) {
        let to = memory.view(&self.output);
        self.each(memory, |source, block, from| {
            source.copy_to(to, block * bytes, from * bytes, bytes);
        });
    }

    /// Calls `copy` with each block and the block of the source that it is.
    #[inline(always)]
    fn each<'a>(&'a self, memory: &Memory<'a>, copy: impl Fn(Elements<'a>, usize, usize)) {
        let [source, indices] = self.operands.each_ref().map(|operand| operand.elements(memory));
        let GatherBody { batches, repeats, choices, count, .. } = self.body;
        let (mut part, mut block) = (0, 0);
        for batch in 0..batches as usize {
            for _ in 0..repeats {
                for place in 0..count as usize {
                    let choice = self.choice(indices, batch * count as usize + place);
                    copy(source, block, part + choice as usize);
                    block += 1;
                }
                part += choices as usize;
            }
        }
    }

    /// Copies the calling rank's parts of blocks.
    #[inline(always)]
    fn tiles<T: Team>(&self, team: &T, bytes: usize, memory: &Memory<'_>) {
        let [source, indices] = self.operands.each_ref().map(|operand| operand.elements(memory));
        let to = memory.view(&self.output);
        let GatherBody { repeats, choices, count, .. } = self.body;
        let [repeats, choices, count] = [repeats, choices, count].map(|size| size.max(1) as usize);
        let tiles = bytes.div_ceil(TILE_BYTES).max(1);
        for tile in team.share(to.len() / bytes.max(1) * tiles) {
            let (block, start) = (tile / tiles, tile % tiles * TILE_BYTES);
            let (part, place) = (block / count, block % count);
            let choice = self.choice(indices, part / repeats * count + place);
            let from = (part * choices + choice as usize) * bytes + start;
            source.copy_to(to, block * bytes + start, from, TILE_BYTES.min(bytes - start));
        }
    }
}
