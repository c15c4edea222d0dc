//! A clock moved by hand and kernels that do as little as possible, for tests.

use core::future::Future;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;
use std::vec::Vec;

use super::{BatchKernel, Call, CallEvent, Clock, Observer, PollingSleep};
use crate::kernel::{GpuKernel, KernelError, KernelMetadata, KernelMode, Permission, safe_point};

/// A clock that moves only with `advance`.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicU64);

impl HandClock {
    pub(crate) const fn at(now_ns: u64) -> Self {
        Self(AtomicU64::new(now_ns))
    }

    pub(crate) fn advance(&self, by_ns: u64) {
        self.0.fetch_add(by_ns, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now_ns(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

pub(crate) const RUN: Permission = Permission::new("steps.run");

/// Takes 10 ns of a clock a step, with a safe point after each; counts its steps.
pub(crate) struct Steps<'c> {
    pub(crate) clock: &'c HandClock,
    pub(crate) done: AtomicU64,
}

impl<'c> Steps<'c> {
    pub(crate) const fn on(clock: &'c HandClock) -> Self {
        Self { clock, done: AtomicU64::new(0) }
    }

    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

impl GpuKernel for Steps<'_> {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("steps", KernelMode::Batch).with_required_permission(RUN) }
    }
}

impl BatchKernel<u64, u64> for Steps<'_> {
    fn validate_input(&self, input: &u64) -> Result<(), KernelError> {
        if *input > 0 { Ok(()) } else { Err(KernelError::InvalidInput { reason: "no step" }) }
    }

    async fn execute(&self, input: u64) -> Result<u64, KernelError> {
        for step in 0..input {
            if step > 0 {
                safe_point().await;
            }
            self.clock.advance(10);
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        if input == 13 { Err(KernelError::Failed { code: 13 }) } else { Ok(input) }
    }
}

/// Notes every event.
#[derive(Default)]
pub(crate) struct Notes(Mutex<Vec<(u64, CallEvent)>>);

impl Notes {
    pub(crate) fn take(&self) -> Vec<(u64, CallEvent)> {
        core::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Notes {
    fn observe(&self, call: &Call<'_>, event: CallEvent) {
        self.0.lock().unwrap().push((call.request_id, event));
    }
}
