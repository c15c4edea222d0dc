//! The threads of a detached kernel and how they are sent home.

use core::sync::atomic::Ordering;
use std::sync::Arc;

use isokern_core::BatchKernel;

use super::run::Run;
use super::stats::Shared;
use crate::pool::WorkerPool;

/// Dropped, it withdraws what is queued and tells what runs to stop.
pub(super) struct Crew<K, I, O>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    pub(super) pool: WorkerPool<Run<K, I, O>>,
    pub(super) shared: Arc<Shared>,
}

impl<K, I, O> Crew<K, I, O>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    pub(super) fn new(pool: WorkerPool<Run<K, I, O>>) -> Self {
        Self { pool, shared: Arc::default() }
    }

    pub(super) fn join(mut self) {
        self.send_home();
        self.pool.wait_for_threads();
    }

    fn send_home(&self) {
        self.pool.withdraw_queued();
        self.shared.is_closing.store(true, Ordering::Release);
        self.pool.unpark_threads();
    }
}

impl<K, I, O> Drop for Crew<K, I, O>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.send_home();
    }
}
