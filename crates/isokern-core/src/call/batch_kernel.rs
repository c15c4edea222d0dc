//! Kernels that are called, answer, and are gone.

use core::future::Future;
use core::time::Duration;

use super::clock::{Clock, moment_after};
use super::context::ExecutionContext;
use super::environment::ExecutionEnvironment;
use super::limit::within_limit;
use crate::kernel::{GpuKernel, KernelError};

/// A kernel that turns one input into one output per call.
///
/// The futures do nothing until they are polled, and poll from start to end they allocate
/// nothing that `execute` does not.
///
/// ```
/// use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, KernelMode};
///
/// struct SquareRoot;
///
/// impl GpuKernel for SquareRoot {
///     fn metadata(&self) -> &KernelMetadata {
///         const { &KernelMetadata::new("sqrt", KernelMode::Batch) }
///     }
/// }
///
/// impl BatchKernel<f32, f32> for SquareRoot {
///     fn validate_input(&self, input: &f32) -> Result<(), KernelError> {
///         let refused = KernelError::InvalidInput { reason: "negative" };
///         if *input >= 0.0 { Ok(()) } else { Err(refused) }
///     }
///
///     async fn execute(&self, input: f32) -> Result<f32, KernelError> {
///         Ok(input.sqrt())
///     }
/// }
///
/// assert_eq!(pollster::block_on(SquareRoot.execute(9.0)), Ok(3.0));
/// ```
pub trait BatchKernel<I: Send + Sync, O: Send + Sync>: GpuKernel {
    /// Checks an input before any work. The default takes every input.
    ///
    /// Every provided entry point asks first; so does every wrapper of this workspace.
    ///
    /// # Errors
    ///
    /// [`KernelError::InvalidInput`] with what is wrong.
    fn validate_input(&self, input: &I) -> Result<(), KernelError> {
        let _ = input;
        Ok(())
    }

    /// Runs the kernel once, for as long as it takes.
    ///
    /// # Errors
    ///
    /// Whatever keeps the kernel from answering.
    fn execute(&self, input: I) -> impl Future<Output = Result<O, KernelError>> + Send;

    /// Runs the kernel once under a context.
    ///
    /// Checked in this order, before any work: the input, the deadline, the permission
    /// the kernel requires, the tenant's quota. Then the work is raced against the
    /// deadline as [`within_limit`] describes, and the environment's observer is notified.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](KernelError::InvalidInput),
    /// [`DeadlineExceeded`](KernelError::DeadlineExceeded),
    /// [`PermissionDenied`](KernelError::PermissionDenied),
    /// [`QuotaExceeded`](KernelError::QuotaExceeded): nothing was run.
    /// [`Timeout`](KernelError::Timeout): the work was given up. Or the work's own.
    fn execute_with_context<E: ExecutionEnvironment>(
        &self,
        context: &ExecutionContext<'_, E>,
        input: I,
    ) -> impl Future<Output = Result<O, KernelError>> + Send {
        async move {
            let checked = self.validate_input(&input);
            let call = context.admit(self.metadata(), checked)?;
            let deadline_ns = context.deadline_ns().unwrap_or(u64::MAX);
            let clock = context.environment().clock();
            let result = within_limit(clock, deadline_ns, self.execute(input)).await;
            call.end(result)
        }
    }

    /// Runs the kernel once, for at most `limit` from now.
    ///
    /// The limit counts from this call, not from the first poll, and is cooperative: see
    /// [`within_limit`]. Works without heap and without `std`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](KernelError::InvalidInput),
    /// [`DeadlineExceeded`](KernelError::DeadlineExceeded) (no time was left at the first
    /// poll): nothing was run. [`Timeout`](KernelError::Timeout): the work was given up.
    /// Or the work's own.
    fn execute_with_timeout<C: Clock>(
        &self,
        clock: &C,
        input: I,
        limit: Duration,
    ) -> impl Future<Output = Result<O, KernelError>> + Send {
        let deadline_ns = moment_after(clock, limit);
        async move {
            self.validate_input(&input)?;
            within_limit(clock, deadline_ns, self.execute(input)).await
        }
    }
}
