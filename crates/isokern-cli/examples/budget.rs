//! Work in slices: workers stop when their time is over, and the next slice goes on.
//!
//! `cargo run -p isokern-cli --example budget`

use core::time::Duration;

use isokern_core::megakernel::{NewTask, TaskContext, TaskHandler, TaskStep};
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
    let host = ThreadWorkers::new("worker", SystemClock).with_thread_max(2);
    let max_wall_time = Duration::from_millis(60);
    let config = MegakernelConfig { max_wall_time, ..MegakernelConfig::new() };
    let started = megakernel(&host, Milliseconds, config)?;
    let (mut submitter, _completions, mut controls) = started.split();
    for _ in 0..10 {
        submitter.try_submit(NewTask::new(0).with_param(30))?;
    }
    let mut slices = 1;
    loop {
        let report = controls.wait();
        let (left, is_accounted) = (report.left(), report.is_accounted());
        println!("slice {slices}: {} done, {left} left, accounted: {is_accounted}", report.done);
        if left == 0 {
            break;
        }
        controls.next_slice()?;
        slices += 1;
    }
    println!("{} done in more than one slice: {}", controls.finish().done, slices > 1);
    Ok(())
}
