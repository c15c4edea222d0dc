//! What `defmt` shows of errors and progress; as in `isokern-core`, texts are formatted on the
//! device.

use defmt::{Display2Format, Format, Formatter, write};

#[cfg(feature = "std")]
use crate::encode::{EncodeError, MoveError};
use crate::tasks::{ModelFault, TaskAskError};
use crate::{FormatError, Progress, RunError};

/// Shows types by their `Display`.
macro_rules! displayed {
    ($($(#[$condition:meta])? $type:ty),+ $(,)?) => {$(
        $(#[$condition])?
        impl Format for $type {
            fn format(&self, to: Formatter<'_>) {
                write!(to, "{}", Display2Format(self));
            }
        }
    )+};
}

displayed![
    #[cfg(feature = "std")]
    EncodeError,
    FormatError,
    ModelFault,
    #[cfg(feature = "std")]
    MoveError,
    RunError,
    TaskAskError,
];

impl Format for Progress {
    fn format(&self, to: Formatter<'_>) {
        match self {
            Self::Done => write!(to, "done"),
            Self::Stopped { next } => write!(to, "stopped before operator {=u32}", next),
        }
    }
}
