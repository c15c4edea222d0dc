//! Reports, how far a block is: one line, written by the device.

use crate::numbered;
use crate::ring::{CellValue, ControlLine, SharedCell};

numbered! {
    /// What a block does. The numbers are stable.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum BlockPhase: u32, code, from_code {
        /// It waits for an order; that of the report's epoch is over.
        Idle = 1,
        /// It runs what the order of the report's epoch says.
        Running = 2,
        /// A thread met a fault: the block has ended, and its record says why.
        Spent = 3,
        /// It has left: the host asked for it, or the lease ran out.
        Left = 4,
        /// It did not run the order of the report's epoch, and waits for another: the report says
        /// why.
        Refused = 5,
    }
}

numbered! {
    /// Why a block did not run an order. The numbers are stable.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum BlockRefusal: u32, code, from_code {
        /// The device code has no resident of this key.
        UnknownKey = 1,
        /// Its resident has another number of slots, lines or mailboxes.
        Shape = 2,
        /// Its resident has a state of another length.
        State = 3,
        /// The bytes are no model that this device code runs.
        Model = 4,
        /// The arena fits neither shared memory nor what the order gives.
        Arena = 5,
        /// Its resident sends to fewer actors than the order links.
        Links = 6,
    }
}

/// A block's report as the host last saw it.
///
/// ```
/// use isokern_core::device::{BlockPhase, BlockReport};
/// use isokern_core::ring::HostLine;
///
/// let line = HostLine::new();
/// assert_eq!(BlockReport::read(&line), None, "the block has not started");
/// BlockReport::new(BlockPhase::Idle, 0).publish(&line);
/// let report = BlockReport::read(&line).expect("it has now");
/// assert_eq!((report.phase(), report.epoch()), (Some(BlockPhase::Idle), 0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockReport {
    phase: u32,
    epoch: u32,
    refusal: u32,
}

impl BlockReport {
    /// Returns the report that the order of `epoch` is in this phase; 0 before the first order.
    #[must_use]
    pub const fn new(phase: BlockPhase, epoch: u32) -> Self {
        Self { phase: phase.code(), epoch, refusal: 0 }
    }

    /// Returns the report that the order of `epoch` was refused.
    #[must_use]
    pub const fn refused(refusal: BlockRefusal, epoch: u32) -> Self {
        Self { phase: BlockPhase::Refused.code(), epoch, refusal: refusal.code() }
    }

    /// Writes the report after everything written before.
    pub fn publish<L: ControlLine>(self, line: &L) {
        line.cell(1).publish(self.refusal, 0);
        line.cell(0).publish_release(self.phase, self.epoch);
    }

    /// Reads the report; `None` while the block has not started.
    ///
    /// Who sees a phase sees what the device wrote before it.
    pub fn read<L: ControlLine>(line: &L) -> Option<Self> {
        let CellValue { data: phase, turn: epoch } = line.cell(0).poll_acquire();
        let refusal = line.cell(1).poll().data;
        (phase != 0).then_some(Self { phase, epoch, refusal })
    }

    /// Returns the phase; `None` when a newer version wrote one unknown here.
    #[must_use]
    pub const fn phase(&self) -> Option<BlockPhase> {
        BlockPhase::from_code(self.phase)
    }

    /// Returns the epoch of the order that the phase is about, 0 before the first.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Returns why the order was refused, if it was.
    #[must_use]
    pub const fn refusal(&self) -> Option<BlockRefusal> {
        match self.phase() {
            Some(BlockPhase::Refused) => BlockRefusal::from_code(self.refusal),
            _ => None,
        }
    }

    /// Returns whether the block takes an order now.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        matches!(self.phase(), Some(BlockPhase::Idle | BlockPhase::Refused))
    }

    /// Returns whether the block takes no order any longer.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.phase(), Some(BlockPhase::Spent | BlockPhase::Left))
    }
}

#[cfg(test)]
mod tests {
    use super::{BlockPhase, BlockRefusal, BlockReport};
    use crate::ring::HostLine;

    #[test]
    fn a_refusal_says_why_and_leaves_the_block_free() {
        let line = HostLine::new();
        for refusal in BlockRefusal::ALL {
            BlockReport::refused(refusal, 4).publish(&line);
            let report = BlockReport::read(&line).expect("there is one");
            assert_eq!((report.refusal(), report.epoch()), (Some(refusal), 4));
            assert!(report.is_free() && !report.is_over());
        }
        for phase in BlockPhase::ALL {
            BlockReport::new(phase, 5).publish(&line);
            let report = BlockReport::read(&line).expect("there is one");
            assert_eq!((report.phase(), report.refusal()), (Some(phase), None));
            let is_over = [BlockPhase::Spent, BlockPhase::Left].contains(&phase);
            assert_eq!(report.is_over(), is_over);
        }
    }
}
