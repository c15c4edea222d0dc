//! The suite of tasks on a replay.

use super::{ReplayBlocks, ReplayRunning, ReplayTasks};
use crate::task_suite::TaskStage;

/// Blocks of a replay for the [suite](crate::task_suite); all of them work.
#[derive(Debug)]
pub struct ReplayStage<'a, 'r>(ReplayBlocks<'a, 'r>);

impl<'a, 'r> ReplayStage<'a, 'r> {
    /// Returns the stage of a running grid.
    #[must_use]
    pub const fn new(blocks: ReplayBlocks<'a, 'r>) -> Self {
        Self(blocks)
    }
}

impl<'a, 'r> TaskStage for ReplayStage<'a, 'r> {
    type Memory = ReplayTasks<'a, 'r>;
    type Running = ReplayRunning<'a, 'r>;
    type Host = ReplayBlocks<'a, 'r>;

    fn host(&self) -> &Self::Host {
        &self.0
    }

    fn slot_count(&self) -> u32 {
        self.0.slot_count()
    }

    fn worker_count(&self) -> u32 {
        self.0.worker_count()
    }

    fn nap(&self) {
        self.0.nap();
    }
}
