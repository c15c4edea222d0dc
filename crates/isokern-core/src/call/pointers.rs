//! What points to a batch kernel is one, and so is what points to a part of an environment.

use core::future::Future;
use core::time::Duration;

use super::{
    Authorizer, BatchKernel, Call, CallEvent, Clock, ExecutionContext, ExecutionEnvironment,
    Observer, Principal, Quota,
};
use crate::kernel::{KernelError, Permission, QuotaExceeded};
use crate::pointers::for_pointers;

macro_rules! batch_kernel {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<I, O, K> BatchKernel<I, O> for $pointer
        where
            I: Send + Sync,
            O: Send + Sync,
            K: BatchKernel<I, O>,
        {
            fn validate_input(&self, input: &I) -> Result<(), KernelError> {
                K::validate_input(self, input)
            }

            fn execute(&self, input: I) -> impl Future<Output = Result<O, KernelError>> + Send {
                K::execute(self, input)
            }

            fn execute_with_context<E: ExecutionEnvironment>(
                &self,
                context: &ExecutionContext<'_, E>,
                input: I,
            ) -> impl Future<Output = Result<O, KernelError>> + Send {
                K::execute_with_context(self, context, input)
            }

            fn execute_with_timeout<C: Clock>(
                &self,
                clock: &C,
                input: I,
                limit: Duration,
            ) -> impl Future<Output = Result<O, KernelError>> + Send {
                K::execute_with_timeout(self, clock, input, limit)
            }
        }
    };
}

macro_rules! clock {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<C: Clock> Clock for $pointer {
            fn now_ns(&self) -> u64 {
                C::now_ns(self)
            }

            fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
                C::sleep_until(self, moment_ns)
            }
        }
    };
}

macro_rules! authorizer {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<A: Authorizer + ?Sized> Authorizer for $pointer {
            fn holds(&self, principal: &Principal<'_>, permission: Permission) -> bool {
                A::holds(self, principal, permission)
            }
        }
    };
}

macro_rules! quota {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<Q: Quota> Quota for $pointer {
            type Permit<'q>
                = Q::Permit<'q>
            where
                Self: 'q;

            fn admit(&self, tenant: u32, now_ns: u64) -> Result<Self::Permit<'_>, QuotaExceeded> {
                Q::admit(self, tenant, now_ns)
            }
        }
    };
}

macro_rules! observer {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<O: Observer + ?Sized> Observer for $pointer {
            fn observe(&self, call: &Call<'_>, event: CallEvent) {
                O::observe(self, call, event);
            }
        }
    };
}

for_pointers! { batch_kernel, K }
for_pointers! { clock, C }
for_pointers! { authorizer, A }
for_pointers! { quota, Q }
for_pointers! { observer, O }
