//! Places where work can be given up.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// Returns a future that gives whoever runs the work one look at it.
///
/// Awaited between two steps, it lets a limit end the work there and lets other tasks of
/// the same executor run. It is ready at the second poll.
///
/// ```
/// use isokern_core::kernel::safe_point;
///
/// async fn sum(tiles: &[&[i32]]) -> i32 {
///     let mut sum = 0;
///     for tile in tiles {
///         sum += tile.iter().sum::<i32>();
///         safe_point().await;
///     }
///     sum
/// }
/// ```
pub const fn safe_point() -> SafePoint {
    SafePoint { passed: false }
}

/// The future of [`safe_point`].
#[derive(Debug)]
#[must_use = "a safe point does nothing unless it is awaited"]
pub struct SafePoint {
    passed: bool,
}

impl Future for SafePoint {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.passed {
            return Poll::Ready(());
        }
        self.passed = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
