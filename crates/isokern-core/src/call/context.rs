//! The context of a call: who asks, on whose account, until when, as part of which trace.
//!
//! # For callers
//!
//! Make one [`Environment`](crate::call::Environment) per program and one
//! [`ExecutionContext`] per call. A context borrows everything and owns no heap.
//!
//! # For kernel authors
//!
//! The default of [`execute_with_context`](crate::call::BatchKernel::execute_with_context)
//! looks at all of it before [`execute`](crate::call::BatchKernel::execute) starts. Replace it
//! when the work itself needs the context, and then keep its order of checks.

use core::time::Duration;

use super::authorization::Principal;
use super::clock::moment_after;
use super::environment::ExecutionEnvironment;
use super::trace::TraceContext;
use crate::compute::MessageHeader;

/// The circumstances of one call.
///
/// ```
/// use core::time::Duration;
/// use isokern_core::kernel::Permission;
/// use isokern_core::{AllowAll, Environment, ExecutionContext, Principal};
/// # use isokern_core::call::{Clock, PollingSleep};
/// # struct Stopped;
/// # impl Clock for Stopped {
/// #     fn now_ns(&self) -> u64 { 1_000 }
/// #     fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
/// #         PollingSleep::new(self, moment_ns)
/// #     }
/// # }
///
/// let environment = Environment::new(Stopped, AllowAll);
/// let asks = [Permission::new("kws.infer")];
/// let context = ExecutionContext::new(&environment, Principal::new("microphone", &asks))
///     .with_tenant(7)
///     .with_time_limit(Duration::from_micros(5));
/// assert_eq!(context.deadline_ns(), Some(6_000));
/// ```
#[derive(Debug)]
pub struct ExecutionContext<'a, E> {
    request_id: u64,
    trace: Option<TraceContext>,
    principal: Principal<'a>,
    tenant: u32,
    deadline_ns: Option<u64>,
    environment: &'a E,
}

// Not derived: a context is copied whatever its environment is.
impl<E> Clone for ExecutionContext<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for ExecutionContext<'_, E> {}

impl<'a, E: ExecutionEnvironment> ExecutionContext<'a, E> {
    /// Returns a context with request id 0, tenant 0, no trace and no deadline.
    #[must_use]
    pub const fn new(environment: &'a E, principal: Principal<'a>) -> Self {
        Self { request_id: 0, trace: None, principal, tenant: 0, deadline_ns: None, environment }
    }

    /// Returns the context of another request.
    #[must_use]
    pub const fn with_request_id(self, request_id: u64) -> Self {
        Self { request_id, ..self }
    }

    /// Returns the context as part of a trace.
    #[must_use]
    pub const fn with_trace(self, trace: TraceContext) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// Returns the context charged to this tenant.
    #[must_use]
    pub const fn with_tenant(self, tenant: u32) -> Self {
        Self { tenant, ..self }
    }

    /// Returns the context with a deadline in ns of the environment's clock. An earlier one
    /// that it has already stays: whoever passes a context on cannot allow more time than
    /// was allowed.
    #[must_use]
    pub const fn with_deadline_ns(self, deadline_ns: u64) -> Self {
        match self.deadline_ns {
            Some(earlier_ns) if earlier_ns < deadline_ns => self,
            Some(_) | None => Self { deadline_ns: Some(deadline_ns), ..self },
        }
    }

    /// Returns the context with a deadline this long from now; an earlier one stays.
    #[must_use]
    pub fn with_time_limit(self, limit: Duration) -> Self {
        let deadline_ns = moment_after(self.environment.clock(), limit);
        self.with_deadline_ns(deadline_ns)
    }

    /// Returns the number the caller gave the request.
    #[must_use]
    pub const fn request_id(&self) -> u64 {
        self.request_id
    }

    /// Returns the trace the call is part of.
    #[must_use]
    pub const fn trace(&self) -> Option<TraceContext> {
        self.trace
    }

    /// Returns who calls.
    #[must_use]
    pub const fn principal(&self) -> Principal<'a> {
        self.principal
    }

    /// Returns who is charged.
    #[must_use]
    pub const fn tenant(&self) -> u32 {
        self.tenant
    }

    /// Returns the moment at which the answer is worthless, in ns of the
    /// environment's clock.
    #[must_use]
    pub const fn deadline_ns(&self) -> Option<u64> {
        self.deadline_ns
    }

    /// Returns clock, authorizer, quota and observer.
    #[must_use]
    pub const fn environment(&self) -> &'a E {
        self.environment
    }

    /// Returns a header that carries trace, tenant and deadline with a message.
    ///
    /// A deadline of 0 ns, which a header takes for none, becomes 1 ns.
    #[must_use]
    pub fn header(&self) -> MessageHeader {
        let trace_id = self.trace.map_or([0; 16], |trace| trace.trace_id());
        MessageHeader::new()
            .with_trace_id(trace_id)
            .with_tenant(self.tenant)
            .with_creation_ns(crate::call::Clock::now_ns(self.environment.clock()))
            .with_deadline_ns(self.deadline_ns.map_or(0, |deadline_ns| deadline_ns.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::ExecutionContext;
    use crate::call::toys::HandClock;
    use crate::call::{AllowAll, Environment, Principal, TraceContext};
    use core::time::Duration;

    #[test]
    fn a_header_says_what_the_context_says() {
        let clock = HandClock::at(40);
        let environment = Environment::new(&clock, AllowAll);
        let trace = TraceContext::try_new([7; 16], [1; 8]).unwrap();
        let plain = ExecutionContext::new(&environment, Principal::new("a", &[]));
        assert_eq!(plain.header().deadline_ns(), None);
        assert_eq!(plain.with_deadline_ns(0).header().deadline_ns(), Some(1));
        let header = plain
            .with_trace(trace)
            .with_tenant(3)
            .with_time_limit(Duration::from_nanos(2))
            .header();
        assert_eq!(header.trace_id(), [7; 16]);
        assert_eq!((header.tenant(), header.creation_ns()), (3, 40));
        assert_eq!(header.deadline_ns(), Some(42));
        assert_eq!(plain.with_time_limit(Duration::MAX).deadline_ns(), Some(u64::MAX));
    }

    #[test]
    fn p07_a_context_that_is_passed_on_is_not_given_more_time() {
        let environment = Environment::new(HandClock::at(40), AllowAll);
        let owner = ExecutionContext::new(&environment, Principal::new("a", &[]));
        let owner = owner.with_time_limit(Duration::from_nanos(10));
        assert_eq!(owner.deadline_ns(), Some(50));
        for (limit_ns, deadline_ns) in [(0, 40), (9, 49), (10, 50), (11, 50), (u64::MAX, 50)] {
            let passed_on = owner.with_time_limit(Duration::from_nanos(limit_ns));
            assert_eq!(passed_on.deadline_ns(), Some(deadline_ns));
            let moment_ns = limit_ns.saturating_add(40);
            assert_eq!(owner.with_deadline_ns(moment_ns).deadline_ns(), Some(deadline_ns));
        }
    }
}
