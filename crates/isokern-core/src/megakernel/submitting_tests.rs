//! The host's ends: what is refused, and in which order ends are taken.

use std::format;
use std::vec::Vec;

use super::task_toys::{Bench, Cells, DONE, FAULTS, normal};
use super::{NewTask, SubmitError, close};
use crate::call::toys::HandClock;
use crate::ring::PopError;

#[test]
fn what_is_not_submitted_comes_back() {
    let (cells, clock) = (Cells::new(6), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    let mut refused = |task: NewTask| bench.submitter.try_submit(&cells, task);
    assert!(matches!(refused(normal(8)), Err(SubmitError::UnknownOp(task)) if task.op() == 8));
    let stranger = normal(0).with_tenant(16);
    assert_eq!(refused(stranger), Err(SubmitError::UnknownTenant(stranger)));
    let eventful = normal(0).with_event(17, 1);
    assert_eq!(refused(eventful), Err(SubmitError::UnknownEvent(eventful)));
    assert!(refused(normal(0)).is_ok() && refused(normal(0)).is_ok());
    assert_eq!(refused(normal(1)), Err(SubmitError::Full(normal(1))));
    close(&cells);
    assert_eq!(refused(normal(1)), Err(SubmitError::Closed(normal(1))));
    assert!(format!("{}", SubmitError::Full(())).contains("Fix:"));
    bench.run_until_idle();
    assert_eq!((bench.report().accepted, bench.report().done), (2, 2));
}

#[test]
fn a_tenant_has_the_slots_of_its_quota_and_gets_them_back() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    assert!(bench.submitter.set_quota(3, 2) && !bench.submitter.set_quota(16, 2));
    let task = normal(DONE).with_tenant(3);
    for _ in 0..3 {
        bench.submit(task);
        bench.submit(task);
        assert_eq!(
            bench.submitter.try_submit(&cells, task),
            Err(SubmitError::TenantFull(task)),
            "with slots left for others"
        );
        bench.submit(task.with_tenant(4));
        bench.run_until_idle();
        assert_eq!(bench.ends().len(), 3);
    }
}

#[test]
fn the_end_of_one_task_is_taken_while_others_are_kept() {
    let (cells, clock) = (Cells::new(0), HandClock::at(0));
    let mut bench = Bench::new(&cells, &clock);
    let handles: Vec<_> = (0..5).map(|n| bench.submit(normal(FAULTS).with_param(n))).collect();
    assert_eq!(bench.completions.try_take(&cells, handles[3]), Err(PopError::Empty));
    bench.run_until_idle();
    let mut take = |at: usize| bench.completions.try_take(&cells, handles[at]);
    assert_eq!(take(3).map(|end| end.code), Ok(3));
    assert_eq!(take(3), Err(PopError::Closed), "it was told");
    assert_eq!(take(1).map(|end| end.code), Ok(1));
    let mut codes: Vec<_> = bench.ends().iter().map(|end| end.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 2, 4]);
    assert_eq!(bench.completions.try_next(&cells), Err(PopError::Empty));
}
