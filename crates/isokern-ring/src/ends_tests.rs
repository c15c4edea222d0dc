//! What the ends add to the protocol: sleeping and waking, closing by hand, splitting again.

use core::time::Duration;
use std::thread;
use std::time::Instant;

use crate::{ArcRing, Closed, MpscRing, PopError, Producer, PushError, Ring, WaitStrategy, owned};

/// A sleep so long that a test which needs its end has failed.
const LONG: WaitStrategy = WaitStrategy::Park { bound: Duration::from_secs(60) };
/// Enough for the other thread to fall asleep.
const A_WHILE: Duration = Duration::from_millis(100);
/// Far more than a wake-up takes, far less than `LONG`.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn every_form_of_push_wakes_a_sleeping_consumer() {
    type End = Producer<ArcRing<u32, 4>>;
    let pushes: [fn(&mut End); 3] = [
        |producer| producer.try_push(7).expect("free"),
        |producer| producer.push(7, LONG).expect("free"),
        |producer| assert_eq!(producer.push_from(&[7]), Ok(1)),
    ];
    for push in pushes {
        let (mut producer, mut consumer) = owned::<u32, 4, 1>();
        let sleeper = thread::spawn(move || {
            let began = Instant::now();
            (consumer.pop(LONG), began.elapsed())
        });
        thread::sleep(A_WHILE);
        push(&mut producer);
        let (popped, waited) = sleeper.join().expect("no panic");
        assert_eq!(popped, Ok(7));
        assert!(waited < SOON, "{waited:?}");
    }
}

#[test]
fn a_pop_wakes_a_sleeping_producer() {
    let (mut producer, mut consumer) = owned::<u32, 2, 1>();
    producer.try_push(0).expect("free");
    producer.try_push(1).expect("free");
    let sleeper = thread::spawn(move || {
        let began = Instant::now();
        (producer.push(2, LONG), began.elapsed())
    });
    thread::sleep(A_WHILE);
    assert_eq!(consumer.try_pop(), Ok(0));
    let (pushed, waited) = sleeper.join().expect("no panic");
    assert_eq!(pushed, Ok(()));
    assert!(waited < SOON, "{waited:?}");
}

#[test]
fn closing_wakes_whoever_sleeps() {
    let began = Instant::now();
    let (mut producer, consumer) = owned::<u32, 2, 1>();
    assert_eq!(producer.push_from(&[0, 1, 2]), Ok(2));
    let sleeper = thread::spawn(move || producer.push(2, LONG));
    thread::sleep(A_WHILE);
    drop(consumer);
    assert_eq!(sleeper.join().expect("no panic"), Err(PushError::Closed(2)));

    let (producer, mut consumer) = owned::<u32, 2, 1>();
    let sleeper = thread::spawn(move || consumer.pop(LONG));
    thread::sleep(A_WHILE);
    drop(producer);
    assert_eq!(sleeper.join().expect("no panic"), Err(Closed));

    let mut ring = MpscRing::<u32, 2>::new();
    let (producer, mut consumer) = ring.split();
    thread::scope(|scope| {
        let sleeper = scope.spawn(move || consumer.pop(LONG));
        thread::sleep(A_WHILE);
        drop(producer);
        assert_eq!(sleeper.join().expect("no panic"), Err(Closed));
    });
    assert!(began.elapsed() < SOON);
}

#[test]
fn a_consumer_that_closed_waits_for_nobody() {
    let mut ring = Ring::<u32, 2>::new();
    let (mut producer, mut consumer) = ring.split();
    producer.try_push(1).expect("free");
    consumer.close();
    assert!(producer.is_closed() && !consumer.is_closed());
    for wait in [WaitStrategy::Spin, WaitStrategy::Yield, LONG] {
        let left = consumer.pop(wait);
        assert!(left == Ok(1) || left == Err(Closed), "{left:?}");
    }
    assert_eq!(consumer.try_pop(), Err(PopError::Empty), "the producer may still be at it");
}

#[test]
fn a_second_split_is_a_new_ring() {
    let mut ring = Ring::<u32, 2>::new();
    let (mut producer, consumer) = ring.split();
    producer.try_push(1).expect("free");
    drop((producer, consumer));
    let (mut producer, mut consumer) = ring.split();
    assert!(!producer.is_closed() && !consumer.is_closed());
    assert_eq!(consumer.try_pop(), Err(PopError::Empty));
    assert_eq!(producer.push_from(&[2, 3]), Ok(2));
    assert_eq!(consumer.try_pop(), Ok(2));
    drop((producer, consumer));
    assert!(ring.try_split().is_none(), "split by `&mut` counts too");
    assert_eq!(ring.capacity(), 2);
}
