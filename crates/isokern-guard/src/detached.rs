//! Kernels whose limits hold even when they never yield.
//!
//! # For callers
//!
//! A [`Detached`] kernel runs on threads of its own, so the caller's future can end while
//! the work goes on. What happens to the work then depends on the work:
//!
//! | when the limit ends, the work is | the call ends with | the work |
//! |---|---|---|
//! | still queued | `DeadlineExceeded` | never runs; its place is given away |
//! | running, and comes to a safe point | `Timeout` | is dropped there, its thread is free |
//! | running, without a safe point | `Timeout` | runs on until it ends |
//! | done, but looked at too late | `Timeout` | has ended; its result is dropped |
//!
//! Overdue work holds its thread and its buffers; its result is dropped. It is counted
//! while it lasts and when it ends ([`DetachedStats`]), and takes a thread away from
//! [`health`](isokern_core::GpuKernel::health). A caller who drops the future gives the
//! work up in the same way.
//!
//! # What is not here
//!
//! Nothing can stop code that does not come to a safe point, short of ending the process:
//! a launched GPU kernel is such code. The number of threads bounds how much of it there
//! can be at a time.

mod call;
mod crew;
mod deadline;
mod kernel;
mod run;
mod stats;
mod ticket;

pub use stats::DetachedStats;

use core::fmt;
use core::future::poll_fn;
use core::num::NonZeroUsize;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::sync::Arc;

use isokern_core::call::Clock;
use isokern_core::{BatchKernel, KernelError};
use thiserror::Error;

use crate::clock::SystemClock;
use crate::lock::locked;
use crate::pool::{PoolError, WorkerPool};
use crew::Crew;
use deadline::Deadline;
use run::Run;
use ticket::Ticket;

/// A kernel on threads of its own, with limits that hold.
///
/// Implements [`BatchKernel`] with the inner kernel's metadata. The inner kernel's
/// [`execute`](BatchKernel::execute) does the work: contexts are borrowed and cannot
/// follow it to another thread, so they are looked at here, by the caller, and an override
/// of `execute_with_context` in the inner kernel is not called. What a context lends, the
/// quota's permit among it, goes back when the call ends, even if its work runs on.
///
/// The limit of [`with_limit`](Self::with_limit) holds for every call, on this kernel's
/// clock. A caller's own limit, on the clock the caller brings, can end a call earlier and
/// never later. One call is one allocation.
///
/// # How it ends
///
/// Dropped, it withdraws queued work, tells running work to stop at its next safe point
/// and waits for nobody. [`join`](Self::join) does the same and waits.
///
/// ```
/// use core::num::NonZeroUsize;
/// use core::time::Duration;
/// use std::sync::Arc;
/// use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, KernelMode};
/// use isokern_guard::{Detached, SystemClock};
///
/// struct Stubborn;
///
/// impl GpuKernel for Stubborn {
///     fn metadata(&self) -> &KernelMetadata {
///         const { &KernelMetadata::new("stubborn", KernelMode::Batch) }
///     }
/// }
///
/// impl BatchKernel<u64, u64> for Stubborn {
///     async fn execute(&self, millis: u64) -> Result<u64, KernelError> {
///         std::thread::sleep(Duration::from_millis(millis)); // no safe point
///         Ok(millis)
///     }
/// }
///
/// let kernel = Detached::try_new(Arc::new(Stubborn), NonZeroUsize::MIN, 1)?;
/// let limit = Duration::from_millis(50);
/// let result = pollster::block_on(kernel.execute_with_timeout(&SystemClock, 300, limit));
/// assert!(matches!(result, Err(KernelError::Timeout { .. })));
/// assert_eq!(kernel.stats().detached_count, 1);
/// # Ok::<(), isokern_guard::DetachedError>(())
/// ```
pub struct Detached<K, I, O, C = SystemClock>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    kernel: Arc<K>,
    crew: Crew<K, I, O>,
    clock: C,
    limit: Option<Duration>,
}

impl<K, I, O> Detached<K, I, O>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    /// Starts the threads, named after the kernel, and a queue for that many calls more.
    ///
    /// # Errors
    ///
    /// [`DetachedError`]: the kernel finds its configuration wrong, or threads did not
    /// start.
    pub fn try_new(
        kernel: Arc<K>,
        thread_count: NonZeroUsize,
        queue_place_count: usize,
    ) -> Result<Self, DetachedError> {
        kernel.validate()?;
        let pool = WorkerPool::try_new(kernel.id(), thread_count, queue_place_count)?;
        Ok(Self { kernel, crew: Crew::new(pool), clock: SystemClock, limit: None })
    }

    /// Returns the kernel with another clock for calls that bring none.
    ///
    /// Only a kernel with the system's clock can be given one, once.
    #[must_use]
    pub fn with_clock<C: Clock>(self, clock: C) -> Detached<K, I, O, C> {
        let Self { kernel, crew, limit, .. } = self;
        Detached { kernel, crew, clock, limit }
    }
}

impl<K, I, O, C> Detached<K, I, O, C>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    /// Returns the kernel with a limit that no call exceeds, whatever limit it brings.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Returns the kernel inside.
    #[must_use]
    pub const fn kernel(&self) -> &Arc<K> {
        &self.kernel
    }

    /// Returns what has become of the calls so far; consistent in itself.
    #[must_use]
    pub fn stats(&self) -> DetachedStats {
        *locked(&self.crew.shared.stats)
    }

    /// Returns how many threads there are.
    #[must_use]
    pub fn thread_count(&self) -> usize {
        self.crew.pool.thread_count()
    }

    /// Returns how many threads have nothing to do.
    #[must_use]
    pub fn idle_count(&self) -> usize {
        self.crew.pool.idle_count()
    }

    /// Tells overdue work to stop at its next safe point and waits until it has ended,
    /// forever if it never does.
    pub fn join(self) {
        self.crew.join();
    }

    /// Counts a call and what its checks said.
    fn enter<T>(&self, checked: Result<T, KernelError>) -> Result<T, KernelError> {
        let mut stats = locked(&self.crew.shared.stats);
        stats.calls_count += 1;
        stats.refused_count += u64::from(checked.is_err());
        checked
    }

    /// Runs a call whose checks are done until it ends or one of the moments has come: the
    /// caller's, or the kernel's own.
    async fn race<T: Clock>(
        &self,
        caller: Deadline<'_, T>,
        own: Deadline<'_, C>,
        input: I,
    ) -> Result<O, KernelError>
    where
        C: Clock,
    {
        let limit_ns = caller.left_ns().min(own.left_ns());
        if limit_ns == 0 {
            locked(&self.crew.shared.stats).refused_count += 1;
            return Err(KernelError::DeadlineExceeded);
        }
        let ticket = Ticket::new(Arc::clone(&self.crew.shared), input, limit_ns);
        let run = Run::new(Arc::clone(&self.kernel), ticket.call());
        if self.crew.pool.try_submit(run).is_err() {
            return Err(ticket.refuse());
        }
        let mut caller_sleep = pin!(caller.sleep());
        let mut own_sleep = pin!(own.sleep());
        let is_late = || caller.is_past() || own.is_past();
        poll_fn(|task| {
            if let Poll::Ready(result) = ticket.poll(task, is_late) {
                return Poll::Ready(result);
            }
            let is_over = caller_sleep.as_mut().poll(task).is_ready()
                || own_sleep.as_mut().poll(task).is_ready();
            if is_over { Poll::Ready(ticket.give_up(is_late)) } else { Poll::Pending }
        })
        .await
    }
}

impl<K, I, O, C: fmt::Debug> fmt::Debug for Detached<K, I, O, C>
where
    K: BatchKernel<I, O> + 'static,
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Detached");
        fields.field("kernel", &self.kernel.id()).field("pool", &self.crew.pool);
        fields.field("clock", &self.clock).field("limit", &self.limit);
        fields.field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// A kernel that could not be detached.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum DetachedError {
    /// The kernel finds its own configuration wrong.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// Its threads did not start.
    #[error(transparent)]
    Pool(#[from] PoolError),
}
