//! Places the activations in the arena, so that it is as small as it can be.
//!
//! Two tensors may share bytes unless both are needed at the same step. What is
//! needed at the busiest step is a lower bound for the arena. First-fit and best-fit
//! placement in a few orders nearly always reaches it; where none does, a search
//! with a fixed seed and a fixed budget changes the order. The same model therefore
//! gives the same plan on every machine.

use core::cmp::Reverse;

use isokern_model::Region;
use isokern_model::encode::{Draft, DraftTensor, Lifetime};
use isokern_model::header::ARENA_BYTES_MAX;

use crate::error::GraphFault;

/// Boundary of every offset: what vector loads want.
const ALIGN: usize = 16;

/// Elementary steps the search may take: about a tenth of a second.
const SEARCH_STEPS: usize = 1 << 25;
/// Orders the search tries at most.
const SEARCH_ROUNDS: usize = 4000;
/// Any number but 0.
const SEARCH_SEED: u32 = 0x2545_F491;

/// Bytes that are needed from one step to another, both counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    bytes: usize,
    first_step: usize,
    last_step: usize,
}

/// Where the blocks are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Placement {
    offsets: Vec<usize>,
    arena_bytes: usize,
}

/// How large the arena is, and how small it could be at best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) arena_bytes: usize,
    pub(crate) lower_bound: usize,
}

/// Which gap a block goes into.
#[derive(Debug, Clone, Copy)]
enum Fit {
    /// The lowest one it fits in.
    First,
    /// The smallest one it fits in.
    Best,
}

/// Gives every tensor of the draft its place; reshapes stay in place.
pub(crate) fn plan(draft: &mut Draft) -> Result<Sizes, GraphFault> {
    // With equal offsets every reshape is in place and shares the root of its input.
    let in_arena = |tensor: &&mut DraftTensor| tensor.region == Region::Arena;
    for tensor in draft.tensors.iter_mut().filter(in_arena) {
        tensor.offset = 0;
    }
    let lifetimes = draft.lifetimes();
    let (blocks, block_of) = blocks(draft, &lifetimes);
    let placement = place(&blocks);
    let arena_bytes = placement.arena_bytes;
    if arena_bytes > ARENA_BYTES_MAX {
        return Err(GraphFault::Arena { found: arena_bytes, max: ARENA_BYTES_MAX });
    }
    for (tensor, block) in draft.tensors.iter_mut().zip(block_of) {
        if let Some(block) = block {
            // Below the arena's size, which is below 2^28.
            tensor.offset = placement.offsets[block] as u32;
        }
    }
    Ok(Sizes { arena_bytes, lower_bound: lower_bound(&blocks) })
}

/// Returns one block for all tensors of a root, and for each tensor the index of its block; none
/// for those of the state.
fn blocks(draft: &Draft, lifetimes: &[Lifetime]) -> (Vec<Block>, Vec<Option<usize>>) {
    let mut blocks: Vec<Block> = Vec::new();
    let mut block_of = Vec::with_capacity(lifetimes.len());
    for (index, (tensor, lifetime)) in draft.tensors.iter().zip(lifetimes).enumerate() {
        if tensor.region == Region::State {
            block_of.push(None);
            continue;
        }
        let (first_step, last_step) = (lifetime.first_step.into(), lifetime.last_step.into());
        // A root is written before the tensors that show its bytes.
        let root = usize::from(lifetime.root);
        let known = if root < index { block_of.get(root).copied().flatten() } else { None };
        let block = known.unwrap_or_else(|| {
            blocks.push(Block { bytes: 0, first_step, last_step });
            blocks.len() - 1
        });
        let target = &mut blocks[block];
        target.bytes = target.bytes.max(tensor.bytes());
        target.first_step = target.first_step.min(first_step);
        target.last_step = target.last_step.max(last_step);
        block_of.push(Some(block));
    }
    (blocks, block_of)
}

/// Returns the best placement found.
fn place(blocks: &[Block]) -> Placement {
    let enough = aligned_bound(blocks);
    let mut best: Option<(Placement, Vec<usize>)> = None;
    for order in orders(blocks) {
        for fit in [Fit::First, Fit::Best] {
            let found = place_in_order(blocks, &order, fit);
            if best.as_ref().is_none_or(|(best, _)| found.arena_bytes < best.arena_bytes) {
                best = Some((found, order.clone()));
            }
        }
        if best.as_ref().is_some_and(|(best, _)| best.arena_bytes <= enough) {
            break;
        }
    }
    let (best, order) =
        best.unwrap_or((Placement { offsets: Vec::new(), arena_bytes: 0 }, Vec::new()));
    if best.arena_bytes <= enough { best } else { search(blocks, best, order, enough) }
}

/// Swaps two blocks of the order again and again, and keeps what is no worse.
fn search(
    blocks: &[Block],
    mut best: Placement,
    mut order: Vec<usize>,
    enough: usize,
) -> Placement {
    let rounds = (SEARCH_STEPS / blocks.len().pow(2).max(1)).min(SEARCH_ROUNDS);
    let mut state = SEARCH_SEED;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % below
    };
    for round in 0..rounds {
        let (from, to) = (random(order.len()), random(order.len()));
        let moved = order.remove(from);
        order.insert(to, moved);
        let fit = if round % 2 == 0 { Fit::First } else { Fit::Best };
        let found = place_in_order(blocks, &order, fit);
        if found.arena_bytes <= best.arena_bytes {
            best = found;
            if best.arena_bytes <= enough {
                break;
            }
        } else {
            let moved = order.remove(to);
            order.insert(from, moved);
        }
    }
    best
}

/// Returns orders that are good for most graphs, the likeliest first.
fn orders(blocks: &[Block]) -> [Vec<usize>; 6] {
    let steps = |block: &Block| block.last_step - block.first_step + 1;
    [
        sorted(blocks, |block| (Reverse(block.bytes), block.first_step)),
        sorted(blocks, |block| (Reverse(block.bytes.saturating_mul(steps(block))), 0)),
        sorted(blocks, |block| (Reverse(steps(block)), block.first_step)),
        sorted(blocks, |block| (Reverse(usize::MAX - block.first_step), block.last_step)),
        sorted(blocks, |block| (Reverse(block.last_step), block.first_step)),
        busiest_first(blocks),
    ]
}

fn sorted(blocks: &[Block], key: impl Fn(&Block) -> (Reverse<usize>, usize)) -> Vec<usize> {
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by_key(|&index| key(&blocks[index]));
    order
}

/// Returns the blocks of the busiest step first, then those of the next, each step's by size.
fn busiest_first(blocks: &[Block]) -> Vec<usize> {
    let live = live_bytes(blocks);
    let busiest =
        |block: &Block| live[block.first_step..=block.last_step].iter().copied().max().unwrap_or(0);
    sorted(blocks, |block| (Reverse(busiest(block)), usize::MAX - block.bytes))
}

/// Places the blocks one after the other, each into a gap between those it meets in time.
fn place_in_order(blocks: &[Block], order: &[usize], fit: Fit) -> Placement {
    let mut offsets = vec![0_usize; blocks.len()];
    // By offset, so that one pass finds all gaps.
    let mut placed: Vec<usize> = Vec::with_capacity(blocks.len());
    let mut arena_bytes = 0;
    for &index in order {
        let block = &blocks[index];
        let mut gap: Option<(usize, usize)> = None;
        let mut end = 0_usize;
        for &other in placed.iter().filter(|&&other| meet(block, &blocks[other])) {
            let room = offsets[other].saturating_sub(end);
            if room >= block.bytes && gap.is_none_or(|(least, _)| room < least) {
                gap = Some((room, end));
                if matches!(fit, Fit::First) {
                    break;
                }
            }
            end = end.max((offsets[other] + blocks[other].bytes).next_multiple_of(ALIGN));
        }
        let offset = gap.map_or(end, |(_, offset)| offset);
        offsets[index] = offset;
        arena_bytes = arena_bytes.max(offset + block.bytes);
        let position = placed.partition_point(|&other| offsets[other] <= offset);
        placed.insert(position, index);
    }
    Placement { offsets, arena_bytes }
}

/// Returns whether both blocks are needed at some step.
const fn meet(a: &Block, b: &Block) -> bool {
    a.first_step <= b.last_step && b.first_step <= a.last_step
}

/// Returns the bytes needed at the busiest step: no arena can be smaller.
fn lower_bound(blocks: &[Block]) -> usize {
    live_bytes(blocks).into_iter().max().unwrap_or(0)
}

/// Returns the same with aligned offsets: all blocks of a step but the last need whole units.
fn aligned_bound(blocks: &[Block]) -> usize {
    let padding = |block: &Block| block.bytes.next_multiple_of(ALIGN) - block.bytes;
    let mut spared = vec![0; step_count(blocks)];
    for block in blocks {
        for most in &mut spared[block.first_step..=block.last_step] {
            *most = padding(block).max(*most);
        }
    }
    let whole = |block: &Block| Block { bytes: block.bytes + padding(block), ..*block };
    let whole: Vec<Block> = blocks.iter().map(whole).collect();
    let live = live_bytes(&whole).into_iter().zip(spared);
    live.map(|(bytes, spared)| bytes - spared).max().unwrap_or(0)
}

/// Returns the bytes needed at each step.
fn live_bytes(blocks: &[Block]) -> Vec<usize> {
    let mut live = vec![0_usize; step_count(blocks)];
    for block in blocks {
        for bytes in &mut live[block.first_step..=block.last_step] {
            *bytes = bytes.saturating_add(block.bytes);
        }
    }
    live
}

fn step_count(blocks: &[Block]) -> usize {
    blocks.iter().map(|block| block.last_step + 1).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
