//! Task slots in place: nothing is resumed late, lost, or run twice.
//!
//! Loom's store buffers let a worker see old fields beside new ones wherever the source does not
//! forbid it; a [`Payload`] represents what the task works on.

use std::sync::Arc;

use super::{LoomWord, Payload, explore, until};
use isokern_core::TaskSlot;
use isokern_core::megakernel::{SharedTaskSlot, TaskFlags, TaskState, TaskTransitionError};
use loom::thread;

type Slot = Arc<SharedTaskSlot<LoomWord>>;

fn slot(task: TaskSlot) -> Slot {
    Arc::new(SharedTaskSlot::new(task.to_words().map(LoomWord::new)))
}

fn paused(epoch: u32) -> Slot {
    slot(TaskSlot::ready(1).pause(3, 4, epoch).expect("alive"))
}

fn is_resumed(result: Result<(), TaskTransitionError>) -> bool {
    match result {
        Ok(()) => true,
        // Nobody claims in these models: the other one was faster.
        Err(TaskTransitionError::WrongState { state, .. }) => {
            assert_eq!(state, TaskState::Ready.word());
            false
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_due_resume_is_not_lost_to_an_early_one() {
    explore(3, || {
        let slot = paused(10);
        let early = thread::spawn({
            let slot = slot.clone();
            move || assert!(slot.try_resume(9).is_err())
        });
        assert_eq!(slot.try_resume(10), Ok(()));
        early.join().expect("no panic");
        assert_eq!(slot.snapshot().state(), Some(TaskState::Ready));
    });
}

#[test]
fn of_two_due_resumes_one_succeeds() {
    explore(3, || {
        let slot = paused(10);
        let other = thread::spawn({
            let slot = slot.clone();
            move || is_resumed(slot.try_resume(11))
        });
        let mine = is_resumed(slot.try_resume(10));
        assert!(mine ^ other.join().expect("no panic"));
        let after = slot.snapshot();
        assert_eq!(after.state(), Some(TaskState::Ready));
        assert_eq!(after.flags(), TaskFlags::RESUME_READY);
    });
}

/// A resume of the first pause comes so late that the task is paused again.
#[test]
fn a_late_resume_does_not_wake_a_later_pause() {
    explore(4, || {
        let slot = paused(10);
        let late = thread::spawn({
            let slot = slot.clone();
            move || slot.try_resume(10).is_ok()
        });
        let mine = slot.try_resume(10).is_ok();
        if let Ok(claimed) = slot.try_claim() {
            claimed.pause(5, 6, 20).expect("running");
            let late = late.join().expect("no panic");
            assert!(mine ^ late, "one of two");
            let after = slot.snapshot();
            assert_eq!((after.state(), after.resume_epoch()), (Some(TaskState::Paused), 20));
            assert_eq!(after.flags(), TaskFlags::PAUSED);
        } else {
            // The other one had not yet stored the state.
            assert!(late.join().expect("no panic") && !mine);
        }
    });
}

#[test]
fn what_was_done_before_a_pause_is_seen_after_a_claim() {
    explore(3, || {
        let (slot, payload) = (slot(TaskSlot::ready(1)), Payload::new());
        let first = thread::spawn({
            let (slot, payload) = (slot.clone(), payload.clone());
            move || {
                let claimed = until(|| slot.try_claim().ok());
                payload.write(0);
                claimed.pause(7, 8, 10).expect("running");
            }
        });
        let resumes = thread::spawn({
            let slot = slot.clone();
            move || until(|| slot.try_resume(10).ok())
        });
        first.join().expect("no panic");
        let again = until(|| slot.try_claim().ok());
        payload.read(0);
        assert_eq!(again.value().continuation_pc(), 7);
        assert_eq!(again.value().flags(), TaskFlags::empty());
        again.complete().expect("running");
        resumes.join().expect("no panic");
    });
}

#[test]
fn each_fill_is_claimed_once() {
    explore(3, || {
        let (slot, payload) = (slot(TaskSlot::new()), Payload::new());
        let worker = thread::spawn({
            let (slot, payload) = (slot.clone(), payload.clone());
            move || {
                for op in 1..=2 {
                    let claimed = until(|| slot.try_claim().ok());
                    assert_eq!(claimed.value().op_handle(), op);
                    payload.read(op);
                    claimed.complete().expect("running");
                }
            }
        });
        for op in 1..=2 {
            payload.write(op);
            until(|| slot.fill(TaskSlot::ready(op)).ok());
        }
        worker.join().expect("no panic");
        assert_eq!(slot.snapshot().state(), Some(TaskState::Done));
    });
}

#[test]
fn of_two_claims_one_gets_the_fill() {
    explore(3, || {
        let (slot, payload) = (slot(TaskSlot::new()), Payload::new());
        let claim = |slot: &Slot, payload: &Payload| {
            slot.try_claim().is_ok_and(|claimed| {
                payload.write(claimed.value().op_handle());
                claimed.complete().expect("running");
                true
            })
        };
        let worker = thread::spawn({
            let (slot, payload) = (slot.clone(), payload.clone());
            move || claim(&slot, &payload)
        });
        payload.write(1);
        slot.fill(TaskSlot::ready(1)).expect("it is free");
        let mine = claim(&slot, &payload);
        assert!(mine ^ worker.join().expect("no panic"));
    });
}
