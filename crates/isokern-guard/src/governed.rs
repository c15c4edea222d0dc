//! Kernels that check their callers by rules of their own.

mod span;

use core::time::Duration;

use isokern_core::call::{
    Authorizer, Call, CallEvent, Clock, ExecutionEnvironment, Quota, Unlimited,
};
use isokern_core::kernel::HealthStatus;
use isokern_core::{
    BatchKernel, ExecutionContext, GpuKernel, KernelError, KernelMetadata, KernelMode,
};
use tracing::{Instrument, field};

use crate::clock::SystemClock;
use crate::observer::{TRACING_TARGET, report};
use span::CallSpan;

/// A kernel with an authorizer, a quota and a clock of its own, and a span for each call.
///
/// A context carries its caller's environment, and a caller can bring one that permits
/// everything. Here the permission the kernel requires and the tenant's quota are checked
/// against rules that came with the kernel, at the time of a clock that came with it; then
/// the inner kernel checks the caller's environment too. Who the caller *is* stays the
/// business of whoever made the context: names and tenants are taken for verified.
///
/// Calls without a context are refused with
/// [`ContextRequired`](KernelError::ContextRequired), whatever their input.
///
/// # Checked before any work
///
/// In this order: the input (the inner kernel looks at it again), the context's deadline
/// on the context's clock, the permission (both asked for and held), the quota. Refusals
/// are reported as events of [`TracingObserver`](crate::TracingObserver).
///
/// # The span
///
/// `kernel.call`, entered at every poll, with the fields `kernel`, `version`,
/// `request_id`, `trace_id` (32 hex digits) and `parent_span_id` (16; both absent without
/// a trace), `principal`, `tenant`, and at the end `code` (0, or
/// [`KernelError::code`]) and `elapsed_ns`. At its end an event in it says `outcome`, `code`,
/// `elapsed_ns` and `error`; where the span is filtered out, the event has the fields of
/// the call as well.
///
/// ```
/// use isokern_core::call::PermissionTable;
/// use isokern_core::kernel::Permission;
/// use isokern_core::{
///     AllowAll, BatchKernel, Environment, ExecutionContext, GpuKernel, KernelError,
///     KernelMetadata, KernelMode, Principal,
/// };
/// use isokern_guard::{Governed, SystemClock};
///
/// const ADD: Permission = Permission::new("adder.add");
///
/// struct Adder;
///
/// impl GpuKernel for Adder {
///     fn metadata(&self) -> &KernelMetadata {
///         const { &KernelMetadata::new("adder", KernelMode::Batch).with_required_permission(ADD) }
///     }
/// }
///
/// impl BatchKernel<(u8, u8), u16> for Adder {
///     async fn execute(&self, (a, b): (u8, u8)) -> Result<u16, KernelError> {
///         Ok(u16::from(a) + u16::from(b))
///     }
/// }
///
/// let mut table = PermissionTable::<4, 2>::new();
/// table.try_grant("alice", ADD)?;
/// let kernel = Governed::new(Adder, table);
///
/// let environment = Environment::new(SystemClock, AllowAll); // does not help mallory
/// let call = |name| {
///     let context = ExecutionContext::new(&environment, Principal::new(name, &[ADD]));
///     pollster::block_on(kernel.execute_with_context(&context, (200, 100)))
/// };
/// assert_eq!(call("alice"), Ok(300));
/// assert_eq!(call("mallory"), Err(KernelError::PermissionDenied { permission: ADD }));
/// let nameless = pollster::block_on(kernel.execute((1, 1)));
/// assert_eq!(nameless, Err(KernelError::ContextRequired));
/// # Ok::<(), isokern_core::call::PermissionTableError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Governed<K, A, Q = Unlimited, C = SystemClock> {
    kernel: K,
    authorizer: A,
    quota: Q,
    clock: C,
}

impl<K, A> Governed<K, A> {
    /// Returns the kernel under an authorizer, without a quota, on the system's clock.
    #[must_use]
    pub const fn new(kernel: K, authorizer: A) -> Self {
        Self { kernel, authorizer, quota: Unlimited, clock: SystemClock }
    }
}

impl<K, A, Q, C> Governed<K, A, Q, C> {
    /// Returns the kernel with another quota.
    #[must_use]
    pub fn with_quota<P>(self, quota: P) -> Governed<K, A, P, C> {
        let Self { kernel, authorizer, clock, .. } = self;
        Governed { kernel, authorizer, quota, clock }
    }

    /// Returns the kernel with another clock for its quota and its reports.
    #[must_use]
    pub fn with_clock<T>(self, clock: T) -> Governed<K, A, Q, T> {
        let Self { kernel, authorizer, quota, .. } = self;
        Governed { kernel, authorizer, quota, clock }
    }

    /// Returns the kernel inside, which nothing governs.
    #[must_use]
    pub const fn inner(&self) -> &K {
        &self.kernel
    }

    /// Returns the quota.
    #[must_use]
    pub const fn quota(&self) -> &Q {
        &self.quota
    }
}

impl<K: GpuKernel, A: Authorizer, Q: Quota, C: Clock> Governed<K, A, Q, C> {
    /// Checks everything but the input, in the order of the type's page.
    fn permit<E: ExecutionEnvironment>(
        &self,
        context: &ExecutionContext<'_, E>,
        now_ns: u64,
    ) -> Result<Q::Permit<'_>, KernelError> {
        let caller_now_ns = context.environment().clock().now_ns();
        if context.deadline_ns().is_some_and(|deadline_ns| deadline_ns <= caller_now_ns) {
            return Err(KernelError::DeadlineExceeded);
        }
        if let Some(permission) = self.metadata().required_permission()
            && !context.is_permitted(&self.authorizer, permission)
        {
            return Err(KernelError::PermissionDenied { permission });
        }
        Ok(self.quota.admit(context.tenant(), now_ns)?)
    }
}

#[deny(clippy::missing_trait_methods)]
impl<K: GpuKernel, A: Authorizer, Q: Quota, C: Clock> GpuKernel for Governed<K, A, Q, C> {
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

    fn health(&self) -> HealthStatus {
        self.kernel.health()
    }
}

#[deny(clippy::missing_trait_methods)]
impl<I, O, K, A, Q, C> BatchKernel<I, O> for Governed<K, A, Q, C>
where
    I: Send + Sync,
    O: Send + Sync,
    K: BatchKernel<I, O>,
    A: Authorizer,
    Q: Quota,
    C: Clock,
{
    fn validate_input(&self, input: &I) -> Result<(), KernelError> {
        self.kernel.validate_input(input)
    }

    /// Refuses with [`ContextRequired`](KernelError::ContextRequired).
    async fn execute(&self, _: I) -> Result<O, KernelError> {
        refuse_nameless(self.metadata())
    }

    /// Refuses with [`ContextRequired`](KernelError::ContextRequired).
    async fn execute_with_timeout<T: Clock>(
        &self,
        _: &T,
        _: I,
        _: Duration,
    ) -> Result<O, KernelError> {
        refuse_nameless(self.metadata())
    }

    async fn execute_with_context<E: ExecutionEnvironment>(
        &self,
        context: &ExecutionContext<'_, E>,
        input: I,
    ) -> Result<O, KernelError> {
        let call = Call::new(self.metadata(), context);
        let started_ns = self.clock.now_ns();
        let checked = self.validate_input(&input);
        let permit = checked
            .and_then(|()| self.permit(context, started_ns))
            .inspect_err(|&error| report(&call, CallEvent::Refused { error }))?;
        // Dropped after the work when the caller drops both.
        let span = CallSpan::new(&self.clock, call, started_ns, permit);
        let inner = self.kernel.execute_with_context(context, input);
        let result = inner.instrument(span.span()).await;
        span.end(result)
    }
}

fn refuse_nameless<O>(kernel: &KernelMetadata) -> Result<O, KernelError> {
    let error = KernelError::ContextRequired;
    tracing::warn!(
        target: TRACING_TARGET,
        outcome = "refused",
        code = error.code(),
        error = field::display(error),
        kernel = kernel.id(),
        version = kernel.version(),
        "kernel call refused"
    );
    Err(error)
}
