//! A limit that holds, whatever the kernel does: `cargo run -p isokern-guard --example deadline`.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::sync::Arc;
use std::thread;

use isokern_core::call::Clock;
use isokern_core::kernel::safe_point;
use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, KernelMode};
use isokern_guard::{Detached, DetachedError, SystemClock};

/// Sleeps for as many milliseconds as it is asked for.
struct Sleeper {
    yields: bool,
}

impl GpuKernel for Sleeper {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("sleeper", KernelMode::Batch) }
    }
}

impl BatchKernel<u32, u32> for Sleeper {
    async fn execute(&self, millis: u32) -> Result<u32, KernelError> {
        for _ in 0..millis {
            thread::sleep(Duration::from_millis(1));
            if self.yields {
                safe_point().await;
            }
        }
        Ok(millis)
    }
}

fn main() -> Result<(), DetachedError> {
    for yields in [true, false] {
        println!("a kernel of 100 ms that {}:", if yields { "yields" } else { "never yields" });
        let kernel = Detached::try_new(Arc::new(Sleeper { yields }), NonZeroUsize::MIN, 1)?;
        for limit_millis in [1_000, 20] {
            let start_ns = SystemClock.now_ns();
            let limit = Duration::from_millis(limit_millis);
            let call = kernel.execute_with_timeout(&SystemClock, 100, limit);
            let result = pollster::block_on(call);
            let elapsed_ms = (SystemClock.now_ns() - start_ns) as f64 * 1e-6;
            println!("  limit {limit_millis:4} ms: {result:?} after {elapsed_ms:.1} ms");
        }
        let at_once = kernel.stats();
        println!("  at once: {} detached, {:?}", at_once.detached_count, kernel.health());
        while kernel.stats().detached_count > 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let later = kernel.stats();
        println!(
            "  later:   {} stopped at a safe point, {} ran on to its end, {:?}",
            later.stopped_count,
            later.ended_unused_count,
            kernel.health()
        );
        kernel.join();
    }
    Ok(())
}
