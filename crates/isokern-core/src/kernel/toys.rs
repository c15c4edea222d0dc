//! A kernel for tests.

use super::{GpuKernel, HealthStatus, KernelError, KernelMetadata, KernelMode};

/// Answers every method with what the provided one would not.
pub(crate) struct Own;

pub(crate) const WRONG: KernelError = KernelError::InvalidConfiguration { reason: "planted" };

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
