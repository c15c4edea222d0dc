//! Calls of kernels: who calls, until when, at whose cost, and what is checked before.
//!
//! # For callers
//!
//! Take `K: BatchKernel<I, O>` and choose the entry point by what the call needs:
//!
//! | entry point | checked before the work | when its limit ends first |
//! |---|---|---|
//! | [`execute`](BatchKernel::execute) | nothing | it has no limit |
//! | [`execute_with_timeout`] | the input | stops at the next safe point |
//! | [`execute_with_context`] | input, deadline, permission, quota | stops at the next safe point |
//!
//! These limits are *cooperative*: code that never comes to a safe point runs to its end,
//! and its late answer is dropped. That is all a target without threads can do. A hard
//! limit needs a thread to leave behind: `Detached` in `isokern-guard`.
//!
//! [`execute_with_timeout`]: BatchKernel::execute_with_timeout
//! [`execute_with_context`]: BatchKernel::execute_with_context
//!
//! # For kernel authors
//!
//! Implement [`GpuKernel`](crate::kernel::GpuKernel) and [`BatchKernel::execute`]; the rest has
//! defaults. A model of any backend is a kernel already: [`ModelKernel`].

mod admission;
pub mod authorization;
mod batch_kernel;
pub mod clock;
pub mod context;
mod environment;
pub mod exclusive;
mod limit;
mod model_kernel;
mod observer;
pub mod quota;
#[cfg(target_has_atomic = "8")]
mod single_owner;
pub mod trace;

pub use admission::RunningCall;
pub use authorization::{AllowAll, Authorizer, PermissionTable, PermissionTableError, Principal};
pub use batch_kernel::BatchKernel;
pub use clock::{Clock, PollingSleep, moment_after};
pub use context::ExecutionContext;
pub use environment::{Environment, ExecutionEnvironment};
pub use exclusive::Exclusive;
pub use limit::within_limit;
pub use model_kernel::{ModelKernel, ModelSlot};
pub use observer::{Call, CallEvent, Observer, Unobserved};
pub use quota::{Quota, TokenBucket, Unlimited};
#[cfg(target_has_atomic = "8")]
pub use single_owner::{Owned, SingleOwner};
pub use trace::{TraceContext, TraceparentError};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod toys;
#[cfg(test)]
mod trace_tests;
