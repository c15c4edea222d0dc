//! Tasks of a length that is asked for: what remains of a worker's time is what a task costs.

use core::hint::black_box;

use isokern_core::device::{DeviceTaskHandler, DeviceTasks};
use isokern_core::megakernel::{TaskContext, TaskHandler, TaskStep};
use isokern_core::{Solo, TaskSlot};

/// What the rounds begin with.
const SEED: u32 = 0x9e37_79b9;

/// Runs so many rounds of xorshift, each of which needs the one before.
#[inline]
pub fn work(rounds: u32) {
    let mut state = SEED;
    for _ in 0..rounds {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
    }
    black_box(state);
}

/// The handler of tasks whose parameter is a number of rounds of [`work`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Work;

impl TaskHandler for Work {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, _: &mut C) -> TaskStep {
        work(task.param());
        TaskStep::Done
    }
}

impl DeviceTasks for Work {
    const ENTRY: &'static str = "work";
}

impl DeviceTaskHandler for Work {
    fn handler() -> Self {
        Self
    }
}
