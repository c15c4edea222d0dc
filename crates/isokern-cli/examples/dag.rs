//! Tasks that spawn tasks and join them: primes below a number, counted range by range.
//!
//! `cargo run -p isokern-cli --example dag`

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

use isokern_core::megakernel::{NewTask, TaskContext, TaskHandler, TaskStep};
use isokern_core::{MegakernelConfig, Solo, TaskSlot};
use isokern_guard::SystemClock;
use isokern_ring::{ThreadWorkers, megakernel};

/// Counts the primes of ranges; the sum is where every task adds to it.
struct Primes(Arc<AtomicU32>);

const SPLIT: u32 = 0;
const COUNT: u32 = 1;

impl TaskHandler for Primes {
    fn op_count(&self) -> u32 {
        2
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        let (first, end) = (task.input_handle(), task.param());
        match (task.op_handle(), task.continuation_pc()) {
            // Eight children, and back when all have ended.
            (SPLIT, 0) => {
                let step = (end - first).div_ceil(8);
                for from in (first..end).step_by(step as usize) {
                    let to = (from + step).min(end);
                    let child = NewTask::new(COUNT).with_input(from).with_param(to);
                    if context.spawn(child).is_err() {
                        return TaskStep::Fault { code: 1 };
                    }
                }
                TaskStep::Join { pc: 1, data: 0 }
            }
            (COUNT, _) => {
                let is_divided =
                    |n: u32| (2..n).take_while(|d| d * d <= n).any(|d| n.is_multiple_of(d));
                let is_prime = |n: &u32| *n > 1 && !is_divided(*n);
                self.0.fetch_add((first..end).filter(is_prime).count() as u32, Ordering::Relaxed);
                TaskStep::Done
            }
            _ => TaskStep::Done,
        }
    }
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let found = Arc::new(AtomicU32::new(0));
    let host = ThreadWorkers::new("primes", SystemClock).with_spawn_slots(16);
    let started = megakernel(&host, Primes(Arc::clone(&found)), MegakernelConfig::new())?;
    let (mut submitter, mut completions, controls) = started.split();
    for end in [1_000, 100_000] {
        found.store(0, Ordering::Relaxed);
        let root = submitter.try_submit(NewTask::new(SPLIT).with_param(end))?;
        let outcome = pollster::block_on(completions.wait(root))?.outcome;
        println!("{} primes below {end}: {outcome:?}", found.load(Ordering::Relaxed));
    }
    let report = controls.finish();
    println!("{} tasks spawned, accounted: {}", report.spawned, report.is_accounted());
    Ok(())
}
