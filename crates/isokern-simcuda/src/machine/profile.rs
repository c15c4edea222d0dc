//! Profiles, what a kernel executed by function and instruction: exact counts, the same in every
//! run.
//!
//! Kept only where it is asked for ([`Grid::profile`](super::Grid::profile)); a run without costs
//! one look at an option an instruction.

use core::ops::AddAssign;

use super::address;
use super::chains::{At, Chains};
use super::frame::Frame;
use super::marks::Marks;
use super::traffic;
use crate::program::Program;
use crate::program::operation::{Address, Instruction, Operation, Window};
use crate::registers::LANES;

/// What was counted, of an instruction, a function or a kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Counts {
    /// Instructions of warps, those included in which no lane's guard holds.
    pub warp_instructions: u64,
    /// Instructions times lanes that ran them.
    pub thread_instructions: u64,
    /// Lanes that ran a dot product of four bytes.
    pub dot_lanes: u64,
    /// Loads, stores and read-modify-writes of global memory, constants included, by warps.
    pub global_requests: u64,
    /// 32-byte sectors that those touch: the fewest that a memory system moves.
    pub global_sectors: u64,
    /// Loads, stores and read-modify-writes of shared memory, by warps.
    pub shared_requests: u64,
    /// Passes over the 32 banks that those take; one each where no banks conflict and a lane has
    /// four bytes or less.
    pub shared_passes: u64,
    /// Loads and stores of the threads' own memory, by warps.
    pub local_requests: u64,
    /// Barriers that warps came to.
    pub barriers: u64,
    /// Lanes that ran a read-modify-write.
    pub atomic_lanes: u64,
}

/// Counts of every instruction of a program, by function and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    places: Vec<Vec<Counts>>,
    chains: Chains,
    marks: Option<Marks>,
}

/// The counts of one line of PTX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineCounts {
    /// The line in the text.
    pub line: u32,
    /// What was counted there.
    pub counts: Counts,
}

impl Counts {
    /// Returns the numbers in the order in which tables have them.
    #[must_use]
    pub const fn numbers(&self) -> [u64; 10] {
        [
            self.thread_instructions,
            self.warp_instructions,
            self.dot_lanes,
            self.global_requests,
            self.global_sectors,
            self.shared_requests,
            self.shared_passes,
            self.local_requests,
            self.barriers,
            self.atomic_lanes,
        ]
    }

    /// Returns what was counted since an earlier moment of the same run.
    pub(crate) const fn since(self, earlier: Self) -> Self {
        Self {
            warp_instructions: self.warp_instructions - earlier.warp_instructions,
            thread_instructions: self.thread_instructions - earlier.thread_instructions,
            dot_lanes: self.dot_lanes - earlier.dot_lanes,
            global_requests: self.global_requests - earlier.global_requests,
            global_sectors: self.global_sectors - earlier.global_sectors,
            shared_requests: self.shared_requests - earlier.shared_requests,
            shared_passes: self.shared_passes - earlier.shared_passes,
            local_requests: self.local_requests - earlier.local_requests,
            barriers: self.barriers - earlier.barriers,
            atomic_lanes: self.atomic_lanes - earlier.atomic_lanes,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.warp_instructions += other.warp_instructions;
        self.thread_instructions += other.thread_instructions;
        self.dot_lanes += other.dot_lanes;
        self.global_requests += other.global_requests;
        self.global_sectors += other.global_sectors;
        self.shared_requests += other.shared_requests;
        self.shared_passes += other.shared_passes;
        self.local_requests += other.local_requests;
        self.barriers += other.barriers;
        self.atomic_lanes += other.atomic_lanes;
    }
}

impl Profile {
    /// Returns zeros for every instruction of a program.
    #[must_use]
    pub fn new(program: &Program) -> Self {
        let functions = (0..program.function_count()).filter_map(|index| program.function(index));
        let zeros = |code: &[Instruction]| vec![Counts::default(); code.len()];
        Self {
            places: functions.map(|it| zeros(&it.body.code)).collect(),
            chains: Chains::new(program),
            marks: None,
        }
    }

    /// Notes from now on what was counted whenever the first thread of a block enters a function,
    /// by its index in the program.
    pub fn mark_entries(&mut self, function: usize) {
        self.marks = Some(Marks::new(function, false));
    }

    /// Works as [`mark_entries`](Self::mark_entries), but notes in place of an entry the next
    /// barrier at which threads of the kernel meet: where all of a block do, no warp has done more
    /// than the others then, in any order.
    pub fn mark_barriers_after(&mut self, function: usize) {
        self.marks = Some(Marks::new(function, true));
    }

    /// Returns how many entries, or barriers after them, were noted so far.
    #[must_use]
    pub fn mark_count(&self) -> usize {
        self.marks.as_ref().map_or(0, Marks::len)
    }

    /// Returns what was counted by function between two that were noted, counted from 0; `None`
    /// for those that are not there.
    #[must_use]
    pub fn between(&self, first: usize, second: usize) -> Option<Vec<Counts>> {
        self.marks.as_ref()?.between(first, second)
    }

    /// Returns the sum over all functions.
    #[must_use]
    pub fn total(&self) -> Counts {
        (0..self.places.len()).fold(Counts::default(), |mut sum, index| {
            sum += self.of_function(index);
            sum
        })
    }

    /// Returns the sum over one function's own instructions, by its index in the program.
    #[must_use]
    pub fn of_function(&self, index: usize) -> Counts {
        let places = self.places.get(index).map(Vec::as_slice).unwrap_or_default();
        places.iter().fold(Counts::default(), |mut sum, counts| {
            sum += *counts;
            sum
        })
    }

    /// Returns the counts of a function's lines that ran, in the order of the text.
    #[must_use]
    pub fn lines(&self, program: &Program, index: usize) -> Vec<LineCounts> {
        let places = self.places.get(index).map(Vec::as_slice).unwrap_or_default();
        let lines = program.function(index).map(|it| it.body.lines.as_slice()).unwrap_or_default();
        let mut found: Vec<LineCounts> = Vec::new();
        for (line, counts) in lines.iter().zip(places) {
            match found.last_mut().filter(|last| last.line == *line) {
                Some(last) => last.counts += *counts,
                None if *counts == Counts::default() => {}
                None => found.push(LineCounts { line: *line, counts: *counts }),
            }
        }
        found
    }

    /// Returns the longest chain of loads of global memory, each at an address that follows from
    /// what the one before gave.
    #[must_use]
    pub const fn longest_chain(&self) -> u32 {
        self.chains.longest
    }

    /// Adds what another run of the same program counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, others) in self.places.iter_mut().zip(&other.places) {
            for (mine, other) in mine.iter_mut().zip(others) {
                *mine += *other;
            }
        }
        self.chains.longest = self.chains.longest.max(other.chains.longest);
    }

    /// Notes that threads have met at a barrier.
    pub(crate) fn met(&mut self) {
        if self.marks.as_mut().is_some_and(Marks::counts_at_barrier) {
            self.mark();
        }
    }

    /// Notes how much was counted.
    fn mark(&mut self) {
        let sums = (0..self.places.len()).map(|index| self.of_function(index)).collect();
        if let Some(marks) = &mut self.marks {
            marks.push(sums);
        }
    }

    /// Counts an instruction that a warp is about to run.
    pub(crate) fn note(
        &mut self,
        program: &Program,
        frame: &Frame,
        at: At,
        instruction: &Instruction,
    ) {
        let At { pc, mask, .. } = at;
        if self.marks.as_mut().is_some_and(|marks| marks.counts_at(frame.function, at)) {
            self.mark();
        }
        let place = self.places.get_mut(frame.function).and_then(|it| it.get_mut(pc as usize));
        let Some(counts) = place else { return };
        let lanes = u64::from(mask.count_ones());
        counts.warp_instructions += 1;
        counts.thread_instructions += lanes;
        if mask == 0 {
            return;
        }
        match &instruction.operation {
            Operation::Arithmetic(what) if what.is_dot_of_four() => counts.dot_lanes += lanes,
            Operation::Load(load) => {
                let bytes = load.ty.bytes() * u32::try_from(load.targets.len()).unwrap_or(1);
                counts.access(frame, load.window, load.address, bytes, mask);
            }
            Operation::Store(store) => {
                let bytes = store.bytes * u32::try_from(store.sources.len()).unwrap_or(1);
                counts.access(frame, store.window, store.address, bytes, mask);
            }
            Operation::Atomic(atomic) => {
                counts.atomic_lanes += lanes;
                counts.access(frame, atomic.window, atomic.address, atomic.ty.bytes(), mask);
            }
            Operation::Barrier(_) => counts.barriers += 1,
            _ => {}
        }
        self.chains.follow(program, frame, at, instruction);
    }
}

impl Counts {
    /// Counts an access of `bytes` a lane.
    fn access(&mut self, frame: &Frame, window: Window, at: Address, bytes: u32, mask: u32) {
        let addresses = address::values(frame, at);
        let of = |wanted: Window| {
            let is_there = move |lane: &usize| match window {
                Window::Generic => address::window_of(addresses[*lane]) == wanted,
                window => window == wanted,
            };
            (0..LANES)
                .filter(move |lane| mask >> lane & 1 == 1)
                .filter(is_there)
                .map(move |lane| addresses[lane])
        };
        if of(Window::Global).next().is_some() {
            self.global_requests += 1;
            self.global_sectors += traffic::sectors(of(Window::Global), bytes);
        }
        if of(Window::Shared).next().is_some() {
            self.shared_requests += 1;
            self.shared_passes += traffic::passes(of(Window::Shared), bytes);
        }
        self.local_requests += u64::from(of(Window::Local).next().is_some());
    }
}
