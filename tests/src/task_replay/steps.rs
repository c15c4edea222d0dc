//! What a worker's block executes for a task that does nothing.

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

/// Pieces of the name of what the leader enters once a task.
const STEP: &[&str] = &["10solo_tasks4step"];
/// The steps that are compared; the first of a slice takes all tasks in.
const STEPS: [usize; 2] = [8, 9];
const TASKS: u32 = 16;

/// Counts an empty task of one class, of a row of them that are in the queue.
///
/// # Panics
///
/// Where a task does not end well, or two of them differ.
#[must_use]
pub fn empty_task(text: &str, seed: u64) -> StepCounts {
    let device = Device::new(text, TARGET);
    let workers = Workers::of_suite(1);
    let mut replay = Replay::new(&device.memory, seed).marking_entries(device.function(STEP));
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
        while blocks.side().mark_count() <= first + STEPS[1] + 1 {
            blocks.nap();
        }
        *counts.borrow_mut() = STEPS.map(|step| blocks.side().counts_between(first + step));
        let report = controls.finish();
        assert!(report.is_accounted() && report.done == u64::from(TASKS), "{report:?}");
    });
    ran.unwrap_or_else(|why| panic!("{why}"));
    let [counts, again] = counts.into_inner();
    assert!(counts == again, "two empty tasks differ");
    let counts = counts.expect("the marks are there");
    StepCounts::new(("an empty task", grid.threads), &device.program, counts)
}
