//! What every provided entry point promises, on a clock moved by hand.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::vec::Vec;

use super::toys::{HandClock, Notes, RUN, Steps};
use super::{
    AllowAll, BatchKernel, CallEvent, Environment, ExecutionContext, PermissionTable, Principal,
    Quota,
};
use crate::kernel::{KernelError, Permission, QuotaExceeded};

const ASKS: &[Permission] = &[RUN];

fn run<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

fn ns(count: u64) -> Duration {
    Duration::from_nanos(count)
}

/// Admits two calls at a time.
#[derive(Default)]
struct TwoAtOnce(std::sync::Mutex<u32>);

struct Place<'q>(&'q TwoAtOnce);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap() -= 1;
    }
}

impl Quota for TwoAtOnce {
    type Permit<'q> = Place<'q>;

    fn admit(&self, tenant: u32, _: u64) -> Result<Place<'_>, QuotaExceeded> {
        let mut used = self.0.lock().unwrap();
        if *used == 2 {
            return Err(QuotaExceeded { tenant, retry_after_ns: 0 });
        }
        *used += 1;
        Ok(Place(self))
    }
}

#[test]
fn a_limit_ends_the_work_at_the_first_safe_point_after_it() {
    let clock = HandClock::at(1_000);
    let kernel = Steps::on(&clock);
    // Steps end at 10, 20, 30: at the third safe point 25 ns are over.
    let result = run(kernel.execute_with_timeout(&clock, 100, ns(25)));
    assert_eq!(result, Err(KernelError::Timeout { limit_ns: 25 }));
    assert_eq!(kernel.done(), 3);
}

#[test]
fn work_that_ends_in_time_is_answered() {
    let clock = HandClock::at(0);
    let kernel = Steps::on(&clock);
    assert_eq!(run(kernel.execute_with_timeout(&clock, 3, ns(31))), Ok(3));
    // At the very moment is in time; a nanosecond later is not.
    assert_eq!(run(kernel.execute_with_timeout(&clock, 1, ns(10))), Ok(1));
    let late = run(kernel.execute_with_timeout(&clock, 1, ns(9)));
    assert_eq!(late, Err(KernelError::Timeout { limit_ns: 9 }));
    assert_eq!(run(kernel.execute_with_timeout(&clock, 50, Duration::MAX)), Ok(50));
}

#[test]
fn an_error_is_not_hidden_by_the_limit_it_came_after() {
    let clock = HandClock::at(0);
    let kernel = Steps::on(&clock);
    // The last step ends at 130, the look before it is at 120.
    let result = run(kernel.execute_with_timeout(&clock, 13, ns(125)));
    assert_eq!(result, Err(KernelError::Failed { code: 13 }));
}

#[test]
fn a_limit_that_is_over_runs_nothing() {
    let clock = HandClock::at(500);
    let kernel = Steps::on(&clock);
    let now = run(kernel.execute_with_timeout(&clock, 3, Duration::ZERO));
    assert_eq!(now, Err(KernelError::DeadlineExceeded));
    // The limit counts from the call, so it can pass before the first poll.
    let future = kernel.execute_with_timeout(&clock, 3, ns(5));
    clock.advance(5);
    assert_eq!(run(future), Err(KernelError::DeadlineExceeded));
    let environment = Environment::new(&clock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("a", ASKS));
    let late = run(kernel.execute_with_context(&context.with_deadline_ns(505), 3));
    assert_eq!(late, Err(KernelError::DeadlineExceeded));
    assert_eq!(kernel.done(), 0);
}

#[test]
fn refused_input_comes_before_every_other_refusal() {
    let clock = HandClock::at(500);
    let kernel = Steps::on(&clock);
    let no_step = Err(KernelError::InvalidInput { reason: "no step" });
    assert_eq!(run(kernel.execute_with_timeout(&clock, 0, Duration::ZERO)), no_step);
    let environment = Environment::new(&clock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("a", &[]));
    assert_eq!(run(kernel.execute_with_context(&context.with_deadline_ns(1), 0)), no_step);
}

#[test]
fn permission_must_be_held_and_asked_for() {
    let clock = HandClock::at(0);
    let kernel = Steps::on(&clock);
    let mut table = PermissionTable::<2, 1>::new();
    table.try_grant("holder", RUN).unwrap();
    let environment = Environment::new(&clock, &table);
    let call = |name, asks| {
        let context = ExecutionContext::new(&environment, Principal::new(name, asks));
        run(kernel.execute_with_context(&context, 2))
    };
    let denied = Err(KernelError::PermissionDenied { permission: RUN });
    assert_eq!(call("holder", &[]), denied);
    assert_eq!(call("stranger", ASKS), denied);
    assert_eq!(kernel.done(), 0);
    assert_eq!(call("holder", ASKS), Ok(2));
}

#[test]
fn a_spent_quota_runs_nothing_and_comes_back_when_calls_end() {
    let clock = HandClock::at(0);
    let kernel = Steps::on(&clock);
    let environment = Environment::new(&clock, AllowAll).with_quota(TwoAtOnce::default());
    let context = ExecutionContext::new(&environment, Principal::new("a", ASKS)).with_tenant(9);
    let mut task = Context::from_waker(Waker::noop());
    let mut first = pin!(kernel.execute_with_context(&context, 2));
    let mut second = std::boxed::Box::pin(kernel.execute_with_context(&context, 2));
    assert_eq!(first.as_mut().poll(&mut task), Poll::Pending);
    assert_eq!(second.as_mut().poll(&mut task), Poll::Pending);
    let refused = QuotaExceeded { tenant: 9, retry_after_ns: 0 };
    assert_eq!(run(kernel.execute_with_context(&context, 2)), Err(refused.into()));
    assert_eq!(kernel.done(), 2);
    // Dropped or done: either gives its place back.
    drop(second);
    assert_eq!(first.as_mut().poll(&mut task), Poll::Ready(Ok(2)));
    assert_eq!(run(kernel.execute_with_context(&context, 2)), Ok(2));
}

#[test]
fn the_observer_sees_how_each_call_went() {
    let clock = HandClock::at(0);
    let kernel = Steps::on(&clock);
    let notes = Notes::default();
    let environment = Environment::new(&clock, AllowAll).with_observer(&notes);
    let context = ExecutionContext::new(&environment, Principal::new("a", ASKS));
    let call = |id: u64, steps, limit| {
        let context = context.with_request_id(id).with_time_limit(limit);
        let _ = run(kernel.execute_with_context(&context, steps));
    };
    call(1, 2, ns(100));
    call(2, 0, ns(100));
    call(3, 13, ns(1_000));
    call(4, 5, ns(15));
    {
        let mut task = Context::from_waker(Waker::noop());
        let context = context.with_request_id(5);
        let mut dropped = pin!(kernel.execute_with_context(&context, 2));
        assert!(dropped.as_mut().poll(&mut task).is_pending());
    }
    let expected: Vec<(u64, CallEvent)> = [
        (1, CallEvent::Started),
        (1, CallEvent::Succeeded { elapsed_ns: 20 }),
        (2, CallEvent::Refused { error: KernelError::InvalidInput { reason: "no step" } }),
        (3, CallEvent::Started),
        (3, CallEvent::Failed { error: KernelError::Failed { code: 13 }, elapsed_ns: 130 }),
        (4, CallEvent::Started),
        (4, CallEvent::Failed { error: KernelError::Timeout { limit_ns: 15 }, elapsed_ns: 20 }),
        (5, CallEvent::Started),
        (5, CallEvent::Dropped { elapsed_ns: 10 }),
    ]
    .into();
    assert_eq!(notes.take(), expected);
}
