//! A launch is planned for tasks, and threads work them off in place.
//!
//! `cargo run -p isokern-core --features std --example task_slots`
//!
//! No executor of the megakernel is there yet. This shows what one has to do with the slots: claim,
//! run, yield or complete, and stop when the configuration's time is over.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use isokern_core::compute::BackendError;
use isokern_core::megakernel::{SharedTaskSlot, TaskState};
use isokern_core::ring::HostWord;
use isokern_core::{MegakernelConfig, TaskSlot};

type Slot = SharedTaskSlot<HostWord>;

/// Works on the tasks until all are done or the time is over; an operation says whether its task is
/// done with it.
fn work(slots: &[Slot], config: &MegakernelConfig, operation: impl Fn(&TaskSlot) -> bool + Sync) {
    let end = Instant::now() + config.max_wall_time;
    let left = AtomicUsize::new(slots.len());
    thread::scope(|scope| {
        for _ in 0..config.worker_count {
            scope.spawn(|| {
                while left.load(Ordering::Relaxed) > 0 {
                    for slot in slots {
                        if Instant::now() >= end {
                            return;
                        }
                        let Ok(task) = slot.try_claim() else { continue };
                        let step = task.value().continuation_pc();
                        let is_over = if operation(task.value()) {
                            task.complete().is_ok_and(|_| left.fetch_sub(1, Ordering::Relaxed) > 0)
                        } else {
                            task.yield_at(step + 1, 0).is_ok()
                        };
                        assert!(is_over, "a claimed task may do either");
                    }
                }
            });
        }
    });
}

fn count(slots: &[Slot], state: TaskState) -> usize {
    slots.iter().filter(|slot| slot.snapshot().state() == Some(state)).count()
}

fn main() -> Result<(), BackendError> {
    let config = MegakernelConfig {
        worker_count: 2,
        max_wall_time: Duration::from_secs(20),
        ..Default::default()
    };
    config.validate()?;
    let tasks = [TaskSlot::ready(1); 500];
    let plan = config.launch_recommendation_for_tasks(&tasks, 64, 1024, 1024)?;
    println!("{} tasks: {:?}, {:?}", tasks.len(), plan.geometry.dispatch_grid, plan.pressure);

    let slots: Vec<Slot> = tasks.iter().map(|_| Slot::default()).collect();
    let fill = || slots.iter().zip(tasks).all(|(slot, task)| slot.fill(task).is_ok());
    assert!(fill(), "the slots are empty");
    work(&slots, &config, |task| task.continuation_pc() == 3); // done at the fourth step
    println!("{} done, {} left", count(&slots, TaskState::Done), count(&slots, TaskState::Ready));

    assert!(fill(), "what is done may be filled again");
    let short = MegakernelConfig { max_wall_time: Duration::from_millis(20), ..config };
    work(&slots, &short, |_| false); // never done: the time ends it
    let (done, yielded) = (count(&slots, TaskState::Done), count(&slots, TaskState::Yielded));
    println!("{done} done, {} under way or not begun", yielded + count(&slots, TaskState::Ready));
    Ok(())
}
