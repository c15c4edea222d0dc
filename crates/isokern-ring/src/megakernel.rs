//! The megakernel's ends and hosts: who submits, who learns of ends, who runs the workers.
//!
//! [`megakernel`] joins a handler with a host and returns a [`Megakernel`], which splits into
//! three ends. The protocol between them is in [`isokern_core::megakernel`].
//!
//! | host | runs workers | feature |
//! |---|---|---|
//! | [`LoopWorkers`] | in your loop, in memory you lend | none |
//! | `ThreadWorkers` | on threads | `std` |

#[cfg(feature = "std")]
mod boxed;
mod controls;
mod ends;
mod loop_word;
mod loop_workers;
#[cfg(feature = "std")]
mod thread_bells;
#[cfg(feature = "std")]
mod thread_workers;

#[cfg(feature = "std")]
pub use boxed::BoxedTasks;
pub use controls::{Controls, SliceError};
pub use ends::{Completions, Submitter};
pub use loop_word::LoopWord;
pub use loop_workers::{LoopRunning, LoopWorkers};
#[cfg(feature = "std")]
pub use thread_bells::ThreadTaskBells;
#[cfg(feature = "std")]
pub use thread_workers::{ThreadTasks, ThreadWorkers, ThreadWorkersError, ThreadsRunning};

#[cfg(all(test, feature = "std", not(loom)))]
mod tests;
#[cfg(all(test, feature = "std", not(loom)))]
mod toys;

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{
    HostMemory, MegakernelError, MegakernelLaunchRecommendation, TaskHandler, TaskHost, TaskSlice,
};
use thiserror::Error;

/// Workers that run, with the three ends through which the program speaks with them.
#[derive(Debug)]
pub struct Megakernel<M, R> {
    submitter: Submitter<M>,
    completions: Completions<M>,
    controls: Controls<M, R>,
}

/// The megakernel that a host makes of a handler.
pub type MegakernelOn<T, H> = Megakernel<<T as TaskHost<H>>::Memory, <T as TaskHost<H>>::Running>;

/// Starts workers for the tasks of a handler.
///
/// The policy is asked with the host's limits. Of what it recommends, the grid is the number of
/// workers, the slots are those that are allocated, and its age flag makes a class that was
/// passed over 16 times, instead of 64, the next to be served. Everything else is advice, which
/// [`Controls::advice`] returns.
///
/// ```
/// # use core::future::Future;
/// # use isokern_core::call::{Clock, PollingSleep};
/// use isokern_core::megakernel::{
///     NewTask, TaskArrays, TaskCells, TaskContext, TaskHandler, TaskStep,
/// };
/// use isokern_core::{MegakernelConfig, Solo, TaskSlot};
/// use isokern_ring::{LoopWorkers, megakernel};
/// # #[derive(Clone)]
/// # struct Ticks;
/// # impl Clock for Ticks {
/// #     fn now_ns(&self) -> u64 { 0 }
/// #     fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
/// #         PollingSleep::new(self, moment_ns)
/// #     }
/// # }
///
/// struct Blink;
///
/// impl TaskHandler for Blink {
///     fn op_count(&self) -> u32 {
///         1
///     }
///
///     fn run<C: TaskContext>(&self, _: &Solo, _: &TaskSlot, _: &mut C) -> TaskStep {
///         TaskStep::Done
///     }
/// }
///
/// static CELLS: TaskCells<TaskArrays<8>> = TaskCells::new(0);
/// let host = LoopWorkers::new(&CELLS, Ticks);
/// let (mut submitter, mut completions, mut controls) =
///     megakernel(&host, Blink, MegakernelConfig::new())?.split();
/// let handle = submitter.try_submit(NewTask::new(0))?;
/// controls.running_mut().step();
/// assert!(completions.try_next()?.is_of(handle));
/// assert!(controls.finish().is_accounted());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`MegakernelStartError`]; nothing runs then.
pub fn megakernel<H, T>(
    host: &T,
    handler: H,
    config: MegakernelConfig,
) -> Result<MegakernelOn<T, H>, MegakernelStartError<T::Error>>
where
    H: TaskHandler,
    T: TaskHost<H>,
{
    config.validate()?;
    let limits = host.limits();
    let advice = config.launch_recommendation(
        limits.queue_len,
        limits.workgroup_size_x,
        limits.workgroups_per_dimension,
        limits.invocations_per_workgroup,
    )?;
    let memory = host.lend(&handler, &advice).map_err(MegakernelStartError::Host)?;
    let op_count = handler.op_count();
    let slice = TaskSlice::new(&advice, config.max_wall_time);
    let running = host.start(handler, memory.clone(), slice).map_err(MegakernelStartError::Host)?;
    Ok(Megakernel {
        submitter: Submitter::new(memory.clone(), op_count),
        completions: Completions::new(memory.clone()),
        controls: Controls::new(memory, running, config, limits, advice),
    })
}

impl<M: HostMemory, R> Megakernel<M, R> {
    /// Returns the three ends, which may go to three threads.
    #[must_use]
    pub fn split(self) -> (Submitter<M>, Completions<M>, Controls<M, R>) {
        (self.submitter, self.completions, self.controls)
    }

    /// Returns what the policy recommended.
    #[must_use]
    pub const fn advice(&self) -> &MegakernelLaunchRecommendation {
        self.controls.advice()
    }
}

/// No workers were started.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MegakernelStartError<E> {
    /// The configuration, or what it asks for.
    #[error(transparent)]
    Config(#[from] MegakernelError),
    /// The host had no memory, or could not start workers.
    #[error("the host could not start workers: {0}")]
    Host(E),
}
