//! How the two sides of a ring wait for each other, as the command line names it.

use std::thread;

use clap::ValueEnum;
use isokern::resident::PARKED;
use isokern_ring::WaitStrategy;

/// What the actor and the asking thread do while there is nothing for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Wait {
    /// Look again at once; two processors are busy all the time
    Spin,
    /// Let other threads run, then look again
    Yield,
    /// Look for a while, then sleep until woken, as `isokern run` does
    Park,
}

impl Wait {
    /// Returns spinning, unless there is one processor, where each would wait for the other's
    /// slice.
    pub(crate) fn for_this_machine() -> Self {
        let is_alone = thread::available_parallelism().is_ok_and(|count| count.get() == 1);
        if is_alone { Self::Yield } else { Self::Spin }
    }

    /// Returns the word for reports.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Yield => "yield",
            Self::Park => "park",
        }
    }

    /// Returns the ring's own value for it.
    pub(crate) const fn strategy(self) -> WaitStrategy {
        match self {
            Self::Spin => WaitStrategy::Spin,
            Self::Yield => WaitStrategy::Yield,
            Self::Park => PARKED,
        }
    }
}
