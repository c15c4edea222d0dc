//! What becomes of calls of a detached kernel that nobody lets end in peace.

use core::num::NonZeroUsize;
use core::pin::pin;
use core::sync::atomic::Ordering;
use core::task::Poll;
use core::time::Duration;
use std::sync::Arc;
use std::thread;

use isokern_core::call::PermissionTable;
use isokern_core::kernel::{HealthStatus, Permission};
use isokern_core::{
    BatchKernel, Environment, ExecutionContext, GpuKernel, KernelError, KernelMetadata, KernelMode,
    Principal,
};
use isokern_guard::{Detached, DetachedError, TenantLimits, TenantQuotas, VirtualClock};
use isokern_tests::gated::{Counted, End, Gated, Keeper, STEP, Work, poll_once, wait_until};

type Kernel = Detached<Gated, Work, Counted>;

fn detached(yields: bool, threads: usize, places: usize) -> (Kernel, Keeper) {
    let (gated, keeper) = Gated::new(yields);
    let threads = NonZeroUsize::new(threads).expect("at least one");
    (Detached::try_new(Arc::new(gated), threads, places).expect("it starts"), keeper)
}

fn ended<T>(poll: Poll<Result<T, KernelError>>) -> Option<KernelError> {
    match poll {
        Poll::Ready(result) => result.err(),
        Poll::Pending => panic!("the call has not ended"),
    }
}

#[test]
fn a_panic_is_an_error_and_costs_no_thread() {
    let (kernel, keeper) = detached(true, 1, 0);
    for round in 1..=3 {
        keeper.open();
        let call = kernel.execute(keeper.work(1, End::Panic));
        assert_eq!(pollster::block_on(call).err(), Some(KernelError::Panicked));
        assert_eq!((kernel.stats().panicked_count, keeper.dropped()), (round, (round, 0)));
        wait_until(|| kernel.idle_count() == 1);
    }
    keeper.open();
    assert!(pollster::block_on(kernel.execute(keeper.work(1, End::Answer))).is_ok());
}

#[test]
fn a_call_too_many_is_refused_before_any_work() {
    let (kernel, keeper) = detached(false, 2, 1);
    let mut calls: Vec<_> =
        (0..3).map(|_| Box::pin(kernel.execute(keeper.work(1, End::Answer)))).collect();
    for call in &mut calls {
        assert!(poll_once(call.as_mut()).is_pending());
    }
    let mut refused = pin!(kernel.execute(keeper.work(1, End::Answer)));
    assert_eq!(ended(poll_once(refused.as_mut())), Some(KernelError::Saturated));
    assert_eq!((kernel.stats().saturated_count, keeper.dropped().0), (1, 1));
    for _ in 0..3 {
        keeper.open();
    }
    for call in calls {
        assert!(pollster::block_on(call).is_ok());
    }
    assert_eq!((kernel.kernel().steps_count(), kernel.stats().succeeded_count), (3, 3));
}

#[test]
fn a_queued_call_that_is_dropped_gives_its_place_away() {
    let (kernel, keeper) = detached(false, 1, 1);
    let mut running = Box::pin(kernel.execute(keeper.work(1, End::Answer)));
    assert!(poll_once(running.as_mut()).is_pending());
    keeper.wait();
    for round in 1..=5 {
        let mut queued = Box::pin(kernel.execute(keeper.work(1, End::Answer)));
        assert!(poll_once(queued.as_mut()).is_pending(), "round {round}: no place");
        drop(queued);
        assert_eq!((kernel.stats().withdrawn_count, keeper.dropped().0), (round, round));
    }
    keeper.open();
    assert!(pollster::block_on(running).is_ok());
    assert_eq!(kernel.kernel().steps_count(), 1);
}

#[test]
fn a_running_call_that_is_dropped_is_given_up() {
    for (yields, fate) in [(true, "stopped"), (false, "ran on")] {
        let (kernel, keeper) = detached(yields, 2, 0);
        let mut call = Box::pin(kernel.execute(keeper.work(1, End::Answer)));
        assert!(poll_once(call.as_mut()).is_pending());
        keeper.wait();
        drop(call);
        let stats = kernel.stats();
        assert_eq!((stats.dropped_count, stats.detached_count, stats.waiting_count()), (1, 1, 0));
        assert_eq!(kernel.health(), HealthStatus::Degraded, "one of two threads is held");
        keeper.open();
        wait_until(|| kernel.stats().detached_count == 0);
        let stats = kernel.stats();
        let (stopped, ran_on) = (u64::from(yields), u64::from(!yields));
        assert_eq!((stats.stopped_count, stats.ended_unused_count), (stopped, ran_on), "{fate}");
        assert_eq!(keeper.dropped(), (1, ran_on));
        assert_eq!(kernel.health(), HealthStatus::Healthy);
    }
}

#[test]
fn an_answer_nobody_takes_is_dropped_and_counted() {
    let (kernel, keeper) = detached(false, 1, 0);
    let mut call = Box::pin(kernel.execute(keeper.work(1, End::Answer)));
    assert!(poll_once(call.as_mut()).is_pending());
    keeper.open();
    wait_until(|| kernel.idle_count() == 1 && kernel.kernel().steps_count() == 1);
    assert_eq!(keeper.dropped(), (1, 0), "the answer waits");
    drop(call);
    assert_eq!(keeper.dropped(), (1, 1));
    let stats = kernel.stats();
    assert_eq!((stats.dropped_count, stats.ended_unused_count, stats.detached_count), (1, 1, 0));
}

#[test]
fn a_call_that_is_never_polled_is_no_call() {
    let (kernel, keeper) = detached(false, 1, 0);
    drop(kernel.execute(keeper.work(1, End::Answer)));
    assert_eq!((kernel.stats().calls_count, keeper.dropped().0), (0, 1));
}

#[test]
fn the_kernel_can_go_while_work_is_left_behind() {
    let (kernel, keeper) = detached(false, 1, 1);
    let inner = Arc::downgrade(kernel.kernel());
    let mut running = Box::pin(kernel.execute(keeper.work(1, End::Answer)));
    assert!(poll_once(running.as_mut()).is_pending());
    keeper.wait();
    let mut queued = Box::pin(kernel.execute(keeper.work(1, End::Answer)));
    assert!(poll_once(queued.as_mut()).is_pending());
    // Callers who vanish without dropping their futures: the one way to leave work queued.
    core::mem::forget((running, queued));
    drop(kernel);
    assert_eq!(keeper.dropped(), (1, 0), "the queued call is withdrawn, the other one runs");
    keeper.open();
    wait_until(|| inner.upgrade().is_none());
    assert_eq!(keeper.dropped().0, 2);
}

#[test]
fn a_kernel_that_goes_tells_waiting_work_to_stop() {
    let (kernel, keeper) = detached(false, 1, 0);
    let mut waiting = Box::pin(kernel.execute(keeper.work(1, End::Pending)));
    assert!(poll_once(waiting.as_mut()).is_pending());
    keeper.wait();
    keeper.open();
    wait_until(|| kernel.kernel().steps_count() == 1);
    // Time to park in; should it not be enough, the test asks for less than it could.
    thread::sleep(Duration::from_millis(20));
    core::mem::forget(waiting);
    drop(kernel);
    wait_until(|| keeper.inputs.load(Ordering::Relaxed) == 1);
}

#[test]
fn a_joined_kernel_has_no_work_left() {
    let (kernel, keeper) = detached(true, 1, 0);
    let inner = Arc::downgrade(kernel.kernel());
    let mut call = Box::pin(kernel.execute(keeper.work(9, End::Answer)));
    assert!(poll_once(call.as_mut()).is_pending());
    keeper.wait();
    drop(call);
    keeper.open();
    kernel.join();
    assert_eq!((keeper.dropped().0, inner.strong_count()), (1, 0));
}

#[test]
fn a_joined_kernel_does_not_run_what_is_queued() {
    let (kernel, keeper) = detached(false, 1, 1);
    let mut running = Box::pin(kernel.execute(keeper.work(1, End::Answer)));
    assert!(poll_once(running.as_mut()).is_pending());
    keeper.wait();
    let mut queued = Box::pin(kernel.execute(keeper.work(1, End::Answer)));
    assert!(poll_once(queued.as_mut()).is_pending());
    core::mem::forget((running, queued));
    let inner = Arc::clone(kernel.kernel());
    let joined = thread::spawn(|| kernel.join());
    wait_until(|| keeper.dropped().0 == 1);
    keeper.open();
    joined.join().expect("it does not panic");
    assert_eq!(inner.steps_count(), 1);
}

#[test]
fn every_entry_point_looks_at_the_input_first() {
    let (kernel, keeper) = detached(true, 1, 0);
    let refused = Some(KernelError::InvalidInput { reason: "no step" });
    let clock = VirtualClock::new();
    let environment = Environment::new(&clock, PermissionTable::<1, 1>::new());
    let context = ExecutionContext::new(&environment, Principal::new("nobody", &[]));
    let context = context.with_deadline_ns(0);
    let work = || keeper.work(0, End::Answer);
    assert_eq!(pollster::block_on(kernel.execute(work())).err(), refused);
    let timed = kernel.execute_with_timeout(&clock, work(), Duration::ZERO);
    assert_eq!(pollster::block_on(timed).err(), refused);
    assert_eq!(pollster::block_on(kernel.execute_with_context(&context, work())).err(), refused);
    let stats = kernel.stats();
    assert_eq!((stats.calls_count, stats.refused_count, keeper.dropped().0), (3, 3, 3));
}

#[test]
fn a_context_is_checked_before_a_thread_is_asked() {
    let (kernel, keeper) = detached(true, 1, 0);
    let clock = VirtualClock::new();
    let mut table = PermissionTable::<1, 1>::new();
    table.try_grant("holder", STEP).expect("there is room");
    let one = TenantLimits::new(1, Duration::from_secs(1));
    let quotas = TenantQuotas::new(NonZeroUsize::MIN, one);
    let environment = Environment::new(&clock, table).with_quota(quotas);
    let call = |name, asks: &[Permission]| {
        let context = ExecutionContext::new(&environment, Principal::new(name, asks));
        let work = keeper.work(1, End::Answer);
        pollster::block_on(kernel.execute_with_context(&context, work)).err()
    };
    let denied = Some(KernelError::PermissionDenied { permission: STEP });
    assert_eq!(call("holder", &[]), denied);
    assert_eq!(call("stranger", &[STEP]), denied);
    keeper.open();
    assert_eq!(call("holder", &[STEP]), None);
    assert!(matches!(call("holder", &[STEP]), Some(KernelError::QuotaExceeded(_))));
    assert_eq!((kernel.kernel().steps_count(), kernel.stats().refused_count), (1, 3));
}

/// Finds its own configuration wrong, and says that it is ill.
struct Wrong;

impl GpuKernel for Wrong {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("wrong", KernelMode::Batch) }
    }

    fn validate(&self) -> Result<(), KernelError> {
        Err(KernelError::InvalidConfiguration { reason: "planted" })
    }
}

impl BatchKernel<(), ()> for Wrong {
    async fn execute(&self, (): ()) -> Result<(), KernelError> {
        Ok(())
    }
}

#[test]
fn a_kernel_that_is_wrong_is_not_started() {
    let refused = Detached::try_new(Arc::new(Wrong), NonZeroUsize::MIN, 0).err();
    let reason = "planted";
    let wrong = KernelError::InvalidConfiguration { reason };
    assert!(matches!(refused, Some(DetachedError::Kernel(error)) if error == wrong));
}
