//! In place as by value, and by one worker alone.

use super::{
    ClaimedTask, FAULT_ABANDONED, SharedTaskSlot, TaskFillError, TaskFlags, TaskPriority, TaskSlot,
    TaskState, TaskTransitionError,
};
use crate::ring::{HostWord, SharedWord};
use std::string::ToString;
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
    let refused = slot.fill(TaskSlot::ready(2));
    assert_eq!(refused, Err(TaskFillError::Occupied { state: 1 }));
    slot.try_claim().expect("ready").complete().expect("running");
    assert_eq!(slot.fill(TaskSlot::ready(2)), Ok(()));
    assert_eq!(slot.snapshot().op_handle(), 2);
}

/// Every state word of a slot, and of a task, with every priority and flag.
#[test]
fn p06_fill_takes_a_ready_task_into_a_free_slot_alone() {
    for state in (0..=9).chain([u32::MAX]) {
        let before = TaskSlot { state, task_id: 5, ..TaskSlot::new() };
        let place = slot(before);
        if matches!(state, 0 | 3 | 7) {
            assert_eq!(place.fill(TaskSlot::ready(1)), Ok(()));
            assert_eq!(place.snapshot(), TaskSlot::ready(1));
        } else {
            let refused = place.fill(TaskSlot::ready(1));
            assert_eq!(refused, Err(TaskFillError::Occupied { state }));
            assert_eq!(place.snapshot(), before);
        }

        let (place, task) = (slot(TaskSlot::new()), TaskSlot { state, ..TaskSlot::ready(1) });
        let expected = if state == 1 { Ok(()) } else { Err(TaskFillError::NotReady { state }) };
        assert_eq!(place.fill(task), expected);
        assert_eq!(place.snapshot(), if state == 1 { task } else { TaskSlot::new() });
    }
    for priority in [0, 1, 2, 3, 4, 5, 99, u32::MAX] {
        let (place, task) = (slot(TaskSlot::new()), TaskSlot { priority, ..TaskSlot::ready(1) });
        let refused = Err(TaskFillError::UnknownPriority { priority });
        assert_eq!(place.fill(task), if priority < 5 { Ok(()) } else { refused });
    }
    for (flags, is_free) in [(0, true), (8, true), (1 << 4 | 1 << 15, true)]
        .into_iter()
        .chain([1, 2, 4, 12, 1 << 16, 1 << 31].map(|flags| (flags, false)))
    {
        let task = TaskSlot { flags: TaskFlags::from_bits(flags), ..TaskSlot::ready(1) };
        let refused = Err(TaskFillError::WrongFlags { flags });
        assert_eq!(slot(TaskSlot::new()).fill(task), if is_free { Ok(()) } else { refused });
    }
}

#[test]
fn p06_a_refused_fill_says_what_to_do() {
    let place = slot(TaskSlot { priority: 99, ..TaskSlot::ready(1) });
    let message = |task| place.fill(task).expect_err("it is taken").to_string();
    assert!(message(TaskSlot::ready(2)).contains("fill slots that are Empty, Done or Faulted"));
    let free = slot(TaskSlot::new());
    let running = TaskSlot::ready(1).claim().expect("ready");
    assert!(free.fill(running).expect_err("running").to_string().contains("TaskSlot::ready"));
}

/// Who asks too early is in nobody's way.
#[test]
fn p06_a_due_resume_is_not_lost() {
    for _ in 0..300 {
        let paused = slot(paused_at(10));
        let is_begun = HostWord::new(0);
        let resumed = std::thread::scope(|scope| {
            scope.spawn(|| {
                while is_begun.load_acquire() == 0 {}
                for _ in 0..200 {
                    let early = paused.try_resume(9).expect_err("it has not come");
                    assert!(matches!(
                        early,
                        TaskTransitionError::EpochNotCome { resume_epoch: 10, epoch: 9 }
                            | TaskTransitionError::WrongState { state: 1, .. }
                    ));
                }
            });
            let due = scope.spawn(|| {
                is_begun.store_release(1);
                paused.try_resume(10)
            });
            due.join().expect("no panic")
        });
        assert_eq!((resumed, paused.snapshot().state()), (Ok(()), Some(TaskState::Ready)));
    }
}

/// Turns wrap, and are no part of the tasks that go in and come out.
#[test]
fn a_slot_is_paused_more_often_than_it_has_turns() {
    let slot = slot(TaskSlot::new());
    for _ in 0..3 {
        slot.fill(TaskSlot::ready(1)).expect("it is free");
        for round in 0..40_000 {
            let claimed = slot.try_claim().expect("it is ready");
            assert_eq!(claimed.value().flags(), TaskFlags::empty());
            claimed.pause(round, 0, round).expect("running");
            assert_eq!(slot.snapshot().flags(), TaskFlags::PAUSED);
            assert_eq!(slot.try_resume(round), Ok(()));
            assert_eq!(slot.snapshot().flags(), TaskFlags::RESUME_READY);
        }
        slot.try_claim().expect("it is ready").complete().expect("running");
        assert_eq!(slot.snapshot().flags(), TaskFlags::empty());
    }
}

fn paused_at(epoch: u32) -> TaskSlot {
    TaskSlot::ready(1).pause(0, 0, epoch).expect("alive")
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
