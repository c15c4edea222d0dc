//! What mutants of the ring went past: hints, forwarding, the ends of slots, and words that
//! travel by reference.

use std::sync::Mutex;

use isokern_core::ring::{
    ConsumerState, EndStatus, HostRing, HostWord, LINE_BYTES, LINE_CELLS, PopError, ProducerState,
    PushError, ReplierState, RequesterState, SharedCell, SharedRing, SharedRmw, SharedWord,
    SlotCount,
};

const LINES: usize = 2;

/// A ring of two-line slots that notes the hints it gets.
struct Hinted<const N: usize> {
    ring: HostRing<N, LINES>,
    polls: Mutex<Vec<u32>>,
    publishes: Mutex<Vec<u32>>,
}

impl<const N: usize> Hinted<N> {
    fn new() -> Self {
        Self { ring: HostRing::new(), polls: Mutex::default(), publishes: Mutex::default() }
    }

    fn take_polls(&self) -> Vec<u32> {
        core::mem::take(&mut self.polls.lock().expect("nobody panics"))
    }

    fn take_publishes(&self) -> Vec<u32> {
        core::mem::take(&mut self.publishes.lock().expect("nobody panics"))
    }
}

impl<const N: usize> SharedRing for Hinted<N> {
    const LINES: usize = LINES;

    fn slot_count(&self) -> SlotCount {
        self.ring.slot_count()
    }

    fn cell(&self, slot_index: u32, cell_index: usize) -> impl SharedCell {
        self.ring.cell(slot_index, cell_index)
    }

    fn expect_poll(&self, slot_index: u32) {
        self.polls.lock().expect("nobody panics").push(slot_index);
    }

    fn expect_publish(&self, slot_index: u32) {
        self.publishes.lock().expect("nobody panics").push(slot_index);
    }

    fn head(&self) -> impl SharedWord {
        self.ring.head()
    }

    fn acknowledgement(&self) -> impl SharedCell {
        self.ring.acknowledgement()
    }

    fn final_tail(&self) -> impl SharedCell {
        self.ring.final_tail()
    }

    fn producer_status(&self) -> impl SharedWord {
        self.ring.producer_status()
    }

    fn count_cell(&self, cell_index: usize) -> impl SharedCell {
        self.ring.count_cell(cell_index)
    }

    fn consumer_status(&self) -> impl SharedWord {
        self.ring.consumer_status()
    }
}

#[test]
fn slots_that_are_free_and_eight_ahead_are_brought_near() {
    let hinted = Hinted::<16>::new();
    // By reference: hints go through as everything does.
    let ring = &&hinted;
    let (mut producer, mut consumer) = (ProducerState::new(), ConsumerState::new());
    for turn in 0..16_u32 {
        assert_eq!(producer.try_push(ring, turn), Ok(()));
        let expected = if turn < 8 { vec![turn + 8] } else { Vec::new() };
        assert_eq!(hinted.take_publishes(), expected, "push {turn}");
    }
    assert_eq!(producer.try_push(ring, 16_u32), Err(PushError::Full(16)));
    for turn in 0..40_u32 {
        assert_eq!(consumer.head(), turn);
        assert_eq!(consumer.try_pop(ring), Ok(turn));
        // Sixteen in a row are a stream.
        let expected = if turn < 16 { Vec::new() } else { vec![(turn + 8) % 16] };
        assert_eq!(hinted.take_polls(), expected, "pop {turn}");
        // In a stream slots are given back a few at a time.
        while producer.try_push(ring, producer.tail()).is_ok() {}
    }
}

#[test]
fn a_stream_that_is_taken_without_giving_slots_back_is_brought_near_too() {
    let hinted = Hinted::<32>::new();
    let (mut producer, mut consumer) = (ProducerState::new(), ConsumerState::new());
    assert_eq!(producer.push_from(&hinted, &[5_u32; 40]), Ok(32));
    for turn in 0..32_u32 {
        assert_eq!(consumer.try_take(&&hinted), Ok(5_u32));
        let expected = if turn < 16 { Vec::new() } else { vec![(turn + 8) % 32] };
        assert_eq!(hinted.take_polls(), expected, "take {turn}");
    }
    assert_eq!(consumer.try_take::<u32, _>(&hinted), Err(PopError::Empty));
}

/// Sends words as one message, and takes them as a message and what follows it.
fn followed<const LINES: usize, const MESSAGE: usize, const REST: usize>(
    sent_words: usize,
) -> ([u32; MESSAGE], Option<[u32; REST]>) {
    let ring = HostRing::<2, LINES>::new();
    let (mut requester, mut consumer) = (RequesterState::new(), ConsumerState::new());
    let words: Vec<u32> = (1..=sent_words as u32).collect();
    requester.try_push_words(&ring, &words).expect("a slot is free");
    consumer.try_take_followed(&ring, |_| true).expect("was pushed")
}

#[test]
fn what_follows_a_message_reaches_to_the_end_of_its_slot() {
    let (message, rest) = followed::<2, 16, 4>(20);
    assert_eq!((message[15], rest), (16, Some([17, 18, 19, 20])));
    let (message, rest) = followed::<2, 16, 16>(32);
    assert_eq!((message[15], rest.map(|rest| rest[15])), (16, Some(32)));
    let (_, rest) = followed::<1, 12, 4>(16);
    assert_eq!(rest, Some([13, 14, 15, 16]));
    // One word more than the slot has: nothing of it is there.
    let (message, rest) = followed::<1, 13, 4>(17);
    assert_eq!((message[12], rest), (13, Some([0; 4])));
    let (message, rest) = followed::<2, 31, 2>(33);
    assert_eq!((message[30], rest), (31, Some([0; 2])));
}

#[test]
fn cells_are_where_the_layout_says() {
    let ring = HostRing::<4, 2>::new();
    let place = |slot_index| ring.slot(slot_index).as_ptr().addr();
    for slot_index in 0..4 {
        let from_start = place(slot_index) - place(0);
        assert_eq!(from_start, slot_index as usize * 2 * LINE_BYTES);
    }
    assert_eq!(place(5), place(1), "nothing is outside");
    // Cells that are asked for past the last line are in it.
    ring.cell(1, LINE_CELLS + 3).publish(7, 1);
    assert_eq!(ring.cell(1, 9 * LINE_CELLS + 3).poll().data, 7);
    assert_eq!(ring.slot(1)[1][3].poll().data, 7);
}

#[test]
fn words_by_reference_are_words() {
    let word = HostWord::new(3);
    let by_reference = &&word;
    SharedWord::store_relaxed(&by_reference, 4);
    assert_eq!([word.load_relaxed(), by_reference.load_acquire()], [4, 4]);
    assert_eq!(SharedRmw::compare_exchange(&by_reference, 3, 9), Err(4));
    assert_eq!(SharedRmw::compare_exchange(&by_reference, 4, 9), Ok(4));
    assert_eq!(word.load_acquire(), 9);
}

#[test]
fn bits_of_an_end_are_joined() {
    assert_eq!(EndStatus::CLOSED.union(EndStatus::CLOSED), EndStatus::CLOSED);
    assert_eq!(EndStatus::CLOSED.union(EndStatus::WAITING).bits(), 3);
}

#[test]
fn a_replier_knows_what_it_owes() {
    let (requests, replies) = (HostRing::<4, 1>::new(), HostRing::<4, 1>::new());
    let (mut requester, mut replier) = (RequesterState::new(), ReplierState::new());
    assert_eq!(replier.owed(), 0);
    for count in 1..=3 {
        requester.try_push(&requests, count).expect("a slot is free");
        assert_eq!(replier.try_pop(&requests), Ok(count));
        assert_eq!(replier.owed(), count);
    }
    replier.reply(&replies, 1_u32).expect("one is owed");
    replier.acknowledge(&requests);
    assert_eq!(replier.owed(), 1);
}

#[test]
fn a_full_ring_may_take_a_message_later_and_a_closed_one_never() {
    assert!(PushError::Full(1).is_full());
    assert!(!PushError::Closed(1).is_full());
}
