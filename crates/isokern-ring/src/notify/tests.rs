//! Waker cells wake the one that registered, once, and lose nothing between threads.

use core::future::poll_fn;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Poll, Waker};
use std::sync::Arc;
use std::task::Wake;
use std::thread;

use super::{Notify, PollOnly, WakerCell};
use crate::{PopError, PushError, Ring};

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn counter() -> (Arc<Counter>, Waker) {
    let counter = Arc::new(Counter::default());
    (Arc::clone(&counter), Waker::from(counter))
}

fn wakes_once_and_the_last_one<C: Notify>(cell: &C) {
    assert!(C::WAKES);
    let (first, first_waker) = counter();
    let (second, second_waker) = counter();
    cell.notify();
    cell.register(&first_waker);
    cell.register(&second_waker);
    cell.notify();
    cell.notify();
    assert_eq!(first.0.load(Ordering::SeqCst), 0, "replaced");
    assert_eq!(second.0.load(Ordering::SeqCst), 1, "once");
    cell.register(&first_waker);
    cell.notify();
    assert_eq!(first.0.load(Ordering::SeqCst), 1);
}

#[test]
fn the_last_registered_is_woken_once() {
    wakes_once_and_the_last_one(&WakerCell::new());
    #[cfg(feature = "critical-section")]
    wakes_once_and_the_last_one(&super::CriticalWakerCell::new());
}

#[test]
fn polling_asks_for_the_next_poll_at_once() {
    const { assert!(!PollOnly::WAKES) }
    let (counter, waker) = counter();
    PollOnly.register(&waker);
    assert_eq!(counter.0.load(Ordering::SeqCst), 1);
    PollOnly.notify();
    assert_eq!(counter.0.load(Ordering::SeqCst), 1);
}

/// Sends messages, each once the one before is seen, so a lost wake-up would hang the test.
fn ping_pong<C: Notify + Sync>(there: &C, back: &C) {
    const ROUNDS: u32 = 20_000;
    let (mut requests, mut replies) = (Ring::<u32, 2>::new(), Ring::<u32, 2>::new());
    let (mut ask, mut asked) = requests.split();
    let (mut answer, mut answered) = replies.split();
    let wait = |cell: &C, end: &mut crate::Consumer<&Ring<u32, 2>>| {
        pollster::block_on(poll_fn(|task| {
            cell.register(task.waker());
            match end.try_pop() {
                Err(PopError::Empty) => Poll::Pending,
                outcome => Poll::Ready(outcome.ok()),
            }
        }))
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while let Some(request) = wait(there, &mut asked) {
                answer.try_push(request + 1).expect("one in flight");
                back.notify();
            }
        });
        for round in 0..ROUNDS {
            ask.try_push(round).expect("one in flight");
            there.notify();
            assert_eq!(wait(back, &mut answered), Some(round + 1));
        }
        ask.close();
        there.notify();
        assert_eq!(ask.try_push(0), Err(PushError::Closed(0)));
    });
}

#[test]
fn no_wake_up_is_lost_between_threads() {
    ping_pong(&WakerCell::new(), &WakerCell::new());
    #[cfg(feature = "critical-section")]
    ping_pong(&super::CriticalWakerCell::new(), &super::CriticalWakerCell::new());
}
