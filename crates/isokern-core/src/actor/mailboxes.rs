//! The mailboxes of an actor on the host or in firmware, and their three numbers as one type.

use core::fmt;

use super::fresh::Fresh;
use super::memory::{MAILBOX_COUNT_MAX, Mailbox};
use crate::ring::{AddressSpace, AddressedRing, HostRing, LINE_BYTES, SharedRing, SlotCount};

/// The number of mailboxes, of their slots, and of the lines of a slot.
///
/// Sealed: [`Mailboxes`] is the one that implements it, so memory of a shape is atomics alone.
pub trait MailboxShape: sealed::Sealed {
    /// One mailbox.
    type Mailbox: Mailbox;
    /// All of them, side by side.
    type All: AsRef<[Self::Mailbox]> + fmt::Debug + Send + Sync;
    /// One `T` for each slot of a mailbox.
    type PerSlot<T>: AsRef<[T]> + AsMut<[T]>;
    /// One `T` for each slot of every mailbox, mailbox by mailbox.
    type PerPlace<T: Fresh>: Fresh;
    /// A ring of these slots at an address.
    type Ring<A: AddressSpace>: SharedRing + Copy;

    /// How many mailboxes there are.
    const MAILBOX_COUNT: usize;
    /// How many slots each has.
    const SLOTS: SlotCount;
    /// How many lines a slot has.
    const LINES: u16;
    /// Bytes of a ring.
    const RING_BYTES: u64;
    /// All of them, empty and all zero.
    const EMPTY: Self::All;

    /// Makes a `T` for each slot of a mailbox, by its index.
    fn per_slot<T>(make: impl FnMut(usize) -> T) -> Self::PerSlot<T>;

    /// Returns the `T`s of a mailbox's slots; `None` when there is no such mailbox.
    fn places<T: Fresh>(all: &Self::PerPlace<T>, mailbox_index: usize) -> Option<&[T]>;

    /// Returns a ring at an address, a multiple of 128 with [`RING_BYTES`](Self::RING_BYTES) there.
    fn ring<A: AddressSpace>(space: A, address: u64) -> Self::Ring<A>;

    /// Returns the address of a slot of a ring.
    fn slot_at(ring: u64, slot_index: u32) -> u64;

    /// Returns the address of a mailbox's ring of requests in an actor's memory; the ring of
    /// replies follows it.
    #[must_use]
    fn requests_at(actor: u64, mailbox_index: usize) -> u64 {
        actor + 2 * LINE_BYTES as u64 + mailbox_index as u64 * 2 * Self::RING_BYTES
    }

    /// Returns the bytes of an actor's memory of this shape, from its control lines on.
    #[must_use]
    fn actor_bytes() -> u64 {
        Self::requests_at(0, Self::MAILBOX_COUNT)
    }
}

/// `COUNT` mailboxes of `N` slots, each slot `LINES` lines of 128 bytes, of which 64 carry
/// data. A type that represents these numbers; it has no value.
///
/// ```
/// use isokern_core::actor::{ActorCells, ActorMemory, Mailboxes};
///
/// // Two mailboxes of four slots of one line.
/// static CELLS: ActorCells<Mailboxes<4, 1, 2>> = ActorCells::new();
/// assert_eq!(CELLS.mailbox_count(), 2);
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Mailboxes<const N: usize, const LINES: usize = 1, const COUNT: usize = 1> {}

impl<const N: usize, const LINES: usize, const COUNT: usize> MailboxShape
    for Mailboxes<N, LINES, COUNT>
{
    type Mailbox = HostMailbox<N, LINES>;
    type All = [HostMailbox<N, LINES>; COUNT];
    type PerSlot<T> = [T; N];
    type PerPlace<T: Fresh> = [[T; N]; COUNT];
    type Ring<A: AddressSpace> = AddressedRing<A, LINES>;

    const MAILBOX_COUNT: usize = COUNT;
    const SLOTS: SlotCount = SlotCount::new::<N>();
    const LINES: u16 = {
        assert!(LINES <= u16::MAX as usize, "a slot has at most 65535 lines");
        LINES as u16
    };
    const RING_BYTES: u64 = AddressedRing::<(), LINES>::bytes(SlotCount::new::<N>());
    #[expect(clippy::declare_interior_mutable_const, reason = "new memory is a copy of it")]
    const EMPTY: Self::All = {
        assert!(COUNT >= 1 && COUNT <= MAILBOX_COUNT_MAX, "an actor has 1 to 4 mailboxes");
        [const { HostMailbox::new() }; COUNT]
    };

    fn per_slot<T>(make: impl FnMut(usize) -> T) -> [T; N] {
        core::array::from_fn(make)
    }

    fn places<T: Fresh>(all: &[[T; N]; COUNT], mailbox_index: usize) -> Option<&[T]> {
        all.get(mailbox_index).map(<[T; N]>::as_slice)
    }

    fn ring<A: AddressSpace>(space: A, address: u64) -> AddressedRing<A, LINES> {
        AddressedRing::new(space, address, Self::SLOTS)
    }

    fn slot_at(ring: u64, slot_index: u32) -> u64 {
        AddressedRing::<(), LINES>::new((), ring, Self::SLOTS).slot_at(slot_index)
    }
}

impl<const N: usize, const LINES: usize, const COUNT: usize> sealed::Sealed
    for Mailboxes<N, LINES, COUNT>
{
}

mod sealed {
    //! Keeps the shapes to those of this file.

    /// Implemented for [`Mailboxes`](super::Mailboxes).
    pub trait Sealed {}
}

/// A mailbox in memory of the host or of firmware.
#[derive(Debug)]
#[repr(C)]
pub struct HostMailbox<const N: usize, const LINES: usize> {
    requests: HostRing<N, LINES>,
    replies: HostRing<N, LINES>,
}

impl<const N: usize, const LINES: usize> HostMailbox<N, LINES> {
    const fn new() -> Self {
        Self { requests: HostRing::new(), replies: HostRing::new() }
    }
}

impl<const N: usize, const LINES: usize> Mailbox for HostMailbox<N, LINES> {
    type Requests = HostRing<N, LINES>;
    type Replies = HostRing<N, LINES>;

    fn requests(&self) -> &Self::Requests {
        &self.requests
    }

    fn replies(&self) -> &Self::Replies {
        &self.replies
    }
}

#[cfg(test)]
mod tests {
    use super::{MailboxShape, Mailboxes};
    use crate::actor::{ActorCells, Silent};

    #[test]
    fn memory_at_an_address_is_as_long_as_cells() {
        fn check<S: MailboxShape>() {
            assert_eq!(S::actor_bytes(), size_of::<ActorCells<S, Silent>>() as u64);
            let rings = size_of::<S::All>() as u64 / (2 * S::MAILBOX_COUNT as u64);
            assert_eq!(S::RING_BYTES, rings);
        }
        check::<Mailboxes<2>>();
        check::<Mailboxes<8, 2, 3>>();
        check::<Mailboxes<4, 4, 4>>();
    }
}
