//! Rings over addresses whose slots are shorter than a line.

use super::addressed::{AddressSpace, AddressedRing};
use super::memory::{SLOTS_AT, SharedRing};
use super::tickets::SlotCount;
use super::words::{SharedCell, SharedWord};

/// A ring at an address whose slots have `CELLS` cells, at most 16, for messages of so many words
/// and no larger ones.
///
/// All but its slots is as in a [`HostRing`](super::HostRing); these follow each other without a
/// gap.
#[derive(Clone, Copy, Debug)]
pub struct AddressedCells<A, const CELLS: usize> {
    ring: AddressedRing<A, 1>,
    space: A,
    address: u64,
}

impl<A: Copy, const CELLS: usize> AddressedCells<A, CELLS> {
    /// Returns a ring of so many slots at a multiple of 128.
    #[must_use]
    pub const fn new(space: A, address: u64, slots: SlotCount) -> Self {
        Self { ring: AddressedRing::new(space, address, slots), space, address }
    }

    /// Returns how many bytes such a ring takes.
    #[must_use]
    pub const fn bytes(slots: SlotCount) -> u64 {
        SLOTS_AT + slots.count() as u64 * Self::SLOT_BYTES
    }

    const SLOT_BYTES: u64 = CELLS as u64 * 8;
}

impl<A: AddressSpace, const CELLS: usize> SharedRing for AddressedCells<A, CELLS> {
    const LINES: usize = 1;

    #[inline]
    fn slot_count(&self) -> SlotCount {
        self.ring.slot_count()
    }

    /// A cell past the last of a slot is the last: words that a slot has no cells for do not get
    /// into the next.
    #[inline]
    fn cell(&self, slot_index: u32, cell_index: usize) -> impl SharedCell {
        let cell = cell_index.min(CELLS - 1) as u64 * 8;
        self.space.cell(self.address + SLOTS_AT + u64::from(slot_index) * Self::SLOT_BYTES + cell)
    }

    #[inline]
    fn head(&self) -> impl SharedWord {
        self.ring.head()
    }

    #[inline]
    fn acknowledgement(&self) -> impl SharedCell {
        self.ring.acknowledgement()
    }

    #[inline]
    fn final_tail(&self) -> impl SharedCell {
        self.ring.final_tail()
    }

    #[inline]
    fn producer_status(&self) -> impl SharedWord {
        self.ring.producer_status()
    }

    #[inline]
    fn count_cell(&self, cell_index: usize) -> impl SharedCell {
        self.ring.count_cell(cell_index)
    }

    #[inline]
    fn consumer_status(&self) -> impl SharedWord {
        self.ring.consumer_status()
    }
}

#[cfg(test)]
mod tests {
    use super::AddressedCells;
    use crate::ring::addressed::tests::Words;
    use crate::ring::{ConsumerState, HostWord, PopError, ProducerState, SharedWord, SlotCount};

    const SLOTS: SlotCount = SlotCount::new::<4>();
    type Ring<'a> = AddressedCells<Words<'a>, 4>;

    #[test]
    fn messages_of_four_words_take_32_bytes_each() {
        let words: [HostWord; 160] = core::array::from_fn(|_| HostWord::new(0));
        let ring = Ring::new(Words(&words), 128, SLOTS);
        assert_eq!(Ring::bytes(SLOTS), 256 + 4 * 32);
        let (mut producer, mut consumer) = (ProducerState::new(), ConsumerState::new());
        for number in 0..7_u32 {
            assert_eq!(producer.try_push(&ring, [number; 4]), Ok(()));
            assert_eq!(consumer.try_pop(&ring), Ok([number; 4]));
        }
        // Message 6 is in slot 2, on its second turn.
        let at = |byte: usize| words[(128 + 256 + 2 * 32 + byte) / 4].load_relaxed();
        assert_eq!([at(0), at(4), at(24), at(28)], [6, 2, 6, 2]);
        producer.close(&ring);
        assert_eq!(consumer.try_pop::<[u32; 4], _>(&ring), Err(PopError::Closed));
        let mut outside = words[..32].iter().chain(&words[128..]);
        assert!(outside.all(|word| word.load_relaxed() == 0), "nothing past the last slot");
    }
}
