//! What wrapped kernels say for the kernel inside, and what is counted about their calls.

use core::future::poll_fn;
use core::num::NonZeroUsize;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use isokern_core::call::AllowAll;
use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, KernelMode};
use isokern_guard::{Detached, Governed, TenantLimits, TenantQuotas, VirtualClock, WorkerPool};

/// A kernel of two names that becomes wrong, and gives its waker away before it ends.
struct Odd {
    is_wrong: AtomicBool,
    wakers: Mutex<Sender<Waker>>,
    answer: Result<u32, KernelError>,
}

const WRONG: KernelError = KernelError::Failed { code: 7 };

impl Odd {
    fn new(answer: Result<u32, KernelError>) -> (Arc<Self>, Receiver<Waker>) {
        let (wakers, receiver) = channel();
        let is_wrong = AtomicBool::new(false);
        (Arc::new(Self { is_wrong, wakers: Mutex::new(wakers), answer }), receiver)
    }
}

impl GpuKernel for Odd {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("odd", KernelMode::Batch) }
    }

    fn id(&self) -> &'static str {
        "odd-by-itself"
    }

    fn validate(&self) -> Result<(), KernelError> {
        if self.is_wrong.load(Ordering::Relaxed) { Err(WRONG) } else { Ok(()) }
    }
}

impl BatchKernel<(), u32> for Odd {
    async fn execute(&self, (): ()) -> Result<u32, KernelError> {
        let mut is_first = true;
        poll_fn(|task| {
            if !core::mem::take(&mut is_first) {
                return Poll::Ready(());
            }
            let wakers = self.wakers.lock().expect("nobody panics");
            wakers.send(task.waker().clone()).expect("the test is there");
            Poll::Pending
        })
        .await;
        self.answer
    }
}

fn detached(kernel: &Arc<Odd>) -> Detached<Odd, (), u32> {
    Detached::try_new(Arc::clone(kernel), NonZeroUsize::MIN, 1).expect("threads start")
}

#[test]
fn the_kernel_inside_has_the_word() {
    let (kernel, _) = Odd::new(Ok(1));
    let detached = detached(&kernel);
    let governed = Governed::new(Arc::clone(&kernel), AllowAll);
    assert_eq!([detached.id(), governed.id()], ["odd-by-itself"; 2]);
    assert_eq!([detached.validate(), governed.validate()], [Ok(()), Ok(())]);
    kernel.is_wrong.store(true, Ordering::Relaxed);
    assert_eq!([detached.validate(), governed.validate()], [Err(WRONG), Err(WRONG)]);
}

/// Runs one call; its worker sleeps until it is woken from here.
fn woken_call(answer: Result<u32, KernelError>) -> Detached<Odd, (), u32> {
    let (kernel, wakers) = Odd::new(answer);
    let detached = detached(&kernel);
    thread::scope(|scope| {
        let (sender, ended) = channel();
        let call = &detached;
        scope.spawn(move || sender.send(pollster::block_on(call.execute(()))));
        let waker = wakers.recv().expect("the kernel runs");
        assert_eq!(detached.stats().waiting_count(), 1);
        // Long enough for the worker to fall asleep.
        thread::sleep(Duration::from_millis(30));
        waker.wake();
        assert_eq!(ended.recv_timeout(Duration::from_secs(60)), Ok(answer), "never woken");
    });
    assert_eq!(detached.stats().waiting_count(), 0);
    detached
}

#[test]
fn a_worker_that_sleeps_is_woken_by_the_waker_of_its_work() {
    let stats = woken_call(Ok(5)).stats();
    assert_eq!((stats.succeeded_count, stats.failed_count), (1, 0));
}

#[test]
fn calls_that_fail_are_counted_one_by_one() {
    let (kernel, wakers) = Odd::new(Err(WRONG));
    let detached = detached(&kernel);
    for count in 1..4 {
        let mut call = pin!(detached.execute(()));
        let mut task = Context::from_waker(Waker::noop());
        assert!(call.as_mut().poll(&mut task).is_pending());
        wakers.recv().expect("the kernel runs").wake();
        assert_eq!(pollster::block_on(call), Err(WRONG));
        let stats = detached.stats();
        assert_eq!((stats.failed_count, stats.ended_count()), (count, count));
    }
}

#[test]
fn calls_that_say_they_were_cancelled_are_counted_so() {
    let (kernel, wakers) = Odd::new(Err(KernelError::Cancelled));
    let detached = detached(&kernel);
    for count in 1..3 {
        let mut call = pin!(detached.execute(()));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        wakers.recv().expect("the kernel runs").wake();
        assert_eq!(pollster::block_on(call), Err(KernelError::Cancelled));
        let stats = detached.stats();
        assert_eq!((stats.cancelled_count, stats.failed_count), (count, 0));
    }
}

#[test]
fn what_debug_shows_has_names_and_numbers() {
    let (kernel, _) = Odd::new(Ok(1));
    let texts = [
        (format!("{:?}", detached(&kernel)), "Detached { kernel: \"odd-by-itself\", pool: W"),
        (format!("{:?}", VirtualClock::new()), "VirtualClock { now_ns: 0, sleeper_count: 0 }"),
        (
            format!(
                "{:?}",
                TenantQuotas::new(NonZeroUsize::MIN, TenantLimits::new(1, Duration::from_secs(1)))
            ),
            "TenantQuotas { default: ",
        ),
    ];
    for (text, start) in texts {
        assert!(text.starts_with(start), "{text}");
    }
    let pool = WorkerPool::<Nothing>::try_new("n", NonZeroUsize::MIN, 0).expect("starts");
    assert!(format!("{pool:?}").starts_with("WorkerPool { thread_count: 1, queued_count: 0"));
    assert_eq!(format!("{:?}", isokern_guard::Refused(Nothing)), "Refused(..)");
}

struct Nothing;

impl isokern_guard::WorkItem for Nothing {
    fn run(self) {}
}
