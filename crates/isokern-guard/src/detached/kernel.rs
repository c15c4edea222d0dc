//! A detached kernel is a kernel.

use core::future::Future;
use core::time::Duration;

use isokern_core::call::{Clock, ExecutionEnvironment, moment_after};
use isokern_core::kernel::HealthStatus;
use isokern_core::{BatchKernel, ExecutionContext, GpuKernel, KernelError, KernelMetadata};

use super::Detached;

impl<K, I, O, C: Clock> GpuKernel for Detached<K, I, O, C>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    fn metadata(&self) -> &KernelMetadata {
        self.kernel.metadata()
    }

    fn validate(&self) -> Result<(), KernelError> {
        self.kernel.validate()
    }

    /// The inner kernel's, or worse: degraded while left-behind work holds a thread,
    /// unhealthy while it holds all of them.
    fn health(&self) -> HealthStatus {
        let held_count = self.stats().detached_count;
        match self.kernel.health() {
            _ if held_count >= self.thread_count() as u64 => HealthStatus::Unhealthy,
            HealthStatus::Healthy if held_count > 0 => HealthStatus::Degraded,
            inner => inner,
        }
    }
}

impl<K, I, O, C: Clock> Detached<K, I, O, C>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    /// Returns the moment at which a call that brings no limit has to end.
    fn own_deadline_ns(&self) -> u64 {
        self.limit.map_or(u64::MAX, |limit| moment_after(&self.clock, limit))
    }
}

/// Everything is checked on the caller's thread, before the call is queued. Besides the
/// errors the trait names, each entry point can end with
/// [`Saturated`](KernelError::Saturated) (nothing was run; the input is dropped) and
/// [`Panicked`](KernelError::Panicked), and with a limit of any kind in
/// [`DeadlineExceeded`](KernelError::DeadlineExceeded) or
/// [`Timeout`](KernelError::Timeout).
impl<K, I, O, C: Clock> BatchKernel<I, O> for Detached<K, I, O, C>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    fn validate_input(&self, input: &I) -> Result<(), KernelError> {
        self.kernel.validate_input(input)
    }

    fn execute(&self, input: I) -> impl Future<Output = Result<O, KernelError>> + Send {
        let deadline_ns = self.own_deadline_ns();
        async move {
            self.enter(self.validate_input(&input))?;
            self.race(&self.clock, deadline_ns, input).await
        }
    }

    fn execute_with_context<E: ExecutionEnvironment>(
        &self,
        context: &ExecutionContext<'_, E>,
        input: I,
    ) -> impl Future<Output = Result<O, KernelError>> + Send {
        let own_deadline_ns = self.own_deadline_ns();
        async move {
            let checked = self.validate_input(&input);
            let call = self.enter(context.admit(self.metadata(), checked))?;
            let result = match context.deadline_ns() {
                Some(deadline_ns) => {
                    self.race(context.environment().clock(), deadline_ns, input).await
                }
                None => self.race(&self.clock, own_deadline_ns, input).await,
            };
            call.end(result)
        }
    }

    fn execute_with_timeout<T: Clock>(
        &self,
        clock: &T,
        input: I,
        limit: Duration,
    ) -> impl Future<Output = Result<O, KernelError>> + Send {
        let deadline_ns = moment_after(clock, limit);
        async move {
            self.enter(self.validate_input(&input))?;
            self.race(clock, deadline_ns, input).await
        }
    }
}
