//! Why a call was refused by its surroundings: a spent quota, a value in use.
//!
//! Whoever admits a call makes these; a [`KernelError`](super::KernelError) carries them.

use thiserror::Error;

/// A tenant who has used up what they may.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error(
    "tenant {tenant} has spent its quota. \
     Fix: try again in {retry_after_ns} ns (0: when one of its calls has ended)."
)]
pub struct QuotaExceeded {
    /// Who is charged.
    pub tenant: u32,
    /// How long until the next call is admitted, by rate alone, in ns; 0 when a call in
    /// flight must end first, `u64::MAX` when no waiting helps.
    pub retry_after_ns: u64,
}

impl QuotaExceeded {
    /// Returns the refusal of a tenant, with the wait as the field has it.
    #[must_use]
    pub const fn new(tenant: u32, retry_after_ns: u64) -> Self {
        Self { tenant, retry_after_ns }
    }
}

/// A value somebody else is using.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("the value is in use by another call. Fix: try again later, or give each caller its own.")]
pub struct Busy;
