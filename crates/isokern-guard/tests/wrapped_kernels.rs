//! A wrapped kernel is the kernel inside, and what is wrapped may be held by a pointer.

use core::num::NonZeroUsize;
use std::sync::Arc;

use isokern_core::kernel::HealthStatus;
use isokern_core::{
    AllowAll, BatchKernel, Environment, ExecutionContext, GpuKernel, KernelError, KernelMetadata,
    KernelMode, Principal,
};
use isokern_guard::{Detached, Governed, SystemClock};

/// Answers every method with what the provided one would not.
struct Own;

impl GpuKernel for Own {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("metadata", KernelMode::Batch) }
    }

    fn id(&self) -> &'static str {
        "own"
    }

    fn mode(&self) -> KernelMode {
        KernelMode::Megakernel
    }

    fn health(&self) -> HealthStatus {
        HealthStatus::Degraded
    }
}

impl BatchKernel<u32, u32> for Own {
    async fn execute(&self, input: u32) -> Result<u32, KernelError> {
        Ok(input + 1)
    }
}

fn check<K: BatchKernel<u32, u32>>(kernel: &K) {
    assert_eq!((kernel.id(), kernel.mode()), ("own", KernelMode::Megakernel));
    assert_eq!(kernel.metadata().id(), "metadata");
    assert_eq!(kernel.health(), HealthStatus::Degraded);
    let environment = Environment::new(SystemClock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("a", &[]));
    assert_eq!(pollster::block_on(kernel.execute_with_context(&context, 41)), Ok(42));
}

#[test]
fn s4_wrappers_keep_the_kernel_s_own_answers() {
    check(&Governed::new(Own, AllowAll));
    check(&Governed::new(Arc::new(Own), AllowAll));
    let detached = || Detached::try_new(Arc::new(Box::new(Own)), NonZeroUsize::MIN, 1);
    check(&detached().expect("a thread starts"));
    check(&Governed::new(detached().expect("a thread starts"), AllowAll));
}
