//! Calls with limits and contexts allocate nothing; a detached call allocates once.

use core::future::Future;
use core::num::NonZeroUsize;
use core::pin::pin;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::Arc;
use std::task::Wake;
use std::thread;

use isokern_core::call::{Clock, PollingSleep};
use isokern_core::kernel::safe_point;
use isokern_core::{
    AllowAll, BatchKernel, Environment, ExecutionContext, GpuKernel, KernelError, KernelMetadata,
    KernelMode, Principal,
};
use isokern_guard::{Detached, Governed, SystemClock, TenantLimits, TenantQuotas, TracingObserver};
use isokern_tests::counting::{Counting, allocations};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A clock that does not move, for which a sleep is a poll.
struct HandClock(AtomicU64);

impl Clock for HandClock {
    fn now_ns(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

/// Comes to as many safe points as it is asked for.
struct Steps;

impl GpuKernel for Steps {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("steps", KernelMode::Batch) }
    }
}

impl BatchKernel<u32, u32> for Steps {
    async fn execute(&self, steps: u32) -> Result<u32, KernelError> {
        for _ in 0..steps {
            safe_point().await;
        }
        Ok(steps)
    }
}

/// A task's waker as executors have them: a counted pointer.
struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// Polls to the end on this thread.
fn run<T>(waker: &Waker, future: impl Future<Output = T>) -> T {
    let mut task = Context::from_waker(waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut task) {
            return value;
        }
    }
}

/// Counts what calls with a limit, with a context, and with rules of the kernel's own
/// allocate, once everything has been used once.
fn check_on<C: Clock>(clock: &C) {
    let limit = Duration::from_secs(3_600);
    let limits = TenantLimits::new(100, Duration::ZERO);
    let quotas = || TenantQuotas::new(NonZeroUsize::MIN, limits);
    let environment =
        Environment::new(clock, AllowAll).with_quota(quotas()).with_observer(TracingObserver);
    let context = ExecutionContext::new(&environment, Principal::new("a", &[]));
    let governed = Governed::new(Steps, AllowAll).with_quota(quotas());
    let waker = Waker::from(Arc::new(Task));
    for round in 0..4 {
        let context = context.with_request_id(round).with_time_limit(limit);
        let (limited, result) =
            allocations(|| run(&waker, Steps.execute_with_timeout(clock, 5, limit)));
        assert_eq!(result, Ok(5));
        let (in_context, result) =
            allocations(|| run(&waker, Steps.execute_with_context(&context, 5)));
        assert_eq!(result, Ok(5));
        let (by_rules, result) =
            allocations(|| run(&waker, governed.execute_with_context(&context, 5)));
        assert_eq!(result, Ok(5));
        // The first round starts the timer thread and fills the tables.
        if round > 0 {
            assert_eq!((limited, in_context, by_rules), (0, 0, 0), "round {round}");
        }
    }
}

#[test]
fn calls_with_limits_and_contexts_allocate_nothing() {
    check_on(&HandClock(AtomicU64::new(1)));
    check_on(&SystemClock);
}

#[test]
fn a_sleep_that_passes_allocates_nothing() {
    let waker = Waker::from(Arc::new(Task));
    for round in 0..4 {
        let sleep = || SystemClock.sleep_until(SystemClock.now_ns() + 100_000);
        let (count, ()) = allocations(|| run(&waker, sleep()));
        assert!(round == 0 || count == 0, "round {round}: {count}");
    }
}

#[test]
fn a_detached_call_allocates_once_for_its_caller() {
    let kernel = Detached::try_new(Arc::new(Steps), NonZeroUsize::MIN, 1).expect("it starts");
    let waker = Waker::from(Arc::new(Task));
    for round in 0..4 {
        let limit = Duration::from_secs(3_600);
        let call = || kernel.execute_with_timeout(&SystemClock, 5, limit);
        let (count, result) = allocations(|| run(&waker, call()));
        assert_eq!(result, Ok(5));
        assert!(round == 0 || count == 1, "round {round}: {count}");
        thread::yield_now();
    }
}

#[test]
fn the_counter_counts() {
    let (count, boxed) = allocations(|| Box::new([1_u8; 100]));
    assert_eq!(count, usize::from(boxed[0]));
}
