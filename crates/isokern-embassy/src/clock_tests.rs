//! The clock on the rates that drivers have, and its sleep.

use embassy_time::Instant;
use isokern_core::call::Clock;

use super::{EmbassyClock, NS_PER_S, ns_of_ticks, ticks_of_ns};

/// Ticks in a second: of drivers that count low, of a watch crystal, of fast timers.
const RATES: [u64; 7] = [1, 20_000, 32_768, 1_000_000, 16_000_000, NS_PER_S, 5_000_000_000];

#[test]
fn a_moment_is_over_at_the_first_tick_that_is_not_before_it() {
    for hz in RATES {
        for moment_ns in [0, 1, 999, 30_517, 30_518, 50_000, NS_PER_S - 1, 86_400 * NS_PER_S + 7] {
            let tick = ticks_of_ns(moment_ns, hz);
            assert!(ns_of_ticks(tick, hz) >= moment_ns, "{hz} Hz, {moment_ns} ns: too early");
            if let Some(before) = tick.checked_sub(1) {
                // Rounded down, a tick shows at most a nanosecond less than it is.
                assert!(ns_of_ticks(before, hz) < moment_ns, "{hz} Hz, {moment_ns} ns: too late");
            }
        }
    }
}

#[test]
fn ticks_are_known_nanoseconds() {
    assert_eq!(ns_of_ticks(3, 20_000), 150_000);
    assert_eq!(ns_of_ticks(32_768 * 5 + 1, 32_768), 5 * NS_PER_S + 30_517);
    assert_eq!(ns_of_ticks(1, 1), NS_PER_S);
}

#[test]
fn what_does_not_fit_is_no_limit() {
    assert_eq!(ns_of_ticks(u64::MAX, 32_768), u64::MAX);
    assert_eq!(ns_of_ticks(u64::MAX, 1), u64::MAX);
    assert_eq!(EmbassyClock::moment_ns(Instant::MAX), u64::MAX);
    // The far future is not the past: no sleep until then ends now.
    for hz in RATES {
        // Faster than nanoseconds, the ticks end first: at the instant that never comes.
        let tick = ticks_of_ns(u64::MAX, hz);
        assert!(tick == u64::MAX || ns_of_ticks(tick, hz) == u64::MAX, "{hz} Hz");
    }
}

#[test]
fn a_sleep_ends_at_its_moment_and_one_in_the_past_at_once() {
    let moment_ns = EmbassyClock.now_ns() + 3_000_000;
    pollster::block_on(EmbassyClock.sleep_until(moment_ns));
    assert!(EmbassyClock.now_ns() >= moment_ns);
    let mut past = core::pin::pin!(EmbassyClock.sleep_until(moment_ns));
    let mut task = core::task::Context::from_waker(core::task::Waker::noop());
    assert!(past.as_mut().poll(&mut task).is_ready());
}
