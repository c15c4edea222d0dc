//! Deadlines, stops, faults and restarts.

use core::panic::AssertUnwindSafe;
use core::task::Waker;
use core::time::Duration;
use std::panic::catch_unwind;

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorMemory, ActorPlan, ActorState, Mailboxes, Supervision};
use isokern_core::call::Clock;
use isokern_core::ring::{DeviceView, HostControl, HostLine};

use super::toys::{Do, Script};
use super::{LoopActor, answers, ask, settle, start};
use crate::{FAULT_INITIALIZE, FAULT_PANIC, FAULT_VANISHED, Pace, Spinning, Step};

/// Returns a step of a host that catches panics.
pub(super) fn step_catching<const N: usize>(actor: &mut LoopActor<N, 1>) -> Step {
    let runner = actor.running_mut();
    let step = catch_unwind(AssertUnwindSafe(|| runner.step(&mut Spinning)));
    step.unwrap_or_else(|_| runner.fault(FAULT_PANIC, &mut Spinning))
}

/// Works as [`settle`], with a host that catches panics.
pub(super) fn settle_catching<const N: usize>(actor: &mut LoopActor<N, 1>) -> Step {
    loop {
        match step_catching(actor) {
            Step::Worked => {}
            step => return step,
        }
    }
}

fn ask_within(actor: &mut LoopActor<8, 1>, script: &Script, message: [u32; 2], limit_us: u64) {
    let now_ns = script.clock.now_ns();
    let header =
        MessageHeader::new().with_creation_ns(now_ns).with_deadline_ns(now_ns + limit_us * 1_000);
    actor.requester(0).expect("it is here").try_ask(header, message).expect("there is room");
}

#[test]
fn a_deadline_counts_in_the_ring_and_at_safe_points() {
    let script = Script::default();
    script.clock.advance_us(1_000_000);
    let mut actor = start::<8, 1>(&script, ActorPlan::new());
    ask_within(&mut actor, &script, Do::Take.with(20), 100);
    ask_within(&mut actor, &script, Do::Take.with(1_000), 100);
    ask_within(&mut actor, &script, Do::Add.with(1), 100);
    ask_within(&mut actor, &script, Do::Add.with(1), 1_000_000);
    while script.clock.now_ns() < 1_000_020_000 {
        assert_eq!(actor.running_mut().step(&mut Spinning), Step::Worked);
    }
    assert_eq!(answers(&mut actor), [Ok(20)], "taken in time");
    settle(&mut actor);
    let expected = [Err(ActorError::TimedOut), Err(ActorError::Expired), Ok(101)];
    assert_eq!(answers(&mut actor), expected);
    // The second one was given up two deadline ticks after its 80 µs at the latest.
    let spent_ns = script.clock.now_ns() - 1_000_000_000;
    assert!((100_000..104_000).contains(&spent_ns), "{spent_ns}");
    let view = actor.view().expect("nobody writes");
    assert_eq!((view.taken(), view.expired(), actor.stats().expired_count), (4, 2, 2));
}

#[test]
fn a_pause_ends_when_nobody_is_left_to_end_it() {
    let script = Script::default();
    let mut actor = start::<8, 1>(&script, ActorPlan::new());
    assert_eq!(settle(&mut actor), Step::Idle);
    actor.pause(true);
    actor.tell(Do::Add.with(1)).expect("there is room");
    assert_eq!(settle(&mut actor), Step::Idle);
    drop(actor.take_requester(0));
    assert_eq!(settle(&mut actor), Step::Over);
    let view = actor.view().expect("nobody writes");
    assert_eq!((actor.state(), view.answered()), (ActorState::Stopped, 1));
}

#[test]
fn a_deadline_without_a_stamp_is_kept() {
    let script = Script::default();
    script.clock.advance_us(7_200_000_000); // two hours after the clock's start
    let mut actor = start::<8, 1>(&script, ActorPlan::new());
    for ahead_ns in [1_000_000, 0] {
        let header = MessageHeader::new().with_deadline_ns(script.clock.now_ns() + ahead_ns);
        let requester = actor.requester(0).expect("it is here");
        requester.try_ask(header, Do::Add.with(1)).expect("there is room");
        script.clock.advance_us(10);
    }
    settle(&mut actor);
    assert_eq!(answers(&mut actor), [Ok(101), Err(ActorError::Expired)]);
}

#[test]
fn shutting_down_answers_everything_accepted() {
    let script = Script::default();
    let mut actor = start::<8, 1>(&script, ActorPlan::new());
    for _ in 0..5 {
        ask(&mut actor, Do::Add.with(1));
    }
    actor.pause(true);
    assert_eq!(settle(&mut actor), Step::Idle);
    assert_eq!((actor.state(), answers(&mut actor).len()), (ActorState::Paused, 0));
    actor.shutdown();
    assert_eq!(settle(&mut actor), Step::Over);
    assert_eq!(answers(&mut actor), [Ok(101), Ok(102), Ok(103), Ok(104), Ok(105)]);
    assert_eq!((actor.state(), script.calls.counts()), (ActorState::Stopped, (1, 1)));
}

/// Stops the actor in the third pause of a handler.
struct StopsInPause<'m> {
    line: &'m HostLine,
    pause_count: u32,
}

impl Pace for StopsInPause<'_> {
    fn waker(&self) -> &Waker {
        Waker::noop()
    }

    fn pause(&mut self) {
        self.pause_count += 1;
        if self.pause_count == 3 {
            HostControl::new().stop(self.line);
        }
    }
}

#[test]
fn a_stop_drops_the_message_in_hand_and_turns_the_others_away() {
    let script = Script::default();
    let mut actor = start::<8, 1>(&script, ActorPlan::new());
    ask(&mut actor, Do::Take.with(1_000_000));
    ask(&mut actor, Do::Add.with(1));
    assert_eq!(actor.running_mut().step(&mut Spinning), Step::Worked, "it starts");
    let memory = *actor.running_mut().memory();
    let mut pace = StopsInPause { line: memory.host_line(), pause_count: 0 };
    assert_eq!(actor.running_mut().step(&mut pace), Step::Worked);
    assert_eq!(script.clock.now_ns(), 3_000, "dropped at the safe point after the order");
    assert_eq!(settle(&mut actor), Step::Over);
    let stopped = Err(ActorError::Stopped);
    assert_eq!(answers(&mut actor), [stopped, stopped]);
    assert_eq!((actor.state(), actor.stats().stopped_count), (ActorState::Stopped, 2));
    assert_eq!(script.calls.counts(), (1, 1));
}

#[test]
fn a_fault_takes_one_message_and_a_restart_serves_the_rest() {
    let script = Script::default();
    let restart = Supervision::Restart {
        count_max: 1,
        window: Duration::from_secs(1),
        backoff: Duration::from_micros(50),
    };
    let mut actor = start::<8, 1>(&script, ActorPlan::new().with_supervision(restart));
    ask(&mut actor, Do::Add.with(1));
    ask(&mut actor, Do::Break.with(0));
    ask(&mut actor, Do::Add.with(2));
    assert_eq!(settle_catching(&mut actor), Step::Idle, "waits for its restart");
    assert_eq!(answers(&mut actor), [Ok(101), Err(ActorError::ActorFaulted)]);
    let fault = actor.view().and_then(|view| view.fault()).expect("it is recorded");
    assert_eq!((actor.state(), fault.code, fault.ticket), (ActorState::Faulted, FAULT_PANIC, 2));
    script.clock.advance_us(50);
    assert_eq!(settle_catching(&mut actor), Step::Idle);
    assert_eq!(answers(&mut actor), [Ok(102)], "the state is new");
    assert_eq!((actor.state(), script.calls.counts()), (ActorState::Active, (2, 1)));

    // The window is exhausted: the next fault is the last.
    ask(&mut actor, Do::Break.with(0));
    ask(&mut actor, Do::Add.with(3));
    assert_eq!(settle_catching(&mut actor), Step::Over);
    let faulted = Err(ActorError::ActorFaulted);
    assert_eq!(answers(&mut actor), [faulted, faulted]);
    assert_eq!((actor.stats().faulted_count, script.calls.counts()), (3, (2, 2)));
    assert_eq!(actor.state(), ActorState::Faulted);
}

#[test]
fn an_actor_that_cannot_start_says_so() {
    let script = Script { stillborn: 1, ..Script::default() };
    let mut actor = start::<8, 1>(&script, ActorPlan::new());
    ask(&mut actor, Do::Add.with(1));
    assert_eq!(settle(&mut actor), Step::Over);
    assert_eq!(answers(&mut actor), [Err(ActorError::ActorFaulted)]);
    let fault = actor.view().and_then(|view| view.fault()).expect("it is recorded");
    assert_eq!((fault.code, fault.detail), (FAULT_INITIALIZE, 1 << 32 | 2013));
    assert_eq!(script.calls.counts(), (1, 1));
}

#[test]
fn a_stop_ends_the_wait_for_a_restart() {
    let script = Script { stillborn: 1, ..Script::default() };
    let restart = Supervision::Restart {
        count_max: 1,
        window: Duration::from_secs(1),
        backoff: Duration::from_secs(1),
    };
    let mut actor = start::<8, 1>(&script, ActorPlan::new().with_supervision(restart));
    assert_eq!(settle(&mut actor), Step::Idle);
    ask(&mut actor, Do::Add.with(1));
    actor.stop();
    assert_eq!(settle(&mut actor), Step::Over);
    assert_eq!(answers(&mut actor), [Err(ActorError::ActorFaulted)]);
}

#[test]
fn a_runner_that_vanishes_keeps_nobody_waiting() {
    let script = Script::default();
    let host = crate::LoopHost::<_, Mailboxes<8>>::new(super::cells(), script.clock.clone());
    let mut actor = crate::spawn(&host, script.clone(), ActorPlan::new()).expect("it is new");
    let mut requester = actor.take_requester(0).expect("it is here");
    for _ in 0..3 {
        requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("there is room");
    }
    let mut runner = actor.into_running();
    assert_eq!(runner.step(&mut Spinning), Step::Worked, "it starts");
    assert_eq!(runner.step(&mut Spinning), Step::Worked, "one is answered");
    let memory = *runner.memory();
    drop(runner);
    let results: [_; 3] =
        core::array::from_fn(|_| requester.try_answer().map(|answer| answer.result));
    let faulted = Ok(Err(ActorError::ActorFaulted));
    assert_eq!(results, [Ok(Ok(101)), faulted, faulted]);
    assert_eq!(requester.try_answer(), Err(crate::PopError::Closed));
    let fault = DeviceView::read(memory.device_line()).and_then(|view| view.fault());
    assert_eq!(fault.map(|fault| fault.code), Some(FAULT_VANISHED));
}

#[test]
fn a_host_that_went_silent_stops_an_actor_with_a_lease() {
    let script = Script::default();
    let plan = ActorPlan::new().with_lease(Duration::from_micros(100));
    let mut actor = start::<8, 1>(&script, plan);
    for moment in 1..10 {
        assert_eq!(settle(&mut actor), Step::Idle);
        script.clock.advance_us(90);
        actor.renew_lease(moment);
    }
    ask(&mut actor, Do::Take.with(1_000));
    assert_eq!(settle(&mut actor), Step::Over);
    assert_eq!(answers(&mut actor), [Err(ActorError::Stopped)]);
    assert_eq!(actor.state(), ActorState::Stopped);
}
