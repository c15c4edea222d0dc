//! Submit errors: why nothing was submitted.

use thiserror::Error;

use super::task_shape::{EVENT_COUNT, TENANT_COUNT};

/// Nothing was submitted; what was to be is inside.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SubmitError<N> {
    /// Every slot has a task that has not ended, or whose end was not taken; or the ring to the
    /// workers is full.
    #[error("no slot is free. Fix: take the ends of tasks, then submit again.")]
    Full(N),
    /// The tenant has as many slots as its quota allows.
    #[error("the tenant has all the slots of its quota. Fix: take the ends of its tasks first.")]
    TenantFull(N),
    /// The workers take no more.
    #[error("the megakernel was closed. Fix: stop submitting, or start another one.")]
    Closed(N),
    /// There is no such tenant.
    #[error("there is no such tenant. Fix: use tenants 0 to {}.", TENANT_COUNT - 1)]
    UnknownTenant(N),
    /// The handler has no such opcode.
    #[error("the handler has no such opcode. Fix: use opcodes below TaskHandler::op_count.")]
    UnknownOp(N),
    /// There is no such event.
    #[error("there is no such event. Fix: use events 1 to {}, or 0 for none.", EVENT_COUNT)]
    UnknownEvent(N),
}

impl<N> SubmitError<N> {
    /// Takes back what was not submitted.
    #[must_use]
    pub fn into_inner(self) -> N {
        match self {
            Self::Full(inner)
            | Self::TenantFull(inner)
            | Self::Closed(inner)
            | Self::UnknownTenant(inner)
            | Self::UnknownOp(inner)
            | Self::UnknownEvent(inner) => inner,
        }
    }

    /// Returns whether the same may succeed later.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_) | Self::TenantFull(_))
    }
}
