//! What is said of a kernel that goes on: reads of memory that nobody wrote.

use core::fmt;
use std::collections::HashSet;

use super::fault::{FaultKind, Place, write_place};
use super::grid::place_of;
use super::slice::Trouble;
use super::surroundings::Surroundings;

/// A read of device memory that nobody has written since it was allocated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The address.
    pub address: u64,
    /// Bytes of the access.
    pub bytes: u32,
    /// Where.
    pub place: Place,
}

/// Notes that were not taken yet, and the places of all there were.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    waiting: Vec<Note>,
    said: HashSet<(String, u32)>,
}

impl Notes {
    /// Takes those that wait.
    pub(crate) fn take(&mut self) -> Vec<Note> {
        core::mem::take(&mut self.waiting)
    }
}

impl Surroundings<'_> {
    /// Notes the read that was found, once a kernel and line.
    pub(crate) fn note_unwritten(&mut self, function: usize, pc: u32) {
        let Some((address, bytes, lanes)) = self.engine.unwritten.take() else { return };
        let trouble = Trouble { kind: FaultKind::Trap, lanes, function, pc };
        let place = place_of(self.program, self.launch, self.block, self.first_thread, &trouble);
        if self.engine.notes.said.insert((place.kernel.clone(), place.line)) {
            self.engine.notes.waiting.push(Note { address, bytes, place });
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, bytes, place } = self;
        write!(f, "{bytes} bytes at {address:#x} are read, and nobody wrote all of them")?;
        write_place(f, place)
    }
}
