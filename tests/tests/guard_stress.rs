//! Many callers, few threads, limits at random: every call has one outcome, and the
//! kernel's own count agrees with the callers'.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use isokern_core::kernel::safe_point;
use isokern_core::{
    AllowAll, BatchKernel, Environment, ExecutionContext, GpuKernel, KernelError, KernelMetadata,
    KernelMode, Principal,
};
use isokern_guard::{Detached, DetachedStats, SystemClock};
use isokern_tests::gated::{Counted, poll_once, wait_until};

const CALLERS: u64 = 6;
const CALLS: u64 = 400;

/// The sequence of Steele, Lea and Flood (*splitmix64*), for choices that can be repeated.
struct Choices(u64);

impl Choices {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

/// What a call does for how long, and what it holds.
struct Work {
    kind: u64,
    micros: u64,
    buffer: Counted,
}

/// Answers, yields, blocks, fails or panics.
struct Moody {
    executed: AtomicU64,
    outputs: Arc<AtomicU64>,
    outputs_made: AtomicU64,
}

impl GpuKernel for Moody {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("moody", KernelMode::Batch) }
    }
}

impl BatchKernel<Work, Counted> for Moody {
    async fn execute(&self, work: Work) -> Result<Counted, KernelError> {
        self.executed.fetch_add(1, Ordering::Relaxed);
        let _buffer = work.buffer;
        match work.kind {
            0 => {}
            1 => {
                for _ in 0..work.micros / 50 {
                    thread::sleep(Duration::from_micros(50));
                    safe_point().await;
                }
            }
            2 => thread::sleep(Duration::from_micros(work.micros)),
            3 => return Err(KernelError::Failed { code: 3 }),
            _ => resume_unwind(Box::new("planted")),
        }
        self.outputs_made.fetch_add(1, Ordering::Relaxed);
        Ok(Counted::on(&self.outputs))
    }
}

/// What one caller saw.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    succeeded: u64,
    failed: u64,
    panicked: u64,
    saturated: u64,
    timed_out: u64,
    not_in_time: u64,
    dropped: u64,
}

impl Seen {
    fn note(&mut self, result: Result<Counted, KernelError>) {
        let count = match result {
            Ok(_) => &mut self.succeeded,
            Err(KernelError::Failed { code: 3 }) => &mut self.failed,
            Err(KernelError::Panicked) => &mut self.panicked,
            Err(KernelError::Saturated) => &mut self.saturated,
            Err(KernelError::Timeout { .. }) => &mut self.timed_out,
            Err(KernelError::DeadlineExceeded) => &mut self.not_in_time,
            Err(error) => panic!("no call ends so: {error}"),
        };
        *count += 1;
    }

    fn add(&mut self, other: &Self) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.panicked += other.panicked;
        self.saturated += other.saturated;
        self.timed_out += other.timed_out;
        self.not_in_time += other.not_in_time;
        self.dropped += other.dropped;
    }

    fn of(stats: &DetachedStats) -> Self {
        Self {
            succeeded: stats.succeeded_count,
            failed: stats.failed_count,
            panicked: stats.panicked_count,
            saturated: stats.saturated_count,
            timed_out: stats.timed_out_count,
            not_in_time: stats.refused_count + stats.expired_in_queue_count,
            dropped: stats.dropped_count + stats.withdrawn_count,
        }
    }
}

fn call_many(kernel: &Detached<Moody, Work, Counted>, seed: u64, inputs: &Arc<AtomicU64>) -> Seen {
    let mut choices = Choices(seed);
    let mut seen = Seen::default();
    let environment = Environment::new(SystemClock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("a", &[]));
    for _ in 0..CALLS {
        let (kind, micros) = (choices.below(5), choices.below(1_500));
        let work = Work { kind, micros, buffer: Counted::on(inputs) };
        let limit = Duration::from_micros(choices.below(1_500));
        match choices.below(5) {
            0 => seen.note(pollster::block_on(kernel.execute(work))),
            1 => {
                let context = context.with_time_limit(limit);
                seen.note(pollster::block_on(kernel.execute_with_context(&context, work)));
            }
            2 => {
                let mut call = Box::pin(kernel.execute_with_timeout(&SystemClock, work, limit));
                match poll_once(call.as_mut()) {
                    core::task::Poll::Ready(result) => seen.note(result),
                    core::task::Poll::Pending => {
                        thread::sleep(Duration::from_micros(choices.below(200)));
                        drop(call);
                        seen.dropped += 1;
                    }
                }
            }
            _ => {
                let call = kernel.execute_with_timeout(&SystemClock, work, limit);
                seen.note(pollster::block_on(call));
            }
        }
    }
    seen
}

#[test]
fn every_call_has_one_outcome() {
    let outputs = Arc::<AtomicU64>::default();
    let inputs = Arc::<AtomicU64>::default();
    let moody = Arc::new(Moody {
        executed: AtomicU64::new(0),
        outputs: Arc::clone(&outputs),
        outputs_made: AtomicU64::new(0),
    });
    let threads = NonZeroUsize::new(3).expect("not zero");
    let kernel = Detached::try_new(Arc::clone(&moody), threads, 2).expect("it starts");
    let mut seen = Seen::default();
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|seed| {
                let (kernel, inputs) = (&kernel, &inputs);
                scope.spawn(move || call_many(kernel, seed, inputs))
            })
            .collect();
        // A snapshot is consistent at any time.
        while callers.iter().any(|caller| !caller.is_finished()) {
            let stats = kernel.stats();
            assert!(stats.ended_count() <= stats.calls_count);
            let given_up = stats.timed_out_count + stats.dropped_count;
            let fates = stats.stopped_count + stats.ended_unused_count + stats.detached_count;
            assert_eq!(given_up, fates);
            thread::yield_now();
        }
        for caller in callers {
            seen.add(&caller.join().expect("no caller panics"));
        }
    });
    wait_until(|| kernel.stats().detached_count == 0 && kernel.idle_count() == threads.get());
    let stats = kernel.stats();
    assert_eq!(Seen::of(&stats), seen);
    assert_eq!(stats.calls_count, CALLERS * CALLS);
    assert_eq!((stats.waiting_count(), stats.cancelled_count), (0, 0));
    let begun = stats.succeeded_count
        + stats.failed_count
        + stats.panicked_count
        + stats.timed_out_count
        + stats.dropped_count;
    assert_eq!(moody.executed.load(Ordering::Relaxed), begun, "each ran once, or never");
    assert_eq!(inputs.load(Ordering::Relaxed), CALLERS * CALLS, "no input is lost or kept");
    assert_eq!(outputs.load(Ordering::Relaxed), moody.outputs_made.load(Ordering::Relaxed));
    // Every way to end was taken, or the numbers above say little.
    for count in [
        seen.succeeded,
        seen.failed,
        seen.panicked,
        seen.saturated,
        seen.timed_out,
        seen.not_in_time,
        seen.dropped,
        stats.stopped_count,
        stats.ended_unused_count,
    ] {
        assert!(count > 0, "{stats:?}");
    }
    kernel.join();
}
