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

/// A worker's own numbers, each of which its line shows as soon as it changes: a worker whose
/// thread ends in a handler leaves nothing uncounted.
#[derive(Debug)]
pub(super) struct Tallies {
    numbers: [u64; TALLY_COUNT],
}

impl Tallies {
    /// Returns the numbers that a line shows, to go on from.
    pub(super) fn from_line<W: SharedWord>(line: &WorkerLine<W>) -> Self {
        Self { numbers: core::array::from_fn(|index| line.read(index)) }
    }

    #[inline]
    pub(super) fn count<W: SharedWord>(&mut self, line: &WorkerLine<W>, tally: Tally) {
        let index = tally as usize;
        if let Some(number) = self.numbers.get_mut(index) {
            *number += 1;
            line.show(index, *number);
        }
    }
}
