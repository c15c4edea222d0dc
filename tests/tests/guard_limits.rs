//! Limits of detached kernels, on a clock that the tests move: no assertion is timed.

use core::future::Future;
use core::num::NonZeroUsize;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::sync::Arc;
use std::thread;

use isokern_core::call::Clock;
use isokern_core::kernel::HealthStatus;
use isokern_core::{
    AllowAll, BatchKernel, Environment, ExecutionContext, GpuKernel, KernelError, KernelMetadata,
    KernelMode, Principal,
};
use isokern_guard::{Detached, Governed, VirtualClock};
use isokern_tests::gated::{Counted, End, Gated, Keeper, STEP, Work, poll_once, wait_until};

type Kernel = Detached<Gated, Work, Counted, VirtualClock>;

const TIMEOUT_5: Option<KernelError> = Some(KernelError::Timeout { limit_ns: 5 });

fn ns(count: u64) -> Duration {
    Duration::from_nanos(count)
}

/// Returns one thread, places for one more call.
fn detached(yields: bool) -> (Kernel, Keeper, VirtualClock) {
    let clock = VirtualClock::new();
    let (gated, keeper) = Gated::new(yields);
    let kernel = Detached::try_new(Arc::new(gated), NonZeroUsize::MIN, 1).expect("it starts");
    (kernel.with_clock(clock.clone()), keeper, clock)
}

fn error(result: Poll<Result<Counted, KernelError>>) -> Option<KernelError> {
    match result {
        Poll::Ready(result) => result.err(),
        Poll::Pending => panic!("the call has not ended"),
    }
}

/// Runs one call of one step to its answer.
fn check_that_it_runs(kernel: &Kernel, keeper: &Keeper) {
    keeper.open();
    let answer = pollster::block_on(kernel.execute(keeper.work(1, End::Answer)));
    assert!(answer.is_ok());
    keeper.wait();
}

#[test]
fn work_stops_at_the_first_safe_point_after_the_limit() {
    let (kernel, keeper, clock) = detached(true);
    let mut call = pin!(kernel.execute_with_timeout(&clock, keeper.work(100, End::Answer), ns(5)));
    assert!(poll_once(call.as_mut()).is_pending());
    for _ in 0..2 {
        keeper.wait();
        keeper.open();
        clock.advance(ns(2));
        assert!(poll_once(call.as_mut()).is_pending());
    }
    keeper.wait();
    clock.advance(ns(1));
    assert_eq!(error(poll_once(call.as_mut())), TIMEOUT_5);
    let stats = kernel.stats();
    assert_eq!((stats.timed_out_count, stats.detached_count, stats.stopped_count), (1, 1, 0));
    // The third step was under way; after it comes the safe point.
    keeper.open();
    wait_until(|| kernel.stats().stopped_count == 1);
    assert_eq!((kernel.kernel().steps_count(), keeper.stands()), (3, false));
    assert_eq!(keeper.dropped(), (1, 0));
    // The one thread is free again.
    check_that_it_runs(&kernel, &keeper);
    assert_eq!(kernel.stats().detached_count, 0);
}

#[test]
fn work_that_waits_for_a_wake_up_stops_at_once() {
    let (kernel, keeper, clock) = detached(false);
    let work = keeper.work(1, End::Pending);
    let mut call = pin!(kernel.execute_with_timeout(&clock, work, ns(5)));
    assert!(poll_once(call.as_mut()).is_pending());
    keeper.wait();
    keeper.open();
    clock.advance(ns(5));
    assert_eq!(error(poll_once(call.as_mut())), TIMEOUT_5);
    wait_until(|| kernel.stats().stopped_count == 1);
    check_that_it_runs(&kernel, &keeper);
}

#[test]
fn work_that_never_yields_is_left_behind_and_counted_until_it_ends() {
    let (kernel, keeper, clock) = detached(false);
    let mut call = pin!(kernel.execute_with_timeout(&clock, keeper.work(1, End::Answer), ns(5)));
    assert!(poll_once(call.as_mut()).is_pending());
    keeper.wait();
    assert_eq!(kernel.health(), HealthStatus::Healthy);
    clock.advance(ns(5));
    assert_eq!(error(poll_once(call.as_mut())), TIMEOUT_5);
    assert_eq!((kernel.stats().detached_count, kernel.idle_count()), (1, 0));
    assert_eq!(kernel.health(), HealthStatus::Unhealthy, "its only thread is held");
    assert_eq!(keeper.dropped(), (0, 0), "the work still has its buffer");

    // A call after it expires in the queue, is never run, and gives its input back at once.
    let mut next = pin!(kernel.execute_with_timeout(&clock, keeper.work(1, End::Answer), ns(5)));
    assert!(poll_once(next.as_mut()).is_pending());
    clock.advance(ns(5));
    assert_eq!(error(poll_once(next.as_mut())), Some(KernelError::DeadlineExceeded));
    assert_eq!((kernel.stats().expired_in_queue_count, keeper.dropped()), (1, (1, 0)));

    keeper.open();
    wait_until(|| kernel.stats().ended_unused_count == 1);
    assert_eq!((kernel.stats().detached_count, kernel.health()), (0, HealthStatus::Healthy));
    assert_eq!(keeper.dropped(), (2, 1), "buffer and answer are gone");
    check_that_it_runs(&kernel, &keeper);
    assert_eq!(kernel.kernel().steps_count(), 2, "the expired call was not run");
}

#[test]
fn the_limit_wakes_a_caller_who_sleeps() {
    let (kernel, keeper, clock) = detached(false);
    thread::scope(|scope| {
        let call = kernel.execute_with_timeout(&clock, keeper.work(1, End::Answer), ns(5));
        let caller = scope.spawn(|| pollster::block_on(call).err());
        clock.wait_for_sleepers(1);
        clock.advance(ns(5));
        let expired = caller.join().expect("the caller does not panic");
        assert!([TIMEOUT_5, Some(KernelError::DeadlineExceeded)].contains(&expired));
    });
    keeper.open();
    assert_eq!(clock.sleeper_count(), 0);
    kernel.join();
}

#[test]
fn a_limit_that_is_over_runs_nothing() {
    let (kernel, keeper, clock) = detached(true);
    clock.advance_to(500);
    let late = Some(KernelError::DeadlineExceeded);
    let call = kernel.execute_with_timeout(&clock, keeper.work(1, End::Answer), Duration::ZERO);
    assert_eq!(pollster::block_on(call).err(), late);
    // The limit counts from the call, so it can pass before the first poll.
    let call = kernel.execute_with_timeout(&clock, keeper.work(1, End::Answer), ns(5));
    clock.advance(ns(5));
    assert_eq!(pollster::block_on(call).err(), late);
    let environment = Environment::new(&clock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("a", &[STEP]));
    let context = context.with_deadline_ns(505);
    let call = kernel.execute_with_context(&context, keeper.work(1, End::Answer));
    assert_eq!(pollster::block_on(call).err(), late);
    let stats = kernel.stats();
    assert_eq!((stats.calls_count, stats.refused_count, keeper.stands()), (3, 3, false));
}

#[test]
fn a_context_s_deadline_is_honoured_on_its_own_clock() {
    let (kernel, keeper, own_clock) = detached(false);
    let clock = VirtualClock::new();
    let environment = Environment::new(&clock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("a", &[STEP]));
    let context = context.with_time_limit(ns(5));
    let mut call = pin!(kernel.execute_with_context(&context, keeper.work(1, End::Answer)));
    assert!(poll_once(call.as_mut()).is_pending());
    keeper.wait();
    own_clock.advance(Duration::from_secs(1));
    assert!(poll_once(call.as_mut()).is_pending());
    clock.advance(ns(5));
    assert_eq!(error(poll_once(call.as_mut())), TIMEOUT_5);
    keeper.open();
}

#[test]
fn calls_without_a_limit_have_the_kernel_s_own() {
    let (kernel, keeper, clock) = detached(false);
    let kernel = kernel.with_limit(ns(5));
    let elsewhere = VirtualClock::new();
    let environment = Environment::new(&elsewhere, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("a", &[STEP]));
    let mut plain = pin!(kernel.execute(keeper.work(1, End::Answer)));
    assert!(poll_once(plain.as_mut()).is_pending());
    keeper.wait();
    let mut with_context = pin!(kernel.execute_with_context(&context, keeper.work(1, End::Answer)));
    assert!(poll_once(with_context.as_mut()).is_pending());
    clock.advance(ns(5));
    assert_eq!(error(poll_once(plain.as_mut())), TIMEOUT_5);
    let expired = error(poll_once(with_context.as_mut()));
    assert_eq!(expired, Some(KernelError::DeadlineExceeded));
    keeper.open();
}

/// Moves clocks, 1 ns at a time, until the call ends: after how long, and how.
fn ends(
    call: impl Future<Output = Result<Counted, KernelError>>,
    clocks: &[&VirtualClock],
    keeper: &Keeper,
) -> (u64, Option<KernelError>) {
    let mut call = pin!(call);
    assert!(poll_once(call.as_mut()).is_pending());
    keeper.wait();
    for elapsed_ns in 1..=10 {
        clocks.iter().for_each(|clock| clock.advance(ns(1)));
        if let Poll::Ready(result) = poll_once(call.as_mut()) {
            keeper.open();
            return (elapsed_ns, result.err());
        }
    }
    panic!("the call goes on after 10 ns");
}

/// A caller's limit against the kernel's own of 5 ns: the shorter one ends the call, and the
/// kernel's own also when the caller's clock is still.
#[test]
fn p07_an_owner_s_limit_is_an_upper_bound() {
    let hour_ns = 3_600_000_000_000;
    for (caller_ns, limit_ns) in [(4, 4), (5, 5), (6, 5), (hour_ns, 5), (u64::MAX, 5)] {
        for is_still in [false, true] {
            let limit_ns = if is_still { 5 } else { limit_ns };
            let expected = (limit_ns, Some(KernelError::Timeout { limit_ns: caller_ns.min(5) }));
            for way in 0..3 {
                let (kernel, keeper, own_clock) = detached(false);
                let kernel = kernel.with_limit(ns(5));
                let (theirs, work) = (VirtualClock::new(), keeper.work(1, End::Answer));
                let clocks = if is_still { &[&own_clock][..] } else { &[&own_clock, &theirs] };
                let environment = Environment::new(&theirs, AllowAll);
                let context = ExecutionContext::new(&environment, Principal::new("a", &[STEP]));
                let context = context.with_time_limit(ns(caller_ns));
                let governed = Governed::new(&kernel, AllowAll);
                let ended = match way {
                    0 => {
                        let call = kernel.execute_with_timeout(&theirs, work, ns(caller_ns));
                        ends(call, clocks, &keeper)
                    }
                    1 => ends(kernel.execute_with_context(&context, work), clocks, &keeper),
                    _ => ends(governed.execute_with_context(&context, work), clocks, &keeper),
                };
                assert_eq!(ended, expected, "way {way}, caller's limit {caller_ns}");
            }
        }
    }
}

/// Polls a call whose kernel has ended after `late_ns` more than its limit.
fn end_after(late_ns: u64, end: End) -> (Option<KernelError>, Kernel, Keeper) {
    let (kernel, keeper, clock) = detached(false);
    let polled = {
        let mut call = pin!(kernel.execute_with_timeout(&clock, keeper.work(1, end), ns(5)));
        assert!(poll_once(call.as_mut()).is_pending());
        keeper.wait();
        keeper.open();
        wait_until(|| kernel.idle_count() == 1);
        clock.advance(ns(5 + late_ns));
        error(poll_once(call.as_mut()))
    };
    (polled, kernel, keeper)
}

#[test]
fn a_late_answer_is_a_timeout() {
    let (late, kernel, keeper) = end_after(1, End::Answer);
    assert_eq!(late, TIMEOUT_5);
    let stats = kernel.stats();
    assert_eq!((stats.timed_out_count, stats.ended_unused_count, stats.detached_count), (1, 1, 0));
    assert_eq!((stats.succeeded_count, keeper.dropped()), (0, (1, 1)));
    let (at_the_moment, kernel, _) = end_after(0, End::Answer);
    assert_eq!((at_the_moment, kernel.stats().succeeded_count), (None, 1));
}

#[test]
fn a_late_error_says_more_than_the_limit() {
    let (late, kernel, _) = end_after(1, End::Fail);
    assert_eq!(late, Some(KernelError::Failed { code: 13 }));
    assert_eq!((kernel.stats().failed_count, kernel.stats().timed_out_count), (1, 0));
}

/// Sleeps on a clock, as a kernel that waits for a device does.
struct Waits(VirtualClock);

impl GpuKernel for Waits {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("waits", KernelMode::Batch) }
    }
}

impl BatchKernel<u64, u64> for Waits {
    async fn execute(&self, moment_ns: u64) -> Result<u64, KernelError> {
        self.0.sleep_until(moment_ns).await;
        Ok(self.0.now_ns())
    }
}

#[test]
fn a_wake_up_reaches_the_work() {
    let clock = VirtualClock::new();
    let waits = Arc::new(Waits(clock.clone()));
    let kernel = Detached::try_new(waits, NonZeroUsize::MIN, 0).expect("it starts");
    thread::scope(|scope| {
        let caller = scope.spawn(|| pollster::block_on(kernel.execute(70)));
        clock.wait_for_sleepers(1);
        clock.advance(ns(69));
        assert_eq!(clock.sleeper_count(), 1);
        clock.advance(ns(2));
        assert_eq!(caller.join().expect("the caller does not panic"), Ok(71));
    });
}

/// 300 ms of virtual time, in 60 steps with or without safe points between them.
struct Slow {
    clock: VirtualClock,
    yields: bool,
}

impl GpuKernel for Slow {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("slow", KernelMode::Batch) }
    }
}

impl BatchKernel<(), u64> for Slow {
    async fn execute(&self, (): ()) -> Result<u64, KernelError> {
        for _ in 0..60 {
            self.clock.advance(Duration::from_millis(5));
            if self.yields {
                isokern_core::kernel::safe_point().await;
            }
        }
        Ok(self.clock.now_ns())
    }
}

#[test]
fn a_kernel_of_300_ms_with_a_limit_of_5_ms_is_never_ok() {
    let limit = Duration::from_millis(5);
    let timeout = Err(KernelError::Timeout { limit_ns: 5_000_000 });
    for yields in [true, false] {
        let clock = VirtualClock::new();
        let slow = Slow { clock: clock.clone(), yields };
        let cooperative = slow.execute_with_timeout(&clock, (), limit);
        assert_eq!(pollster::block_on(cooperative), timeout);
        let environment = Environment::new(&clock, AllowAll);
        let context = ExecutionContext::new(&environment, Principal::new("a", &[]));
        let with_context = context.with_time_limit(limit);
        assert_eq!(pollster::block_on(slow.execute_with_context(&with_context, ())), timeout);
        let kernel = Detached::try_new(Arc::new(slow), NonZeroUsize::MIN, 0).expect("it starts");
        let detached = kernel.execute_with_timeout(&clock, (), limit);
        assert_eq!(pollster::block_on(detached), timeout);
        kernel.join();
    }
}
