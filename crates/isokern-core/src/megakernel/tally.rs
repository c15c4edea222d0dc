//! What a worker counts, and the report that all of it adds up to.

use super::lines::{TALLY_COUNT, WorkerLine};
use crate::ring::SharedWord;

/// The numbers of one worker, in the order of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tally {
    Taken,
    Done,
    Faulted,
    Cancelled,
    Yields,
    Requeues,
    Pauses,
    Spawned,
    SpawnedEnded,
    Refused,
    Claims,
    Panics,
}

/// A worker's own numbers, shown in its line when it rests.
#[derive(Debug)]
pub(super) struct Tallies {
    numbers: [u64; TALLY_COUNT],
    is_shown: bool,
}

impl Tallies {
    /// Returns the numbers that a line shows, to go on from.
    pub(super) fn from_line<W: SharedWord>(line: &WorkerLine<W>) -> Self {
        Self { numbers: core::array::from_fn(|index| line.read(index)), is_shown: true }
    }

    pub(super) fn count(&mut self, tally: Tally) {
        if let Some(number) = self.numbers.get_mut(tally as usize) {
            *number += 1;
        }
        self.is_shown = false;
    }

    pub(super) fn show<W: SharedWord>(&mut self, line: &WorkerLine<W>) {
        if !self.is_shown {
            self.numbers.iter().enumerate().for_each(|(index, number)| line.show(index, *number));
            self.is_shown = true;
        }
    }
}
