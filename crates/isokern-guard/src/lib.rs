//! Timeouts, permissions, quotas and tracing around any kernel. Needs `std`.
//!
//! Servers and desktop programs link this crate, on the CPU backend or on another: it
//! knows kernels by the contracts of `isokern-core` alone. Firmware does not need it; the
//! cooperative limits and the checks of a context are in the core.
//!
//! # Example
//!
//! ```
//! use core::num::NonZeroUsize;
//! use core::time::Duration;
//! use std::sync::Arc;
//! use isokern_core::{
//!     AllowAll, BatchKernel, Environment, ExecutionContext, GpuKernel, KernelError,
//!     KernelMetadata, KernelMode, Principal,
//! };
//! use isokern_guard::{Detached, Governed, SystemClock, TenantLimits, TenantQuotas};
//!
//! struct Sum;
//!
//! impl GpuKernel for Sum {
//!     fn metadata(&self) -> &KernelMetadata {
//!         const { &KernelMetadata::new("sum", KernelMode::Batch) }
//!     }
//! }
//!
//! impl BatchKernel<Vec<u32>, u32> for Sum {
//!     async fn execute(&self, numbers: Vec<u32>) -> Result<u32, KernelError> {
//!         Ok(numbers.iter().sum())
//!     }
//! }
//!
//! // Two threads with a queue of eight; ten calls a second for each of up to 100 tenants.
//! let threads = NonZeroUsize::new(2).unwrap();
//! let detached = Detached::try_new(Arc::new(Sum), threads, 8)?;
//! let limits = TenantLimits::new(10, Duration::from_millis(100));
//! let quotas = TenantQuotas::new(NonZeroUsize::new(100).unwrap(), limits);
//! let kernel = Governed::new(detached, AllowAll).with_quota(quotas);
//!
//! let environment = Environment::new(SystemClock, AllowAll);
//! let context = ExecutionContext::new(&environment, Principal::new("alice", &[]))
//!     .with_tenant(7)
//!     .with_time_limit(Duration::from_secs(1));
//! let sum = pollster::block_on(kernel.execute_with_context(&context, vec![1, 2, 3]))?;
//! assert_eq!(sum, 6);
//! # Ok::<(), isokern_guard::DetachedError>(())
//! ```
//!
//! # Modules
//!
//! | module | what it is |
//! |---|---|
//! | [`detached`] | [`Detached`]: limits that hold when the kernel never yields |
//! | [`governed`] | [`Governed`]: permissions, quotas and spans of the kernel's own |
//! | [`quotas`] | [`TenantQuotas`]: rates and calls in flight, for a bounded number of tenants |
//! | [`observer`] | [`TracingObserver`]: calls as `tracing` events |
//! | [`pool`] | [`WorkerPool`]: a bounded number of threads, a bounded queue |
//! | [`clock`] | [`SystemClock`], and [`VirtualClock`] for tests |
//!
//! Every public item is also at the root. There are no features.
//!
//! # Which goes outside
//!
//! `Governed<Detached<K>>`: who may not call costs no thread. The other way round every
//! call is refused, since contexts stay with the caller and a governed kernel answers
//! nobody without one.
//!
//! # What allocates
//!
//! A detached call makes one allocation. A governed call makes none of its own, nor does a
//! sleep on either clock; tables grow to the most entries they have held at once.
//!
//! # Not here
//!
//! * An executor: futures run on the caller's, whichever it is.
//! * Limits without threads, permissions, contexts: `isokern-core`.
//! * A way to end code that never yields. It runs on, counted, and bounded by the
//!   number of threads.
//! * Retries and circuit breakers: callers, who know what a second try costs.
//!
//! # Safety
//!
//! No `unsafe`. Panics of kernels are kept on their threads and become
//! [`KernelError::Panicked`](isokern_core::KernelError::Panicked); a program built with
//! `panic = "abort"` ends instead.

pub mod clock;
pub mod detached;
pub mod governed;
mod lock;
pub mod observer;
pub mod pool;
pub mod quotas;

pub use clock::{SystemClock, VirtualClock};
pub use detached::{Detached, DetachedError, DetachedStats};
pub use governed::Governed;
pub use observer::{TRACING_TARGET, TracingObserver};
pub use pool::{PoolError, Refused, WorkItem, WorkerPool};
pub use quotas::{TenantLimits, TenantPermit, TenantQuotas};

/// The code in the README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
