//! A clock that moves with every look, and tasks that do as little as possible, for tests.

use core::future::Future;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use isokern_core::call::{Clock, PollingSleep};
use isokern_core::megakernel::{NewTask, TaskContext, TaskHandler, TaskPriority, TaskStep};
use isokern_core::{Solo, TaskSlot};

/// Each look at it takes a nanosecond.
#[derive(Clone, Debug, Default)]
pub(super) struct LookClock(Arc<AtomicU64>);

impl Clock for LookClock {
    fn now_ns(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

/// Ends well.
pub(super) const DONE: u32 = 0;
/// Gives way `param` times.
pub(super) const YIELDS: u32 = 1;
/// Is put back `param` times, and never changes its class.
pub(super) const REQUEUES: u32 = 2;
/// Waits for epoch 1.
pub(super) const PAUSES: u32 = 3;
/// Fails with `param`.
pub(super) const FAULTS: u32 = 4;
/// Panics.
pub(super) const BREAKS: u32 = 5;
/// Spawns `param` tasks that do nothing, and joins them.
pub(super) const SPAWNS: u32 = 6;
/// Looks `param` times whether it is to give way, and does.
pub(super) const LOOKS: u32 = 7;

/// Runs the tasks above.
#[derive(Debug)]
pub(super) struct Toy;

impl TaskHandler for Toy {
    fn op_count(&self) -> u32 {
        8
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        let (pc, param) = (task.continuation_pc(), task.param());
        let priority = task.priority().unwrap_or(TaskPriority::Normal);
        match task.op_handle() {
            YIELDS if pc < param => TaskStep::Yield { pc: pc + 1, data: 0 },
            REQUEUES if pc < param => TaskStep::Requeue { pc: pc + 1, data: 0, priority },
            PAUSES if pc == 0 => TaskStep::Pause { pc: 1, data: 0, epoch: 1 },
            FAULTS => TaskStep::Fault { code: param },
            BREAKS => panic!("a task that is to break"),
            SPAWNS if pc == 0 => {
                for _ in 0..param {
                    context.spawn(NewTask::new(DONE)).expect("there are slots");
                }
                TaskStep::Join { pc: 1, data: 0 }
            }
            LOOKS => {
                for pc in pc..param {
                    if context.must_yield() {
                        return TaskStep::Yield { pc: pc + 1, data: 0 };
                    }
                }
                TaskStep::Done
            }
            _ => TaskStep::Done,
        }
    }
}
