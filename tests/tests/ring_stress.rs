//! Threads on the two ends of a ring, every message accounted for.
//!
//! `ISOKERN_RING_MESSAGES=100000000 cargo test --release -p isokern-tests --test ring_stress`
//! runs longer; the number is that of the messages between two threads, and the other runs
//! take a share of it.

use core::time::Duration;
use std::thread;

use isokern_ring::{MpscRing, PushError, Ring, WaitStrategy, owned};

/// 64 bytes: a number, seven words made from it.
type Message = [u64; 8];

const PARK: WaitStrategy = WaitStrategy::Park { bound: Duration::from_millis(2) };

fn message_count() -> u64 {
    let wanted = std::env::var("ISOKERN_RING_MESSAGES").ok();
    wanted.map_or(1_000_000, |text| text.parse().expect("ISOKERN_RING_MESSAGES is a number"))
}

fn message(number: u64) -> Message {
    core::array::from_fn(|index| {
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(index as u32)
    })
}

/// Pushes and pops `count` messages with these strategies; order and content are checked, and
/// the count at both ends.
fn run<const N: usize>(count: u64, push: WaitStrategy, pop: WaitStrategy) {
    let (mut producer, mut consumer) = owned::<Message, N, 1>();
    let producing = thread::spawn(move || {
        for number in 0..count {
            producer.push(message(number), push).expect("the consumer is there");
        }
        count
    });
    let mut taken_count = 0;
    while let Ok(taken) = consumer.pop(pop) {
        assert_eq!(taken, message(taken_count), "message {taken_count}");
        taken_count += 1;
    }
    assert_eq!(producing.join().expect("no panic"), taken_count);
}

#[test]
fn nothing_is_lost_or_changed_between_two_threads() {
    run::<256>(message_count(), WaitStrategy::Yield, WaitStrategy::Yield);
}

#[test]
fn nothing_is_lost_in_the_smallest_ring() {
    run::<2>(message_count() / 20, WaitStrategy::Yield, WaitStrategy::Yield);
}

#[test]
fn nothing_is_lost_by_ends_that_sleep() {
    run::<4>(message_count() / 50, PARK, PARK);
    run::<4>(message_count() / 50, WaitStrategy::Yield, PARK);
    run::<4>(message_count() / 50, PARK, WaitStrategy::Yield);
}

#[test]
fn batches_lose_nothing() {
    let count = message_count() / 4;
    let mut ring = Ring::<u64, 32>::new();
    let (mut producer, mut consumer) = ring.split();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut next = 0;
            while next < count {
                let batch: [u64; 20] = core::array::from_fn(|index| next + index as u64);
                let wanted = usize::try_from(count - next).unwrap_or(20).min(20);
                let pushed = producer.push_from(&batch[..wanted]).expect("open");
                next += pushed as u64;
                if pushed == 0 {
                    thread::yield_now();
                }
            }
        });
        let (mut next, mut places) = (0, [0; 7]);
        loop {
            match consumer.pop_into(&mut places) {
                Ok(taken) => {
                    for number in &places[..taken] {
                        assert_eq!(*number, next);
                        next += 1;
                    }
                }
                Err(isokern_ring::PopError::Empty) => thread::yield_now(),
                Err(isokern_ring::PopError::Closed) => break,
            }
        }
        assert_eq!(next, count);
    });
}

#[test]
fn what_was_accepted_is_taken_or_left_when_the_consumer_closes() {
    for round in 0..200 {
        let mut ring = Ring::<u64, 8>::new();
        let (mut producer, mut consumer) = ring.split();
        thread::scope(|scope| {
            let producing = scope.spawn(move || {
                let mut accepted = 0;
                loop {
                    match producer.push(accepted, WaitStrategy::Yield) {
                        Ok(()) => accepted += 1,
                        Err(PushError::Closed(number)) => {
                            assert_eq!(number, accepted);
                            return accepted;
                        }
                        Err(PushError::Full(_)) => unreachable!("push waits"),
                    }
                }
            });
            for number in 0..round {
                assert_eq!(consumer.pop(WaitStrategy::Yield), Ok(number));
            }
            consumer.close();
            let mut taken = round;
            loop {
                match consumer.try_pop() {
                    Ok(number) => {
                        assert_eq!(number, taken);
                        taken += 1;
                    }
                    Err(isokern_ring::PopError::Empty) => thread::yield_now(),
                    Err(isokern_ring::PopError::Closed) => break,
                }
            }
            assert_eq!(producing.join().expect("no panic"), taken);
        });
    }
}

#[test]
fn many_producers_lose_nothing_and_keep_their_order() {
    const PRODUCERS: u64 = 3;
    let count = message_count() / 20;
    let mut ring = MpscRing::<[u64; 2], 16>::new();
    let (producer, mut consumer) = ring.split();
    thread::scope(|scope| {
        for index in 0..PRODUCERS {
            let producer = producer.clone();
            scope.spawn(move || {
                for number in 0..count {
                    producer.push([index, number], WaitStrategy::Yield).expect("open");
                }
            });
        }
        drop(producer);
        let mut next = [0; PRODUCERS as usize];
        while let Ok([index, number]) = consumer.pop(PARK) {
            assert_eq!(number, next[index as usize], "producer {index}");
            next[index as usize] += 1;
        }
        assert_eq!(next, [count; PRODUCERS as usize]);
    });
}
