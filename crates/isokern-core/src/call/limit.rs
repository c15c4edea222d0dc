//! Work raced against a moment of a clock.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use super::clock::Clock;
use crate::kernel::KernelError;

/// Runs `work` until it is done or a moment of the clock has come.
///
/// The clock is looked at before the first step, at every safe point and at the end:
///
/// * a moment that is not in the future runs nothing;
/// * work at a safe point is dropped there when the moment has come;
/// * an answer after the moment is dropped: late is not on time. An error is returned
///   also when it is late, because it says more than the limit does.
///
/// A moment of `u64::MAX` is no limit. Nothing is allocated.
///
/// # Errors
///
/// [`KernelError::DeadlineExceeded`] when nothing was run,
/// [`KernelError::Timeout`] when the work was given up, or the error of the work.
pub async fn within_limit<T, C, W>(clock: &C, deadline_ns: u64, work: W) -> Result<T, KernelError>
where
    C: Clock,
    W: Future<Output = Result<T, KernelError>>,
{
    let limit_ns = deadline_ns.saturating_sub(clock.now_ns());
    if limit_ns == 0 {
        return Err(KernelError::DeadlineExceeded);
    }
    let mut work = pin!(work);
    let mut sleep = pin!(clock.sleep_until(deadline_ns));
    poll_fn(|task| match work.as_mut().poll(task) {
        Poll::Ready(Ok(_)) if clock.now_ns() > deadline_ns => {
            Poll::Ready(Err(KernelError::Timeout { limit_ns }))
        }
        Poll::Ready(result) => Poll::Ready(result),
        Poll::Pending if deadline_ns == u64::MAX => Poll::Pending,
        Poll::Pending => sleep.as_mut().poll(task).map(|()| Err(KernelError::Timeout { limit_ns })),
    })
    .await
}
