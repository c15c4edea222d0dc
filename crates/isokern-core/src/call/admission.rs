//! The checks before the work, and the record of how it ended.

use core::fmt;

use super::authorization::Authorizer;
use super::clock::Clock;
use super::context::ExecutionContext;
use super::environment::ExecutionEnvironment;
use super::observer::{Call, CallEvent, Observer};
use super::quota::Quota;
use crate::kernel::{KernelError, KernelMetadata, Permission};

impl<'a, E: ExecutionEnvironment> ExecutionContext<'a, E> {
    /// Admits a call of a kernel whose input was checked, or refuses it; the observer is
    /// told either way.
    ///
    /// For kernels with their own `execute_with_context`. Keep the [`RunningCall`] for as long
    /// as the work runs, and tell it how the work ended: it holds the quota's permit.
    ///
    /// # Errors
    ///
    /// In this order: that of `checked_input`,
    /// [`DeadlineExceeded`](KernelError::DeadlineExceeded),
    /// [`PermissionDenied`](KernelError::PermissionDenied),
    /// [`QuotaExceeded`](KernelError::QuotaExceeded).
    pub fn admit<'c>(
        &'c self,
        kernel: &'c KernelMetadata,
        checked_input: Result<(), KernelError>,
    ) -> Result<RunningCall<'c, E>, KernelError>
    where
        'a: 'c,
    {
        let call = Call::new(kernel, self);
        let started_ns = self.environment().clock().now_ns();
        let admitted = checked_input.and_then(|()| self.permit(kernel, started_ns));
        let observer = self.environment().observer();
        match admitted {
            Ok(permit) => {
                observer.observe(&call, CallEvent::Started);
                let environment = self.environment();
                Ok(RunningCall { environment, call, started_ns, ended: false, _permit: permit })
            }
            Err(error) => {
                observer.observe(&call, CallEvent::Refused { error });
                Err(error)
            }
        }
    }

    /// Says whether the call asks to use a permission and its caller holds it.
    #[must_use]
    pub fn is_permitted<A: Authorizer>(&self, authorizer: &A, permission: Permission) -> bool {
        let asked = self.principal().permissions().contains(&permission);
        asked && authorizer.holds(&self.principal(), permission)
    }

    fn permit(
        &self,
        kernel: &KernelMetadata,
        now_ns: u64,
    ) -> Result<<E::Quota as Quota>::Permit<'a>, KernelError> {
        if self.deadline_ns().is_some_and(|deadline_ns| deadline_ns <= now_ns) {
            return Err(KernelError::DeadlineExceeded);
        }
        if let Some(permission) = kernel.required_permission()
            && !self.is_permitted(self.environment().authorizer(), permission)
        {
            return Err(KernelError::PermissionDenied { permission });
        }
        Ok(self.environment().quota().admit(self.tenant(), now_ns)?)
    }
}

impl<'a> Call<'a> {
    /// Returns the call of a kernel under a context.
    #[must_use]
    pub const fn new<E: ExecutionEnvironment>(
        kernel: &'a KernelMetadata,
        context: &ExecutionContext<'a, E>,
    ) -> Self {
        Self {
            kernel,
            request_id: context.request_id(),
            trace: context.trace(),
            principal: context.principal().name(),
            tenant: context.tenant(),
        }
    }
}

/// A call whose work has begun, with the permit of its quota; dropped without an end it counts
/// as given up by the caller. The observer is notified first, then the permit goes back.
#[must_use = "tell how the call ended"]
pub struct RunningCall<'c, E: ExecutionEnvironment> {
    environment: &'c E,
    call: Call<'c>,
    started_ns: u64,
    ended: bool,
    _permit: <E::Quota as Quota>::Permit<'c>,
}

impl<E: ExecutionEnvironment> RunningCall<'_, E> {
    /// Tells the observer how the call ended, and returns the result.
    ///
    /// # Errors
    ///
    /// That of the result.
    pub fn end<T>(mut self, result: Result<T, KernelError>) -> Result<T, KernelError> {
        self.ended = true;
        let elapsed_ns = self.elapsed_ns();
        let event = match &result {
            Ok(_) => CallEvent::Succeeded { elapsed_ns },
            Err(error) => CallEvent::Failed { error: *error, elapsed_ns },
        };
        self.environment.observer().observe(&self.call, event);
        result
    }

    fn elapsed_ns(&self) -> u64 {
        self.environment.clock().now_ns().saturating_sub(self.started_ns)
    }
}

impl<E: ExecutionEnvironment> Drop for RunningCall<'_, E> {
    fn drop(&mut self) {
        if !self.ended {
            let event = CallEvent::Dropped { elapsed_ns: self.elapsed_ns() };
            self.environment.observer().observe(&self.call, event);
        }
    }
}

impl<E: ExecutionEnvironment> fmt::Debug for RunningCall<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, started_ns, ended, .. } = self;
        f.debug_struct("RunningCall")
            .field("call", call)
            .field("started_ns", started_ns)
            .field("ended", ended)
            .finish_non_exhaustive()
    }
}
