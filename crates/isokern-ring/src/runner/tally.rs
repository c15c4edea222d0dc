//! What became of messages, counted by the side that handles them.

use isokern_core::actor::Outcome;
use isokern_core::ring::{ControlLine, CountWriter, DeviceControl, SharedRing};

/// Outcomes of one mailbox's messages without reply, which its sender reads.
#[derive(Default)]
pub(super) struct Tally {
    counts: [u64; Outcome::ALL.len()],
    writer: CountWriter,
    /// A bit for each count that has changed since it was shown.
    hidden: u8,
}

const _: () = assert!(Outcome::ALL.len() <= u8::BITS as usize);

/// Everything the actor took, and what became of it.
#[derive(Default)]
pub(super) struct Totals {
    taken_count: u64,
    counts: [u64; Outcome::ALL.len()],
    /// What the device line shows: messages taken, done, failed, expired.
    shown: [u64; 4],
}

impl Tally {
    /// Counts a message.
    pub(super) fn count(&mut self, outcome: Outcome) {
        add(&mut self.counts, outcome);
        self.hidden |= 1 << outcome.index();
    }

    /// Returns whether there are counts to show.
    pub(super) const fn is_hidden(&self) -> bool {
        self.hidden != 0
    }

    /// Shows the counts that are hidden.
    pub(super) fn show<R: SharedRing>(&mut self, replies: &R) {
        let hidden = core::mem::take(&mut self.hidden);
        for (index, count) in self.counts.iter().enumerate() {
            if hidden & 1 << index != 0 {
                self.writer.show(replies, index, *count);
            }
        }
    }
}

impl Totals {
    pub(super) const fn count_taken(&mut self) {
        self.taken_count += 1;
    }

    pub(super) fn count(&mut self, outcome: Outcome) {
        add(&mut self.counts, outcome);
    }

    pub(super) const fn taken_count(&self) -> u64 {
        self.taken_count
    }

    /// Writes the counts to the device line, those that changed.
    pub(super) fn show<L: ControlLine>(&mut self, device: &mut DeviceControl, line: &L) {
        let [done, failed, expired, ..] = self.counts;
        let counts = [self.taken_count, done, failed, expired];
        let before = core::mem::replace(&mut self.shown, counts);
        // What became of the messages first: those taken are never too few for it.
        if before[1] != done {
            device.count_answered(line, done);
        }
        if before[2] != failed {
            device.count_failed(line, failed);
        }
        if before[3] != expired {
            device.count_expired(line, expired);
        }
        if before[0] != self.taken_count {
            device.count_taken(line, self.taken_count);
            device.beat(line, self.taken_count as u32);
        }
    }
}

fn add(counts: &mut [u64; Outcome::ALL.len()], outcome: Outcome) {
    if let Some(count) = counts.get_mut(outcome.index()) {
        *count += 1;
    }
}
