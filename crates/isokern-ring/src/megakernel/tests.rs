//! Workers on threads and in a loop: nothing is lost, and the policy is followed.

use core::time::Duration;
use std::vec::Vec;
use std::{format, panic, thread};

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{
    FAULT_PANIC, MegakernelError, NewTask, RunningWorkers, SubmitError, TaskArrays, TaskCells,
    TaskEnd, TaskOutcome, TaskPriority, WorkerEnd,
};
use isokern_core::ring::PopError;

use super::toys::{BREAKS, DONE, FAULTS, LOOKS, LookClock, PAUSES, REQUEUES, SPAWNS, Toy, YIELDS};
use super::{
    LoopWorkers, MegakernelStartError, SliceError, ThreadWorkers, ThreadWorkersError, megakernel,
};
use crate::AlreadyLent;

type Cells = TaskCells<TaskArrays<8>>;

fn config(worker_count: u32) -> MegakernelConfig {
    MegakernelConfig { worker_count, ..MegakernelConfig::new() }
}

/// Returns a slice that is over after so many looks at the clock.
fn budget(looks: u64) -> MegakernelConfig {
    MegakernelConfig { max_wall_time: Duration::from_nanos(looks), ..config(1) }
}

fn threads(thread_max: u32) -> ThreadWorkers<LookClock> {
    let host = ThreadWorkers::new("worker", LookClock::default()).with_thread_max(thread_max);
    host.with_queue_len(64).with_spawn_slots(8)
}

fn quietly<T>(act: impl FnOnce() -> T) -> T {
    let hook = panic::take_hook();
    panic::set_hook(std::boxed::Box::new(|_| {}));
    let result = act();
    panic::set_hook(hook);
    result
}

#[test]
fn threads_run_every_kind_of_task_and_a_panic_is_a_fault() {
    let started = megakernel(&threads(2), Toy, config(2)).expect("it starts");
    let (mut submitter, mut completions, controls) = started.split();
    let report = quietly(|| {
        for round in 0..50 {
            let tasks = [(DONE, 0), (YIELDS, 2), (REQUEUES, 2), (FAULTS, round), (BREAKS, 0)];
            let mut handles: Vec<_> = tasks
                .map(|(op, param)| submitter.try_submit(NewTask::new(op).with_param(param)))
                .into_iter()
                .map(|submitted| submitted.expect("there is a slot"))
                .collect();
            let parent = NewTask::new(SPAWNS).with_param(3);
            handles.push(submitter.try_submit(parent).expect("there is a slot"));
            let waits = submitter.try_submit(NewTask::new(PAUSES)).expect("there is a slot");
            submitter.resume(waits, 1).expect("there is room");
            handles.push(waits);
            let ends: Vec<TaskEnd> = handles
                .iter()
                .map(|handle| pollster::block_on(completions.wait(*handle)).expect("it ends"))
                .collect();
            let codes = ends.iter().map(|end| end.code).collect::<Vec<_>>();
            assert_eq!(codes, [0, 0, 0, round, FAULT_PANIC, 0, 0]);
        }
        controls.finish()
    });
    assert!(report.is_accounted(), "{report:?}");
    assert_eq!((report.accepted, report.done, report.faulted), (350, 250, 100));
    assert_eq!((report.panics, report.spawned, report.yields), (50, 150, 100));
    assert_eq!(completions.try_next(), Err(PopError::Closed));
    assert_eq!(submitter.try_submit(NewTask::new(0)), Err(SubmitError::Closed(NewTask::new(0))));
}

#[test]
fn a_submitter_that_is_dropped_or_forgotten_loses_nothing() {
    for accepted in 0..20 {
        for forget in [false, true] {
            let started = megakernel(&threads(2), Toy, config(2)).expect("it starts");
            let (mut submitter, mut completions, controls) = started.split();
            for _ in 0..accepted {
                submitter.try_submit(NewTask::new(YIELDS).with_param(1)).expect("a slot");
            }
            if forget {
                core::mem::forget(submitter);
            } else {
                drop(submitter);
            }
            let report = controls.finish();
            assert!(report.is_accounted(), "{report:?}");
            assert_eq!(report.done, accepted);
            let told = core::iter::from_fn(|| completions.try_next().ok()).count() as u64;
            assert_eq!(told, accepted);
        }
    }
}

#[test]
fn sleeping_workers_wake_for_a_submission_and_for_the_end() {
    let started = megakernel(&threads(2), Toy, config(2)).expect("it starts");
    let (mut submitter, mut completions, controls) = started.split();
    for _ in 0..5 {
        // Long enough for them to fall asleep.
        thread::sleep(Duration::from_millis(20));
        let handle = submitter.try_submit(NewTask::new(DONE)).expect("a slot");
        assert!(pollster::block_on(completions.next()).expect("it ends").is_of(handle));
    }
    thread::sleep(Duration::from_millis(20));
    assert_eq!(controls.finish().done, 5);
}

#[test]
fn the_grid_is_the_number_of_threads_and_slots_are_those_of_the_policy() {
    for (workers, limit, queue_len, expected) in
        [(3, 8, 64, 3), (3, 2, 64, 2), (64, 4, 64, 4), (64, 4, 1, 1), (1, 4, 64, 1)]
    {
        let host = threads(limit).with_queue_len(queue_len);
        let started = megakernel(&host, Toy, config(workers)).expect("it starts");
        let geometry = started.advice().geometry;
        assert_eq!((geometry.slot_count, geometry.workgroup_size_x), (queue_len, 1));
        let (mut submitter, _completions, mut controls) = started.split();
        assert_eq!(controls.running_mut().thread_count(), expected, "{workers} {limit}");
        let submit = |_: &u32| submitter.try_submit(NewTask::new(PAUSES)).is_ok();
        assert_eq!((0..1000).take_while(submit).count(), queue_len as usize);
        let report = controls.finish();
        assert!(report.is_accounted() && report.paused == u64::from(queue_len), "{report:?}");
    }
}

#[test]
fn the_age_flag_shortens_the_time_that_a_class_is_passed_over() {
    let cells = Cells::new(0);
    let host = LoopWorkers::new(&cells, LookClock::default());
    let started = megakernel(&host, Toy, budget(1_000)).expect("it starts");
    let (mut submitter, mut completions, mut controls) = started.split();
    let critical = NewTask::new(REQUEUES).with_param(1000).with_priority(TaskPriority::Critical);
    let low = NewTask::new(DONE).with_priority(TaskPriority::Low);
    let mut claims_until_low =
        |controls: &mut super::Controls<&Cells, _>, submitter: &mut super::Submitter<&Cells>| {
            submitter.try_submit(low).expect("a slot");
            let running: &mut super::LoopRunning<&Cells, Toy, LookClock> = controls.running_mut();
            let steps = (1..200).find(|_| {
                running.step();
                completions.try_next().is_ok()
            });
            steps.expect("it is served")
        };
    submitter.try_submit(critical).expect("a slot");
    assert!(!controls.advice().age_priority_work);
    assert_eq!(claims_until_low(&mut controls, &mut submitter), 65);
    controls.wait();
    controls.next_slice().expect("it starts");
    assert!(controls.advice().age_priority_work, "a task was requeued");
    assert_eq!(claims_until_low(&mut controls, &mut submitter), 17);
}

/// A budget that ends at every possible look at the clock, and slices until all is done.
#[test]
fn bar4_wherever_a_budget_ends_the_sum_holds_and_the_next_slice_goes_on() {
    for looks in 2..60 {
        let cells = Cells::new(2);
        let host = LoopWorkers::new(&cells, LookClock::default());
        let started = megakernel(&host, Toy, budget(looks)).expect("it starts");
        let (mut submitter, mut completions, mut controls) = started.split();
        for (op, param) in [(LOOKS, 9), (YIELDS, 3), (REQUEUES, 2), (SPAWNS, 2), (FAULTS, 1)] {
            submitter.try_submit(NewTask::new(op).with_param(param)).expect("a slot");
        }
        let waits = submitter.try_submit(NewTask::new(PAUSES)).expect("a slot");
        submitter.resume(waits, 1).expect("there is room");
        let mut slices = 1;
        while controls.wait().left() != 0 {
            let report = controls.report();
            assert!(report.is_accounted() && report.running == 0, "{looks}: {report:?}");
            assert_eq!(controls.running_mut().end(), Some(WorkerEnd::Budget));
            controls.next_slice().expect("it starts");
            slices += 1;
            assert!(slices < 1_000, "{looks}: {report:?}");
        }
        assert!(looks > 20 || slices > 1, "{looks}");
        let outcomes: Vec<_> =
            core::iter::from_fn(|| completions.try_next().ok()).map(|end| end.outcome).collect();
        assert_eq!(outcomes.len(), 6);
        let done = outcomes.iter().filter(|outcome| **outcome == TaskOutcome::Done);
        assert_eq!(done.count(), 5);
        let report = controls.finish();
        assert!(report.is_accounted() && report.done == 5 && report.faulted == 1, "{report:?}");
    }
}

#[test]
fn a_stop_ends_a_slice_early_and_the_next_one_goes_on() {
    let started = megakernel(&threads(2), Toy, config(2)).expect("it starts");
    let (mut submitter, _completions, mut controls) = started.split();
    assert_eq!(
        format!("{:?}", controls.next_slice().map_err(|error| format!("{error}"))),
        "Err(\"workers are still running. Fix: wait for them, or stop them, and start again.\")"
    );
    for _ in 0..40 {
        submitter.try_submit(NewTask::new(YIELDS).with_param(500)).expect("a slot");
    }
    let report = controls.stop();
    assert!(report.is_accounted() && report.running == 0, "{report:?}");
    controls.next_slice().expect("it starts");
    let report = controls.finish();
    assert!(report.is_accounted() && report.done == 40, "{report:?}");
}

#[test]
fn what_cannot_start_says_why() {
    let host = threads(1).with_queue_len(1 << 29);
    match megakernel(&host, Toy, config(1)) {
        Err(MegakernelStartError::Host(ThreadWorkersError::TooManySlots { slots, .. })) => {
            assert_eq!(slots, 1 << 29);
        }
        other => panic!("{other:?}"),
    }
    let none = megakernel(&threads(1), Toy, config(0)).map(|_| ());
    assert!(matches!(none, Err(MegakernelStartError::Config(MegakernelError::ZeroWorkerCount))));
    let cells = Cells::new(0);
    let host = LoopWorkers::new(&cells, LookClock::default());
    let first = megakernel(&host, Toy, config(1)).expect("it starts");
    let second = megakernel(&host, Toy, config(1)).map(|_| ());
    assert_eq!(second, Err(MegakernelStartError::Host(AlreadyLent)));
    let (.., mut controls) = first.split();
    assert_eq!(controls.next_slice(), Err(SliceError::StillRunning));
    assert!(!controls.running_mut().is_over());
}

#[test]
fn controls_that_are_dropped_close_and_the_workers_stop() {
    let started = megakernel(&threads(2), Toy, config(2)).expect("it starts");
    let (mut submitter, mut completions, controls) = started.split();
    let handle = submitter.try_submit(NewTask::new(YIELDS).with_param(3)).expect("a slot");
    drop(controls);
    let refused = submitter.try_submit(NewTask::new(DONE));
    assert_eq!(refused, Err(SubmitError::Closed(NewTask::new(DONE))));
    assert_eq!(pollster::block_on(completions.wait(handle)).map(|end| end.code), Ok(0));
}
