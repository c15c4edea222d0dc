//! The suite of tasks: that each is accounted for, whatever it does and whenever workers stop, by
//! one source for every host of workers.

use core::iter::{self, Peekable};
use core::ops::RangeInclusive;
use core::time::Duration;
use std::thread;
use std::time::Instant;

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{
    FAULT_CANCELLED, FAULT_PANIC, FUTURE_LOST, HostMemory, MegakernelReport, NewTask,
    RunningWorkers, SubmitError, TaskEnd, TaskHandle, TaskHost, TaskOutcome, TaskPriority,
};
use isokern_core::ring::PopError;
use isokern_ring::{Completions, Controls, Submitter, megakernel};
use isokern_test_actors::{Chore, Chores, walked};

/// A host of workers under test, with 8 slots for spawned tasks.
pub trait TaskStage {
    /// The host's side of the memory.
    type Memory: HostMemory + Clone;
    /// Running workers.
    type Running: RunningWorkers;
    /// The host.
    type Host: TaskHost<Chores, Memory = Self::Memory, Running = Self::Running>;

    /// Returns the host.
    fn host(&self) -> &Self::Host;

    /// Returns how many tasks it takes at once; 32 at least.
    fn slot_count(&self) -> u32 {
        TASK_SLOTS
    }

    /// Returns how many workers the tests start.
    fn worker_count(&self) -> u32 {
        WORKERS
    }

    /// Lets the workers run for a moment, between two looks of the host.
    fn nap(&self) {
        thread::sleep(Duration::from_micros(50));
    }
}

/// Tasks that a stage takes at once, unless it says otherwise.
pub const TASK_SLOTS: u32 = 128;
/// Its slots for spawned tasks.
pub const SPAWN_SLOTS: u32 = 8;
/// Its workers.
pub const WORKERS: u32 = 4;

type Ends<S> = (
    Submitter<<S as TaskStage>::Memory>,
    Completions<<S as TaskStage>::Memory>,
    Controls<<S as TaskStage>::Memory, <S as TaskStage>::Running>,
);

/// A test, by name.
pub type TaskTest<S> = (&'static str, fn(&S));

/// Returns the tests.
#[must_use]
pub fn tests<S: TaskStage>() -> Vec<TaskTest<S>> {
    vec![
        ("every_kind_of_task_ends_as_it_says", kinds),
        ("what_waits_is_resumed_released_or_cancelled", waiting),
        ("a_pause_holds_until_its_epoch", pauses),
        ("more_is_said_than_an_inlet_has_places", messages),
        ("a_submitter_that_is_dropped_loses_nothing", dropped),
        ("many_tasks_of_few_roots_end_without_the_host", sleeping),
        ("one_worker_serves_the_highest_class_first", classes),
        ("futures_go_on_where_they_were", futures),
        ("slots_come_back_with_completions", credit),
        ("a_slot_is_used_again_at_once", reuse),
        ("wherever_a_budget_ends_the_sum_holds", budgets),
        ("a_stop_leaves_tasks_for_the_next_slice", stopped),
        ("controls_that_are_dropped_close", closed),
        ("a_task_that_breaks_is_faulted_and_the_sum_holds", broken),
    ]
}

/// Returns the test of this name.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn test_named<S: TaskStage>(name: &str) -> fn(&S) {
    let found = tests().into_iter().find(|(found, _)| *found == name);
    found.map(|(_, test)| test).expect("it is one of the suite")
}

fn config(worker_count: u32) -> MegakernelConfig {
    MegakernelConfig { worker_count, ..MegakernelConfig::new() }
}

fn start<S: TaskStage>(stage: &S, config: MegakernelConfig) -> Ends<S> {
    match megakernel(stage.host(), Chores, config) {
        Ok(started) => started.split(),
        Err(error) => panic!("{error}"),
    }
}

fn submit<M: HostMemory>(submitter: &mut Submitter<M>, task: NewTask) -> TaskHandle {
    submitter.try_submit(task).unwrap_or_else(|error| panic!("{error}"))
}

fn wait<S: TaskStage>(
    stage: &S,
    completions: &mut Completions<S::Memory>,
    task: TaskHandle,
) -> TaskEnd {
    loop {
        match completions.try_take(task) {
            Err(PopError::Empty) => stage.nap(),
            end => return end.unwrap_or_else(|error| panic!("{task:?}: {error}")),
        }
    }
}

fn accounted(report: &MegakernelReport) {
    assert!(report.is_accounted(), "{report:?}");
}

fn kinds<S: TaskStage>(stage: &S) {
    let (mut submitter, mut completions, controls) = start(stage, config(stage.worker_count()));
    for round in 0..10 {
        let tasks = [Chore::Done.with(0), Chore::Yield.with(2), Chore::Requeue.with(2)];
        let more = [Chore::Fault.with(round), Chore::Spawn.with(3), Chore::Look.with(5)];
        let tasks = tasks.into_iter().chain(more);
        let handles: Vec<_> = tasks.map(|task| submit(&mut submitter, task)).collect();
        let ends: Vec<_> =
            handles.iter().map(|task| wait(stage, &mut completions, *task)).collect();
        let codes: Vec<_> = ends.iter().map(|end| end.code).collect();
        assert_eq!(codes, [0, 0, 0, round, 0, 0]);
        let failed = ends.iter().filter(|end| end.outcome == TaskOutcome::Faulted).count();
        assert_eq!(failed, 1);
    }
    let report = controls.finish();
    accounted(&report);
    assert_eq!((report.accepted, report.done, report.faulted), (60, 50, 10));
    assert_eq!((report.spawned, report.spawned_ended, report.requeues), (30, 30, 20));
    // Spawned ones give way once each; a parent may wait for a slot besides.
    assert!(report.yields >= 20 + 30, "{report:?}");
    assert_eq!(completions.try_next(), Err(PopError::Closed));
    let late = submitter.try_submit(Chore::Done.with(0));
    assert_eq!(late, Err(SubmitError::Closed(Chore::Done.with(0))));
}

fn waiting<S: TaskStage>(stage: &S) {
    let (mut submitter, mut completions, controls) = start(stage, config(stage.worker_count()));
    let early = submit(&mut submitter, Chore::Pause.with(3));
    submitter.resume(early, 3).expect("there is room");
    assert_eq!(wait(stage, &mut completions, early).outcome, TaskOutcome::Done);
    let gone = submit(&mut submitter, Chore::Pause.with(9));
    submitter.resume(gone, 8).expect("there is room");
    submitter.cancel(gone).expect("there is room");
    let end = wait(stage, &mut completions, gone);
    assert_eq!((end.outcome, end.code), (TaskOutcome::Cancelled, FAULT_CANCELLED));
    let held = submit(&mut submitter, Chore::Done.with(0).held());
    let first = submit(&mut submitter, Chore::Yield.with(3).with_join(held));
    let second = submit(&mut submitter, Chore::Requeue.with(3).with_join(held));
    submitter.release(held).expect("there is room");
    for task in [held, first, second] {
        assert_eq!(wait(stage, &mut completions, task).outcome, TaskOutcome::Done);
    }
    let told = submit(&mut submitter, Chore::Done.with(0).with_event(2, 5));
    submitter.signal(2, 5).expect("there is room");
    assert_eq!(wait(stage, &mut completions, told).outcome, TaskOutcome::Done);
    submit(&mut submitter, Chore::Pause.with(1));
    let report = controls.finish();
    accounted(&report);
    assert_eq!((report.done, report.cancelled, report.paused), (5, 1, 1));
}

fn pauses<S: TaskStage>(stage: &S) {
    let (mut submitter, mut completions, controls) = start(stage, config(stage.worker_count()));
    let handles: Vec<_> = (0..8).map(|_| submit(&mut submitter, Chore::Pause.with(3))).collect();
    for epoch in [1, 2, 3] {
        for task in &handles {
            assert_eq!(completions.try_take(*task), Err(PopError::Empty), "epoch {epoch}");
            submitter.resume(*task, epoch).expect("there is room");
        }
    }
    for task in handles {
        assert_eq!(wait(stage, &mut completions, task).outcome, TaskOutcome::Done);
    }
    let report = controls.finish();
    accounted(&report);
    // A task that was told its epoch before it asked goes on at once.
    assert_eq!((report.done, report.pauses, report.claims), (8, 8, 16));
}

fn messages<S: TaskStage>(stage: &S) {
    let config = config(stage.worker_count());
    let (mut submitter, mut completions, mut controls) = start(stage, config);
    accounted(&controls.stop());
    let last = 4 * stage.slot_count();
    let waiting = submit(&mut submitter, Chore::Pause.with(last));
    let mut epochs = (1..=last).peekable();
    let said = fill(&mut submitter, waiting, &mut epochs);
    controls.next_slice().unwrap_or_else(|error| panic!("{error}"));
    let after = loop {
        match submitter.try_submit(Chore::Done.with(0)) {
            Ok(task) => break task,
            Err(_) => stage.nap(),
        }
    };
    // It came after all that was said, so that is taken in, and credit was given for it.
    assert_eq!(wait(stage, &mut completions, after).outcome, TaskOutcome::Done);
    accounted(&controls.stop());
    assert_eq!(fill(&mut submitter, waiting, &mut epochs), said + 1, "so many places");
    controls.next_slice().unwrap_or_else(|error| panic!("{error}"));
    for epoch in epochs {
        while submitter.resume(waiting, epoch).is_err() {
            stage.nap();
        }
    }
    assert_eq!(wait(stage, &mut completions, waiting).outcome, TaskOutcome::Done);
    let report = controls.finish();
    accounted(&report);
    assert_eq!((report.done, report.claims), (2, 3));
}

/// Says epochs to a task until its inlet is full, and returns how many.
fn fill<M: HostMemory>(
    submitter: &mut Submitter<M>,
    waiting: TaskHandle,
    epochs: &mut Peekable<RangeInclusive<u32>>,
) -> usize {
    let said = iter::from_fn(|| epochs.next_if(|epoch| submitter.resume(waiting, *epoch).is_ok()));
    let said = said.count();
    assert!(epochs.peek().is_some(), "the inlet is full");
    said
}

fn dropped<S: TaskStage>(stage: &S) {
    for accepted in [0, 1, 7] {
        let (mut submitter, mut completions, controls) = start(stage, config(stage.worker_count()));
        for _ in 0..accepted {
            submit(&mut submitter, Chore::Yield.with(1));
        }
        drop(submitter);
        let report = controls.finish();
        accounted(&report);
        let told = iter::from_fn(|| completions.try_next().ok()).count() as u64;
        assert_eq!((report.done, told), (accepted, accepted));
    }
}

/// Roots spawn ten thousand tasks, which give way, are put back and are waited for, while the host
/// does nothing; for a stage of 100 slots at least.
pub fn ten_thousand<S: TaskStage>(stage: &S) {
    let (mut submitter, mut completions, controls) = start(stage, config(stage.worker_count()));
    let roots: Vec<_> = (0..100)
        .map(|root| {
            let class = TaskPriority::from_word(root % 5).expect("there are five");
            submit(&mut submitter, Chore::Breed.with(100).with_priority(class))
        })
        .collect();
    let report = controls.finish();
    accounted(&report);
    assert_eq!((report.accepted, report.done, report.left()), (100, 100, 0));
    assert_eq!((report.spawned, report.spawned_ended), (10_000, 10_000));
    assert_eq!((report.requeues, report.pauses), (5_000, 100));
    assert!(report.yields >= 5_000 && report.claims >= 20_000, "{report:?}");
    for root in roots {
        assert_eq!(wait(stage, &mut completions, root).outcome, TaskOutcome::Done);
    }
}

fn sleeping<S: TaskStage>(stage: &S) {
    let (mut submitter, _completions, controls) = start(stage, config(stage.worker_count()));
    for root in 0..16 {
        let class = TaskPriority::from_word(root % 5).expect("there are five");
        submit(&mut submitter, Chore::Spawn.with(12).with_priority(class));
    }
    let report = controls.finish();
    accounted(&report);
    assert_eq!((report.done, report.spawned, report.spawned_ended), (16, 192, 192));
    assert!(report.claims >= 16 + 2 * 192, "{report:?}");
}

fn classes<S: TaskStage>(stage: &S) {
    let (mut submitter, mut completions, mut controls) = start(stage, config(1));
    accounted(&controls.stop());
    let classes = [TaskPriority::Idle, TaskPriority::Normal, TaskPriority::Critical];
    let handles =
        classes.map(|class| submit(&mut submitter, Chore::Done.with(0).with_priority(class)));
    controls.next_slice().unwrap_or_else(|error| panic!("{error}"));
    let began = Instant::now();
    let mut ends = Vec::new();
    while ends.len() < handles.len() {
        match completions.try_next() {
            Ok(end) => ends.push(end),
            Err(_) => stage.nap(),
        }
        assert!(began.elapsed() < Duration::from_secs(60), "only {} have ended", ends.len());
    }
    let slots: Vec<_> = ends.iter().map(|end| end.slot).collect();
    let expected: Vec<_> = handles.iter().rev().map(|task| task.slot()).collect();
    assert_eq!(slots, expected, "in the order of their classes");
    accounted(&controls.finish());
}

fn futures<S: TaskStage>(stage: &S) {
    let _any = walk_moves(stage);
}

/// Runs tasks that are futures with three awaits each, and returns after how many awaits another
/// worker went on with a task than the one that began.
pub fn walk_moves<S: TaskStage>(stage: &S) -> u32 {
    let (mut submitter, mut completions, controls) = start(stage, config(stage.worker_count()));
    let classes = [TaskPriority::Normal, TaskPriority::Critical];
    let walks: Vec<_> = (1..=12)
        .map(|step| {
            let class = classes[step as usize % 2];
            (step, submit(&mut submitter, Chore::Walk.with(step).with_priority(class)))
        })
        .collect();
    let mut moves = 0;
    for (step, task) in walks {
        let end = wait(stage, &mut completions, task);
        let (sum, moved) = walked(end.code);
        assert_eq!((end.outcome, sum), (TaskOutcome::Faulted, 3 * step));
        moves += moved;
    }
    let early = submit(&mut submitter, Chore::Walk.with(1).with_pc(2));
    let end = wait(stage, &mut completions, early);
    assert_eq!((end.outcome, end.code), (TaskOutcome::Faulted, FUTURE_LOST), "it never began");
    let report = controls.finish();
    accounted(&report);
    assert_eq!((report.faulted, report.yields, report.requeues, report.claims), (13, 24, 12, 49));
    moves
}

fn credit<S: TaskStage>(stage: &S) {
    let (mut submitter, mut completions, controls) = start(stage, config(2));
    let mut accepted = 0;
    for _ in 0..3 {
        let mut handles = Vec::new();
        loop {
            match submitter.try_submit(Chore::Done.with(0)) {
                Ok(handle) => handles.push(handle),
                Err(SubmitError::Full(_)) => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(handles.len(), stage.slot_count() as usize, "every slot is free again");
        accepted += handles.len() as u64;
        handles.iter().for_each(|task| assert_eq!(wait(stage, &mut completions, *task).code, 0));
    }
    let report = controls.finish();
    accounted(&report);
    assert_eq!(report.done, accepted);
}

fn reuse<S: TaskStage>(stage: &S) {
    let (mut submitter, mut completions, controls) = start(stage, config(stage.worker_count()));
    for _ in 1..stage.slot_count() {
        submit(&mut submitter, Chore::Pause.with(1));
    }
    for round in 0..40 {
        let task = submit(&mut submitter, Chore::Fault.with(round));
        assert_eq!(wait(stage, &mut completions, task).code, round);
    }
    let report = controls.finish();
    accounted(&report);
    assert_eq!((report.faulted, report.paused), (40, u64::from(stage.slot_count()) - 1));
}

fn budgets<S: TaskStage>(stage: &S) {
    for max_wall_time in [1, 200_000, 1_000_000].map(Duration::from_nanos) {
        let config = MegakernelConfig { max_wall_time, ..config(stage.worker_count()) };
        let (mut submitter, _completions, mut controls) = start(stage, config);
        for _ in 0..5 {
            for chore in [Chore::Look, Chore::Yield, Chore::Requeue, Chore::Spawn] {
                submit(&mut submitter, chore.with(9));
            }
        }
        let report = controls.wait();
        accounted(&report);
        if max_wall_time == Duration::from_nanos(1) {
            assert_ne!(report.left(), 0, "its time was over at once: {report:?}");
        }
        let mut report = report;
        for _ in 0..2 {
            controls.next_slice().unwrap_or_else(|error| panic!("{error}"));
            let next = controls.wait();
            accounted(&next);
            assert!(next.done >= report.done && next.claims >= report.claims);
            report = next;
        }
        assert_eq!((report.accepted, report.running), (20, 0));
    }
}

fn stopped<S: TaskStage>(stage: &S) {
    let (mut submitter, _completions, mut controls) = start(stage, config(stage.worker_count()));
    for _ in 0..20 {
        submit(&mut submitter, Chore::Yield.with(200));
    }
    let report = controls.stop();
    accounted(&report);
    controls.next_slice().unwrap_or_else(|error| panic!("{error}"));
    let report = controls.finish();
    accounted(&report);
    assert_eq!((report.done, report.yields), (20, 20 * 200));
}

fn closed<S: TaskStage>(stage: &S) {
    let (mut submitter, mut completions, controls) = start(stage, config(stage.worker_count()));
    let handle = submit(&mut submitter, Chore::Yield.with(3));
    drop(controls);
    let refused = submitter.try_submit(Chore::Done.with(0));
    assert_eq!(refused, Err(SubmitError::Closed(Chore::Done.with(0))));
    assert_eq!(wait(stage, &mut completions, handle).code, 0);
}

fn broken<S: TaskStage>(stage: &S) {
    let (mut submitter, mut completions, controls) = start(stage, config(stage.worker_count()));
    let handles: Vec<_> = (0..8).map(|_| submit(&mut submitter, Chore::Yield.with(3))).collect();
    let broken = submit(&mut submitter, Chore::Break.with(0));
    let end = wait(stage, &mut completions, broken);
    assert_eq!((end.outcome, end.code), (TaskOutcome::Faulted, FAULT_PANIC));
    for task in handles {
        assert_eq!(
            wait(stage, &mut completions, task).outcome,
            TaskOutcome::Done,
            "the others go on"
        );
    }
    let report = controls.finish();
    accounted(&report);
    assert_eq!((report.accepted, report.done, report.faulted, report.panics), (9, 8, 1, 1));
}
