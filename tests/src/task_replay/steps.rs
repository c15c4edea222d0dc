//! What a worker's block executes for tasks that do nothing.

use core::cell::RefCell;

use isokern_core::MegakernelConfig;
use isokern_ring::megakernel;
use isokern_simcuda::replay::Replay;
use isokern_test_actors::{Chore, Chores};

use super::{TaskReplay, Workers};
use crate::counts::TARGET;
use crate::device::Device;
use crate::replay_words::Orders;
use crate::resident::StepCounts;

/// Pieces of the name of what the leader enters once in so many tasks.
const STEPS: &[&str] = &["10solo_tasks5steps"];
const TASKS_PER_ENTRY: u32 = 16;
/// The entries that are compared; with the first of a slice all tasks are taken in.
const ENTRIES: [usize; 2] = [1, 2];
const TASKS: u32 = 4 * TASKS_PER_ENTRY;

/// Counts as many empty tasks of one class as the leader runs between two looks at the grid's line,
/// with a look, of a row of them that are in the queue.
///
/// # Panics
///
/// Where a task does not end well, or two of them differ.
#[must_use]
pub fn empty_task(text: &str, seed: u64) -> StepCounts {
    let device = Device::new(text, TARGET);
    let workers = Workers { host_slots: TASKS, ..Workers::of_suite(1) };
    let mut replay = Replay::new(&device.memory, seed).marking_entries(device.function(STEPS));
    let grid = TaskReplay::new(&device, workers);
    let counts = RefCell::new([None, None]);
    let ran = grid.run(&mut replay, Orders::Kept, |blocks| {
        let started = megakernel(blocks, Chores, MegakernelConfig::new());
        let started = started.unwrap_or_else(|error| panic!("{error}"));
        let (mut submitter, _, mut controls) = started.split();
        assert!(controls.stop().is_accounted(), "nothing was submitted");
        let first = blocks.side().mark_count();
        for _ in 0..TASKS {
            submitter.try_submit(Chore::Done.with(0)).expect("there is room");
        }
        controls.next_slice().unwrap_or_else(|error| panic!("{error}"));
        while blocks.side().mark_count() <= first + ENTRIES[1] + 1 {
            blocks.nap();
        }
        *counts.borrow_mut() = ENTRIES.map(|entry| blocks.side().counts_between(first + entry));
        let report = controls.finish();
        assert!(report.is_accounted() && report.done == u64::from(TASKS), "{report:?}");
    });
    ran.unwrap_or_else(|why| panic!("{why}"));
    let [counts, again] = counts.into_inner();
    assert!(counts == again, "two rows of empty tasks differ");
    let counts = counts.expect("the marks are there");
    StepCounts::new(("16 empty tasks", grid.threads), &device.program, counts)
}
