//! Who sleeps, for how long, and what keeps an end awake.

use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;
use core::time::Duration;
use std::sync::Arc;
use std::task::Wake;
use std::time::Instant;
use std::{format, thread};

use crate::alarm::Alarm;
use crate::wait::{Pause, Wait};
use crate::{MpscRing, Notify, PayloadPool, Ring, WaitStrategy, WakerCell, heap_pool, owned};

/// A sleep so long that a test which needs its end has failed.
const LONG: Duration = Duration::from_secs(60);
/// Far more than a look takes, far less than `LONG`.
const SOON: Duration = Duration::from_secs(20);
/// A sleep that nobody ends.
const SHORT: Duration = Duration::from_millis(40);

fn time_of(act: impl FnOnce()) -> Duration {
    let began = Instant::now();
    act();
    began.elapsed()
}

#[test]
fn a_wait_looks_for_a_while_before_it_sleeps() {
    let mut wait = Wait::new(WaitStrategy::Park { bound: LONG });
    for look in 0..128 {
        assert!(matches!(wait.pause(), Pause::Over), "look {look}");
    }
    for _ in 0..3 {
        assert!(matches!(wait.pause(), Pause::Sleep(LONG)));
    }
    let mut wait = Wait::new(WaitStrategy::Yield);
    assert!((0..1_000).all(|_| matches!(wait.pause(), Pause::Over)));
}

#[test]
fn an_alarm_that_has_rung_lets_nobody_sleep() {
    let alarm = Alarm::new();
    assert!(!alarm.take());
    alarm.waker().wake_by_ref();
    assert!(alarm.take());
    assert!(!alarm.take(), "once");
    alarm.waker().wake_by_ref();
    assert!(time_of(|| alarm.sleep(LONG)) < SOON);
    assert!(time_of(|| alarm.sleep(SHORT)) >= SHORT / 2);
}

#[test]
fn a_consumer_sleeps_while_there_is_nothing_and_somebody_to_wait_for() {
    let (mut producer, mut consumer) = owned::<u32, 2, 1>();
    assert!(time_of(|| consumer.sleep(SHORT)) >= SHORT / 2);
    producer.try_push(1).expect("free");
    assert!(time_of(|| consumer.sleep(LONG)) < SOON, "there is a message");
    assert_eq!(consumer.try_pop(), Ok(1));
    drop(producer);
    assert!(time_of(|| consumer.sleep(LONG)) < SOON, "nobody is left");
}

#[test]
fn a_producer_sleeps_while_nothing_is_free_and_somebody_takes() {
    let (mut producer, mut consumer) = owned::<u32, 2, 1>();
    assert!(time_of(|| producer.sleep(LONG)) < SOON, "two are free");
    while producer.try_push(1).is_ok() {}
    assert!(time_of(|| producer.sleep(SHORT)) >= SHORT / 2);
    assert_eq!(consumer.try_pop(), Ok(1));
    assert!(time_of(|| producer.sleep(LONG)) < SOON, "one is free");
    producer.try_push(1).expect("free");
    drop(consumer);
    assert!(time_of(|| producer.sleep(LONG)) < SOON, "nobody is left");
}

#[test]
fn a_push_wakes_the_thread_that_sleeps_now() {
    let (mut producer, mut consumer) = owned::<u32, 4, 1>();
    for turn in 0..3 {
        // Another thread each time.
        let sleeper = thread::spawn(move || {
            let mut popped = None;
            let slept = time_of(|| popped = consumer.pop(WaitStrategy::Park { bound: LONG }).ok());
            (consumer, popped, slept)
        });
        // Long enough for it to fall asleep.
        thread::sleep(Duration::from_millis(100));
        producer.try_push(turn).expect("free");
        let (back, popped, slept) = sleeper.join().expect("no panic");
        assert!(popped == Some(turn) && slept < SOON, "thread {turn}: {slept:?}");
        consumer = back;
    }
}

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_bell_by_reference_is_the_bell() {
    fn use_it<N: Notify>(bell: N, waker: &Waker) {
        bell.register(waker);
        bell.notify();
    }
    let (cell, count) = (WakerCell::new(), Arc::new(Count::default()));
    let waker = Waker::from(Arc::clone(&count));
    use_it(&cell, &waker);
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    Notify::register(&&cell, &waker);
    cell.notify();
    assert_eq!(count.0.load(Ordering::Relaxed), 2);
    cell.register(&waker);
    Notify::notify(&&cell);
    assert_eq!(count.0.load(Ordering::Relaxed), 3);
}

#[test]
#[cfg(feature = "critical-section")]
fn a_guarded_word_is_a_word_that_is_claimed() {
    use isokern_core::ring::{SharedRmw, SharedWord};

    let word = crate::GuardedWord::new(5);
    assert_eq!((word.load_relaxed(), word.load_acquire()), (5, 5));
    word.store_relaxed(6);
    assert_eq!((word.load_relaxed(), word.load_acquire()), (6, 6));
    word.store_release(7);
    assert_eq!(word.compare_exchange(6, 9), Err(7));
    assert_eq!(word.load_acquire(), 7);
    assert_eq!(word.compare_exchange(7, 9), Ok(7));
    assert_eq!(word.load_relaxed(), 9);
    assert_eq!(format!("{:?}", crate::CriticalWakerCell::new()), "CriticalWakerCell { .. }");
}

#[test]
fn what_debug_shows_of_rings_and_pools_has_names() {
    let mut ring = Ring::<u8, 4>::new();
    assert!(format!("{ring:?}").starts_with("Ring"));
    let (producer, consumer) = ring.split();
    assert!(format!("{producer:?}").starts_with("Producer {"));
    assert!(format!("{consumer:?}").starts_with("Consumer {"));
    let mut many = MpscRing::<u8, 4>::new();
    assert!(format!("{many:?}").starts_with("MpscRing"));
    let (producer, _consumer) = many.split();
    assert!(format!("{producer:?}").starts_with("MpscProducer"));
    let mut pool = PayloadPool::<64, 2>::new(1);
    let (mut lender, borrower) = pool.split();
    assert!(format!("{borrower:?}").starts_with("Borrower"));
    assert!(format!("{lender:?}").starts_with("Lender"));
    assert!(format!("{:?}", lender.try_claim()).starts_with("Ok(ClaimedBuffer"));
    assert!(format!("{:?}", heap_pool(64, 2, 1)).contains("Lender"));
}
