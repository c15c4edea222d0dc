//! What points to a kernel is one.

use super::{GpuKernel, HealthStatus, KernelError, KernelMetadata, KernelMode};
use crate::pointers::for_pointers;

macro_rules! gpu_kernel {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<K: GpuKernel + ?Sized> GpuKernel for $pointer {
            fn metadata(&self) -> &KernelMetadata {
                K::metadata(self)
            }

            fn id(&self) -> &'static str {
                K::id(self)
            }

            fn mode(&self) -> KernelMode {
                K::mode(self)
            }

            fn validate(&self) -> Result<(), KernelError> {
                K::validate(self)
            }

            fn health(&self) -> HealthStatus {
                K::health(self)
            }
        }
    };
}

for_pointers! { gpu_kernel, K }
