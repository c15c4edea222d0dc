//! Kernels: code with a name, a mode and rules, the same on every backend.
//!
//! ```
//! use isokern_core::{GpuKernel, KernelError, KernelMetadata, KernelMode};
//!
//! struct Scaler {
//!     divisor: u32,
//! }
//!
//! impl GpuKernel for Scaler {
//!     fn metadata(&self) -> &KernelMetadata {
//!         const { &KernelMetadata::new("scaler", KernelMode::Batch).with_version("1.0") }
//!     }
//!
//!     fn validate(&self) -> Result<(), KernelError> {
//!         let reason = "the divisor is 0";
//!         let refused = Err(KernelError::InvalidConfiguration { reason });
//!         if self.divisor == 0 { refused } else { Ok(()) }
//!     }
//! }
//!
//! let error = Scaler { divisor: 0 }.validate().unwrap_err();
//! assert_eq!(error.code(), 2001);
//! assert_eq!(Scaler { divisor: 3 }.id(), "scaler");
//! ```
//!
//! | part | what it is |
//! |---|---|
//! | [`GpuKernel`], [`HealthStatus`] | what kernels of every mode have in common |
//! | [`KernelMetadata`], [`KernelMode`], [`Permission`] | what a kernel says about itself |
//! | [`KernelError`], [`QuotaExceeded`], [`Busy`] | why a call gave no answer |
//! | [`FailureCode`] | an error of the kernel's own, for `?` |
//! | [`safe_point`] | a place where work can be given up |
//! | [`whole_ns`] | a limit as the number that is counted in |
//!
//! How kernels are called is in [`call`](crate::call), how they are kept running in
//! [`actor`](crate::actor).
//!
//! # For kernel authors
//!
//! * Implement [`GpuKernel`] and one of the traits above it: `BatchKernel` in
//!   [`call`](crate::call) or `RingKernelHandler` in [`actor`](crate::actor).
//! * Await [`safe_point`] wherever the work can be given up: between operators, between
//!   tiles. What is between two of them is how late a limit may be.
//! * A future dropped at a safe point **must** leave the kernel usable.
//! * Kernels of several types in one list are a [`kernel_set!`](crate::kernel_set).
//! * Nothing here boxes a future; do not box yours.
//! * What points to a kernel is one: `&K`, `&mut K`, and with the feature `std` `Box<K>` and
//!   `Arc<K>`. The same holds for batch kernels, ring handlers, backends, and what an
//!   environment consists of. No method is lost on the way, provided ones neither.

mod error;
mod failure;
mod metadata;
mod mode;
mod nanoseconds;
mod permission;
mod pointers;
mod refusal;
mod safe_point;

pub use error::KernelError;
pub use failure::FailureCode;
pub use metadata::KernelMetadata;
pub use mode::{KernelMode, KernelModeError};
pub use nanoseconds::whole_ns;
pub use permission::Permission;
pub use refusal::{Busy, QuotaExceeded};
pub use safe_point::{SafePoint, safe_point};

/// A kernel: what every mode has in common.
///
/// ```
/// use isokern_core::kernel::HealthStatus;
/// use isokern_core::{GpuKernel, KernelMetadata, KernelMode};
///
/// struct Doubler;
///
/// impl GpuKernel for Doubler {
///     fn metadata(&self) -> &KernelMetadata {
///         const { &KernelMetadata::new("doubler", KernelMode::Batch).with_version("1.0") }
///     }
/// }
///
/// assert_eq!((Doubler.id(), Doubler.mode()), ("doubler", KernelMode::Batch));
/// assert_eq!(Doubler.health(), HealthStatus::Healthy);
/// ```
pub trait GpuKernel: Send + Sync {
    /// Returns what the kernel says about itself; the same at every call.
    fn metadata(&self) -> &KernelMetadata;

    /// Returns the kernel's name.
    fn id(&self) -> &'static str {
        self.metadata().id()
    }

    /// Returns how the kernel is kept running.
    fn mode(&self) -> KernelMode {
        self.metadata().mode()
    }

    /// Checks the kernel's own configuration. Whoever takes a kernel over to run it asks
    /// once, before the first call. The default has nothing to check.
    ///
    /// # Errors
    ///
    /// [`KernelError::InvalidConfiguration`] with what is wrong.
    fn validate(&self) -> Result<(), KernelError> {
        Ok(())
    }

    /// Returns whether calls are likely to succeed. The default knows no fault.
    fn health(&self) -> HealthStatus {
        HealthStatus::Healthy
    }
}

/// Whether calls of a kernel are likely to succeed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum HealthStatus {
    /// No fault is known.
    #[cfg_attr(feature = "serde", serde(alias = "Healthy"))]
    Healthy,
    /// Calls are answered, but something is lost: a worker, a device of several.
    #[cfg_attr(feature = "serde", serde(alias = "Degraded"))]
    Degraded,
    /// Calls fail until somebody steps in.
    #[cfg_attr(feature = "serde", serde(alias = "Unhealthy"))]
    Unhealthy,
}

#[cfg(all(test, feature = "std"))]
mod pointers_tests;
#[cfg(test)]
pub(crate) mod toys;
