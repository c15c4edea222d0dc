//! A detached kernel is a kernel.

use core::future::Future;
use core::time::Duration;

use isokern_core::call::{Clock, ExecutionEnvironment, moment_after};
use isokern_core::kernel::HealthStatus;
use isokern_core::{
    BatchKernel, ExecutionContext, GpuKernel, KernelError, KernelMetadata, KernelMode,
};

use super::Detached;
use super::deadline::Deadline;

#[deny(clippy::missing_trait_methods)]
impl<K, I, O, C: Clock> GpuKernel for Detached<K, I, O, C>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    fn metadata(&self) -> &KernelMetadata {
        self.kernel.metadata()
    }

    fn id(&self) -> &'static str {
        self.kernel.id()
    }

    fn mode(&self) -> KernelMode {
        self.kernel.mode()
    }

    fn validate(&self) -> Result<(), KernelError> {
        self.kernel.validate()
    }

    /// Returns the inner kernel's, or worse: degraded while overdue work holds a thread,
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
    /// Returns the moment at which a call that begins now has to end, whatever it brings.
    fn own_deadline(&self) -> Deadline<'_, C> {
        let moment_ns = self.limit.map_or(u64::MAX, |limit| moment_after(&self.clock, limit));
        Deadline::new(&self.clock, moment_ns)
    }
}

/// Everything is checked on the caller's thread, before the call is queued. Besides the
/// errors the trait names, each entry point can end with
/// [`Saturated`](KernelError::Saturated) (nothing was run; the input is dropped) and
/// [`Panicked`](KernelError::Panicked), and with a limit of any kind in
/// [`DeadlineExceeded`](KernelError::DeadlineExceeded) or
/// [`Timeout`](KernelError::Timeout).
#[deny(clippy::missing_trait_methods)]
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
        let own = self.own_deadline();
        async move {
            self.enter(self.validate_input(&input))?;
            self.race(Deadline::new(&self.clock, u64::MAX), own, input).await
        }
    }

    fn execute_with_context<E: ExecutionEnvironment>(
        &self,
        context: &ExecutionContext<'_, E>,
        input: I,
    ) -> impl Future<Output = Result<O, KernelError>> + Send {
        let own = self.own_deadline();
        async move {
            let checked = self.validate_input(&input);
            let call = self.enter(context.admit(self.metadata(), checked))?;
            let deadline_ns = context.deadline_ns().unwrap_or(u64::MAX);
            let caller = Deadline::new(context.environment().clock(), deadline_ns);
            call.end(self.race(caller, own, input).await)
        }
    }

    fn execute_with_timeout<T: Clock>(
        &self,
        clock: &T,
        input: I,
        limit: Duration,
    ) -> impl Future<Output = Result<O, KernelError>> + Send {
        let (caller, own) = (Deadline::new(clock, moment_after(clock, limit)), self.own_deadline());
        async move {
            self.enter(self.validate_input(&input))?;
            self.race(caller, own, input).await
        }
    }
}
