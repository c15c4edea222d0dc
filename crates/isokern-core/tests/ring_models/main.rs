//! The protocols of rings, task slots and megakernels under a model checker: the source that
//! everybody runs, over loom's words.
//!
//! `cargo xtask loom` runs these. Each model is a few threads and a few messages, and loom goes
//! through every order of their accesses that the memory model allows, up to a bound on how
//! often a thread is interrupted. Each model states its bounds. Tickets start just below
//! 2³² and rings have two slots, so each run wraps slots, turns and tickets.
//!
//! A [`Payload`] represents bytes outside the ring that travel with a message: loom reports an
//! access to it that is not ordered with another one.

#![cfg(loom)]

mod claims;
mod closing;
mod control;
mod credit;
mod lending;
mod megakernel;
mod passing;
mod slots;
mod words;

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread;

use isokern_core::ring::{
    ConsumerState, ProducerState, RingMemory, SharedCell, SharedRing, SharedWord, SplitCell,
};
use words::{LoomCell, LoomWord};

/// First ticket of every model: two messages before the wrap.
const FIRST: u32 = u32::MAX - 1;

/// Two slots of one line, over cells of one piece or of two words.
type LoomRing<C> = RingMemory<C, LoomWord, 2, 1>;

/// Cells a model runs on.
trait ModelCell: SharedCell + Default + 'static {}

impl ModelCell for LoomCell {}
impl ModelCell for SplitCell<LoomWord> {}

/// Runs a model with so many interruptions of a thread at most.
fn explore(preemption_bound: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemption_bound);
    builder.check(model);
}

fn ring<C: ModelCell>() -> Arc<LoomRing<C>> {
    let ring = RingMemory::from_words(C::default, LoomWord::default);
    ring.head().store_relaxed(FIRST);
    Arc::new(ring)
}

fn ends() -> (ProducerState, ConsumerState) {
    (ProducerState::starting_at(FIRST), ConsumerState::starting_at(FIRST))
}

/// Repeats a step that found the ring full or empty, letting the others run in between.
fn until<T>(mut step: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(done) = step() {
            return done;
        }
        thread::yield_now();
    }
}

/// Bytes beside the ring, one piece for each slot.
struct Payload([UnsafeCell<u32>; 2]);

impl Payload {
    fn new() -> Arc<Self> {
        Arc::new(Self([UnsafeCell::new(0), UnsafeCell::new(0)]))
    }

    /// Writes what travels with message `number`; loom checks that nobody else is at it.
    fn write(&self, number: u32) {
        self.0[number as usize % 2].with_mut(|_| {});
    }

    /// Reads what travels with message `number`; loom checks that nobody writes.
    fn read(&self, number: u32) {
        self.0[number as usize % 2].with(|_| {});
    }
}

/// Returns a message of two cells that cannot be put together from two others.
fn message(number: u32) -> [u32; 2] {
    [number, !number]
}
