//! A pointer to a kernel hides nothing of it.

use std::boxed::Box;
use std::sync::Arc;

use super::{GpuKernel, HealthStatus, KernelError, KernelMetadata, KernelMode};

/// Answers every method with what the provided one would not.
struct Own;

const WRONG: KernelError = KernelError::InvalidConfiguration { reason: "planted" };

impl GpuKernel for Own {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("metadata", KernelMode::Batch) }
    }

    fn id(&self) -> &'static str {
        "own"
    }

    fn mode(&self) -> KernelMode {
        KernelMode::Ring
    }

    fn validate(&self) -> Result<(), KernelError> {
        Err(WRONG)
    }

    fn health(&self) -> HealthStatus {
        HealthStatus::Degraded
    }
}

fn check<K: GpuKernel>(kernel: K) {
    assert_eq!(kernel.metadata().id(), "metadata");
    assert_eq!((kernel.id(), kernel.mode()), ("own", KernelMode::Ring));
    assert_eq!((kernel.validate(), kernel.health()), (Err(WRONG), HealthStatus::Degraded));
}

#[test]
fn s4_every_method_of_a_kernel_is_reached_through_every_pointer() {
    check(Own);
    check(&Own);
    check(&mut Own);
    check(Box::new(Own));
    check(Arc::new(Own));
    let nested = Arc::new(Box::new(&Own));
    check(&nested);
    check(nested);
}
