//! How late limits are and what the entry points cost, on the system's clock.
//!
//! `cargo bench -p isokern-tests --bench deadline` prints two tables. Overshoot is the
//! time from the limit to the caller's next instruction; it includes the timer, two
//! wake-ups and the scheduler. The overshoot of a cooperative limit is the time between
//! two safe points of a kernel, and is a matter of that kernel: pass one to [`overshoot`].

use core::hint::{black_box, spin_loop};
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::thread;

use isokern_core::call::Clock;
use isokern_core::kernel::safe_point;
use isokern_core::{
    AllowAll, BatchKernel, Environment, ExecutionContext, GpuKernel, KernelError, KernelMetadata,
    KernelMode, Principal,
};
use isokern_guard::{Detached, Governed, SystemClock, TenantLimits, TenantQuotas};

/// Runs until it is let go; comes to a safe point every few microseconds, or never.
struct Endless {
    yields: bool,
    sleeps: bool,
    is_over: AtomicBool,
}

impl Endless {
    const fn new(yields: bool, sleeps: bool) -> Self {
        Self { yields, sleeps, is_over: AtomicBool::new(false) }
    }
}

impl GpuKernel for Endless {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("endless", KernelMode::Batch) }
    }
}

impl BatchKernel<(), ()> for Endless {
    async fn execute(&self, (): ()) -> Result<(), KernelError> {
        while !self.is_over.load(Ordering::Relaxed) {
            if self.sleeps {
                thread::sleep(Duration::from_micros(100));
            } else {
                (0..1_000).for_each(|_| spin_loop());
            }
            if self.yields {
                safe_point().await;
            }
        }
        Ok(())
    }
}

/// Does nothing.
struct Empty;

impl GpuKernel for Empty {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("empty", KernelMode::Batch) }
    }
}

impl BatchKernel<u32, u32> for Empty {
    async fn execute(&self, input: u32) -> Result<u32, KernelError> {
        Ok(input)
    }
}

/// Prints a row: what, and the quantiles of some times in ns.
fn row(what: &str, mut times_ns: Vec<u64>, unit: &str, unit_ns: f64) {
    times_ns.sort_unstable();
    let quantile = |share: f64| {
        let index = (times_ns.len() as f64 * share) as usize;
        times_ns[index.min(times_ns.len() - 1)] as f64 / unit_ns
    };
    let (half, most, all) = (quantile(0.5), quantile(0.99), quantile(1.0));
    let count = times_ns.len();
    println!("| {what} | {half:.2} | {most:.2} | {all:.2} | {unit} | {count} |");
}

/// Times calls that end with their limit.
///
/// # Panics
///
/// When one ends in another way.
fn overshoot(what: &str, limit: Duration, count: usize, call: impl Fn() -> KernelError) {
    let limit_ns = limit.as_nanos() as u64;
    let times_ns = (0..count).map(|_| {
        let start_ns = SystemClock.now_ns();
        let error = call();
        let elapsed_ns = SystemClock.now_ns() - start_ns;
        assert!(matches!(error, KernelError::Timeout { .. }), "{error}");
        elapsed_ns - limit_ns
    });
    row(&format!("{what}, limit {} ms", limit.as_millis()), times_ns.collect(), "us", 1e3);
}

/// Times calls through a detached kernel that never yields; each leaves its work running
/// and lets it end before the next.
fn detached_overshoot(sleeps: bool, limit: Duration, count: usize) {
    let endless = Arc::new(Endless::new(false, sleeps));
    let kernel = Detached::try_new(Arc::clone(&endless), NonZeroUsize::MIN, 0);
    let kernel = kernel.expect("a thread is to be had");
    let what = if sleeps { "never yields, sleeps" } else { "never yields, computes" };
    overshoot(&format!("`Detached`, {what}"), limit, count, || {
        endless.is_over.store(false, Ordering::Relaxed);
        let call = kernel.execute_with_timeout(&SystemClock, (), limit);
        let error = pollster::block_on(call).expect_err("the kernel does not end");
        endless.is_over.store(true, Ordering::Relaxed);
        while kernel.idle_count() == 0 {
            thread::yield_now();
        }
        error
    });
}

/// Times calls one by one; the clock's own cost is the row above them.
fn cost<T>(what: &str, count: usize, mut call: impl FnMut() -> T) {
    for _ in 0..count / 10 {
        black_box(call());
    }
    let times_ns = (0..count).map(|_| {
        let start_ns = SystemClock.now_ns();
        black_box(call());
        SystemClock.now_ns() - start_ns
    });
    row(what, times_ns.collect(), "ns", 1.0);
}

fn costs(count: usize) {
    let limit = Duration::from_secs(3_600);
    let environment = Environment::new(SystemClock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("a", &[]));
    let in_time = context.with_time_limit(limit);
    let limits = TenantLimits::new(1_000, Duration::ZERO);
    let quotas = TenantQuotas::new(NonZeroUsize::MIN, limits);
    let governed = Governed::new(Empty, AllowAll).with_quota(quotas);
    let detached = Detached::try_new(Arc::new(Empty), NonZeroUsize::MIN, 1);
    let detached = detached.expect("a thread is to be had");
    cost("nothing: two looks at the clock", count, || ());
    cost("`execute`", count, || pollster::block_on(Empty.execute(black_box(1))));
    cost("`execute_with_timeout`", count, || {
        pollster::block_on(Empty.execute_with_timeout(&SystemClock, black_box(1), limit))
    });
    cost("`execute_with_context`, no deadline", count, || {
        pollster::block_on(Empty.execute_with_context(&context, black_box(1)))
    });
    cost("`execute_with_context`, a deadline", count, || {
        pollster::block_on(Empty.execute_with_context(&in_time, black_box(1)))
    });
    cost("`Governed` with a quota, no subscriber", count, || {
        pollster::block_on(governed.execute_with_context(&in_time, black_box(1)))
    });
    cost("`Detached`, no limit", count, || pollster::block_on(detached.execute(black_box(1))));
    cost("`Detached`, a limit", count, || {
        pollster::block_on(detached.execute_with_timeout(&SystemClock, black_box(1), limit))
    });
}

fn main() {
    // Cargo says `--bench` when it measures; otherwise the bench is only tried out.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let (limits_count, calls_count) = if measures { (300, 20_000) } else { (2, 20) };
    println!("| overshoot | p50 | p99 | max | unit | calls |\n|---|--:|--:|--:|---|--:|");
    for limit_ms in [1, 5, 20] {
        let limit = Duration::from_millis(limit_ms);
        for sleeps in [true, false] {
            detached_overshoot(sleeps, limit, limits_count);
        }
        let endless = Endless::new(true, false);
        overshoot("cooperative, safe points every 1000 spins", limit, limits_count, || {
            let call = endless.execute_with_timeout(&SystemClock, (), limit);
            pollster::block_on(call).expect_err("the kernel does not end")
        });
    }
    println!("\n| cost of a call | p50 | p99 | max | unit | calls |\n|---|--:|--:|--:|---|--:|");
    costs(calls_count);
}
