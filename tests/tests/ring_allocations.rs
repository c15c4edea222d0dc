//! No message allocates: not to be pushed, popped, waited for, lent or woken.

use core::task::Waker;
use core::time::Duration;
use std::thread;

use isokern_ring::{MpscRing, Notify, PayloadPool, Ring, WaitStrategy, WakerCell, owned};
use isokern_tests::counting::{self, Counting};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the allocations of this thread in `work`.
fn allocations(work: impl FnOnce()) -> usize {
    counting::allocations(work).0
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(core::hint::black_box(Box::new([1_u8; 100])))), 1);
}

#[test]
fn a_message_allocates_nothing() {
    let (mut producer, mut consumer) = owned::<[u64; 8], 4, 1>();
    let mut many = MpscRing::<u32, 4>::new();
    let (producer_of_many, mut consumer_of_many) = many.split();
    let mut pool = PayloadPool::<256, 2>::new(1);
    let (mut lender, mut borrower) = pool.split();
    let bell = WakerCell::new();
    let wait = WaitStrategy::Park { bound: Duration::from_millis(1) };
    let counted = allocations(|| {
        for number in 0..1000 {
            producer.try_push([number; 8]).expect("free");
            producer.push([number; 8], wait).expect("free");
            assert_eq!(producer.push_from(&[[number; 8]; 4]), Ok(2));
            let mut places = [[0; 8]; 2];
            assert_eq!(consumer.pop_into(&mut places), Ok(2));
            assert_eq!(consumer.pop(wait), Ok([number; 8]));
            assert_eq!(consumer.try_pop(), Ok([number; 8]));
            assert!(consumer.try_pop().is_err());
            producer_of_many.try_push(7).expect("free");
            assert_eq!(consumer_of_many.try_pop(), Ok(7));
            let handle = lender.try_claim().and_then(|buffer| buffer.lend(256)).expect("free");
            borrower.give_back(handle).expect("lent");
            lender.release(handle).expect("back");
            bell.register(Waker::noop());
            bell.notify();
        }
    });
    assert_eq!(counted, 0);
}

#[test]
fn a_ring_of_threads_that_sleep_allocates_nothing_per_message() {
    const COUNT_OF_MESSAGES: u32 = 2000;
    let wait = WaitStrategy::Park { bound: Duration::from_millis(1) };
    let mut ring = Ring::<u32, 2>::new();
    let (mut producer, mut consumer) = ring.split();
    thread::scope(|scope| {
        let pushing = scope.spawn(move || {
            // The first sleep of a thread may make its handle.
            producer.push(0, wait).expect("open");
            let _ = thread::current();
            allocations(|| {
                for number in 1..COUNT_OF_MESSAGES {
                    producer.push(number, wait).expect("open");
                }
            })
        });
        let _ = thread::current();
        let popping = allocations(|| {
            for number in 0..COUNT_OF_MESSAGES {
                assert_eq!(consumer.pop(wait), Ok(number));
            }
        });
        assert_eq!((pushing.join().expect("no panic"), popping), (0, 0));
    });
}
