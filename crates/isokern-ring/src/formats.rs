//! What `defmt` shows of errors, steps and counts; as in `isokern-core`, texts are formatted on the
//! device, counts are sent as numbers.

use core::fmt::Display;

use defmt::{Debug2Format, Display2Format, Format, Formatter, write};

#[cfg(feature = "std")]
use crate::ThreadWorkersError;
use crate::{
    AlreadyLent, AskError, MegakernelStartError, PoolError, RequesterStats, SliceError, SpawnError,
    Step,
};

/// Shows types by their `Display`.
macro_rules! displayed {
    ($($(#[$condition:meta])? [$($parameter:ident)?] $type:ty),+ $(,)?) => {$(
        $(#[$condition])?
        impl<$($parameter)?> Format for $type
        where
            Self: Display,
        {
            fn format(&self, to: Formatter<'_>) {
                write!(to, "{}", Display2Format(self));
            }
        }
    )+};
}

displayed![
    [] AlreadyLent,
    [Q] AskError<Q>,
    [E] MegakernelStartError<E>,
    [] PoolError,
    [E] SliceError<E>,
    [E] SpawnError<E>,
    #[cfg(feature = "std")]
    [] ThreadWorkersError,
];

impl Format for Step {
    fn format(&self, to: Formatter<'_>) {
        write!(to, "{}", Debug2Format(self));
    }
}

impl Format for RequesterStats {
    fn format(&self, to: Formatter<'_>) {
        let Self {
            accepted_count,
            refused_count,
            answered_count,
            told_count,
            failed_count,
            expired_count,
            faulted_count,
            stopped_count,
            dropped_count,
            abandoned_count,
            in_flight_count,
            foreign_count,
            depth,
        } = self;
        write!(
            to,
            "accepted {=u64}, refused {=u64}: answered {=u64}, told {=u64}, failed {=u64}, \
             expired {=u64}, faulted {=u64}",
            accepted_count,
            refused_count,
            answered_count,
            told_count,
            failed_count,
            expired_count,
            faulted_count,
        );
        write!(
            to,
            ", stopped {=u64}, dropped {=u64}, abandoned {=u64}, in flight {=u64}; foreign {=u64}, \
             depth {=u32}",
            stopped_count, dropped_count, abandoned_count, in_flight_count, foreign_count, depth,
        );
    }
}
