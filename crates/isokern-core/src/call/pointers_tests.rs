//! A pointer to a batch kernel hides nothing of it, nor does one to a part of an environment.

use core::cell::Cell;
use core::future::{Future, ready};
use core::time::Duration;
use std::boxed::Box;
use std::sync::Arc;

use super::toys::{HandClock, Notes, RUN};
use super::{
    AllowAll, Authorizer, BatchKernel, Clock, Environment, ExecutionContext, ExecutionEnvironment,
    PermissionTable, Principal, Quota,
};
use crate::kernel::{GpuKernel, KernelError, KernelMetadata, KernelMode, QuotaExceeded};
use crate::pointers::check_pointers;

/// Answers every method with a number of its own, which no provided method does.
struct Own;

impl GpuKernel for Own {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("own", KernelMode::Batch) }
    }
}

impl BatchKernel<u32, u32> for Own {
    fn validate_input(&self, input: &u32) -> Result<(), KernelError> {
        Err(KernelError::Failed { code: *input + 1 })
    }

    async fn execute(&self, input: u32) -> Result<u32, KernelError> {
        Ok(input + 2)
    }

    fn execute_with_context<E: ExecutionEnvironment>(
        &self,
        context: &ExecutionContext<'_, E>,
        input: u32,
    ) -> impl Future<Output = Result<u32, KernelError>> + Send {
        ready(Ok(input + 3 + context.tenant()))
    }

    fn execute_with_timeout<C: Clock>(
        &self,
        clock: &C,
        input: u32,
        limit: Duration,
    ) -> impl Future<Output = Result<u32, KernelError>> + Send {
        ready(Ok(input + 4 + (clock.now_ns() + limit.as_nanos() as u64) as u32))
    }
}

fn check<K: BatchKernel<u32, u32>>(kernel: K) {
    let clock = HandClock::at(1_000);
    let environment = Environment::new(&clock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("a", &[])).with_tenant(20);
    assert_eq!(kernel.validate_input(&10), Err(KernelError::Failed { code: 11 }));
    assert_eq!(pollster::block_on(kernel.execute(10)), Ok(12));
    assert_eq!(pollster::block_on(kernel.execute_with_context(&context, 10)), Ok(33));
    let limited = kernel.execute_with_timeout(&clock, 10, Duration::from_nanos(200));
    assert_eq!(pollster::block_on(limited), Ok(1_214));
}

#[test]
fn s4_every_method_of_a_batch_kernel_is_reached_through_every_pointer() {
    check_pointers!(check, Own);
}

/// Admits tenant 1.
struct First;

impl Quota for First {
    type Permit<'q> = ();

    fn admit(&self, tenant: u32, now_ns: u64) -> Result<(), QuotaExceeded> {
        let refused = QuotaExceeded { tenant, retry_after_ns: now_ns };
        if tenant == 1 { Ok(()) } else { Err(refused) }
    }
}

fn check_environment(environment: &impl ExecutionEnvironment) {
    let context = ExecutionContext::new(environment, Principal::new("alice", &[RUN]));
    let kernel =
        const { &KernelMetadata::new("k", KernelMode::Batch).with_required_permission(RUN) };
    let refused = QuotaExceeded { tenant: 0, retry_after_ns: 40 };
    let call = |context: &ExecutionContext<'_, _>| context.admit(kernel, Ok(())).map(drop);
    assert_eq!(call(&context), Err(KernelError::QuotaExceeded(refused)));
    assert_eq!(call(&context.with_tenant(1)), Ok(()));
    assert_eq!(call(&context.with_deadline_ns(40)), Err(KernelError::DeadlineExceeded));
    let stranger = ExecutionContext::new(environment, Principal::new("mallory", &[RUN]));
    assert_eq!(call(&stranger), Err(KernelError::PermissionDenied { permission: RUN }));
    let slept = Cell::new(false);
    pollster::block_on(async {
        environment.clock().sleep_until(40).await;
        slept.set(true);
    });
    assert!(slept.get());
}

#[test]
fn s4_every_part_of_an_environment_may_be_behind_a_pointer() {
    let (mut clock, mut notes, mut first_tenant) = (HandClock::at(40), Notes::default(), First);
    let mut table = PermissionTable::<1, 1>::new();
    table.try_grant("alice", RUN).unwrap();
    let environment = Environment::new(&clock, &table).with_quota(&First).with_observer(&notes);
    check_environment(&environment);
    let first = notes.take();
    assert_eq!(first.len(), 5, "{first:?}");
    let environment = Environment::new(&mut clock, &mut table)
        .with_quota(&mut first_tenant)
        .with_observer(&mut notes);
    check_environment(&environment);
    assert_eq!(notes.take(), first);
    let shared = Arc::new(notes);
    let environment = Environment::new(Arc::new(clock), Arc::new(table))
        .with_quota(Arc::new(First))
        .with_observer(Arc::clone(&shared));
    check_environment(&environment);
    assert_eq!(shared.take(), first);
    let environment = Environment::new(Box::new(HandClock::at(40)), Box::new(AllowAlice))
        .with_quota(Box::new(First))
        .with_observer(Box::new(&*shared));
    check_environment(&environment);
    assert_eq!(shared.take(), first);
}

struct AllowAlice;

impl Authorizer for AllowAlice {
    fn holds(&self, principal: &Principal<'_>, _: crate::kernel::Permission) -> bool {
        principal.name() == "alice"
    }
}
