//! An actor's memory with bells that wake.

use core::fmt;
use core::task::Waker;

use isokern_core::actor::{ActorCells, Bells, Fresh, MailboxShape};

use crate::Notify;

/// [`ActorCells`] in the shape `S` whose bells are waker cells of type `N`.
///
/// In a `static` like all cells. With [`PollOnly`](crate::PollOnly) they are as silent as cells
/// without bells; with `CriticalWakerCell` an interrupt wakes the loop, and the loop whoever
/// waits for an answer; with `WakerCell` threads wake each other.
pub type WakingCells<S, N> = ActorCells<S, WakingBells<S, N>>;

/// A waker cell for the actor, and one for each question that can be under way.
pub struct WakingBells<S: MailboxShape, N: Fresh> {
    actor: N,
    requesters: S::PerPlace<N>,
}

impl<S: MailboxShape, N: Fresh> Fresh for WakingBells<S, N> {
    const FRESH: Self = Self { actor: N::FRESH, requesters: Fresh::FRESH };
}

impl<S: MailboxShape, N: Notify + Fresh> WakingBells<S, N> {
    /// The cell of a sequence, whose low part is its place.
    fn requester(&self, mailbox_index: usize, sequence: u32) -> Option<&N> {
        let places = S::places(&self.requesters, mailbox_index)?;
        places.get(S::SLOTS.slot_index(sequence) as usize)
    }
}

impl<S: MailboxShape, N: Notify + Fresh> Bells for WakingBells<S, N> {
    fn ring_actor(&self) {
        self.actor.notify();
    }

    fn register_actor(&self, waker: &Waker) {
        self.actor.register(waker);
    }

    fn register(&self, mailbox_index: usize, sequence: u32, waker: &Waker) {
        if let Some(cell) = self.requester(mailbox_index, sequence) {
            cell.register(waker);
        }
    }

    fn ring_requester(&self, mailbox_index: usize, sequence: u32) {
        if let Some(cell) = self.requester(mailbox_index, sequence) {
            cell.notify();
        }
    }

    fn ring_all(&self) {
        let mailboxes = (0..S::MAILBOX_COUNT).filter_map(|at| S::places(&self.requesters, at));
        mailboxes.flatten().for_each(Notify::notify);
    }
}

impl<S: MailboxShape, N: Fresh> fmt::Debug for WakingBells<S, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakingBells").finish_non_exhaustive()
    }
}
