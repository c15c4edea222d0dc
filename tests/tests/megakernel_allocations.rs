//! Nothing is allocated after the start: not by workers that run, sleep, yield and spawn, and not
//! by whoever submits and takes ends.

use core::sync::atomic::{AtomicUsize, Ordering};

use isokern_core::megakernel::{NewTask, TaskContext, TaskHandler, TaskPriority, TaskStep};
use isokern_core::{MegakernelConfig, Solo, TaskSlot};
use isokern_guard::SystemClock;
use isokern_ring::{ThreadWorkers, megakernel};
use isokern_tests::counting::{self, Counting};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of the workers' threads while they ran tasks.
static IN_TASKS: AtomicUsize = AtomicUsize::new(0);

/// Every kind of step. The allocations from one task of a thread to its next are counted.
struct Counted;

impl TaskHandler for Counted {
    fn op_count(&self) -> u32 {
        6
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        std::thread_local! {
            static BEFORE: core::cell::Cell<usize> = const { core::cell::Cell::new(usize::MAX) };
        }
        let now = counting::allocation_count();
        let before = BEFORE.replace(now);
        if before != usize::MAX {
            IN_TASKS.fetch_add(now - before, Ordering::Relaxed);
        }
        let _ = context.must_yield();
        match (task.op_handle(), task.continuation_pc()) {
            (1, 0) => TaskStep::Yield { pc: 1, data: 0 },
            (2, 0) => TaskStep::Requeue { pc: 1, data: 0, priority: TaskPriority::Low },
            (3, 0) => TaskStep::Pause { pc: 1, data: 0, epoch: 1 },
            (4, 0) if context.spawn(NewTask::new(0)).is_ok() => TaskStep::Join { pc: 1, data: 0 },
            (5, _) => TaskStep::Fault { code: 1 },
            _ => TaskStep::Done,
        }
    }
}

#[test]
fn bar6_nothing_is_allocated_after_the_start() {
    let host = ThreadWorkers::new("worker", SystemClock).with_thread_max(2).with_spawn_slots(8);
    let started = megakernel(&host, Counted, MegakernelConfig::new()).expect("it starts");
    let (mut submitter, mut completions, controls) = started.split();
    let mut round = |count: u32| {
        for number in 0..count {
            let task = NewTask::new(number % 6).with_tenant(number % 16);
            let handle = submitter.try_submit(task).expect("there is a slot");
            if number % 6 == 3 {
                submitter.resume(handle, 1).expect("there is room");
            }
            if number % 64 == 0 {
                // Long enough for a worker to fall asleep.
                std::thread::sleep(core::time::Duration::from_millis(2));
            }
            while completions.try_take(handle).is_err() {
                std::thread::yield_now();
            }
        }
    };
    // Wakers and locks come to be with their first use.
    round(600);
    IN_TASKS.store(0, Ordering::Relaxed);
    let (own, ()) = counting::allocations(|| round(3_000));
    assert_eq!((own, IN_TASKS.load(Ordering::Relaxed)), (0, 0));
    let report = controls.finish();
    assert!(report.is_accounted() && report.yields >= 600, "{report:?}");
}
