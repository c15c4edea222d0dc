//! Statistics: what became of the messages that one side sent, as numbers that add up.

use isokern_core::actor::{ActorMemory, ActorState, Mailbox, Outcome};
use isokern_core::ring::{DeviceView, SharedRing, Timed, read_count};

/// Counts of the sender of one mailbox so far: a requester, or a link.
///
/// Every accepted message is in exactly one of `answered`, `told`, `failed`, `expired`,
/// `faulted`, `stopped`, `dropped`, `abandoned` and `in_flight`, so
/// [`accounted_count`](Self::accounted_count) is `accepted_count` at any time. Once the actor is
/// over, nothing is in flight.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequesterStats {
    /// Messages the ring took: questions and messages without reply.
    pub accepted_count: u64,
    /// Messages handed back, because the ring was full or closed.
    pub refused_count: u64,
    /// Questions with a reply. One that has come and was not taken yet counts as what it would
    /// be if it were taken now.
    pub answered_count: u64,
    /// Messages without reply whose handler returned `Ok`.
    pub told_count: u64,
    /// Messages whose handler returned an error.
    pub failed_count: u64,
    /// Messages whose deadline passed, before or while they were handled, or before their reply
    /// was taken.
    pub expired_count: u64,
    /// Messages that a fault took away, and those left when the actor ended as faulted.
    pub faulted_count: u64,
    /// Messages that a stop took away, and those left when the actor ended as stopped.
    pub stopped_count: u64,
    /// Messages the actor would not take, for their buffer or their kind.
    pub dropped_count: u64,
    /// Questions that nobody waited for.
    pub abandoned_count: u64,
    /// Messages accepted, with nothing known of what became of them.
    pub in_flight_count: u64,
    /// Replies to questions nobody asked; never on an honest host.
    pub foreign_count: u64,
    /// Slots of the ring in use: messages accepted and not known to be done with, those of
    /// abandoned questions among them. A count that the actor is writing at the moment keeps what
    /// it was, so `in_flight_count` may be above this until the next look.
    pub depth: u32,
}

impl RequesterStats {
    /// Returns the sum of what accepted messages came to, those in flight included.
    #[must_use]
    pub const fn accounted_count(&self) -> u64 {
        self.answered_count
            + self.told_count
            + self.failed_count
            + self.expired_count
            + self.faulted_count
            + self.stopped_count
            + self.dropped_count
            + self.abandoned_count
            + self.in_flight_count
    }

    /// Returns the stats of a link's mailbox, which both ends show in it; `None` when no link
    /// has it, or while a count is being written.
    pub(super) fn of_link<M: ActorMemory>(memory: &M, mailbox_index: usize) -> Option<Self> {
        let mailbox = memory.mailbox(mailbox_index)?;
        let is_over = end_of(memory);
        let mut told = Told::default();
        told.look(mailbox.replies());
        let Timed { value: accepted_count, turn } = read_count(mailbox.requests(), 0)?;
        if turn == 0 {
            return None;
        }
        let refused_count = read_count(mailbox.requests(), 1)?.value;
        // A message may be done with before its sender has counted it.
        told.accepted_count = accepted_count.max(told.done_count());
        let mut stats = Self { refused_count, ..Self::default() };
        told.add_to(&mut stats, is_over);
        stats.depth = stats.in_flight_count as u32;
        Some(stats)
    }

    pub(super) const fn count(&mut self, outcome: Outcome, message_count: u64) {
        *match outcome {
            Outcome::Done => &mut self.answered_count,
            Outcome::Failed => &mut self.failed_count,
            Outcome::Expired => &mut self.expired_count,
            Outcome::Faulted => &mut self.faulted_count,
            Outcome::Stopped => &mut self.stopped_count,
            Outcome::Dropped => &mut self.dropped_count,
        } += message_count;
    }
}

/// Returns what becomes of messages that an actor has not answered; `None` while it lives.
pub(super) fn end_of<M: ActorMemory>(memory: &M) -> Option<Outcome> {
    match DeviceView::read(memory.device_line())?.state().map(ActorState::from)? {
        ActorState::Stopped => Some(Outcome::Stopped),
        ActorState::Faulted => Some(Outcome::Faulted),
        _ => None,
    }
}

/// Messages without reply, and what the other side has shown of them.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) accepted_count: u64,
    seen: [u64; Outcome::ALL.len()],
}

impl Told {
    /// Looks at the counts; one that is being written stays as it was.
    pub(super) fn look<R: SharedRing>(&mut self, replies: &R) {
        for (index, seen) in self.seen.iter_mut().enumerate() {
            if let Some(count) = read_count(replies, index) {
                *seen = count.value;
            }
        }
    }

    fn done_count(&self) -> u64 {
        self.seen.iter().sum()
    }

    /// Adds these messages to the stats. When nothing more will be shown, the rest came to
    /// `end`.
    pub(super) fn add_to(&self, stats: &mut RequesterStats, end: Option<Outcome>) {
        stats.accepted_count += self.accepted_count;
        let [done, ..] = self.seen;
        stats.told_count += done;
        for (outcome, count) in Outcome::ALL.into_iter().zip(self.seen).skip(1) {
            stats.count(outcome, count);
        }
        let rest = self.accepted_count.saturating_sub(self.done_count());
        match end {
            Some(end) => stats.count(end, rest),
            None => stats.in_flight_count += rest,
        }
    }
}
