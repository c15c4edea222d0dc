//! Claims of tasks by workers, as a trace has them.

use std::sync::{Arc, Mutex, PoisonError};

use isokern_core::call::Clock;
use isokern_core::megakernel::{TaskContext, TaskHandler, TaskStep};
use isokern_core::{Solo, TaskSlot};
use isokern_guard::SystemClock;

/// A claim of a task: from when to when a worker had it, and how it left it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Claim {
    /// The worker, from 0.
    pub worker: u32,
    /// How long the task had waited for this claim, in ns; 0 on a GPU where it had given way.
    pub queued_ns: u64,
    /// When the worker claimed it, on the workers' clock, in ns: on threads that of
    /// `isokern_guard::SystemClock`, on a GPU the device's timer.
    pub start_ns: u64,
    /// When the worker left it, on the same clock, in ns.
    pub end_ns: u64,
    /// As the worker found it; on a GPU as it left it.
    pub task: TaskSlot,
    /// How the worker left it.
    pub step: TaskStep,
}

/// The claims of all workers so far.
#[derive(Clone, Debug, Default)]
pub struct Claims(Arc<Mutex<Vec<Claim>>>);

impl Claims {
    /// Takes what was noted so far, in the order of the starts.
    pub(super) fn take(&self) -> Vec<Claim> {
        let mut claims =
            core::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        claims.sort_by_key(|claim| (claim.start_ns, claim.end_ns));
        claims
    }
}

/// A handler that notes every claim, where somebody wants to know.
#[derive(Clone, Debug)]
pub struct Traced<H> {
    pub(super) handler: H,
    pub(super) claims: Option<Claims>,
}

impl<H: TaskHandler> TaskHandler for Traced<H> {
    fn op_count(&self) -> u32 {
        self.handler.op_count()
    }

    fn run<C: TaskContext>(&self, team: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        let step = self.handler.run(team, task, context);
        if let Some(Claims(claims)) = &self.claims {
            let claim = Claim {
                worker: context.worker(),
                queued_ns: context.queued_ns(),
                start_ns: context.claimed_ns(),
                end_ns: SystemClock.now_ns(),
                task: *task,
                step,
            };
            claims.lock().unwrap_or_else(PoisonError::into_inner).push(claim);
        }
        step
    }
}
