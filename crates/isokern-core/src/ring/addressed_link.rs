//! A ring of requests at an address, for a link: its shape is known at run time.

use super::addressed::{AddressSpace, AddressedRing};
use super::memory::{LINE_CELLS, SharedRing};
use super::tickets::SlotCount;
use super::words::{SharedCell, SharedWord};

/// The ring of requests of another actor, in the layout of [`HostRing`](super::HostRing), whose
/// slots may have any number of lines. A producer that pushes words of up to two lines uses it.
#[derive(Clone, Copy, Debug)]
pub struct AddressedLinkRing<A> {
    /// All but its slots is as in a ring of one line.
    ring: AddressedRing<A, 1>,
    lines: u32,
}

impl<A> AddressedLinkRing<A> {
    /// Returns the ring at a multiple of 128, of so many slots of so many lines, 1 at least.
    #[must_use]
    pub const fn new(space: A, address: u64, slots: SlotCount, lines: u32) -> Self {
        Self { ring: AddressedRing::new(space, address, slots), lines }
    }
}

impl<A: AddressSpace> SharedRing for AddressedLinkRing<A> {
    /// The lines that the longest message of a link takes.
    const LINES: usize = 2;

    #[inline]
    fn slot_count(&self) -> SlotCount {
        self.ring.slot_count()
    }

    /// A cell past the last of a slot is the last: words that a slot has no cells for do not get
    /// into the next.
    #[inline]
    fn cell(&self, slot_index: u32, cell_index: usize) -> impl SharedCell {
        let last = (self.lines as usize * LINE_CELLS).saturating_sub(1);
        self.ring.cell(slot_index.wrapping_mul(self.lines), cell_index.min(last))
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
    use super::AddressedLinkRing;
    use crate::ring::addressed::tests::Words;
    use crate::ring::{
        AddressedRing, ConsumerState, HostWord, ProducerState, RequesterState, SharedRing,
        SlotCount,
    };

    const SLOTS: SlotCount = SlotCount::new::<4>();

    /// Passes messages of so many words, and returns what a ring of `LINES` lines has of them.
    fn passed<const LINES: usize, const WORDS: usize>() -> [u32; WORDS] {
        let words: [HostWord; 640] = core::array::from_fn(|_| HostWord::new(0));
        let ring = AddressedRing::<_, LINES>::new(Words(&words), 128, SLOTS);
        let link = AddressedLinkRing::new(Words(&words), 128, SLOTS, LINES as u32);
        let (mut requester, mut consumer) = (RequesterState::new(), ConsumerState::new());
        let message = |number: u32| core::array::from_fn(|index| 100 * number + index as u32);
        for number in 0..3 {
            let words: [u32; WORDS] = message(number);
            assert_eq!(requester.try_push_words(&link, &words), Ok(()));
        }
        assert_eq!(consumer.try_pop(&ring), Ok(message(0)));
        assert_eq!(consumer.try_pop(&ring), Ok(message(1)));
        requester.close(&link);
        assert_eq!(ProducerState::resuming(&ring).tail(), 3);
        consumer.try_pop(&ring).expect("the third is whole")
    }

    #[test]
    fn a_ring_of_any_lines_gets_its_messages() {
        assert_eq!(passed::<1, 16>()[15], 215);
        assert_eq!(passed::<2, 20>()[19], 219);
        assert_eq!(passed::<4, 20>()[19], 219);
    }

    #[test]
    fn words_past_the_last_cell_stay_in_their_slot() {
        let words: [HostWord; 256] = core::array::from_fn(|_| HostWord::new(0));
        let link = AddressedLinkRing::new(Words(&words), 0, SLOTS, 1);
        assert_eq!(RequesterState::new().try_push_words(&link, &[7; 32]), Ok(()));
        let next = link.cell(1, 0);
        assert_eq!(crate::ring::SharedCell::poll(&next).turn, 0);
    }
}
