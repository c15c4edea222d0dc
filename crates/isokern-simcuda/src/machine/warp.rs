//! A warp: up to 32 lanes, in fragments that run the same instruction.
//!
//! Lanes that go apart at a branch become fragments of their own. The deepest call runs first, in
//! it the fragment at the lowest instruction, so that fragments meet again where their ways join.
//! A fragment that keeps the others waiting for long gives way: a lane may spin until another
//! lane of its warp has written.

use super::frame::Frames;
use super::lane_bytes::LaneBytes;
use crate::program::Program;
use crate::registers::LANES;

/// Lanes that run the same instruction of the same frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) pc: u32,
    pub(crate) mask: u32,
    pub(crate) frame: usize,
    pub(crate) state: State,
}

/// Whether a fragment can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It can.
    Ready,
    /// It waits for other lanes of the warp to reach this instruction.
    Gather,
    /// It waits at a barrier of the block.
    Barrier(u32),
}

/// A warp of a block.
#[derive(Debug)]
pub(crate) struct Warp {
    /// The index in the block of its lane 0.
    pub(crate) first_thread: u32,
    /// Lanes that have not ended.
    pub(crate) live: u32,
    pub(crate) fragments: Vec<Fragment>,
    pub(crate) frames: Frames,
    pub(crate) locals: LaneBytes,
    /// Instructions since fragments last met or parted.
    pub(crate) apart: u32,
    /// A fragment that runs although another is lower, because that one does not end.
    pub(crate) favoured: Option<usize>,
}

/// Instructions after which a fragment that keeps others waiting gives way.
const PATIENCE: u32 = 20_000;

impl Warp {
    /// Returns a warp whose lanes are at the first instruction of a kernel.
    pub(crate) fn new(program: &Program, entry: usize, first_thread: u32, lanes: u32) -> Self {
        let mut frames = Frames::default();
        let frame = frames.push(program, entry, None, lanes);
        let mut locals = LaneBytes::new(0xA5);
        locals.grow(super::frame::local_bytes(program, entry) as usize);
        let fragment = Fragment { pc: 0, mask: lanes, frame, state: State::Ready };
        Self {
            first_thread,
            live: lanes,
            fragments: vec![fragment],
            frames,
            locals,
            apart: 0,
            favoured: None,
        }
    }

    /// Returns the fragment to run next; `None` when all wait.
    pub(crate) fn pick(&mut self) -> Option<usize> {
        let ready = |fragment: &Fragment| fragment.state == State::Ready;
        if let [only] = self.fragments.as_slice() {
            return ready(only).then_some(0);
        }
        if let Some(favoured) = self.favoured
            && self.fragments.get(favoured).is_some_and(ready)
        {
            return Some(favoured);
        }
        self.favoured = None;
        let indexes = 0..self.fragments.len();
        let ready: Vec<usize> = indexes.filter(|&index| ready(&self.fragments[index])).collect();
        let lowest = ready.iter().copied().min_by_key(|&index| {
            let Fragment { pc, frame, .. } = self.fragments[index];
            (u32::MAX - self.frames.depth(frame), pc)
        })?;
        if self.apart < PATIENCE || ready.len() == 1 {
            return Some(lowest);
        }
        // The one that waits longest is the one that comes after the lowest.
        self.apart = 0;
        let after = ready.iter().copied().find(|&index| index > lowest);
        let favoured = after.or_else(|| ready.iter().copied().find(|&index| index != lowest));
        self.favoured = favoured;
        favoured
    }

    /// Joins the fragment with those at the same instruction, and says whether another should run
    /// now. `index` follows the fragment when others vanish.
    pub(crate) fn meet(&mut self, index: &mut usize) -> bool {
        self.apart += 1;
        let here = self.fragments[*index];
        let mut other = 0;
        let mut give_way = self.favoured.is_none() && self.apart >= PATIENCE;
        while other < self.fragments.len() {
            let found = self.fragments[other];
            if other == *index || found.frame != here.frame {
                other += 1;
                continue;
            }
            let waits_here = matches!(found.state, State::Ready | State::Gather);
            if found.pc == here.pc && waits_here {
                self.fragments[*index].mask |= found.mask;
                self.fragments.swap_remove(other);
                // The last fragment has taken the place of the one that vanished.
                if *index == self.fragments.len() {
                    *index = other;
                }
                (self.apart, self.favoured) = (0, None);
                continue;
            }
            let lower = found.pc < here.pc && found.state == State::Ready;
            give_way |= lower && self.favoured.is_none();
            other += 1;
        }
        give_way
    }

    /// Splits off the lanes of `mask`, which go on at `pc`.
    pub(crate) fn split(&mut self, index: usize, mask: u32, pc: u32) {
        let fragment = &mut self.fragments[index];
        fragment.mask &= !mask;
        let frame = fragment.frame;
        self.fragments.push(Fragment { pc, mask, frame, state: State::Ready });
        self.apart = 0;
    }

    /// Ends lanes of a fragment.
    pub(crate) fn end(&mut self, index: usize, mask: u32) {
        self.live &= !mask;
        let frame = self.fragments[index].frame;
        self.frames.leave_all(frame, mask);
        self.drop_lanes(index, mask);
        // Who waited for these lanes may have all it needs now.
        for fragment in &mut self.fragments {
            if fragment.state == State::Gather {
                fragment.state = State::Ready;
            }
        }
    }

    /// Takes lanes out of a fragment; without lanes it vanishes.
    pub(crate) fn drop_lanes(&mut self, index: usize, mask: u32) {
        let fragment = &mut self.fragments[index];
        fragment.mask &= !mask;
        if fragment.mask == 0 {
            self.fragments.swap_remove(index);
            (self.apart, self.favoured) = (0, None);
        }
    }
}

/// Returns the lanes of a mask, lowest first.
pub(crate) fn lanes(mask: u32) -> impl Iterator<Item = usize> {
    let mut rest = mask;
    core::iter::from_fn(move || {
        let lane = rest.trailing_zeros() as usize;
        rest &= rest.wrapping_sub(1);
        (lane < LANES).then_some(lane)
    })
}

/// Returns the lanes of a mask for which something holds, as a mask.
pub(crate) fn lanes_where(mask: u32, holds: impl Fn(usize) -> bool) -> u32 {
    lanes(mask).filter(|&lane| holds(lane)).fold(0, |found, lane| found | 1 << lane)
}
