//! Tickets, slots and turns: whose turn a cell is on, as plain arithmetic.
//!
//! A ticket is the position of one message in everything ever pushed. It wraps at
//! 2³², and nothing else has to be done about that: the number of slots divides
//! 2³², so the walk through the slots goes on without a jump, and the turn starts
//! again at 1, which differs from the turn before it because a ring has at most
//! 2³⁰ slots.

/// Turn of a cell that was never published: zeroed memory is an empty ring.
pub const NEVER: u32 = 0;

/// The number of slots of a ring: a power of two, 2 to 2³⁰.
///
/// ```
/// use isokern_core::ring::SlotCount;
///
/// let slots = SlotCount::new::<4>();
/// assert_eq!((slots.slot_index(5), slots.turn(5)), (1, 2));
/// // The ticket wraps; slots go on in their order, turns start again at 1.
/// assert_eq!((slots.slot_index(u32::MAX), slots.turn(u32::MAX)), (3, 1 << 30));
/// assert_eq!((slots.slot_index(0), slots.turn(0)), (0, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlotCount {
    /// Base-two logarithm, 1 to [`SHIFT_MAX`].
    shift: u32,
}

/// Base-two logarithm of the largest ring.
const SHIFT_MAX: u32 = 30;

impl SlotCount {
    /// Returns a count known when compiling; another than a power of two from 2 to 2³⁰ does
    /// not compile.
    ///
    /// ```compile_fail,E0080
    /// let _ = isokern_core::ring::SlotCount::new::<3>();
    /// ```
    #[must_use]
    pub const fn new<const N: usize>() -> Self {
        const {
            assert!(
                N.is_power_of_two() && N >= 2 && N <= 1 << SHIFT_MAX,
                "a ring has a power of two of slots, from 2 to 2^30"
            );
        }
        Self { shift: N.trailing_zeros() }
    }

    /// Returns a count read at run time; `None` unless it is a power of two from 2 to 2³⁰.
    #[must_use]
    pub const fn try_new(count: u32) -> Option<Self> {
        let shift = count.trailing_zeros();
        if count.is_power_of_two() && shift >= 1 && shift <= SHIFT_MAX {
            Some(Self { shift })
        } else {
            None
        }
    }

    /// Returns the number of slots.
    #[inline]
    #[must_use]
    pub const fn count(self) -> u32 {
        1 << self.shift
    }

    /// Returns the slot of a ticket: ticket modulo count.
    #[inline]
    #[must_use]
    pub const fn slot_index(self, ticket: u32) -> u32 {
        ticket & (self.count() - 1)
    }

    /// Returns the turn that the cells of a ticket's slot carry once it is published: the lap
    /// from 1, never [`NEVER`].
    #[inline]
    #[must_use]
    pub const fn turn(self, ticket: u32) -> u32 {
        (ticket >> self.shift) + 1
    }

    /// Returns how many slots a consumer frees at a time while it works through a backlog: an
    /// eighth of the ring, at least 1 and at most 16.
    ///
    /// So up to one less than this many slots may be free and still look full to the producer,
    /// until the consumer takes more or finds the ring empty. Rings of up to 8 slots are exact.
    #[inline]
    #[must_use]
    pub const fn release_batch(self) -> u32 {
        match self.shift {
            0..=3 => 1,
            4..=6 => 1 << (self.shift - 3),
            _ => 16,
        }
    }

    /// Returns how many slots hold messages when the next ticket to take is `head` and the next
    /// to fill is `tail`.
    ///
    /// More than the count means that one of the two numbers is wrong: another side wrote
    /// nonsense, or they belong to different rings. Callers treat that as full.
    #[inline]
    #[must_use]
    pub const fn used(self, head: u32, tail: u32) -> u32 {
        tail.wrapping_sub(head)
    }

    /// Returns whether no slot is free for ticket `tail`.
    #[inline]
    #[must_use]
    pub const fn is_full(self, head: u32, tail: u32) -> bool {
        self.used(head, tail) >= self.count()
    }
}

/// Returns the turn after `turn` for a cell that is replaced and not part of a lap: it grows by
/// one, wraps, and leaves out [`NEVER`] and the number with which a
/// [`SplitCell`](super::SplitCell) says that a write is under way.
///
/// ```
/// use isokern_core::ring::next_turn;
///
/// assert_eq!(next_turn(0), 1);
/// assert_eq!(next_turn(u32::MAX - 1), 1);
/// ```
#[inline]
#[must_use]
pub const fn next_turn(turn: u32) -> u32 {
    if turn >= WRITING - 1 { 1 } else { turn + 1 }
}

/// Turn of a split control cell that is being replaced; no slot and no control cell
/// carries it otherwise.
pub(super) const WRITING: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::{NEVER, SHIFT_MAX, SlotCount, WRITING, next_turn};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn counts_are_powers_of_two_of_at_least_two() {
        for refused in [0, 1, 3, 6, 1000, u32::MAX, 1 << 31] {
            assert_eq!(SlotCount::try_new(refused), None, "{refused}");
        }
        for shift in 1..=SHIFT_MAX {
            let slots = SlotCount::try_new(1 << shift).map(SlotCount::count);
            assert_eq!(slots, Some(1 << shift));
        }
        assert_eq!(SlotCount::try_new(2), Some(SlotCount::new::<2>()));
    }

    #[test]
    fn a_batch_is_an_eighth_of_the_ring_at_most() {
        let batches = [2, 8, 16, 32, 64, 128, 1 << 30];
        let batches = batches.map(|count| SlotCount::try_new(count).map(SlotCount::release_batch));
        assert_eq!(batches, [1, 1, 2, 4, 8, 16, 16].map(Some));
    }

    #[test]
    fn a_wrapped_ticket_looks_like_the_next_lap() {
        for shift in 1..=SHIFT_MAX {
            let slots = SlotCount { shift };
            let (last, first) = (slots.turn(u32::MAX), slots.turn(0));
            assert_eq!(first, 1);
            assert_ne!(last, first, "the stale turn of the lap before must not fit");
            assert_eq!(slots.slot_index(u32::MAX), slots.count() - 1);
            assert_eq!(slots.slot_index(0), 0);
            assert_eq!(slots.used(u32::MAX, 1), 2);
            assert_eq!(slots.is_full(u32::MAX, 1), shift == 1);
        }
    }

    #[test]
    fn a_head_that_makes_no_sense_reads_as_full() {
        let slots = SlotCount::new::<8>();
        assert!(slots.is_full(5, 4), "head beyond tail");
        assert!(slots.is_full(0, 9), "more used than there are slots");
        assert!(!slots.is_full(1, 8));
    }

    #[test]
    fn the_next_turn_leaves_two_numbers_out() {
        for turn in [0, 1, WRITING - 2, WRITING - 1, WRITING] {
            let next = next_turn(turn);
            assert!(next != NEVER && next != WRITING && next != turn, "{turn}");
        }
        assert_eq!(next_turn(WRITING - 2), WRITING - 1);
    }

    proptest! {
        #[test]
        fn slot_and_turn_name_one_ticket(shift in 1..=SHIFT_MAX, ticket in any::<u32>()) {
            let slots = SlotCount { shift };
            let (slot, turn) = (slots.slot_index(ticket), slots.turn(ticket));
            prop_assert!(slot < slots.count());
            prop_assert!(turn != NEVER);
            prop_assert_eq!(u64::from(turn - 1) * u64::from(slots.count()) + u64::from(slot),
                u64::from(ticket));
            // The same slot, one lap later, wrapping or not: another turn.
            let later = ticket.wrapping_add(slots.count());
            prop_assert_eq!(slots.slot_index(later), slot);
            prop_assert!(slots.turn(later) != turn);
        }
    }
}
