//! Wait strategies: how an end waits for the other one.

#[cfg(feature = "std")]
use core::time::Duration;

/// The way in which an end waits while the ring is full or empty.
///
/// | strategy | wakes after | costs |
/// |---|---|---|
/// | `Spin` | a cache line's way between cores | the whole core |
/// | `Yield` | a turn of the scheduler | the core, when nobody else wants it |
/// | `Park` | a wake-up by the system | nothing while asleep |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitStrategy {
    /// Looks again at once, with the processor's hint for such loops.
    Spin,
    /// Lets other threads run, then looks again.
    #[cfg(feature = "std")]
    Yield,
    /// Looks again for a short while, then sleeps until the other end rings.
    ///
    /// The other end looks without a fence whether somebody sleeps, which keeps a fence out
    /// of every push. In the time of one store's way to memory it may miss a sleeper that has
    /// just closed its eyes. The bound is the answer to that: a sleep never lasts longer.
    #[cfg(feature = "std")]
    Park {
        /// Longest sleep before the next look.
        bound: Duration,
    },
}

/// What to do before the next look.
pub(crate) enum Pause {
    /// Nothing more; it was done.
    Over,
    /// Sleep, at most so long.
    #[cfg(feature = "std")]
    Sleep(Duration),
}

/// Looks before the first sleep of `Park`.
#[cfg(feature = "std")]
const LOOKS_BEFORE_SLEEP: u32 = 128;

/// One wait, from the first look that failed.
pub(crate) struct Wait {
    strategy: WaitStrategy,
    #[cfg(feature = "std")]
    look_count: u32,
}

impl Wait {
    pub(crate) const fn new(strategy: WaitStrategy) -> Self {
        Self {
            strategy,
            #[cfg(feature = "std")]
            look_count: 0,
        }
    }

    /// Passes the time until the next look.
    #[inline]
    pub(crate) fn pause(&mut self) -> Pause {
        match self.strategy {
            WaitStrategy::Spin => core::hint::spin_loop(),
            #[cfg(feature = "std")]
            WaitStrategy::Yield => std::thread::yield_now(),
            #[cfg(feature = "std")]
            WaitStrategy::Park { bound } => {
                if self.look_count == LOOKS_BEFORE_SLEEP {
                    return Pause::Sleep(bound);
                }
                self.look_count += 1;
                core::hint::spin_loop();
            }
        }
        Pause::Over
    }
}
