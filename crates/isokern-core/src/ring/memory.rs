//! Memory of rings: the trait, and rings in memory of our own.
//!
//! ```text
//! bytes                     written by   what
//! 0..128                    producer     producer line
//!   0..8                                   final tail: cell, published once, at close
//!   8..12                                  status word: bit 1 waiting
//!   16..128                                seven counts: two control cells each
//! 128..256                  consumer     consumer line
//!   128..132                               head: next ticket to take
//!   136..144                               acknowledgement: control cell, tells taken
//!   192..196                               status word: bit 0 closed, bit 1 waiting
//! 256..256 + N * L * 128    producer     slots, L lines of 16 cells each
//! ```
//!
//! Bytes not named stay zero. The consumer's head changes with every message and its
//! status hardly ever, so they are in different 64-byte halves: a producer looks at the
//! status for every push and finds it in its own cache.

use core::mem::offset_of;

use super::counts::COUNT_MAX;
use super::host::{HostCell, HostWord, empty_cell};
use super::tickets::SlotCount;
use super::words::{SharedCell, SharedWord};

/// Cells in a line.
pub const LINE_CELLS: usize = 16;
/// Bytes of a line in memory.
pub const LINE_BYTES: usize = 128;
/// Bytes of data that a line carries.
pub const LINE_DATA_BYTES: usize = 64;

/// Cells of the counts in a producer's line, two each.
const COUNT_CELLS: usize = 2 * COUNT_MAX;

/// Where parts of a ring lie, in bytes from its start. Its final tail is the start.
pub(super) const PRODUCER_STATUS_AT: u64 = 8;
pub(super) const COUNTS_AT: u64 = 16;
pub(super) const HEAD_AT: u64 = 128;
pub(super) const ACKNOWLEDGEMENT_AT: u64 = 136;
pub(super) const CONSUMER_STATUS_AT: u64 = 192;
pub(super) const SLOTS_AT: u64 = 256;

/// Access to the cells and words of one ring, wherever they live.
///
/// The protocol asks for one cell at a time and never for a reference to more, so an
/// implementation may be a slice of atomics, an address in mapped memory, or a window
/// into a simulated device.
pub trait SharedRing {
    /// Lines of a slot; a message that needs more does not compile.
    const LINES: usize;

    /// Returns the number of slots; always the same for one ring.
    fn slot_count(&self) -> SlotCount;

    /// Returns cell `cell_index` of a slot. The protocol keeps `slot_index` below the slot count
    /// and `cell_index` below `LINES * 16`.
    fn cell(&self, slot_index: u32, cell_index: usize) -> impl SharedCell;

    /// Says that a slot will be polled soon. Memory that can be brought near does so; the
    /// hint changes nothing and may do nothing.
    #[inline]
    fn expect_poll(&self, slot_index: u32) {
        let _ = slot_index;
    }

    /// Says that a slot, which is free, will be published soon. As above.
    #[inline]
    fn expect_publish(&self, slot_index: u32) {
        let _ = slot_index;
    }

    /// Returns where the consumer says which ticket it takes next.
    fn head(&self) -> impl SharedWord;

    /// Returns where the consumer counts the messages it took that get no reply.
    fn acknowledgement(&self) -> impl SharedCell;

    /// Returns where the producer, when it closes, says at which ticket it stopped.
    fn final_tail(&self) -> impl SharedCell;

    /// Returns [`EndStatus`](super::EndStatus) of the producer.
    fn producer_status(&self) -> impl SharedWord;

    /// Returns cell `cell_index` of the producer's counts, which the protocol keeps below 14.
    fn count_cell(&self, cell_index: usize) -> impl SharedCell;

    /// Returns [`EndStatus`](super::EndStatus) of the consumer.
    fn consumer_status(&self) -> impl SharedWord;
}

impl<R: SharedRing> SharedRing for &R {
    const LINES: usize = R::LINES;

    #[inline]
    fn slot_count(&self) -> SlotCount {
        R::slot_count(self)
    }

    #[inline]
    fn cell(&self, slot_index: u32, cell_index: usize) -> impl SharedCell {
        R::cell(self, slot_index, cell_index)
    }

    #[inline]
    fn expect_poll(&self, slot_index: u32) {
        R::expect_poll(self, slot_index);
    }

    #[inline]
    fn expect_publish(&self, slot_index: u32) {
        R::expect_publish(self, slot_index);
    }

    #[inline]
    fn head(&self) -> impl SharedWord {
        R::head(self)
    }

    #[inline]
    fn acknowledgement(&self) -> impl SharedCell {
        R::acknowledgement(self)
    }

    #[inline]
    fn final_tail(&self) -> impl SharedCell {
        R::final_tail(self)
    }

    #[inline]
    fn producer_status(&self) -> impl SharedWord {
        R::producer_status(self)
    }

    #[inline]
    fn count_cell(&self, cell_index: usize) -> impl SharedCell {
        R::count_cell(self, cell_index)
    }

    #[inline]
    fn consumer_status(&self) -> impl SharedWord {
        R::consumer_status(self)
    }
}

/// A ring of `N` slots of `LINES` lines in the layout above, over any cells and words.
///
/// [`HostRing`] is the one to use; a model checker brings other words.
#[derive(Debug)]
#[repr(C)]
pub struct RingMemory<C, W, const N: usize, const LINES: usize> {
    producer: ProducerLine<C, W>,
    consumer: ConsumerLine<C, W>,
    slots: [Slot<C, LINES>; N],
}

/// A ring of host threads or of firmware; all zero when new.
pub type HostRing<const N: usize, const LINES: usize> = RingMemory<HostCell, HostWord, N, LINES>;

#[derive(Debug)]
#[repr(C, align(128))]
struct ProducerLine<C, W> {
    final_tail: C,
    status: W,
    counts: [C; COUNT_CELLS],
}

#[derive(Debug)]
#[repr(C, align(128))]
struct ConsumerLine<C, W> {
    taking: Taking<C, W>,
    status: Half<W>,
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Taking<C, W> {
    head: W,
    acknowledgement: C,
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Half<W>(W);

#[derive(Debug)]
#[repr(C, align(128))]
struct Slot<C, const LINES: usize>([[C; LINE_CELLS]; LINES]);

// Host, firmware and device read these numbers: a change is a change of protocol.
const _: () = {
    type Two = HostRing<2, 3>;
    assert!(align_of::<Two>() == 128);
    assert!(size_of::<Two>() == 256 + 2 * 3 * LINE_BYTES);
    assert!(offset_of!(Two, producer.final_tail) == 0);
    assert!(offset_of!(Two, producer.status) as u64 == PRODUCER_STATUS_AT);
    assert!(offset_of!(Two, producer.counts) as u64 == COUNTS_AT);
    assert!(offset_of!(Two, consumer.taking.head) as u64 == HEAD_AT);
    assert!(offset_of!(Two, consumer.taking.acknowledgement) as u64 == ACKNOWLEDGEMENT_AT);
    assert!(offset_of!(Two, consumer.status) as u64 == CONSUMER_STATUS_AT);
    assert!(offset_of!(Two, slots) as u64 == SLOTS_AT);
    assert!(size_of::<Slot<HostCell, 1>>() == LINE_BYTES);
    assert!(align_of::<Slot<HostCell, 1>>() == LINE_BYTES);
    assert!(LINE_CELLS * 4 == LINE_DATA_BYTES);
};

impl<C, W, const N: usize, const LINES: usize> RingMemory<C, W, N, LINES> {
    /// Returns a ring whose cells and words are made one by one; all must be zero.
    pub fn from_words(mut cell: impl FnMut() -> C, mut word: impl FnMut() -> W) -> Self {
        Self {
            producer: ProducerLine {
                final_tail: cell(),
                status: word(),
                counts: core::array::from_fn(|_| cell()),
            },
            consumer: ConsumerLine {
                taking: Taking { head: word(), acknowledgement: cell() },
                status: Half(word()),
            },
            slots: core::array::from_fn(|_| {
                Slot(core::array::from_fn(|_| core::array::from_fn(|_| cell())))
            }),
        }
    }
}

impl<C, W, const N: usize, const LINES: usize> RingMemory<C, W, N, LINES> {
    /// Returns the cells of a slot, line by line, for hints that need an address.
    #[inline]
    #[must_use]
    pub const fn slot(&self, slot_index: u32) -> &[[C; LINE_CELLS]; LINES] {
        &self.slots[slot_index as usize & (N - 1)].0
    }
}

#[expect(clippy::declare_interior_mutable_const, reason = "new memory is a copy of it")]
const EMPTY_PRODUCER_LINE: ProducerLine<HostCell, HostWord> = ProducerLine {
    final_tail: empty_cell(),
    status: HostWord::new(0),
    counts: [const { empty_cell() }; COUNT_CELLS],
};

impl<const N: usize, const LINES: usize> HostRing<N, LINES> {
    /// Returns an empty ring, all bytes zero; fit for a `static`.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(LINES >= 1, "a slot has at least one line") }
        Self {
            producer: EMPTY_PRODUCER_LINE,
            consumer: ConsumerLine {
                taking: Taking { head: HostWord::new(0), acknowledgement: empty_cell() },
                status: Half(HostWord::new(0)),
            },
            slots: [const { Slot([const { [const { empty_cell() }; LINE_CELLS] }; LINES]) }; N],
        }
    }

    /// Makes the ring new again; nobody else can look while it is borrowed for writing.
    pub fn clear(&mut self) {
        let Self { producer, consumer, slots } = self;
        *producer = EMPTY_PRODUCER_LINE;
        consumer.taking = Taking { head: HostWord::new(0), acknowledgement: empty_cell() };
        consumer.status = Half(HostWord::new(0));
        for cell in slots.iter_mut().flat_map(|slot| slot.0.as_flattened_mut()) {
            *cell = empty_cell();
        }
    }
}

impl<const N: usize, const LINES: usize> Default for HostRing<N, LINES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: SharedCell, W: SharedWord, const N: usize, const LINES: usize> SharedRing
    for RingMemory<C, W, N, LINES>
{
    const LINES: usize = LINES;

    #[inline]
    fn slot_count(&self) -> SlotCount {
        SlotCount::new::<N>()
    }

    #[inline]
    fn cell(&self, slot_index: u32, cell_index: usize) -> impl SharedCell {
        // Masks are no-ops for what the protocol asks; with them nothing can be outside.
        let lines = self.slot(slot_index);
        let line_index = if LINES == 1 { 0 } else { (cell_index / LINE_CELLS).min(LINES - 1) };
        &lines[line_index][cell_index % LINE_CELLS]
    }

    #[inline]
    fn head(&self) -> impl SharedWord {
        &self.consumer.taking.head
    }

    #[inline]
    fn acknowledgement(&self) -> impl SharedCell {
        &self.consumer.taking.acknowledgement
    }

    #[inline]
    fn final_tail(&self) -> impl SharedCell {
        &self.producer.final_tail
    }

    #[inline]
    fn producer_status(&self) -> impl SharedWord {
        &self.producer.status
    }

    #[inline]
    fn count_cell(&self, cell_index: usize) -> impl SharedCell {
        &self.producer.counts[cell_index % COUNT_CELLS]
    }

    #[inline]
    fn consumer_status(&self) -> impl SharedWord {
        &self.consumer.status.0
    }
}
