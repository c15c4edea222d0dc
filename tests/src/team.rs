//! A team of real threads, to find operators whose ranks step on each other.
#![allow(unsafe_code)]

use core::sync::atomic::{AtomicUsize, Ordering};

use isokern_core::{Cells, Team};
use isokern_model::{Loops, Memory, Model, run_ops};

/// One thread of a team.
#[derive(Debug)]
struct Rank<'b> {
    rank: usize,
    size: usize,
    barrier: &'b Barrier,
}

/// A barrier of atomics alone, so that a race detector which does not see into the
/// standard library still sees its ordering.
#[derive(Debug, Default)]
struct Barrier {
    arrived: AtomicUsize,
    round: AtomicUsize,
}

impl Barrier {
    fn wait(&self, size: usize) {
        let round = self.round.load(Ordering::Relaxed);
        // Acquire and release: the last to arrive has seen what all others wrote.
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == size {
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return;
        }
        while self.round.load(Ordering::Acquire) == round {
            std::thread::yield_now();
        }
    }
}

impl Team for Rank<'_> {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn sync(&self) {
        self.barrier.wait(self.size);
    }
}

/// The arena's address, which the threads of a team share.
#[derive(Debug, Clone, Copy)]
struct Start(*mut i8);

// SAFETY: only an address; who uses it keeps to the contract of `Cells::from_raw`.
unsafe impl Send for Start {}

impl Start {
    /// Returns the pointer, by method so that a closure captures the whole value.
    const fn get(self) -> *mut i8 {
        self.0
    }
}

/// Runs a whole model with `size` threads in `arena`.
pub fn run<L: Loops + Sync>(loops: &L, model: &Model<'_>, arena: &mut [i8], size: usize) {
    assert!(arena.len() >= model.arena_bytes(), "the arena is too short for the model");
    let (start, len) = (Start(arena.as_mut_ptr()), arena.len());
    let barrier = Barrier::default();
    std::thread::scope(|scope| {
        for rank in 0..size {
            let barrier = &barrier;
            scope.spawn(move || {
                let team = Rank { rank, size, barrier };
                // SAFETY: the arena is borrowed for longer than the scope and
                // reached through these views alone; the operators keep the ranks'
                // accesses apart, which is what the race detector checks here.
                let cells = unsafe { Cells::from_raw(start.get(), len) };
                run_ops(&team, loops, model, &Memory::stateless(cells), 0..model.operator_count())
                    .expect("the loops have every operator");
            });
        }
    });
}
