//! Old values of eight bytes, and who replaced them.

use std::collections::VecDeque;

use crate::machine::buffers::Owner;
use crate::program::operation::Reach;

/// Changes that are kept. A store of another block's is up to two of them, so these are eight
/// versions for every reader, and more.
const CHANGES_MAX: usize = 24;

/// A store as its readers see it arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// When it arrived.
    pub(crate) at: u64,
    /// Who is concerned: the readers of one block, or with 0 all but those of the writer's.
    pub(crate) only: u64,
    /// The bytes it replaced.
    pub(crate) mask: u8,
    /// What they held.
    pub(crate) old: u64,
    /// Who stored.
    pub(crate) writer: Owner,
    /// In which of its epochs.
    pub(crate) epoch: u32,
    /// What it released, by number; 0 for nothing.
    pub(crate) release: u32,
    /// How far it is one piece.
    pub(crate) reach: Reach,
}

/// The changes of eight bytes, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    changes: VecDeque<Change>,
    /// Changes whose old values no thread may see now: what they released still counts.
    settled: Vec<Change>,
}

impl History {
    /// Takes in a change; drops the oldest where there are too many.
    pub(crate) fn push(&mut self, change: Change) {
        if self.changes.len() >= CHANGES_MAX
            && let Some(oldest) = self.changes.pop_front()
        {
            self.settle(oldest);
        }
        self.changes.push_back(change);
    }

    /// Forgets old values up to a moment: every reader has to see what came then.
    pub(crate) fn settle_until(&mut self, moment: u64) {
        while let Some(oldest) = self.changes.front().copied().filter(|oldest| oldest.at <= moment)
        {
            self.changes.pop_front();
            self.settle(oldest);
        }
    }

    fn settle(&mut self, change: Change) {
        self.settled.retain(|kept| kept.mask & !change.mask != 0 || kept.only != change.only);
        if change.release != 0 {
            self.settled.push(change);
        }
    }

    /// Returns what its stores released, by number.
    pub(crate) fn releases(&self) -> impl Iterator<Item = u32> {
        self.changes.iter().chain(&self.settled).map(|change| change.release)
    }

    /// Returns the newest change, whoever may see it.
    #[inline]
    pub(crate) fn newest(&self) -> Option<&Change> {
        self.changes.back()
    }

    /// Returns the changes of some of these bytes that readers of a block see, newest first; with 0
    /// for the block those that the host sees.
    pub(crate) fn changes(&self, block: u64, mask: u8) -> impl Iterator<Item = &Change> {
        Self::of_block(self.changes.iter().rev(), block).filter(move |c| c.mask & mask != 0)
    }

    /// Returns the newest store to some of these bytes that came before `moment`: the one that a
    /// reader of a block reads from.
    pub(crate) fn writer_before(&self, block: u64, mask: u8, moment: u64) -> Option<&Change> {
        let all = self.changes.iter().rev().chain(self.settled.iter().rev());
        Self::of_block(all, block).find(|change| change.mask & mask != 0 && change.at < moment)
    }

    fn of_block<'a>(
        changes: impl Iterator<Item = &'a Change>,
        block: u64,
    ) -> impl Iterator<Item = &'a Change> {
        let mut last = u64::MAX;
        changes.filter(move |change| {
            let seen = match change.only {
                0 => change.writer.block != block || block == 0,
                only => only == block,
            };
            // One for this block alone is before the one for all, at the same moment.
            let first = seen && change.at != last;
            last = if seen { change.at } else { last };
            first
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{CHANGES_MAX, Change, History, Owner, Reach};

    fn change(at: u64, only: u64, mask: u8) -> Change {
        let writer = Owner { block: 1, thread: 0 };
        Change { at, only, mask, old: at, writer, epoch: 1, release: 1, reach: Reach::Device }
    }

    #[test]
    fn a_block_sees_its_own_changes_in_place_of_the_common_ones() {
        let mut history = History::default();
        [change(1, 1, 0xFF), change(2, 0, 0xFF), change(2, 3, 0x0F), change(4, 0, 0xF0)]
            .into_iter()
            .for_each(|change| history.push(change));
        let seen = |block, mask| history.changes(block, mask).map(|c| c.at).collect::<Vec<_>>();
        assert_eq!(seen(1, 0xFF), [1], "the writer's block");
        assert_eq!(seen(2, 0xFF), [4, 2]);
        assert_eq!(seen(3, 0xFF), [4, 2]);
        assert_eq!(seen(3, 0xF0), [4], "the other half was replaced for it already");
        assert_eq!(history.writer_before(2, 0x01, u64::MAX).map(|c| c.at), Some(2));
        assert_eq!(history.writer_before(2, 0x80, 4).map(|c| c.at), Some(2));
    }

    #[test]
    fn what_a_forgotten_change_released_is_kept() {
        let mut history = History::default();
        history.push(change(1, 0, 0x0F));
        (2..60).for_each(|at| history.push(change(at, 0, 0xF0)));
        assert_eq!(history.changes(2, 0xFF).count(), CHANGES_MAX);
        assert_eq!(history.writer_before(2, 0x01, u64::MAX).map(|c| c.at), Some(1));
        history.settle_until(60);
        assert_eq!(history.changes(2, 0xFF).count(), 0);
        assert_eq!(history.writer_before(2, 0x80, u64::MAX).map(|c| c.at), Some(59));
    }
}
