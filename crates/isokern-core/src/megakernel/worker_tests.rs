//! Workers step by step on one thread: from a task's first claim to its end.

use core::sync::atomic::Ordering;
use std::vec;
use std::vec::Vec;

use super::task_toys::{
    Bench, Cells, DONE, FAULTS, FOREVER, PAUSES, REQUEUES, STEPS, YIELDS, normal,
};
use super::{
    FAULT_CANCELLED, FAULT_EXPIRED, FAULT_RESERVED_CODE, NewTask, SubmitterState, TaskOutcome,
    WorkerEnd, WorkerStep, close, stop,
};
use crate::call::toys::HandClock;

#[test]
fn a_task_runs_once_and_its_end_is_told_once() {
    let (cells, clock) = (Cells::new(2), HandClock::at(5));
    let mut bench = Bench::new(&cells, &clock);
    let handle = bench.submit(normal(DONE).with_task_id(41));
    assert_eq!(bench.report().unread, 1);
    clock.advance(7);
    bench.run_until_idle();
    let ends = bench.ends();
    assert!(ends.len() == 1 && ends[0].is_of(handle), "{ends:?}");
    assert_eq!((ends[0].outcome, ends[0].code), (TaskOutcome::Done, 0));
    let report = bench.report();
    assert_eq!((report.accepted, report.done, report.claims), (1, 1, 1));
    // Its slot has a new name.
    for _ in 0..5 {
        bench.submit(normal(DONE));
        bench.run_until_idle();
        bench.ends();
    }
    let again = bench.submit(normal(DONE));
    assert_eq!((again.slot(), again.generation()), (handle.slot(), handle.generation() + 1));
}

#[test]
fn yields_and_requeues_go_on_where_they_stopped_without_the_host() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    bench.submit(normal(YIELDS).with_param(5));
    bench.submit(normal(REQUEUES).with_param(3));
    bench.run_until_idle();
    assert_eq!(bench.ends().len(), 2);
    let report = bench.report();
    assert_eq!((report.done, report.yields, report.requeues, report.claims), (2, 5, 3, 10));
}

#[test]
fn a_cancelled_task_ends_unrun_wherever_it_waits() {
    for op in [DONE, PAUSES] {
        let (cells, clock) = (Cells::new(0), HandClock::at(0));
        let mut bench = Bench::new(&cells, &clock);
        let handle = bench.submit(normal(op).with_param(7));
        if op == PAUSES {
            bench.run_until_idle();
        }
        let runs = bench.toy.runs.load(Ordering::Relaxed);
        bench.submitter.try_cancel(&cells, handle).expect("there is room");
        bench.run_until_idle();
        assert_eq!(bench.toy.runs.load(Ordering::Relaxed), runs, "it ran");
        assert_eq!(bench.only_end(), (TaskOutcome::Cancelled, FAULT_CANCELLED));
        assert_eq!(bench.report().cancelled, 1);
        // Too late: nothing is said of another task in the slot.
        bench.submitter.try_cancel(&cells, handle).expect("there is room");
        bench.run_until_idle();
        assert_eq!(bench.report().cancelled, 1);
    }
}

#[test]
fn a_deadline_is_for_the_first_claim_alone() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    let mut worker = bench.worker(0, FOREVER);
    let mut submitter = SubmitterState::new(8);
    let mut submit = |task: NewTask| submitter.try_submit(&cells, task).expect("accepted");
    submit(normal(STEPS).with_param(1));
    submit(normal(DONE).with_deadline_ticks(1));
    submit(normal(YIELDS).with_param(1).with_deadline_ticks(2));
    assert_eq!(worker.step(), WorkerStep::Worked);
    clock.advance(1025);
    assert_eq!(worker.step(), WorkerStep::Worked);
    assert_eq!(worker.step(), WorkerStep::Worked);
    clock.advance(5000);
    assert_eq!(worker.step(), WorkerStep::Worked);
    let codes: Vec<_> = core::iter::from_fn(|| bench.completions.try_next(&cells).ok())
        .map(|end| end.code)
        .collect();
    assert_eq!(codes, [0, FAULT_EXPIRED, 0]);
}

#[test]
fn codes_of_the_workers_are_not_a_handler_s() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    for (code, told) in [(u32::MAX - 256, u32::MAX - 256), (u32::MAX - 255, FAULT_RESERVED_CODE)] {
        bench.submit(normal(FAULTS).with_param(code));
        bench.run_until_idle();
        assert_eq!(bench.only_end(), (TaskOutcome::Faulted, told));
    }
}

#[test]
fn a_closed_megakernel_stops_when_nothing_can_run_any_more() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    bench.submit(normal(PAUSES).with_param(9));
    bench.submit(normal(YIELDS).with_param(3));
    close(&cells);
    let mut worker = bench.worker(1, FOREVER);
    let steps: Vec<_> = (0..7).map(|_| worker.step()).collect();
    let mut expected = vec![WorkerStep::Worked; 5];
    expected.extend([WorkerStep::Over(WorkerEnd::Closed); 2]);
    assert_eq!(steps, expected);
    let report = bench.report();
    assert_eq!((report.paused, report.done), (1, 1));
}

#[test]
fn a_stop_leaves_everything_where_it_is() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    bench.submit(normal(YIELDS).with_param(3));
    bench.submit(normal(DONE));
    let mut worker = bench.worker(0, FOREVER);
    assert_eq!(worker.step(), WorkerStep::Worked);
    stop(&cells);
    assert_eq!(worker.step(), WorkerStep::Over(WorkerEnd::Stop));
    let report = bench.report();
    assert_eq!((report.yielded, report.ready), (1, 1));
}

#[test]
fn a_worker_that_is_dropped_leaves_its_numbers_and_its_next_completion() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    for code in 0..5 {
        bench.submit(normal(FAULTS).with_param(code));
        assert_eq!(bench.worker(0, FOREVER).step(), WorkerStep::Worked);
    }
    let codes: Vec<_> = bench.ends().iter().map(|end| end.code).collect();
    assert_eq!(codes, [0, 1, 2, 3, 4]);
    assert_eq!(bench.report().faulted, 5);
}
