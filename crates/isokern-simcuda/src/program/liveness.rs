//! Which registers of a function have a value that is read later: live variables, by backward data
//! flow over basic blocks. Source: Aho, Lam, Sethi, Ullman, *Compilers*, section 9.2.5.

use crate::program::flow::{Flow, flow};
use crate::ptx::ast::{Function, Type};

/// 64-bit words of the live sets of one function, 64 MiB; as many again say what blocks write.
const MAX_WORDS: usize = 1 << 23;
/// Words that may be visited before the analysis gives up.
const MAX_WORK: usize = 1 << 28;

/// Returns the registers that a way through `function` reads before it writes them, with their
/// types; `None` when the function is too large. A write that has a guard counts as none.
///
/// A compiler that leaves a value undefined where it is not needed makes such registers.
#[must_use]
pub fn undefined(function: &Function) -> Option<Vec<(&str, Type)>> {
    let flow = flow(function);
    let blocks = Blocks::of(&flow);
    let (crossing, words, live_in) = live(&flow, &blocks)?;
    let first = live_in.get(..words).unwrap_or_default();
    let mut names: Vec<_> =
        crossing.members(first).map(|register| flow.names[register as usize]).collect();
    names.sort_unstable_by_key(|(name, _)| (name.len(), *name));
    Some(names)
}

/// Finds what is live at the start of every block: the registers among which, the words of a set of
/// them, and the sets. `None` when it takes too long.
pub(super) fn live(flow: &Flow<'_>, blocks: &Blocks) -> Option<(Crossing, usize, Vec<u64>)> {
    if flow.truncated {
        return None;
    }
    let crossing = crossing(flow, blocks);
    let words = crossing.register.len().div_ceil(64);
    let edges: usize = flow.steps.iter().map(|step| step.jumps.len() + 1).sum();
    if words.checked_mul(blocks.starts.len())? > MAX_WORDS || words.checked_mul(edges)? > MAX_WORK {
        return None;
    }
    let live_in = live_in(flow, blocks, &crossing, words)?;
    Some((crossing, words, live_in))
}

/// Basic blocks: where each starts, and the block of every first step.
pub(super) struct Blocks {
    pub(super) starts: Vec<usize>,
    of_step: Vec<u32>,
}

impl Blocks {
    pub(super) fn of(flow: &Flow<'_>) -> Self {
        let mut leads = vec![false; flow.steps.len()];
        leads.first_mut().into_iter().for_each(|first| *first = true);
        for (place, step) in flow.steps.iter().enumerate() {
            step.jumps.iter().for_each(|jump| leads[*jump as usize] = true);
            let ends = !step.jumps.is_empty() || !step.falls;
            if let (true, Some(next)) = (ends, leads.get_mut(place + 1)) {
                *next = true;
            }
        }
        let mut starts = Vec::new();
        let mut of_step = Vec::with_capacity(leads.len());
        for (place, lead) in leads.iter().enumerate() {
            if *lead {
                starts.push(place);
            }
            of_step.push(u32::try_from(starts.len()).unwrap_or(u32::MAX) - 1);
        }
        Self { starts, of_step }
    }

    pub(super) fn range(&self, flow: &Flow<'_>, block: usize) -> core::ops::Range<usize> {
        self.starts[block]..self.starts.get(block + 1).copied().unwrap_or(flow.steps.len())
    }

    /// Returns the blocks that may follow a block.
    pub(super) fn successors<'a>(
        &'a self,
        flow: &'a Flow<'_>,
        block: usize,
    ) -> impl Iterator<Item = usize> {
        let last = self.range(flow, block).end - 1;
        let step = &flow.steps[last];
        let falls = (step.falls && block + 1 < self.starts.len()).then_some(block + 1);
        let jumps = step.jumps.iter().map(|jump| self.of_step[*jump as usize] as usize);
        jumps.chain(falls)
    }
}

/// The registers that are read in a block before it writes them: only those cross its start.
pub(super) struct Crossing {
    /// The number among them of each register.
    number: Vec<Option<u32>>,
    register: Vec<u32>,
}

impl Crossing {
    /// Returns the registers of a set of numbers.
    pub(super) fn members<'a>(&'a self, set: &'a [u64]) -> impl Iterator<Item = u32> {
        set.iter().enumerate().flat_map(move |(word, bits)| {
            let mut bits = *bits;
            core::iter::from_fn(move || {
                let bit = bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
                (bit < 64).then(|| self.register[word * 64 + bit as usize])
            })
        })
    }
}

fn crossing(flow: &Flow<'_>, blocks: &Blocks) -> Crossing {
    let mut number = vec![None; flow.weights.len()];
    let mut register = Vec::new();
    let mut written = vec![0_u32; flow.weights.len()];
    for block in 0..blocks.starts.len() {
        let mark = u32::try_from(block + 1).unwrap_or(u32::MAX);
        for step in &flow.steps[blocks.range(flow, block)] {
            for read in &step.reads {
                let number = &mut number[*read as usize];
                if written[*read as usize] != mark && number.is_none() {
                    *number = Some(u32::try_from(register.len()).unwrap_or(u32::MAX));
                    register.push(*read);
                }
            }
            step.writes.iter().for_each(|register| written[*register as usize] = mark);
        }
    }
    Crossing { number, register }
}

/// Returns the registers live at the start of every block, `words` words each; `None` when it takes
/// too long.
fn live_in(
    flow: &Flow<'_>,
    blocks: &Blocks,
    crossing: &Crossing,
    words: usize,
) -> Option<Vec<u64>> {
    let count = blocks.starts.len();
    let (mut reads, mut writes) = (vec![0; count * words], vec![0; count * words]);
    let mut before: Vec<Vec<u32>> = vec![Vec::new(); count];
    for block in 0..count {
        let (reads, writes) = (&mut reads[block * words..], &mut writes[block * words..]);
        for step in &flow.steps[blocks.range(flow, block)] {
            let numbers = |list: &[u32]| -> Vec<u32> {
                list.iter().filter_map(|it| crossing.number[*it as usize]).collect()
            };
            for number in numbers(&step.reads) {
                if !has(writes, number) {
                    put(reads, number);
                }
            }
            numbers(&step.writes).into_iter().for_each(|number| put(writes, number));
        }
        for next in blocks.successors(flow, block) {
            before[next].push(u32::try_from(block).unwrap_or(u32::MAX));
        }
    }
    let mut live = reads;
    let mut waiting: Vec<usize> = (0..count).collect();
    let mut is_waiting = vec![true; count];
    let mut work = 0;
    while let Some(block) = waiting.pop() {
        is_waiting[block] = false;
        for previous in &before[block] {
            let previous = *previous as usize;
            work += words;
            if work > MAX_WORK {
                return None;
            }
            let mut changed = false;
            for word in 0..words {
                let new = live[block * words + word] & !writes[previous * words + word];
                let old = &mut live[previous * words + word];
                changed |= new & !*old != 0;
                *old |= new;
            }
            if changed && !core::mem::replace(&mut is_waiting[previous], true) {
                waiting.push(previous);
            }
        }
    }
    Some(live)
}

fn has(set: &[u64], number: u32) -> bool {
    set[number as usize / 64] >> (number % 64) & 1 == 1
}

fn put(set: &mut [u64], number: u32) {
    set[number as usize / 64] |= 1 << (number % 64);
}
