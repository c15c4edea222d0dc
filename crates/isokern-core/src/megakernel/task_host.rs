//! Task hosts: who starts workers, and what it learns when it does.

use core::time::Duration;

use super::launch::MegakernelLaunchRecommendation;
use super::task_memory::HostMemory;

/// Starts workers over memory that it owns: threads, a loop of firmware, blocks of a GPU.
///
/// `isokern_ring::megakernel` joins one with a handler. The policy is asked with the host's
/// [`limits`](Self::limits), and what it recommends comes back with [`lend`](Self::lend) and
/// [`start`](Self::start).
pub trait TaskHost<H> {
    /// The host's side of its memory; clones reach the same.
    type Memory: HostMemory + Clone;
    /// What the program holds while workers run.
    type Running: RunningWorkers<Error = Self::Error>;
    /// Why memory was not lent or workers not started.
    type Error: core::error::Error;

    /// Returns what the policy is asked with.
    fn limits(&self) -> TaskLimits;

    /// Lends memory of this shape for tasks of this handler, in which nothing was said yet and
    /// every slot is free; that of workers is [prepared](super::prepare).
    ///
    /// # Errors
    ///
    /// The host has no memory of that size, or does not run tasks of that handler.
    fn lend(
        &self,
        handler: &H,
        advice: &MegakernelLaunchRecommendation,
    ) -> Result<Self::Memory, Self::Error>;

    /// Starts workers of a handler for one slice.
    ///
    /// # Errors
    ///
    /// The host cannot run workers now.
    fn start(
        &self,
        handler: H,
        memory: Self::Memory,
        slice: TaskSlice,
    ) -> Result<Self::Running, Self::Error>;
}

/// Workers that were started, as the program holds them.
pub trait RunningWorkers {
    /// Why a slice was not started.
    type Error: core::error::Error;

    /// Returns whether every worker has stopped. Their memory is at rest then.
    fn is_over(&self) -> bool;

    /// Waits until every worker has stopped; workers that need the caller's time get it.
    fn wait(&mut self);

    /// Starts workers again, over what is left, once they have stopped.
    ///
    /// # Errors
    ///
    /// As [`TaskHost::start`].
    fn start_slice(&mut self, slice: TaskSlice) -> Result<(), Self::Error>;
}

/// The limits of a host, in the form that the policy asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskLimits {
    /// Tasks that may be under way at once.
    pub queue_len: u32,
    /// Threads of a group: the size of a team.
    pub workgroup_size_x: u32,
    /// Groups along one side of a grid.
    pub workgroups_per_dimension: u32,
    /// Threads of a group, all sides together.
    pub invocations_per_workgroup: u32,
}

/// One run of the workers, from a start to a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskSlice {
    /// Workers wanted; a host may start fewer.
    pub worker_count: u32,
    /// How long they run.
    pub wall_time: Duration,
    /// How often a worker passes a class over that has work, before it serves it once.
    pub passed_over_max: u32,
}

impl TaskSlice {
    /// Passes until a class is served, by itself.
    pub const PASSED_OVER_MAX: u32 = 64;
    /// Passes until a class is served where the policy wants old work to gain priority.
    pub const PASSED_OVER_MAX_AGED: u32 = 16;

    /// Returns the slice that the policy recommends, of this length.
    #[must_use]
    pub const fn new(advice: &MegakernelLaunchRecommendation, wall_time: Duration) -> Self {
        let passed_over_max = if advice.age_priority_work {
            Self::PASSED_OVER_MAX_AGED
        } else {
            Self::PASSED_OVER_MAX
        };
        let [worker_count, _, _] = advice.geometry.dispatch_grid;
        Self { worker_count, wall_time, passed_over_max }
    }
}
