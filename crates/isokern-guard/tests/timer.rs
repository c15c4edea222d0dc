//! The timer of the program's clock, in a process of its own: no other sleep wakes it.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Waker};
use core::time::Duration;
use std::sync::mpsc::channel;
use std::thread;

use isokern_core::call::Clock;
use isokern_guard::SystemClock;

/// The timer waits for the soonest moment, so that only a sooner one wakes it.
#[test]
fn a_sooner_sleep_wakes_a_timer_that_waits_for_a_later_moment() {
    let hour_ns = 3_600_000_000_000;
    let mut long = pin!(SystemClock.sleep_until(SystemClock.now_ns() + hour_ns));
    assert!(long.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // Long enough for the timer to begin its wait.
    thread::sleep(Duration::from_millis(50));
    let (sender, ended) = channel();
    thread::spawn(move || {
        pollster::block_on(SystemClock.sleep_until(SystemClock.now_ns() + 1_000_000));
        let _ = sender.send(());
    });
    assert_eq!(ended.recv_timeout(Duration::from_secs(60)), Ok(()), "the timer sleeps an hour");
}
