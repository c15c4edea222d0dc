//! A Critical task overtakes long ones at their next safe point.
//!
//! `cargo run -p isokern-cli --example overtake`

use core::time::Duration;

use isokern_core::megakernel::{NewTask, TaskContext, TaskHandler, TaskPriority, TaskStep};
use isokern_core::{MegakernelConfig, Solo, TaskSlot};
use isokern_guard::SystemClock;
use isokern_ring::{ThreadWorkers, megakernel};

/// Opcode 0 takes so many milliseconds, with a safe point after each.
struct Milliseconds;

impl TaskHandler for Milliseconds {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        for pc in task.continuation_pc()..task.param() {
            std::thread::sleep(Duration::from_millis(1));
            if context.must_yield() {
                return TaskStep::Yield { pc: pc + 1, data: 0 };
            }
        }
        TaskStep::Done
    }
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let host = ThreadWorkers::new("worker", SystemClock).with_thread_max(1);
    let started = megakernel(&host, Milliseconds, MegakernelConfig::new())?;
    let (mut submitter, mut completions, controls) = started.split();
    let mut names = Vec::new();
    for name in ["first", "second", "third"] {
        names.push((submitter.try_submit(NewTask::new(0).with_param(100))?, name));
    }
    // The first is at work by now.
    std::thread::sleep(Duration::from_millis(20));
    let urgent = NewTask::new(0).with_param(1).with_priority(TaskPriority::Critical);
    names.push((submitter.try_submit(urgent)?, "urgent"));
    for _ in 0..names.len() {
        let end = pollster::block_on(completions.next())?;
        let name = names.iter().find(|(handle, _)| end.is_of(*handle)).map(|(_, name)| *name);
        println!("{} is {:?}", name.unwrap_or("nobody"), end.outcome);
    }
    println!("{} gave way", controls.finish().yields);
    Ok(())
}
