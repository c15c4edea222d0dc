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
    /// Returns the cell of a sequence, whose low part is its place.
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

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use core::sync::atomic::{AtomicU32, Ordering};
    use core::task::Waker;
    use std::sync::Arc;
    use std::task::Wake;

    use isokern_core::actor::{ActorMemory, Bells, Mailboxes};

    use super::WakingCells;
    use crate::WakerCell;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn each_place_of_each_mailbox_has_a_bell_and_one_call_rings_them_all() {
        let memory = WakingCells::<Mailboxes<4, 1, 3>, WakerCell>::new();
        let bells = memory.bells();
        let counts: [[Arc<Count>; 4]; 3] = Default::default();
        let rung = || {
            counts.each_ref().map(|row| row.each_ref().map(|count| count.0.load(Ordering::Relaxed)))
        };
        let register = || {
            for (mailbox_index, row) in counts.iter().enumerate() {
                for (sequence, count) in row.iter().enumerate() {
                    bells.register(mailbox_index, sequence as u32, &Waker::from(Arc::clone(count)));
                }
            }
        };
        register();
        bells.ring_requester(2, 1);
        // Places come round with the sequence.
        bells.ring_requester(1, 4 + 3);
        assert_eq!(rung(), [[0; 4], [0, 0, 0, 1], [0, 1, 0, 0]]);
        register();
        bells.ring_all();
        assert_eq!(rung(), [[1; 4], [1, 1, 1, 2], [1, 2, 1, 1]]);
    }
}
