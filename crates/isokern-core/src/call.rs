//! Calls of kernels: who calls, until when, at whose cost, and what is checked before.
//!
//! ```
//! use isokern_core::{AllowAll, BatchKernel, Environment, ExecutionContext, Principal};
//! use isokern_core::{GpuKernel, KernelError, KernelMetadata, KernelMode};
//! # use isokern_core::call::{Clock, PollingSleep};
//! # struct Stopped;
//! # impl Clock for Stopped {
//! #     fn now_ns(&self) -> u64 { 1_000 }
//! #     fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
//! #         PollingSleep::new(self, moment_ns)
//! #     }
//! # }
//!
//! struct Doubler;
//!
//! impl GpuKernel for Doubler {
//!     fn metadata(&self) -> &KernelMetadata {
//!         const { &KernelMetadata::new("doubler", KernelMode::Batch) }
//!     }
//! }
//!
//! impl BatchKernel<u32, u32> for Doubler {
//!     async fn execute(&self, input: u32) -> Result<u32, KernelError> {
//!         Ok(2 * input)
//!     }
//! }
//!
//! // A clock that shows 1 000 ns, callers who may do everything.
//! let environment = Environment::new(Stopped, AllowAll);
//! let context = ExecutionContext::new(&environment, Principal::new("microphone", &[]));
//! assert_eq!(pollster::block_on(Doubler.execute_with_context(&context, 21)), Ok(42));
//!
//! let late = context.with_deadline_ns(999);
//! let refused = pollster::block_on(Doubler.execute_with_context(&late, 21));
//! assert_eq!(refused, Err(KernelError::DeadlineExceeded));
//! ```
//!
//! | module | what is in it |
//! |---|---|
//! | this one | [`BatchKernel`], [`ModelKernel`], [`Observer`], [`RunningCall`], [`within_limit`] |
//! | [`context`] | [`ExecutionContext`]: who calls, until when; [`Environment`] |
//! | [`authorization`] | [`Principal`], [`Authorizer`]: who calls, and what they may |
//! | [`quota`] | [`Quota`], [`TokenBucket`]: how much a tenant may use |
//! | [`trace`] | [`TraceContext`]: which request of a larger system it is |
//! | [`clock`] | [`Clock`]: what time it is |
//! | [`exclusive`] | [`Exclusive`]: `&mut` through `&`, without a spin |
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
//! limit need a thread that can run on after the caller has its answer: `Detached` in
//! `isokern-guard`.
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
mod pointers;
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

#[cfg(all(test, feature = "std"))]
mod pointers_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod toys;
#[cfg(test)]
mod trace_tests;
