//! Who is woken when, on either clock.

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::Wake;
use std::thread;

use isokern_core::call::Clock;

use super::{SystemClock, VirtualClock};

/// Notes its name when it is woken.
struct Named(&'static str, Mutex<Sender<&'static str>>);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap().send(self.0).unwrap();
    }
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

fn ns(count: u64) -> Duration {
    Duration::from_nanos(count)
}

#[test]
fn sleepers_are_woken_in_the_order_of_their_moments() {
    let clock = VirtualClock::new();
    let (sender, woken) = channel();
    let named = |name| Waker::from(Arc::new(Named(name, Mutex::new(sender.clone()))));
    let mut late = pin!(clock.sleep_until(30));
    let mut first = pin!(clock.sleep_until(10));
    let mut second = pin!(clock.sleep_until(10));
    let mut never = pin!(clock.sleep_until(u64::MAX));
    assert!(poll(late.as_mut(), &named("late")).is_pending());
    assert!(poll(first.as_mut(), &named("first")).is_pending());
    assert!(poll(second.as_mut(), &named("replaced")).is_pending());
    assert!(poll(second.as_mut(), &named("second")).is_pending());
    assert!(poll(never.as_mut(), &named("never")).is_pending());
    assert_eq!(clock.sleeper_count(), 3, "what never comes takes no place");
    clock.advance(ns(9));
    assert!(woken.try_recv().is_err());
    clock.advance_to(5);
    assert_eq!(clock.now_ns(), 9, "never back");
    clock.advance_to(50);
    assert_eq!(woken.try_iter().collect::<Vec<_>>(), ["first", "second", "late"]);
    assert!(poll(first.as_mut(), &named("first")).is_ready());
    clock.advance(Duration::MAX);
    assert!(poll(never.as_mut(), &named("never")).is_pending());
}

#[test]
fn a_thread_waits_until_others_sleep() {
    let clock = VirtualClock::new();
    thread::scope(|scope| {
        let waited = scope.spawn(|| {
            clock.wait_for_sleepers(1);
            clock.sleeper_count()
        });
        // Long enough for the thread to begin its wait.
        thread::sleep(Duration::from_millis(30));
        let mut sleep = pin!(clock.sleep_until(10));
        assert!(poll(sleep.as_mut(), Waker::noop()).is_pending());
        assert_eq!(waited.join().unwrap(), 1);
    });
    clock.wait_for_sleepers(0);
}

#[test]
fn a_dropped_sleep_leaves_its_place() {
    let clock = VirtualClock::new();
    {
        let mut sleep = pin!(clock.sleep_until(10));
        assert!(poll(sleep.as_mut(), Waker::noop()).is_pending());
        assert_eq!(clock.sleeper_count(), 1);
    }
    assert_eq!(clock.sleeper_count(), 0);
}

/// A task that is dropped with its last waker, with a sleep of its own inside.
struct Nested<F>(#[expect(dead_code, reason = "held for its drop")] Mutex<Pin<Box<F>>>);

impl<F: Future<Output = ()> + Send + 'static> Wake for Nested<F> {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_may_hold_the_last_of_a_task_that_sleeps_too() {
    let clock: &VirtualClock = Box::leak(Box::new(VirtualClock::new()));
    let mut inner = Box::pin(clock.sleep_until(20));
    assert!(poll(inner.as_mut(), Waker::noop()).is_pending());
    let mut outer = Box::pin(clock.sleep_until(10));
    let waker = Waker::from(Arc::new(Nested(Mutex::new(inner))));
    assert!(poll(outer.as_mut(), &waker).is_pending());
    drop(waker);
    assert_eq!(clock.sleeper_count(), 2);
    // Would lock itself up if the waker were dropped with the table locked.
    drop(outer);
    assert_eq!(clock.sleeper_count(), 0);
}

#[test]
fn sleeps_on_the_system_s_clock_end_at_or_after_their_moment() {
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            scope.spawn(move || {
                for round in 0..25 {
                    let moment_ns = SystemClock.now_ns() + 10_000 * ((thread + round) % 7);
                    pollster::block_on(SystemClock.sleep_until(moment_ns));
                    assert!(SystemClock.now_ns() >= moment_ns);
                }
            });
        }
    });
}

#[test]
fn an_earlier_sleep_is_not_kept_waiting_by_a_later_one() {
    let hour_ns = 3_600_000_000_000;
    let mut long = pin!(SystemClock.sleep_until(SystemClock.now_ns() + hour_ns));
    assert!(poll(long.as_mut(), Waker::noop()).is_pending());
    pollster::block_on(SystemClock.sleep_until(SystemClock.now_ns() + 1_000_000));
    assert!(poll(long.as_mut(), Waker::noop()).is_pending());
}

#[test]
fn the_last_waker_is_woken_though_others_polled_before() {
    let clock = VirtualClock::new();
    let (sender, woken) = channel();
    let named = |name| Waker::from(Arc::new(Named(name, Mutex::new(sender.clone()))));
    let (one, other) = (named("one"), named("other"));
    let mut sleep = pin!(clock.sleep_until(10));
    for waker in [&one, &one, &other, &other, &one, &other, &other] {
        assert!(poll(sleep.as_mut(), waker).is_pending());
    }
    clock.advance(ns(10));
    assert_eq!(woken.try_iter().collect::<Vec<_>>(), ["other"]);
}

#[test]
fn a_sleep_does_not_keep_its_task_alive() {
    let clock = VirtualClock::new();
    let (sender, woken) = channel();
    let task = Arc::new(Named("task", Mutex::new(sender)));
    let waker = Waker::from(Arc::clone(&task));
    let mut sleep = pin!(clock.sleep_until(10));
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    drop(waker);
    assert_eq!(Arc::strong_count(&task), 2, "the table is to wake it");
    clock.advance(ns(10));
    assert_eq!(woken.recv(), Ok("task"));
    assert_eq!(Arc::strong_count(&task), 1);
}

/// Panics when it is woken, without a message on the terminal.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        std::panic::resume_unwind(Box::new("planted"));
    }
}

#[test]
fn a_waker_that_panics_does_not_end_the_timer() {
    let moment_ns = SystemClock.now_ns() + 100_000;
    let mut sleep = pin!(SystemClock.sleep_until(moment_ns));
    assert!(poll(sleep.as_mut(), &Waker::from(Arc::new(Panics))).is_pending());
    pollster::block_on(SystemClock.sleep_until(moment_ns + 1_000_000));
}
