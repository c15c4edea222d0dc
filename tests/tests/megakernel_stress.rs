//! Very many tasks of every kind on threads: each ends exactly once, and the report adds up.
//!
//! `ISOKERN_MEGAKERNEL_TASKS`: how many for each of the nine mixes; 20 000 by itself.

use core::time::Duration;

use isokern_core::megakernel::{
    FAULT_PANIC, MegakernelReport, NewTask, TaskContext, TaskHandle, TaskHandler, TaskOutcome,
    TaskPriority, TaskStep,
};
use isokern_core::ring::PopError;
use isokern_core::{MegakernelConfig, Solo, TaskSlot};
use isokern_guard::SystemClock;
use isokern_ring::{Completions, Submitter, ThreadWorkers, megakernel};

/// What a task does follows from its number.
struct Mixed {
    yields_percent: u32,
}

const FAULT: u32 = 7;

/// Spreads the numbers of tasks.
fn mixed(number: u32) -> u32 {
    let mixed = number.wrapping_mul(0x9e37_79b9);
    mixed ^ mixed >> 15
}

/// Returns what is to become of the task with this number.
fn expected(number: u32) -> (TaskOutcome, u32) {
    match mixed(number) % 20 {
        3 => (TaskOutcome::Faulted, FAULT),
        _ => (TaskOutcome::Done, 0),
    }
}

impl TaskHandler for Mixed {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        let (number, pc) = (task.task_id(), task.continuation_pc());
        let dice = mixed(number);
        let class = TaskPriority::ALL[(dice >> 8) as usize % 5];
        if pc == 0 && (dice >> 12) % 100 < self.yields_percent {
            return TaskStep::Yield { pc: 1, data: 0 };
        }
        if pc <= 1 && dice % 10 == 5 {
            return TaskStep::Requeue { pc: 2, data: 0, priority: class };
        }
        if pc <= 2 && dice % 50 == 7 && context.spawn(NewTask::new(0)).is_ok() {
            return TaskStep::Join { pc: 3, data: 0 };
        }
        match expected(number) {
            (TaskOutcome::Done, _) => TaskStep::Done,
            (_, code) => TaskStep::Fault { code },
        }
    }
}

/// The host's side: which task is in which slot, and which have ended.
struct Account {
    in_slot: Vec<Option<(TaskHandle, u32)>>,
    has_ended: Vec<bool>,
    ended: u32,
}

impl Account {
    fn take<M: isokern_core::megakernel::HostMemory>(&mut self, ends: &mut Completions<M>) -> bool {
        let end = match ends.try_next() {
            Ok(end) => end,
            Err(PopError::Empty) => return false,
            Err(PopError::Closed) => panic!("workers are gone"),
        };
        let (handle, number) = self.in_slot[end.slot as usize].take().expect("a task is there");
        assert!(end.is_of(handle), "{end:?} is not {handle:?}");
        assert_eq!((end.outcome, end.code), expected(number), "task {number}");
        let has_ended = &mut self.has_ended[number as usize];
        assert!(!*has_ended, "task {number} has ended twice");
        *has_ended = true;
        self.ended += 1;
        true
    }
}

fn submit_one<M: isokern_core::megakernel::HostMemory>(
    submitter: &mut Submitter<M>,
    number: u32,
) -> Option<TaskHandle> {
    let priority = TaskPriority::ALL[(mixed(number) >> 4) as usize % 5];
    let task = NewTask::new(0).with_task_id(number).with_priority(priority);
    match submitter.try_submit(task.with_tenant(number % 16)) {
        Ok(handle) => Some(handle),
        Err(error) => {
            assert!(error.is_full(), "{error:?}");
            None
        }
    }
}

fn run(worker_count: u32, yields_percent: u32, task_count: u32) -> MegakernelReport {
    let host = ThreadWorkers::new("stress", SystemClock).with_thread_max(worker_count);
    let host = host.with_queue_len(512).with_spawn_slots(16);
    let config = MegakernelConfig {
        worker_count,
        max_wall_time: Duration::from_secs(3_600),
        ..MegakernelConfig::new()
    };
    let started = megakernel(&host, Mixed { yields_percent }, config).expect("it starts");
    let (mut submitter, mut completions, controls) = started.split();
    let mut account =
        Account { in_slot: vec![None; 512], has_ended: vec![false; task_count as usize], ended: 0 };
    let mut next = 0;
    while account.ended < task_count {
        let mut has_worked = false;
        while next < task_count
            && let Some(handle) = submit_one(&mut submitter, next)
        {
            account.in_slot[handle.slot() as usize] = Some((handle, next));
            next += 1;
            has_worked = true;
        }
        while account.take(&mut completions) {
            has_worked = true;
        }
        if !has_worked {
            std::thread::yield_now();
        }
    }
    core::mem::forget(submitter);
    let report = controls.finish();
    assert!(account.has_ended.iter().all(|ended| *ended));
    report
}

fn check(worker_count: u32) {
    let asked = std::env::var("ISOKERN_MEGAKERNEL_TASKS");
    let task_count = asked.map_or(20_000, |count| count.parse().expect("a number of tasks"));
    for yields_percent in [0, 10, 50] {
        let report = run(worker_count, yields_percent, task_count);
        let faulted = (0..task_count).filter(|number| expected(*number).1 == FAULT).count();
        assert!(report.is_accounted(), "{report:?}");
        assert_eq!(report.accepted, u64::from(task_count));
        assert_eq!(report.faulted, faulted as u64);
        assert_eq!(report.done + report.faulted, report.accepted);
        assert_eq!((report.spawned, report.refused), (report.spawned_ended, 0));
        assert!(report.requeues > 0 && report.spawned > 0, "{report:?}");
        let yields = report.yields * 100 / report.accepted;
        assert!(yields.abs_diff(yields_percent.into()) <= 2, "{report:?}");
        assert_eq!(report.panics, 0, "{FAULT_PANIC}");
    }
}

#[test]
fn bar2_one_worker_ends_each_task_once() {
    check(1);
}

#[test]
fn bar2_two_workers_end_each_task_once() {
    check(2);
}

#[test]
fn bar2_four_workers_end_each_task_once() {
    check(4);
}
