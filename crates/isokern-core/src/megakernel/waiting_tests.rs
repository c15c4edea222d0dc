//! Tasks that wait: for epochs, events, a release, and other tasks.

use core::sync::atomic::Ordering;

use super::task_toys::{
    Bench, Cells, DONE, FAULTS, FOREVER, PAUSES, SPAWNS, SPAWNS_AND_LEAVES, YIELDS, normal,
};
use super::{
    CompletionsState, FAULT_JOIN, MegakernelReport, SubmitError, TaskOutcome, TaskPriority,
    WorkerStep,
};
use crate::call::toys::HandClock;
use crate::ring::PopError;

#[test]
fn a_resume_that_comes_first_is_not_lost_and_an_early_one_does_nothing() {
    for (before, epoch, is_resumed) in [(true, 7, true), (false, 7, true), (false, 6, false)] {
        let (cells, clock) = (Cells::new(0), HandClock::at(0));
        let mut bench = Bench::new(&cells, &clock);
        let handle = bench.submit(normal(PAUSES).with_param(7));
        if !before {
            bench.run_until_idle();
            assert_eq!(bench.report().paused, 1);
        }
        bench.submitter.try_resume(&cells, handle, epoch).expect("there is room");
        bench.run_until_idle();
        let report = bench.report();
        assert_eq!((report.done == 1, report.paused == 0), (is_resumed, is_resumed), "{report:?}");
    }
}

#[test]
fn events_wake_tasks_that_wait_for_them_and_no_others() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    bench.submit(normal(DONE).with_event(3, 10));
    bench.submit(normal(PAUSES).with_param(9).with_event(4, 0));
    bench.submit(normal(PAUSES).with_param(9));
    bench.run_until_idle();
    assert_eq!(bench.report().paused, 3);
    let signal = |bench: &mut Bench<'_>, event, value| {
        bench.submitter.try_signal(&cells, event, value).expect("there is room");
        bench.run_until_idle();
        bench.report().done
    };
    assert_eq!(signal(&mut bench, 3, 9), 0);
    assert_eq!(signal(&mut bench, 4, 9), 1);
    assert_eq!(signal(&mut bench, 3, 12), 2);
    // One that comes after the signal does not wait, nor does one that pauses after it.
    bench.submit(normal(DONE).with_event(3, 11));
    bench.submit(normal(PAUSES).with_param(9).with_event(4, 0));
    bench.run_until_idle();
    assert_eq!((bench.report().done, bench.report().paused), (4, 1));
    for event in [0, 17] {
        assert_eq!(
            bench.submitter.try_signal(&cells, event, 1),
            Err(SubmitError::UnknownEvent(()))
        );
    }
}

#[test]
fn a_pause_that_was_asked_for_holds_until_its_epoch() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    let handle = bench.submit(normal(DONE));
    bench.submitter.try_pause(&cells, handle, 3).expect("there is room");
    bench.run_until_idle();
    assert_eq!((bench.report().paused, bench.toy.runs.load(Ordering::Relaxed)), (1, 0));
    bench.submitter.try_resume(&cells, handle, 3).expect("there is room");
    bench.run_until_idle();
    assert_eq!(bench.only_end(), (TaskOutcome::Done, 0));
}

#[test]
fn a_parent_goes_on_after_its_children_and_knows_whether_they_failed() {
    for (param, code) in [(1, 0), (2, 1)] {
        let (cells, clock) = (Cells::new(2), HandClock::at(0));
        let mut bench = Bench::new(&cells, &clock);
        for _ in 0..3 {
            bench.submit(normal(SPAWNS).with_param(param));
            bench.run_until_idle();
            assert_eq!(bench.only_end(), (TaskOutcome::Faulted, code));
        }
        let report = bench.report();
        assert_eq!((report.spawned, report.spawned_ended, report.faulted), (6, 6, 3));
    }
}

#[test]
fn a_task_ends_after_those_it_left_behind() {
    let (cells, clock) = (Cells::new(1), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    bench.submit(normal(SPAWNS_AND_LEAVES));
    let mut worker = bench.worker(0, FOREVER);
    assert_eq!(worker.step(), WorkerStep::Worked);
    assert_eq!(CompletionsState::new().try_next(&cells), Err(PopError::Empty));
    let report = MegakernelReport::of(&cells);
    assert_eq!((report.paused, report.spawned_left), (1, 1));
    bench.run_until_idle();
    assert_eq!(bench.only_end(), (TaskOutcome::Faulted, 77));
}

#[test]
fn a_held_task_waits_for_its_release_and_for_those_that_join_it() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    let held = bench.submit(normal(DONE).held());
    // A joined task of a higher class follows it on the same way.
    let critical = normal(YIELDS).with_param(2).with_priority(TaskPriority::Critical);
    bench.submit(critical.with_join(held));
    bench.submit(normal(FAULTS).with_param(5).with_join(held));
    bench.run_until_idle();
    assert_eq!((bench.ends().len(), bench.report().paused), (2, 1));
    bench.submitter.try_release(&cells, held).expect("there is room");
    bench.run_until_idle();
    assert_eq!(bench.only_end(), (TaskOutcome::Done, 0));
    // It is no longer held.
    bench.submit(normal(DONE).with_join(held));
    bench.run_until_idle();
    assert_eq!(bench.only_end(), (TaskOutcome::Faulted, FAULT_JOIN));
}
