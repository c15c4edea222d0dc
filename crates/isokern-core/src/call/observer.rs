//! Observers: what core reports of calls; where it goes is the program's choice.

use super::trace::TraceContext;
use crate::kernel::{KernelError, KernelMetadata};

/// Learns how calls with a context begin and end.
///
/// It is called on the path of the call: be quick, allocate nothing on firmware. The
/// events of one call are one [`Refused`](CallEvent::Refused), or one
/// [`Started`](CallEvent::Started) and then exactly one of the others.
pub trait Observer: Send + Sync {
    /// Takes note of one event.
    fn observe(&self, call: &Call<'_>, event: CallEvent);
}

/// The observer of programs that want none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn observe(&self, _: &Call<'_>, _: CallEvent) {}
}

/// The call that an event belongs to.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// The kernel that was called.
    pub kernel: &'a KernelMetadata,
    /// The caller's number for the request.
    pub request_id: u64,
    /// The trace it is part of.
    pub trace: Option<TraceContext>,
    /// The caller's name.
    pub principal: &'a str,
    /// Who is charged.
    pub tenant: u32,
}

/// An event of a call: begun, refused or ended.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEvent {
    /// It was refused before any work.
    Refused {
        /// Why.
        error: KernelError,
    },
    /// The work begins.
    Started,
    /// The work gave an answer in time.
    Succeeded {
        /// From the start of the work, in ns of the environment's clock.
        elapsed_ns: u64,
    },
    /// The work failed or was given up.
    Failed {
        /// Why.
        error: KernelError,
        /// From the start of the work, in ns of the environment's clock.
        elapsed_ns: u64,
    },
    /// The caller dropped the call while it ran.
    Dropped {
        /// From the start of the work, in ns of the environment's clock.
        elapsed_ns: u64,
    },
}
