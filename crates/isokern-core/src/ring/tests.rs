//! Steps of the protocol on host words, one thread: sizes, wrap, mixtures, close, credit.

use core::cell::Cell;

use bytemuck::{Pod, Zeroable};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};

use super::words::SharedCell;
use super::{
    Closed, ConsumerState, EndStatus, HostCell, HostRing, HostWord, PopError, ProducerState,
    PushError, ReplierState, RequesterState, RingMemory, SharedRing, SharedRmw, SharedTail,
    SharedWord, SplitCell, cells_of, consumer_closed, consumer_waits, lines_of, producer_waits,
    publish, take,
};

/// A ring whose cells are two words, as on targets without 64-bit atomics.
type SplitRing<const N: usize> = RingMemory<SplitCell<HostWord>, HostWord, N, 2>;

fn split_ring<const N: usize>() -> SplitRing<N> {
    RingMemory::from_words(SplitCell::default, HostWord::default)
}

/// Ends, with the first ticket wherever it is wanted.
fn ends_at<R: SharedRing>(ring: &R, ticket: u32) -> (ProducerState, ConsumerState) {
    ring.head().store_release(ticket);
    (ProducerState::starting_at(ticket), ConsumerState::starting_at(ticket))
}

fn passes<T: Pod + PartialEq + core::fmt::Debug, R: SharedRing>(ring: &R, message: T) {
    for ticket in [0, 1, 2, 77, u32::MAX] {
        assert_eq!(take::<T, R>(ring, ticket), None);
        publish(ring, ticket, &message);
        assert_eq!(take::<T, R>(ring, ticket), Some(message));
    }
}

#[test]
fn messages_of_every_size_pass_unchanged() {
    #[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
    #[repr(C)]
    struct Nothing;

    let ring = HostRing::<2, 4>::new();
    passes(&ring, Nothing);
    let (one, two, four) = (HostRing::<2, 1>::new(), HostRing::<2, 2>::new(), ring);
    passes(&one, 0x1f_u8);
    passes(&HostRing::<2, 1>::new(), *b"abc");
    passes(&HostRing::<2, 1>::new(), 0x0123_4567_89ab_cdef_u64);
    passes(&HostRing::<2, 1>::new(), core::array::from_fn::<u8, 63, _>(|i| i as u8 + 1));
    passes(&HostRing::<2, 1>::new(), core::array::from_fn::<u16, 32, _>(|i| i as u16 + 1));
    passes(&two, core::array::from_fn::<u8, 65, _>(|i| i as u8 + 1));
    passes(&HostRing::<2, 4>::new(), core::array::from_fn::<u8, 240, _>(|i| i as u8 + 1));
    passes(&split_ring::<2>(), core::array::from_fn::<u8, 111, _>(|i| i as u8 + 1));
    assert_eq!(take::<u32, _>(&four, 3), None);
}

#[test]
fn a_message_takes_whole_words_and_lines() {
    assert_eq!([cells_of::<()>(), cells_of::<u8>(), cells_of::<[u8; 5]>()], [1, 1, 2]);
    assert_eq!([cells_of::<[u8; 64]>(), cells_of::<[u8; 65]>()], [16, 17]);
    assert_eq!([lines_of::<[u8; 64]>(), lines_of::<[u8; 129]>()], [1, 3]);
}

#[test]
fn the_layout_in_memory_is_data_then_turn() {
    let ring = HostRing::<2, 1>::new();
    publish(&ring, 3, &[0x11_u32, 0x22]); // slot 1, turn 2
    let cell = ring.cell(1, 1).poll();
    assert_eq!((cell.data, cell.turn), (0x22, 2));
    assert_eq!(ring.cell(1, 2).poll().turn, 0, "cells after the message are not touched");
    assert_eq!(ring.cell(0, 0).poll().turn, 0);
}

#[test]
fn a_mix_of_old_and_new_cells_is_never_taken() {
    let old = core::array::from_fn::<u32, 16, _>(|i| i as u32);
    let new = old.map(|word| word + 100);
    for seen_mask in 0..1_u32 << 16 {
        let ring = HostRing::<2, 1>::new();
        publish(&ring, 0, &old);
        // The cells of the next lap that have arrived, in any order.
        for index in (0..16).filter(|index| seen_mask >> index & 1 == 1) {
            ring.cell(0, index).publish(new[index], 2);
        }
        let expected = (seen_mask == 0xffff).then_some(new);
        assert_eq!(take::<[u32; 16], _>(&ring, 2), expected, "{seen_mask:#x}");
        let expected = (seen_mask == 0).then_some(old);
        assert_eq!(take::<[u32; 16], _>(&ring, 0), expected, "{seen_mask:#x}");
    }
}

#[test]
fn closing_from_either_end_is_final_and_delivers() {
    let ring = HostRing::<4, 1>::new();
    let (mut producer, mut consumer) = ends_at(&ring, u32::MAX);
    assert_eq!(producer.push_from(&ring, &[1_u32, 2, 3, 4, 5]), Ok(4));
    producer.close(&ring);
    producer.close(&ring);
    assert_eq!(producer.try_push(&ring, 9_u32), Err(PushError::Closed(9)));
    assert_eq!(producer.push_from(&ring, &[9_u32]), Err(Closed));
    assert!(consumer.sees_closed(&ring));
    let mut taken = [0_u32; 3];
    assert_eq!(consumer.pop_into(&ring, &mut taken), Ok(3));
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Ok(4));
    assert_eq!(consumer.pop_into(&ring, &mut taken), Err(PopError::Closed));
    assert_eq!(consumer.pop_into::<u32, _>(&ring, &mut []), Ok(0));

    let ring = HostRing::<4, 1>::new();
    let (mut producer, mut consumer) = ends_at(&ring, 0);
    producer.try_push(&ring, 1_u32).expect("free");
    consumer.close(&ring);
    assert!(consumer_closed(&ring));
    assert_eq!(producer.try_push(&ring, 2_u32), Err(PushError::Closed(2)));
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Ok(1));
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Err(PopError::Empty), "one may be under way");
    producer.close(&ring);
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Err(PopError::Closed));
}

#[test]
fn a_final_tail_that_arrives_first_hides_no_message() {
    let ring = HostRing::<2, 1>::new();
    let mut consumer = ConsumerState::new();
    // The other side's closing is seen before its last message.
    ring.final_tail().publish_release(1, 1);
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Err(PopError::Empty));
    publish(&ring, 0, &5_u32);
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Ok(5));
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Err(PopError::Closed));
}

#[test]
fn a_waiting_end_says_so_and_stays_closed() {
    let ring = HostRing::<2, 1>::new();
    let (producer, mut consumer) = ends_at(&ring, 0);
    consumer.announce_waiting(&ring, true);
    producer.announce_waiting(&ring, true);
    assert!(consumer_waits(&ring) && producer_waits(&ring));
    consumer.close(&ring);
    consumer.announce_waiting(&ring, true);
    assert!(consumer_waits(&ring) && consumer_closed(&ring));
    consumer.announce_waiting(&ring, false);
    producer.announce_waiting(&ring, false);
    assert!(!consumer_waits(&ring) && consumer_closed(&ring) && !producer_waits(&ring));
    assert_eq!(ring.producer_status().load_relaxed(), EndStatus::default().bits());
}

#[test]
fn a_head_that_makes_no_sense_is_a_full_ring() {
    let ring = HostRing::<4, 1>::new();
    let mut producer = ProducerState::new();
    assert_eq!(producer.push_from(&ring, &[0_u32; 4]), Ok(4));
    for nonsense in [5, 100, u32::MAX, 1 << 31] {
        ring.head().store_release(nonsense);
        assert_eq!(producer.try_push(&ring, 1_u32), Err(PushError::Full(1)), "{nonsense}");
        assert_eq!(producer.free_slots(&ring), 0);
        assert_eq!(producer.push_from(&ring, &[1_u32]), Ok(0));
    }
    ring.head().store_release(1);
    assert_eq!(producer.try_push(&ring, 1_u32), Ok(()));
}

#[test]
fn replies_and_acknowledgements_are_the_credit() {
    const SLOTS: u32 = 8;
    for first in [0, u32::MAX - 3] {
        let (requests, replies) = (HostRing::<8, 1>::new(), HostRing::<8, 1>::new());
        let mut requester = RequesterState::starting_at(first);
        let mut replier = ReplierState::starting_at(first);
        assert_eq!(replier.reply(&replies, 0_u32), Err(PushError::Full(0)), "nothing is owed");
        for number in 0..SLOTS {
            requester.try_push(&requests, number).expect("credit");
        }
        assert_eq!(requester.try_push(&requests, 9_u32), Err(PushError::Full(9)));
        // Two tells make a batch of a quarter; the third waits for the empty ring.
        for number in 0..3 {
            assert_eq!(replier.try_pop::<u32, _>(&requests), Ok(number));
            replier.acknowledge(&requests);
        }
        assert_eq!(requester.free_slots(&requests), 2);
        for number in 3..SLOTS {
            assert_eq!(replier.try_pop(&requests), Ok(number));
            replier.reply(&replies, number).expect("owed");
        }
        assert_eq!(replier.owed(), 0);
        assert_eq!(replier.try_pop::<u32, _>(&requests), Err(PopError::Empty));
        for number in 3..SLOTS {
            assert_eq!(requester.try_pop_reply(&replies), Ok(number));
        }
        assert_eq!(requester.outstanding(), 1, "replies alone do not say that it is all");
        for _ in 0..SLOTS - 1 {
            requester.try_push(&requests, 0_u32).expect("credit");
        }
        assert_eq!(requester.free_slots(&requests), 1, "the empty ring told of the third");
        replier.close(&requests, &replies);
        assert_eq!(requester.try_push(&requests, 9_u32), Err(PushError::Closed(9)));
        assert_eq!(requester.try_pop_reply::<u32, _>(&replies), Err(PopError::Closed));
    }
}

#[test]
fn claims_share_one_ring_and_the_last_to_leave_closes_it() {
    let ring = HostRing::<2, 1>::new();
    let tail = SharedTail::new(HostWord::new(0), HostWord::new(0), HostWord::new(1));
    let mut consumer = ConsumerState::new();
    tail.join();
    assert_eq!(tail.try_push(&ring, 1_u32), Ok(()));
    assert_eq!(tail.try_push(&ring, 2_u32), Ok(()));
    assert_eq!(tail.try_push(&ring, 3_u32), Err(PushError::Full(3)));
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Ok(1));
    assert_eq!(tail.try_push(&ring, 3_u32), Ok(()));
    tail.leave(&ring);
    assert!(!consumer.sees_closed(&ring));
    tail.leave(&ring);
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Ok(2));
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Ok(3));
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Err(PopError::Closed));
    consumer.close(&ring);
    assert_eq!(tail.try_push(&ring, 4_u32), Err(PushError::Closed(4)));
}

/// A tail whose first look is an old one.
struct OldTail {
    word: HostWord,
    old: Cell<Option<u32>>,
}

impl SharedWord for OldTail {
    fn load_relaxed(&self) -> u32 {
        self.old.take().unwrap_or_else(|| self.word.load_relaxed())
    }

    fn load_acquire(&self) -> u32 {
        self.word.load_acquire()
    }

    fn store_relaxed(&self, value: u32) {
        self.word.store_relaxed(value);
    }

    fn store_release(&self, value: u32) {
        self.word.store_release(value);
    }
}

#[cfg(target_has_atomic = "32")]
impl SharedRmw for OldTail {
    fn compare_exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
        self.word.compare_exchange(current, new)
    }
}

#[test]
fn a_claim_behind_the_head_is_tried_again() {
    let word = |value, old| OldTail { word: HostWord::new(value), old: Cell::new(old) };
    // Ticket 1 was read, then others pushed up to 4 and the consumer took up to 3.
    let tail = SharedTail::new(word(4, Some(1)), word(3, None), word(1, None));
    let ring = HostRing::<2, 1>::new();
    ring.head().store_release(3);
    assert_eq!(tail.try_push(&ring, 7_u32), Ok(()), "there was a free slot all the time");
    assert_eq!(take::<u32, _>(&ring, 4), Some(7));
    assert_eq!(tail.try_push(&ring, 8_u32), Err(PushError::Full(8)));
}

#[test]
fn a_backlog_is_freed_in_batches_and_an_empty_ring_at_once() {
    let ring = HostRing::<64, 1>::new();
    let (mut producer, mut consumer) = ends_at(&ring, 0);
    assert_eq!(producer.push_from(&ring, &[0_u32; 64]), Ok(64));
    for taken in 1..=64 {
        consumer.try_pop::<u32, _>(&ring).expect("64 are there");
        let shown = if taken <= 16 { taken } else { taken / 8 * 8 };
        assert_eq!(producer.free_slots(&ring), shown);
    }
    assert_eq!(producer.push_from(&ring, &[0_u32; 3]), Ok(3));
    for shown in [64 - 3, 64 - 3, 64 - 3] {
        consumer.try_pop::<u32, _>(&ring).expect("three are there");
        assert_eq!(producer.free_slots(&ring), shown);
    }
    assert_eq!(consumer.try_pop::<u32, _>(&ring), Err(PopError::Empty));
    assert_eq!(producer.free_slots(&ring), 64);
}

#[test]
fn a_cleared_ring_is_new() {
    let mut ring = HostRing::<2, 1>::new();
    let (mut producer, mut consumer) = ends_at(&ring, 0);
    producer.try_push(&ring, 1_u64).expect("free");
    assert_eq!(consumer.try_pop::<u64, _>(&ring), Ok(1));
    producer.try_push(&ring, 2_u64).expect("free");
    producer.close(&ring);
    consumer.close(&ring);
    ring.clear();
    let (mut producer, mut consumer) = ends_at(&ring, 0);
    assert_eq!(consumer.try_pop::<u64, _>(&ring), Err(PopError::Empty));
    assert_eq!(producer.try_push(&ring, 3_u64), Ok(()));
    assert_eq!(consumer.try_pop::<u64, _>(&ring), Ok(3));
}

#[test]
fn a_split_cell_that_is_being_replaced_is_not_read() {
    let cell = SplitCell::new(HostWord::new(5), HostWord::new(u32::MAX));
    assert_eq!(cell.read(), None);
    cell.replace(6, 1);
    assert_eq!(cell.read().and_then(|value| value.at_turn(1)), Some(6));
    let new = HostCell::default();
    assert_eq!(new.read().map(|value| value.turn), Some(0));
}

proptest! {
    #[test]
    fn bytes_survive_any_ticket(bytes in any::<[u8; 32]>(), tail in any::<[u8; 7]>(),
        ticket in any::<u32>()) {
        let message: [u8; 39] = core::array::from_fn(|i| {
            if i < 32 { bytes[i] } else { tail[i - 32] }
        });
        let ring = HostRing::<16, 1>::new();
        publish(&ring, ticket, &message);
        prop_assert_eq!(take::<[u8; 39], _>(&ring, ticket), Some(message));
        prop_assert_eq!(take::<[u8; 39], _>(&ring, ticket.wrapping_add(16)), None);
        let split = split_ring::<16>();
        publish(&split, ticket, &message);
        prop_assert_eq!(take::<[u8; 39], _>(&split, ticket), Some(message));
    }

    #[test]
    fn batches_equal_single_steps(sizes in vec((0..6_usize, 0..6_usize), 1..50)) {
        let ring = split_ring::<4>();
        let (mut producer, mut consumer) = ends_at(&ring, u32::MAX - 9);
        let (mut next, mut expected) = (0_u32, 0_u32);
        for (push_count, pop_count) in sizes {
            let messages: std::vec::Vec<u32> = (next..).take(push_count).collect();
            let pushed = producer.push_from(&ring, &messages).expect("open");
            prop_assert_eq!(pushed, push_count.min(4 - (next - expected) as usize));
            next += pushed as u32;
            let mut taken = std::vec![0_u32; pop_count];
            let taken_count = consumer.pop_into(&ring, &mut taken).unwrap_or(0);
            prop_assert_eq!(taken_count, pop_count.min((next - expected) as usize));
            for number in &taken[..taken_count] {
                prop_assert_eq!(*number, expected);
                expected += 1;
            }
            prop_assert_eq!(consumer.len(&ring), next - expected);
        }
    }
}
