//! The sixteen barriers of a block.

use super::fault::FaultKind;
use super::warp::{State, Warp};
use crate::program::Program;
use crate::program::operation::Operation;
use crate::program::together::{Barrier, BarrierKind, Reduction};
use crate::registers::{File, LANES};

/// The barriers of a block.
#[derive(Debug, Default)]
pub(crate) struct Barriers {
    states: [Arrivals; COUNT],
}

/// Who has arrived at one barrier.
#[derive(Debug, Clone, Copy, Default)]
struct Arrivals {
    /// Threads counted.
    arrived: u32,
    /// Threads it takes, when an instruction said so.
    expected: Option<u32>,
    /// Threads whose predicate held.
    held: u32,
    /// Threads with a predicate.
    asked: u32,
}

/// How many there are.
const COUNT: usize = 16;

/// Threads that arrive together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// Which barrier.
    pub(crate) barrier: u32,
    /// How many threads it takes, when the instruction says so.
    pub(crate) expected: Option<u32>,
    /// The lanes.
    pub(crate) lanes: u32,
    /// The lanes whose predicate holds, when the instruction has one.
    pub(crate) held: Option<u32>,
}

impl Barriers {
    /// Counts threads that arrive. With a thread count a whole warp counts as 32, as on a device.
    pub(crate) fn arrive(&mut self, arrival: Arrival, aligned: bool) -> Result<(), FaultKind> {
        let Arrival { barrier, expected, lanes, held } = arrival;
        let bad = |why| FaultKind::BadBarrier { barrier, threads: expected.unwrap_or(0), why };
        let state = self.states.get_mut(barrier as usize);
        let state = state.ok_or_else(|| bad("there are 16 barriers"))?;
        let possible = |count: u32| (32..=1024).contains(&count) && count.is_multiple_of(32);
        if expected.is_some_and(|expected| !possible(expected)) {
            return Err(bad("a thread count is a multiple of 32, up to 1024"));
        }
        if state.arrived > 0 && state.expected != expected {
            return Err(bad("threads that wait already gave another count"));
        }
        let counts = if aligned && expected.is_some() { 32 } else { lanes.count_ones() };
        state.expected = expected;
        state.arrived += counts;
        if expected.is_some_and(|expected| state.arrived > expected) {
            return Err(bad("more threads arrive than it takes"));
        }
        if let Some(held) = held {
            state.held += (held & lanes).count_ones();
            state.asked += lanes.count_ones();
        }
        Ok(())
    }

    /// Lets the threads go of every barrier that is complete; `live` threads have not ended.
    /// Says whether there was one, and tells `leave` the barrier, the warp's first thread and the
    /// lanes that go on.
    pub(crate) fn release(
        &mut self,
        program: &Program,
        warps: &mut [Warp],
        live: u32,
        mut leave: impl FnMut(u32, u32, u32),
    ) -> bool {
        let mut released = false;
        for (number, state) in (0_u32..).zip(&mut self.states) {
            if state.arrived == 0 || state.arrived < state.expected.unwrap_or(live) {
                continue;
            }
            for warp in &mut *warps {
                let lanes = release_warp(program, warp, number, *state);
                if lanes != 0 {
                    leave(number, warp.first_thread, lanes);
                }
            }
            *state = Arrivals::default();
            released = true;
        }
        released
    }

    /// Returns a barrier at which threads wait: its number, how many, and how many it takes.
    pub(crate) fn waiting(&self, live: u32) -> Option<(u32, u32, u32)> {
        let mut states = (0_u32..).zip(&self.states);
        let (number, state) = states.find(|(_, state)| state.arrived > 0)?;
        Some((number, state.arrived, state.expected.unwrap_or(live)))
    }
}

/// Lets the fragments of one warp go that wait at barrier `number`; gives their lanes.
fn release_warp(program: &Program, warp: &mut Warp, number: u32, state: Arrivals) -> u32 {
    let mut released = 0;
    for fragment in &mut warp.fragments {
        if fragment.state != State::Barrier(number) {
            continue;
        }
        fragment.state = State::Ready;
        released |= fragment.mask;
        let Some(frame) = warp.frames.get_mut(fragment.frame) else {
            continue;
        };
        let function = program.function(frame.function);
        let at = function.and_then(|function| function.body.code.get(fragment.pc as usize));
        fragment.pc += 1;
        if let Some(Operation::Barrier(Barrier { kind, .. })) = at.map(|at| &at.operation)
            && let BarrierKind::Reduce(reduction, _, target) = kind
        {
            let value = match reduction {
                Reduction::Count => state.held,
                Reduction::All => u32::from(state.held == state.asked),
                Reduction::Any => u32::from(state.held > 0),
            };
            match target.file {
                File::Predicate => {
                    let lanes = if value == 0 { 0 } else { u32::MAX };
                    frame.registers.set_predicate(target.index, lanes, fragment.mask);
                }
                _ => frame.registers.set_word(target.index, &[value; LANES], fragment.mask),
            }
        }
    }
    released
}
