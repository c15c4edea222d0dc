//! What a profile had counted at each entry of one function: so that a part of a run can be counted
//! on its own.

use super::chains::At;
use super::profile::Counts;

/// The entries of a function by the first thread of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marks {
    function: usize,
    /// Whether the first barrier after an entry counts in its place.
    at_barriers: bool,
    /// Whether there was an entry whose barrier is to come.
    is_due: bool,
    /// Counts by function before each entry, or at the barrier after it.
    sums: Vec<Vec<Counts>>,
}

impl Marks {
    /// Returns no entries of a function.
    pub(crate) const fn new(function: usize, at_barriers: bool) -> Self {
        Self { function, at_barriers, is_due: false, sums: Vec::new() }
    }

    /// Returns whether so much counts as done when an instruction is about to run: it enters the
    /// function, in the first thread of a block.
    pub(crate) fn counts_at(&mut self, function: usize, at: At) -> bool {
        let is_entry =
            function == self.function && at.pc == 0 && at.warp.1 == 0 && at.mask & 1 == 1;
        self.is_due |= is_entry && self.at_barriers;
        is_entry && !self.at_barriers
    }

    /// Returns whether so much counts as done when threads have met at a barrier.
    pub(crate) const fn counts_at_barrier(&mut self) -> bool {
        core::mem::replace(&mut self.is_due, false)
    }

    /// Notes how much was counted.
    pub(crate) fn push(&mut self, sums: Vec<Counts>) {
        self.sums.push(sums);
    }

    /// Returns how many entries there were.
    pub(crate) const fn len(&self) -> usize {
        self.sums.len()
    }

    /// Returns what was counted by function between two entries.
    pub(crate) fn between(&self, first: usize, second: usize) -> Option<Vec<Counts>> {
        let (first, second) = (self.sums.get(first)?, self.sums.get(second)?);
        Some(second.iter().zip(first).map(|(later, earlier)| later.since(*earlier)).collect())
    }
}
