//! Rings and control lines over addresses: mapped memory, or that of a simulated device.

use super::control::ControlLine;
use super::memory::{
    ACKNOWLEDGEMENT_AT, CONSUMER_STATUS_AT, COUNTS_AT, HEAD_AT, LINE_BYTES, PRODUCER_STATUS_AT,
    SLOTS_AT, SharedRing,
};
use super::tickets::SlotCount;
use super::words::{SharedCell, SharedWord};

/// Makes cells and words of addresses.
///
/// A device does so with its own loads and stores, a stand-in for one with those of its host. What
/// is laid over addresses asks for aligned ones inside its own bytes and no others; whoever makes
/// it owes that these are memory of the right kind, all zero at first.
pub trait AddressSpace: Copy {
    /// Eight bytes.
    type Cell: SharedCell;
    /// Four bytes.
    type Word: SharedWord;

    /// Returns the cell at an address that is a multiple of 8.
    fn cell(&self, address: u64) -> Self::Cell;

    /// Returns the word at an address that is a multiple of 4.
    fn word(&self, address: u64) -> Self::Word;
}

/// A ring of slots of `LINES` lines at an address, in the layout of [`HostRing`](super::HostRing).
#[derive(Clone, Copy, Debug)]
pub struct AddressedRing<A, const LINES: usize> {
    space: A,
    address: u64,
    slots: SlotCount,
}

impl<A, const LINES: usize> AddressedRing<A, LINES> {
    /// Returns a ring of so many slots at a multiple of 128.
    #[must_use]
    pub const fn new(space: A, address: u64, slots: SlotCount) -> Self {
        Self { space, address, slots }
    }

    /// Returns how many bytes such a ring takes.
    #[must_use]
    pub const fn bytes(slots: SlotCount) -> u64 {
        SLOTS_AT + slots.count() as u64 * Self::SLOT_BYTES
    }

    /// Returns the address of a slot, whose cells follow each other.
    #[must_use]
    pub const fn slot_at(&self, slot_index: u32) -> u64 {
        self.address + SLOTS_AT + slot_index as u64 * Self::SLOT_BYTES
    }

    const SLOT_BYTES: u64 = (LINES * LINE_BYTES) as u64;
}

impl<A: AddressSpace, const LINES: usize> SharedRing for AddressedRing<A, LINES> {
    const LINES: usize = LINES;

    #[inline]
    fn slot_count(&self) -> SlotCount {
        self.slots
    }

    #[inline]
    fn cell(&self, slot_index: u32, cell_index: usize) -> impl SharedCell {
        self.space.cell(self.slot_at(slot_index) + cell_index as u64 * CELL_BYTES)
    }

    #[inline]
    fn head(&self) -> impl SharedWord {
        self.space.word(self.address + HEAD_AT)
    }

    #[inline]
    fn acknowledgement(&self) -> impl SharedCell {
        self.space.cell(self.address + ACKNOWLEDGEMENT_AT)
    }

    #[inline]
    fn final_tail(&self) -> impl SharedCell {
        self.space.cell(self.address)
    }

    #[inline]
    fn producer_status(&self) -> impl SharedWord {
        self.space.word(self.address + PRODUCER_STATUS_AT)
    }

    #[inline]
    fn count_cell(&self, cell_index: usize) -> impl SharedCell {
        self.space.cell(self.address + COUNTS_AT + cell_index as u64 * CELL_BYTES)
    }

    #[inline]
    fn consumer_status(&self) -> impl SharedWord {
        self.space.word(self.address + CONSUMER_STATUS_AT)
    }
}

/// A control line at an address.
#[derive(Clone, Copy, Debug)]
pub struct AddressedLine<A> {
    space: A,
    address: u64,
}

impl<A> AddressedLine<A> {
    /// Returns the line at a multiple of 128.
    #[must_use]
    pub const fn new(space: A, address: u64) -> Self {
        Self { space, address }
    }
}

impl<A: AddressSpace> ControlLine for AddressedLine<A> {
    #[inline]
    fn cell(&self, cell_index: usize) -> impl SharedCell {
        self.space.cell(self.address + cell_index as u64 * CELL_BYTES)
    }
}

const CELL_BYTES: u64 = 8;

#[cfg(test)]
pub(super) mod tests {
    use super::{AddressSpace, AddressedLine, AddressedRing};
    use crate::ring::{
        ConsumerState, CountWriter, HostControl, HostRing, HostView, HostWord, PopError,
        ProducerState, SharedWord, SlotCount, SplitCell,
    };

    /// Addresses are bytes from the start of some words.
    #[derive(Clone, Copy)]
    pub(in crate::ring) struct Words<'a>(pub(in crate::ring) &'a [HostWord]);

    impl<'a> AddressSpace for Words<'a> {
        type Cell = SplitCell<&'a HostWord>;
        type Word = &'a HostWord;

        fn cell(&self, address: u64) -> Self::Cell {
            assert_eq!(address % 8, 0);
            SplitCell::new(self.word(address), self.word(address + 4))
        }

        fn word(&self, address: u64) -> &'a HostWord {
            assert_eq!(address % 4, 0);
            &self.0[address as usize / 4]
        }
    }

    const SLOTS: SlotCount = SlotCount::new::<4>();
    const START: u64 = 128;

    #[test]
    fn a_ring_at_an_address_has_the_layout_of_a_host_ring() {
        assert_eq!(AddressedRing::<(), 2>::bytes(SLOTS), size_of::<HostRing<4, 2>>() as u64);
        let words: [HostWord; 384] = core::array::from_fn(|_| HostWord::new(0));
        let space = Words(&words);
        let at = |byte: u64| space.word(START + byte).load_relaxed();
        let ring = AddressedRing::<_, 2>::new(space, START, SLOTS);
        let (mut producer, mut consumer) = (ProducerState::new(), ConsumerState::new());
        for number in 0..7_u32 {
            let message: [u32; 20] = core::array::from_fn(|index| 100 * number + index as u32);
            assert_eq!(producer.try_push(&ring, message), Ok(()));
            assert_eq!(consumer.try_pop(&ring), Ok(message));
        }
        // Message 6 is in slot 2, on its second turn; its nineteenth word is in the second line.
        let slot = 256 + 2 * 256;
        assert_eq!([slot, slot + 4, slot + 19 * 8].map(at), [600, 2, 619]);
        assert_eq!(at(128), 7, "the head");
        consumer.announce_waiting(&ring, true);
        producer.announce_waiting(&ring, true);
        assert_eq!([8, 192].map(at), [2, 2]);
        CountWriter::new().show(&ring, 1, 9);
        assert_eq!([32, 36, 40].map(at), [9, 1, 0], "the second count");
        producer.close(&ring);
        assert_eq!([0, 4].map(at), [7, 1], "the final tail");
        assert_eq!(consumer.try_pop::<u32, _>(&ring), Err(PopError::Closed));
        let mut outside = words[..32].iter().chain(&words[352..]);
        assert!(outside.all(|word| word.load_relaxed() == 0));
    }

    #[test]
    fn a_line_at_an_address_says_what_was_written_there() {
        let words: [HostWord; 64] = core::array::from_fn(|_| HostWord::new(0));
        let line = AddressedLine::new(Words(&words), START);
        HostControl::new().pause(&line, true);
        assert!(HostView::read(&line).is_some_and(|view| view.is_paused()));
        assert_eq!([34, 35].map(|index| words[index].load_relaxed()), [1, 1]);
    }
}
