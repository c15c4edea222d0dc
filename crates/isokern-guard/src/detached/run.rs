//! The worker's end of a call.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;

use isokern_core::{BatchKernel, KernelError};

use super::call::Call;
use crate::lock::contain;
use crate::pool::WorkItem;

/// The work of one call; dropped without a run, it answers `Cancelled`.
pub(super) struct Run<K, I, O> {
    kernel: Arc<K>,
    call: Arc<Call<I, O>>,
}

impl<K, I, O> Run<K, I, O> {
    pub(super) const fn new(kernel: Arc<K>, call: Arc<Call<I, O>>) -> Self {
        Self { kernel, call }
    }
}

impl<K, I, O> WorkItem for Run<K, I, O>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    fn run(self) {
        let Some(input) = self.call.begin() else { return };
        let ended = contain(|| drive(&self.call, self.kernel.execute(input)));
        self.call.end(ended.unwrap_or(Some(Err(KernelError::Panicked))));
    }

    fn is_withdrawn(&self) -> bool {
        self.call.is_unwanted()
    }
}

impl<K, I, O> Drop for Run<K, I, O> {
    fn drop(&mut self) {
        self.call.cancel();
    }
}

/// Polls the work to its end; `None` when it was stopped at a safe point. Either way it is
/// dropped when this returns.
fn drive<I, O>(
    call: &Arc<Call<I, O>>,
    work: impl Future<Output = Result<O, KernelError>>,
) -> Option<Result<O, KernelError>>
where
    I: Send + 'static,
    O: Send + 'static,
{
    let waker = Waker::from(Arc::clone(call));
    let mut task = Context::from_waker(&waker);
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(result) = work.as_mut().poll(&mut task) {
            return Some(result);
        }
        if !call.wait() {
            return None;
        }
    }
}
