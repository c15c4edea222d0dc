//! Futures at their places: polled to the end, dropped once, and never another's.

use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU32, Ordering};
use std::panic::catch_unwind;

use super::{
    FUTURE_IN_USE, FUTURE_LOST, FUTURE_NO_PLACE, FuturePlaces, NewTask, SpawnTaskError,
    TaskContext, TaskPriority, TaskSlot, TaskStep, TaskWay,
};

/// The place of a task, as its worker says it.
struct At {
    slot: u32,
    generation: u32,
    worker: u32,
}

impl TaskContext for At {
    fn must_yield(&mut self) -> bool {
        false
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn is_stopping(&self) -> bool {
        false
    }

    fn spawn(&mut self, task: NewTask) -> Result<(), SpawnTaskError> {
        Err(SpawnTaskError::NoSlot(task))
    }

    fn has_failed_child(&self) -> bool {
        false
    }

    fn slot(&self) -> u32 {
        self.slot
    }

    fn generation(&self) -> u32 {
        self.generation
    }

    fn worker(&self) -> u32 {
        self.worker
    }

    fn claimed_ns(&self) -> u64 {
        0
    }

    fn queued_ns(&self) -> u64 {
        0
    }
}

const FIRST: At = At { slot: 0, generation: 1, worker: 0 };

/// Counts that it was dropped.
struct Dropped(&'static AtomicU32);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns the task as it is when its worker claims it after a step.
fn after(step: TaskStep) -> TaskSlot {
    match step {
        TaskStep::Yield { pc, data }
        | TaskStep::Requeue { pc, data, .. }
        | TaskStep::Pause { pc, data, .. }
        | TaskStep::Join { pc, data } => {
            TaskSlot { continuation_pc: pc, continuation_data: data, ..TaskSlot::ready(0) }
        }
        TaskStep::Done | TaskStep::Fault { .. } => panic!("it has ended: {step:?}"),
    }
}

#[test]
fn each_await_is_the_step_that_it_names() {
    static PLACES: FuturePlaces<128, 2> = FuturePlaces::new();
    async fn steps(way: TaskWay) -> Result<(), u32> {
        way.yield_now().await;
        way.requeue(TaskPriority::Low).await;
        way.pause(7).await;
        way.join().await;
        Err(way.worker())
    }
    let mut task = TaskSlot::ready(0);
    let priority = TaskPriority::Low;
    let expected = [
        TaskStep::Yield { pc: 1, data: 0 },
        TaskStep::Requeue { pc: 2, data: 0, priority },
        TaskStep::Pause { pc: 3, data: 0, epoch: 7 },
        TaskStep::Join { pc: 4, data: 0 },
    ];
    for (worker, expected) in (0..).zip(expected) {
        let step = PLACES.run(&task, &At { worker, ..FIRST }, steps);
        assert_eq!(step, expected);
        task = after(step);
    }
    let step = PLACES.run(&task, &At { worker: 9, ..FIRST }, steps);
    assert_eq!(step, TaskStep::Fault { code: 9 }, "the worker of the last poll");
}

#[test]
fn a_future_that_waits_for_something_else_is_polled_again() {
    static PLACES: FuturePlaces<64, 1> = FuturePlaces::new();
    async fn twice(_: TaskWay) -> Result<(), u32> {
        let mut polls = 0;
        core::future::poll_fn(|_| {
            polls += 1;
            if polls == 2 { core::task::Poll::Ready(()) } else { core::task::Poll::Pending }
        })
        .await;
        Ok(())
    }
    let step = PLACES.run(&TaskSlot::ready(0), &FIRST, twice);
    assert_eq!(step, TaskStep::Yield { pc: 1, data: 0 });
    assert_eq!(PLACES.run(&after(step), &FIRST, twice), TaskStep::Done);
}

#[test]
fn what_a_task_left_is_dropped_when_the_next_begins() {
    static PLACES: FuturePlaces<64, 1> = FuturePlaces::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let begin = |way: TaskWay| async move {
        let _dropped = Dropped(&COUNT);
        way.yield_now().await;
        Ok(())
    };
    let left = PLACES.run(&TaskSlot::ready(0), &FIRST, begin);
    assert_eq!(COUNT.load(Ordering::Relaxed), 0);
    let second = At { generation: 2, ..FIRST };
    let lost = PLACES.run(&after(left), &second, begin);
    assert_eq!(lost, TaskStep::Fault { code: FUTURE_LOST }, "it is not the second task's");
    let step = PLACES.run(&TaskSlot::ready(0), &second, begin);
    assert_eq!(COUNT.load(Ordering::Relaxed), 1, "the first one's is dropped");
    assert_eq!(PLACES.run(&after(step), &second, begin), TaskStep::Done);
    assert_eq!(COUNT.load(Ordering::Relaxed), 2, "and the second one's when it is ready");
    let again = PLACES.run(&after(step), &second, begin);
    assert_eq!(again, TaskStep::Fault { code: FUTURE_LOST });
}

#[test]
fn a_panic_drops_the_future_and_frees_the_place() {
    static PLACES: FuturePlaces<64, 1> = FuturePlaces::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let begin = |way: TaskWay| async move {
        let _dropped = Dropped(&COUNT);
        way.yield_now().await;
        assert_eq!(way.worker(), 1, "planted");
        Ok(())
    };
    let step = PLACES.run(&TaskSlot::ready(0), &FIRST, begin);
    let ran = catch_unwind(AssertUnwindSafe(|| PLACES.run(&after(step), &FIRST, begin)));
    assert!(ran.is_err() && COUNT.load(Ordering::Relaxed) == 1);
    let step = PLACES.run(&TaskSlot::ready(0), &At { generation: 2, ..FIRST }, begin);
    let at = At { generation: 2, worker: 1, ..FIRST };
    assert_eq!(PLACES.run(&after(step), &at, begin), TaskStep::Done);
}

#[test]
fn places_of_others_and_places_that_are_not_there_are_refused() {
    static PLACES: FuturePlaces<64, 1> = FuturePlaces::new();
    let one = |way: TaskWay| async move {
        way.yield_now().await;
        Ok(())
    };
    let other = |way: TaskWay| async move {
        way.pause(1).await;
        Ok(())
    };
    let step = PLACES.run(&TaskSlot::ready(0), &FIRST, one);
    let refused = TaskStep::Fault { code: FUTURE_IN_USE };
    assert_eq!(PLACES.run(&TaskSlot::ready(0), &FIRST, other), refused);
    let lost = PLACES.run(&after(step), &FIRST, other);
    assert_eq!(lost, TaskStep::Fault { code: FUTURE_LOST });
    let far = PLACES.run(&TaskSlot::ready(0), &At { slot: 1, ..FIRST }, one);
    assert_eq!(far, TaskStep::Fault { code: FUTURE_NO_PLACE });
    let nested = |_: TaskWay| async {
        match PLACES.run(&TaskSlot::ready(0), &FIRST, |_| async { Ok(()) }) {
            TaskStep::Fault { code } => Err(code),
            step => panic!("{step:?}"),
        }
    };
    assert_eq!(PLACES.run(&after(step), &FIRST, one), TaskStep::Done);
    assert_eq!(PLACES.run(&TaskSlot::ready(0), &FIRST, nested), refused, "it is at the place");
}
