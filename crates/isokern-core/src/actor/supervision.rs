//! Supervision after a fault: how often, and how soon, an actor may start again.

use core::time::Duration;

use heapless::Deque;
use thiserror::Error;

use crate::kernel::whole_ns;

/// The most restarts a supervision may allow in a window.
pub const RESTART_COUNT_MAX: u32 = 16;

/// The policy after a fault: stop, or restart.
///
/// Either way the message in hand is answered with
/// [`ActorFaulted`](super::ActorError::ActorFaulted). With a restart the state is what the
/// resident gave at first, `initialize` runs again, and messages that were waiting are
/// handled by the next incarnation. Without one they are answered `ActorFaulted`, too.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Supervision {
    /// The first fault is the last.
    #[default]
    Never,
    /// Starts again, up to `count_max` times in any `window`.
    Restart {
        /// How often, at most [`RESTART_COUNT_MAX`].
        count_max: u32,
        /// In what time.
        window: Duration,
        /// The wait before the first restart of a window; each further one waits twice as
        /// long as the one before.
        backoff: Duration,
    },
}

impl Supervision {
    /// Returns the supervision, checked.
    ///
    /// # Errors
    ///
    /// [`SupervisionError`] when it allows more restarts than can be remembered.
    pub const fn validate(self) -> Result<Self, SupervisionError> {
        match self {
            Self::Restart { count_max, .. } if count_max > RESTART_COUNT_MAX => {
                Err(SupervisionError { count_max })
            }
            checked => Ok(checked),
        }
    }
}

/// A supervision with too many restarts.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{count_max} restarts in a window; at most 16 are counted. Fix: allow 16 or fewer.")]
pub struct SupervisionError {
    /// How many were asked for.
    pub count_max: u32,
}

/// The restarts of the recent past.
#[derive(Debug, Default)]
pub struct RestartWindow {
    restarts_ns: Deque<u64, { RESTART_COUNT_MAX as usize }>,
}

impl RestartWindow {
    /// Returns a window without restarts.
    #[must_use]
    pub const fn new() -> Self {
        Self { restarts_ns: Deque::new() }
    }

    /// Returns when the actor may start again after a fault at `now_ns`, and counts that;
    /// `None` when it may not.
    pub fn next_start_ns(&mut self, supervision: Supervision, now_ns: u64) -> Option<u64> {
        let Supervision::Restart { count_max, window, backoff } = supervision else {
            return None;
        };
        let begin_ns = now_ns.saturating_sub(whole_ns(window));
        while self.restarts_ns.front().is_some_and(|restart_ns| *restart_ns < begin_ns) {
            self.restarts_ns.pop_front();
        }
        let count = self.restarts_ns.len() as u32;
        if count >= count_max {
            return None;
        }
        self.restarts_ns.push_back(now_ns).ok()?;
        let wait_ns = whole_ns(backoff).saturating_mul(1 << count.min(31));
        Some(now_ns.saturating_add(wait_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::{RESTART_COUNT_MAX, RestartWindow, Supervision};
    use core::time::Duration;

    fn ns(count: u64) -> Duration {
        Duration::from_nanos(count)
    }

    #[test]
    fn restarts_are_counted_in_a_window_and_wait_longer_each_time() {
        let supervision = Supervision::Restart { count_max: 2, window: ns(100), backoff: ns(3) };
        let mut window = RestartWindow::new();
        assert_eq!(window.next_start_ns(supervision, 1_000), Some(1_003));
        assert_eq!(window.next_start_ns(supervision, 1_050), Some(1_056));
        assert_eq!(window.next_start_ns(supervision, 1_100), None);
        // The first one has left the window.
        assert_eq!(window.next_start_ns(supervision, 1_101), Some(1_107));
        assert_eq!(window.next_start_ns(supervision, 1_102), None);
    }

    #[test]
    fn the_edges_of_a_supervision() {
        let mut window = RestartWindow::new();
        assert_eq!(window.next_start_ns(Supervision::Never, 5), None);
        let most = |count_max| Supervision::Restart {
            count_max,
            window: Duration::MAX,
            backoff: Duration::MAX,
        };
        assert!(most(RESTART_COUNT_MAX).validate().is_ok());
        assert!(most(RESTART_COUNT_MAX + 1).validate().is_err());
        for _ in 0..RESTART_COUNT_MAX {
            assert_eq!(window.next_start_ns(most(u32::MAX), 7), Some(u64::MAX));
        }
        assert_eq!(window.next_start_ns(most(u32::MAX), 7), None);
    }
}
