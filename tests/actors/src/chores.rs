//! Tasks that do what their numbers say.

use isokern_core::device::{DeviceTaskHandler, DeviceTasks};
use isokern_core::megakernel::{
    FuturePlaces, NewTask, TaskContext, TaskHandler, TaskPriority, TaskStep, TaskWay,
};
use isokern_core::{Solo, TaskSlot};

/// What a task does with its parameter; its opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Chore {
    /// Ends well.
    Done,
    /// Gives way that many times.
    Yield,
    /// Is put back that many times, into its own class.
    Requeue,
    /// Waits for that epoch.
    Pause,
    /// Fails with the parameter as its code.
    Fault,
    /// Spawns so many tasks that give way once, and joins them; gives way while there is no slot.
    Spawn,
    /// Looks that many times whether it is to give way, and does.
    Look,
    /// Panics.
    Break,
    /// Spawns as [`Spawn`](Self::Spawn), by turns tasks that give way and that are put back once.
    Breed,
    /// Is a future with three awaits: gives way, is put back into its own class, gives way; fails
    /// with what [`walked`] says of its code.
    Walk,
}

impl Chore {
    /// Returns the task.
    #[must_use]
    pub const fn with(self, param: u32) -> NewTask {
        NewTask::new(self as u32).with_param(param)
    }
}

/// Opcodes of [`Chore`].
const OP_COUNT: u32 = Chore::Walk as u32 + 1;

/// Memory for the futures of as many slots as a host has in any suite.
static PLACES: FuturePlaces<96, 160> = FuturePlaces::new();

/// The handler of all chores.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chores;

const YIELD: u32 = Chore::Yield as u32;
const REQUEUE: u32 = Chore::Requeue as u32;
const PAUSE: u32 = Chore::Pause as u32;
const FAULT: u32 = Chore::Fault as u32;
const SPAWN: u32 = Chore::Spawn as u32;
const LOOK: u32 = Chore::Look as u32;
const BREAK: u32 = Chore::Break as u32;
const BREED: u32 = Chore::Breed as u32;
const WALK: u32 = Chore::Walk as u32;

impl TaskHandler for Chores {
    fn op_count(&self) -> u32 {
        OP_COUNT
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        let (pc, param) = (task.continuation_pc(), task.param());
        assert!(task.op_handle() != BREAK, "planted");
        let priority = task.priority().unwrap_or(TaskPriority::Normal);
        match task.op_handle() {
            YIELD if pc < param => TaskStep::Yield { pc: pc + 1, data: 0 },
            REQUEUE if pc < param => TaskStep::Requeue { pc: pc + 1, data: 0, priority },
            PAUSE if pc == 0 => TaskStep::Pause { pc: 1, data: 0, epoch: param },
            FAULT => TaskStep::Fault { code: param },
            SPAWN | BREED if pc < param => {
                for spawned in pc..param {
                    let is_put_back = task.op_handle() == BREED && spawned % 2 == 1;
                    let chore = if is_put_back { Chore::Requeue } else { Chore::Yield };
                    if context.spawn(chore.with(1).with_priority(priority)).is_err() {
                        return TaskStep::Yield { pc: spawned, data: 0 };
                    }
                }
                TaskStep::Join { pc: param, data: 0 }
            }
            WALK => {
                let task = *task; // Of the others none needs it in memory.
                PLACES.run(&task, context, |way| walk(param, priority, way))
            }
            LOOK => {
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

/// Returns the sum that a [walk](Chore::Walk) has made of its parameter, from its code, and after
/// how many of its awaits another worker went on with it than the one that began.
#[must_use]
pub const fn walked(code: u32) -> (u32, u32) {
    (code >> 2, code & 3)
}

/// Adds a parameter to itself in three steps.
async fn walk(param: u32, class: TaskPriority, way: TaskWay) -> Result<(), u32> {
    let first = way.worker();
    let mut sum = param;
    way.yield_now().await;
    sum += param;
    let mut moves = u32::from(way.worker() != first);
    way.requeue(class).await;
    sum += param;
    moves += u32::from(way.worker() != first);
    way.yield_now().await;
    moves += u32::from(way.worker() != first);
    Err(sum << 2 | moves)
}

impl DeviceTasks for Chores {
    const ENTRY: &'static str = "chores";
}

impl DeviceTaskHandler for Chores {
    fn handler() -> Self {
        Self
    }
}
