//! What `defmt` shows of errors and steps; as in `isokern-core`, texts are formatted on the device.

use defmt::{Display2Format, Format, Formatter, write};

use crate::error::LoadError;
#[cfg(feature = "std")]
use crate::tasks::ModelTableError;
use crate::tasks::{ModelStep, TaskPlanError};

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
    LoadError,
    #[cfg(feature = "std")]
    ModelTableError,
    TaskPlanError,
];

impl Format for ModelStep {
    fn format(&self, to: Formatter<'_>) {
        match self {
            Self::Done => write!(to, "done"),
            Self::Stopped { next } => write!(to, "stopped before operator {=u32}", next),
            Self::Fault(fault) => write!(to, "{}", fault),
        }
    }
}
