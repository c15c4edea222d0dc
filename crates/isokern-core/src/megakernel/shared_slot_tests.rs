//! In place as by value, and by one worker alone.

use super::{
    ClaimedTask, FAULT_ABANDONED, SharedTaskSlot, TaskFlags, TaskPriority, TaskSlot, TaskState,
    TaskTransition, TaskTransitionError,
};
use crate::ring::{HostWord, SharedWord};
use std::vec::Vec;

fn slot(task: TaskSlot) -> SharedTaskSlot<HostWord> {
    SharedTaskSlot::new(task.to_words().map(HostWord::new))
}

/// Every state word and flag through every step: in place gives what by value does.
#[test]
fn both_forms_share_one_table() {
    let words = (0..=9).chain([u32::MAX]);
    for state in words {
        for flags in 0..16 {
            let flags = TaskFlags::from_bits(flags);
            let task = TaskSlot { state, flags, resume_epoch: 1, ..TaskSlot::ready(3) };
            let claimed = slot(task);
            match task.claim() {
                Err(error) => {
                    assert_eq!(claimed.try_claim().map(|_| ()), Err(error));
                    assert_eq!(claimed.snapshot(), task);
                }
                Ok(running) => steps_from(task, running),
            }
            for epoch in [0, 1] {
                let resumed = slot(task);
                assert_eq!(resumed.try_resume(epoch), task.resume(epoch).map(|_| ()));
                assert_eq!(resumed.snapshot(), task.resume(epoch).unwrap_or(task));
            }
        }
    }
}

fn steps_from(task: TaskSlot, running: TaskSlot) {
    let after = |step: fn(ClaimedTask<'_, HostWord>) -> Result<(), TaskTransitionError>| {
        let slot = slot(task);
        let claimed = slot.try_claim().expect("it can be claimed by value");
        assert_eq!(*claimed.value(), running);
        step(claimed).expect("Running takes every step");
        slot.snapshot()
    };
    assert_eq!(after(|task| task.pause(1, 2, 3)), running.pause(1, 2, 3).expect("alive"));
    assert_eq!(after(|task| task.yield_at(1, 2)), running.yield_at(1, 2).expect("alive"));
    assert_eq!(
        after(|task| task.requeue(1, 2, TaskPriority::High)),
        running.requeue(1, 2, TaskPriority::High).expect("alive")
    );
    assert_eq!(after(|task| task.complete()), running.complete().expect("alive"));
    assert_eq!(after(|task| task.fault(9)), running.fault(9).expect("alive"));
}

#[test]
fn a_task_nobody_finished_is_faulted() {
    let abandoned = slot(TaskSlot::ready(1));
    drop(abandoned.try_claim().expect("it is ready"));
    let after = abandoned.snapshot();
    assert_eq!(after.state(), Some(TaskState::Faulted));
    assert_eq!(after.continuation_data(), FAULT_ABANDONED);

    let worn_out = slot(TaskSlot { yield_count: u32::MAX, ..TaskSlot::ready(1) });
    let refused = worn_out.try_claim().expect("it is ready").yield_at(0, 0);
    assert_eq!(refused, Err(TaskTransitionError::CounterOverflow { counter: "yield_count" }));
    assert_eq!(worn_out.snapshot().state(), Some(TaskState::Faulted));
}

#[test]
fn a_task_is_not_filled_over() {
    let slot = slot(TaskSlot::new());
    assert_eq!(slot.fill(TaskSlot::ready(1)), Ok(()));
    let transition = TaskTransition::Claim;
    let taken = TaskTransitionError::WrongState { transition, state: 1 };
    assert_eq!(slot.fill(TaskSlot::ready(2)), Err(taken));
    slot.try_claim().expect("ready").complete().expect("running");
    assert_eq!(slot.fill(TaskSlot::ready(2)), Ok(()));
    assert_eq!(slot.snapshot().op_handle(), 2);
}

#[test]
fn each_task_goes_to_one_of_many_workers() {
    let slot = slot(TaskSlot::ready(0));
    let done = HostWord::new(0);
    let claimed: u32 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut claimed_count = 0;
                    while done.load_acquire() == 0 {
                        let Ok(task) = slot.try_claim() else { continue };
                        claimed_count += 1;
                        let yields = task.value().yield_count();
                        if yields == 4_000 {
                            task.complete().expect("running");
                            done.store_release(1);
                        } else {
                            task.yield_at(yields, yields).expect("running");
                        }
                    }
                    claimed_count
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).sum()
    });
    // One claim more than yields: none was lost and none was made twice.
    assert_eq!((claimed, slot.snapshot().yield_count()), (4_001, 4_000));
}
