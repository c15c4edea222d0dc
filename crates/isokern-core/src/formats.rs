//! What `defmt` shows of errors, states and counts.
//!
//! Errors and states are texts of their own, which are formatted on the device: they take flash in
//! a program that logs them, and in no other. Counts are sent as numbers, with names that are on
//! the host alone.

use core::fmt::Display;

use defmt::{Debug2Format, Display2Format, Format, Formatter, write};

use crate::actor::{
    ActorError, ActorState, OutboxError, Outcome, StateError, SupervisionError, TooManyLinks,
};
use crate::call::{PermissionTableError, TraceparentError};
#[cfg(feature = "std")]
use crate::compute::ArtifactError;
use crate::compute::{
    BackendError, BatchFlagError, DTypeNameError, GatherError, InferenceError, ModeBitsError,
    PlacementBitsError, ShapeError,
};
use crate::device::LaunchPlanError;
use crate::kernel::{Busy, HealthStatus, KernelError, KernelMode, KernelModeError, QuotaExceeded};
use crate::megakernel::{
    MegakernelError, MegakernelReport, SpawnTaskError, SubmitError, TaskFillError, TaskOutcome,
    TaskState, TaskTransitionError,
};
use crate::ring::{ActorFault, Closed, PopError, PushBytesError, PushError};

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

/// Shows types by their `Debug`: the names of their variants.
macro_rules! named {
    ($($type:ty),+ $(,)?) => {$(
        impl Format for $type {
            fn format(&self, to: Formatter<'_>) {
                write!(to, "{}", Debug2Format(self));
            }
        }
    )+};
}

displayed![
    ActorError,
    #[cfg(feature = "std")]
    ArtifactError,
    BackendError,
    BatchFlagError,
    Busy,
    Closed,
    DTypeNameError,
    GatherError,
    InferenceError,
    KernelError,
    KernelModeError,
    LaunchPlanError,
    MegakernelError,
    ModeBitsError,
    OutboxError,
    PermissionTableError,
    PlacementBitsError,
    PopError,
    PushBytesError,
    QuotaExceeded,
    ShapeError,
    SpawnTaskError,
    StateError,
    SupervisionError,
    TaskFillError,
    TaskTransitionError,
    TooManyLinks,
    TraceparentError,
];

named![HealthStatus, Outcome, TaskOutcome, TaskState];

impl Format for ActorState {
    fn format(&self, to: Formatter<'_>) {
        write!(to, "{=str}", self.as_str());
    }
}

impl Format for KernelMode {
    fn format(&self, to: Formatter<'_>) {
        write!(to, "{=str}", self.as_str());
    }
}

impl<M> Format for PushError<M>
where
    Self: Display,
{
    fn format(&self, to: Formatter<'_>) {
        write!(to, "{}", Display2Format(self));
    }
}

impl<N> Format for SubmitError<N>
where
    Self: Display,
{
    fn format(&self, to: Formatter<'_>) {
        write!(to, "{}", Display2Format(self));
    }
}

impl Format for ActorFault {
    fn format(&self, to: Formatter<'_>) {
        let Self { code, ticket, detail } = self;
        write!(to, "fault {=u32} at ticket {=u32}, detail {=u64}", code, ticket, detail);
    }
}

impl Format for MegakernelReport {
    fn format(&self, to: Formatter<'_>) {
        let Self { accepted, done, faulted, cancelled, ready, yielded, requeued, .. } = self;
        write!(
            to,
            "accepted {=u64}: done {=u64}, faulted {=u64}, cancelled {=u64}, ready {=u64}, \
             yielded {=u64}, requeued {=u64}",
            accepted, done, faulted, cancelled, ready, yielded, requeued,
        );
        let Self { paused, unread, refused, running, spawned, spawned_ended, .. } = self;
        write!(
            to,
            ", paused {=u64}, unread {=u64}, refused {=u64}, running {=u64}; spawned {=u64}, \
             ended {=u64}",
            paused, unread, refused, running, spawned, spawned_ended,
        );
        let Self { spawned_left, yields, requeues, pauses, claims, panics, .. } = self;
        write!(
            to,
            ", left {=u64}; yields {=u64}, requeues {=u64}, pauses {=u64}, claims {=u64}, \
             panics {=u64}",
            spawned_left, yields, requeues, pauses, claims, panics,
        );
    }
}
