//! The end that ends it all, and begins the next slice.

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{
    HostMemory, MegakernelError, MegakernelLaunchPolicy, MegakernelLaunchRecommendation,
    MegakernelReport, RunningWorkers, TaskLimits, TaskSlice, close, close_completions, end_stop,
    launch_request_for_memory, stop,
};
use thiserror::Error;

/// Holds the workers: closes, stops, starts the next slice, counts.
#[derive(Debug)]
pub struct Controls<M, R> {
    memory: M,
    running: R,
    config: MegakernelConfig,
    limits: TaskLimits,
    advice: MegakernelLaunchRecommendation,
}

impl<M, R> Controls<M, R> {
    pub(super) const fn new(
        memory: M,
        running: R,
        config: MegakernelConfig,
        limits: TaskLimits,
        advice: MegakernelLaunchRecommendation,
    ) -> Self {
        Self { memory, running, config, limits, advice }
    }

    /// Returns what the policy recommended for the last slice.
    #[must_use]
    pub const fn advice(&self) -> &MegakernelLaunchRecommendation {
        &self.advice
    }

    /// Returns the workers, such as those of a loop, whose `step` the loop calls.
    #[must_use]
    pub const fn running_mut(&mut self) -> &mut R {
        &mut self.running
    }
}

impl<M: HostMemory, R: RunningWorkers> Controls<M, R> {
    /// Returns whether every worker has stopped.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.running.is_over()
    }

    /// Lets nothing more be submitted. Workers go on until nothing is left that can run.
    pub fn close(&self) {
        close(&self.memory);
    }

    /// Tells the workers to claim no more, and waits for them. What is left is left in place: for
    /// the next slice, or for the report.
    pub fn stop(&mut self) -> MegakernelReport {
        stop(&self.memory);
        self.running.wait();
        self.report()
    }

    /// Waits until the slice is over: its time, or everything after [`close`](Self::close).
    pub fn wait(&mut self) -> MegakernelReport {
        self.running.wait();
        self.report()
    }

    /// Counts the tasks. Exact while the workers are at rest and nobody submits.
    #[must_use]
    pub fn report(&self) -> MegakernelReport {
        MegakernelReport::of(&self.memory)
    }

    /// Starts workers again over what is left, for as long as a slice takes. The policy is asked
    /// anew, with the slots as they are.
    ///
    /// # Errors
    ///
    /// [`SliceError`]; nothing was started.
    pub fn next_slice(&mut self) -> Result<(), SliceError<R::Error>> {
        if !self.running.is_over() {
            return Err(SliceError::StillRunning);
        }
        let request = launch_request_for_memory(&self.config, &self.memory, self.limits)?;
        let policy = MegakernelLaunchPolicy::standard();
        let previous = self.advice.topology;
        self.advice = policy.recommend_with_previous_topology(&request, previous)?;
        end_stop(&self.memory);
        let slice = TaskSlice::new(&self.advice, self.config.max_wall_time);
        self.running.start_slice(slice).map_err(SliceError::Host)
    }

    /// Closes, waits until nothing is left that can run or the slice is over, and counts.
    pub fn finish(mut self) -> MegakernelReport {
        close(&self.memory);
        self.running.wait();
        close_completions(&self.memory);
        self.report()
    }
}

/// No slice was started.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SliceError<E> {
    /// Workers of the slice before have not stopped.
    #[error("workers are still running. Fix: wait for them, or stop them, and start again.")]
    StillRunning,
    /// What the policy says of the slots that are left.
    #[error(transparent)]
    Policy(#[from] MegakernelError),
    /// The host could not start workers.
    #[error("the host could not start workers: {0}")]
    Host(E),
}
