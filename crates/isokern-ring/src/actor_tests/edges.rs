//! What mutants of the actors went past: ends without answers, counts of the smallest ring, and
//! turns of more than two mailboxes.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::format;
use std::panic::catch_unwind;
use std::vec::Vec;

use isokern_core::MessageHeader;
use isokern_core::actor::{
    ActorError, ActorMemory, ActorPlan, ActorState, Mailbox, Mailboxes, Supervision,
};
use isokern_core::ring::{DeviceControl, DeviceState, ReplierState};

use super::ends::settle_catching;
use super::toys::{Do, HandClock, Script, Tidiness};
use super::{Cells, answers, ask, cells, settle, start};
use crate::{
    FAULT_PANIC, LoopHost, PopError, RequesterStats, SharedRequester, Spinning, Step, ThreadHost,
    WaitStrategy, spawn,
};

#[test]
fn a_stop_turns_away_what_waits() {
    let script = Script::default();
    let mut actor = start::<4, 1>(&script, ActorPlan::new());
    assert_eq!(settle(&mut actor), Step::Idle);
    ask(&mut actor, Do::Add.with(1));
    ask(&mut actor, Do::Add.with(1));
    actor.stop();
    assert_eq!(settle(&mut actor), Step::Over);
    assert_eq!(answers(&mut actor), [Err(ActorError::Stopped); 2]);
}

#[test]
fn where_nothing_was_asked_there_is_no_answer_yet() {
    let mut actor = start::<4, 1>(&Script::default(), ActorPlan::new());
    let requester = actor.requester(0).expect("it is here");
    assert_eq!(requester.try_answer(), Err(PopError::Empty));
    requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("there is room");
    assert_eq!(requester.try_answer(), Err(PopError::Empty));
}

/// Returns an actor's side, played by hand, that goes without a word about what it was sent.
fn abandoned_by(end: DeviceState) -> (Option<ActorError>, RequesterStats) {
    let mut actor = start::<4, 1>(&Script::default(), ActorPlan::new());
    ask(&mut actor, Do::Add.with(1));
    let requester = actor.requester(0).expect("it is here");
    requester.try_tell(MessageHeader::new(), Do::Add.with(2)).expect("there is room");
    let memory: Cells<4, 1> = actor.running_mut().memory();
    DeviceControl::new().enter(memory.device_line(), end);
    let mailbox = memory.mailbox(0).expect("there is one");
    ReplierState::new().close(mailbox.requests(), mailbox.replies());
    let requester = actor.requester(0).expect("it is here");
    let error = requester.try_answer().ok().and_then(|answer| answer.result.err());
    (error, actor.stats())
}

#[test]
fn what_an_actor_left_behind_ended_as_the_actor_did() {
    let (error, stats) = abandoned_by(DeviceState::Faulted);
    assert_eq!(error, Some(ActorError::ActorFaulted));
    assert_eq!((stats.faulted_count, stats.stopped_count, stats.in_flight_count), (2, 0, 0));
    let (error, stats) = abandoned_by(DeviceState::Exited);
    assert_eq!(error, Some(ActorError::Stopped));
    assert_eq!((stats.faulted_count, stats.stopped_count, stats.in_flight_count), (0, 2, 0));
}

#[test]
fn a_fault_while_it_drains_is_followed_by_a_restart_that_serves_the_rest() {
    let script = Script::default();
    let (window, backoff) = (Duration::from_secs(1), Duration::ZERO);
    let supervision = Supervision::Restart { count_max: 1, window, backoff };
    let mut actor = start::<8, 1>(&script, ActorPlan::new().with_supervision(supervision));
    ask(&mut actor, Do::Add.with(1));
    ask(&mut actor, Do::Break.with(0));
    ask(&mut actor, Do::Add.with(2));
    actor.shutdown();
    assert_eq!(settle_catching(&mut actor), Step::Over);
    let faulted = Err(ActorError::ActorFaulted);
    assert_eq!(answers(&mut actor), [Ok(101), faulted, Ok(102)]);
    assert_eq!((actor.state(), script.calls.counts()), (ActorState::Stopped, (2, 2)));
}

#[test]
fn a_shutdown_that_panics_after_a_fault_keeps_no_restart_away() {
    let script = Script { tidiness: Tidiness::Breaks, ..Script::default() };
    let (window, backoff) = (Duration::from_secs(1), Duration::ZERO);
    let supervision = Supervision::Restart { count_max: 2, window, backoff };
    let mut actor = start::<8, 1>(&script, ActorPlan::new().with_supervision(supervision));
    ask(&mut actor, Do::Break.with(0));
    ask(&mut actor, Do::Add.with(2));
    // The handler panics, then the shutdown of its incarnation: the host reports both.
    let last_step = loop {
        let runner = actor.running_mut();
        let mut step = catch_unwind(AssertUnwindSafe(|| runner.step(&mut Spinning)));
        while step.is_err() {
            step = catch_unwind(AssertUnwindSafe(|| runner.fault(FAULT_PANIC, &mut Spinning)));
        }
        match step {
            Ok(Step::Worked) => {}
            step => break step.ok(),
        }
    };
    assert_eq!(last_step, Some(Step::Idle));
    assert_eq!(answers(&mut actor), [Err(ActorError::ActorFaulted), Ok(102)]);
    assert_eq!(actor.state(), ActorState::Active);
}

#[test]
fn every_outcome_is_in_the_sum() {
    let stats = RequesterStats {
        accepted_count: 1 << 20,
        refused_count: 1 << 21,
        foreign_count: 1 << 22,
        depth: 1 << 23,
        answered_count: 1,
        told_count: 2,
        failed_count: 4,
        expired_count: 8,
        faulted_count: 16,
        stopped_count: 32,
        dropped_count: 64,
        abandoned_count: 128,
        in_flight_count: 256,
    };
    assert_eq!(stats.accounted_count(), 511);
}

#[test]
fn in_the_smallest_ring_each_message_is_counted_as_it_is_done() {
    let mut actor = start::<2, 1>(&Script::default(), ActorPlan::new());
    assert_eq!(settle(&mut actor), Step::Idle);
    for _ in 0..2 {
        actor.tell(Do::Add.with(1)).expect("there is room");
    }
    for told_count in 1..=2 {
        assert_eq!(actor.running_mut().step(&mut Spinning), Step::Worked);
        assert_eq!(actor.stats().told_count, told_count);
    }
}

#[test]
fn of_two_that_waited_too_long_the_one_that_waited_longest_comes_first() {
    let script = Script::default();
    let mut actor = start::<16, 4>(&script, ActorPlan::new().with_passed_over_max(2));
    assert_eq!(settle(&mut actor), Step::Idle);
    let ask_in = |actor: &mut super::LoopActor<16, 4>, mailbox_index: usize, count: usize| {
        let requester = actor.requester(mailbox_index).expect("there are four");
        for _ in 0..count {
            requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("there is room");
        }
    };
    ask_in(&mut actor, 0, 8);
    ask_in(&mut actor, 3, 1);
    assert_eq!(actor.running_mut().step(&mut Spinning), Step::Worked);
    // One has been passed over once; two more come later and tie with each other.
    ask_in(&mut actor, 1, 1);
    ask_in(&mut actor, 2, 1);
    settle(&mut actor);
    let mut position = |mailbox_index| {
        let requester = actor.requester(mailbox_index).expect("there are four");
        let answers = core::iter::from_fn(|| requester.try_answer().ok());
        answers.map(|answer| answer.result.expect("it adds") - 101).collect::<Vec<_>>()
    };
    assert_eq!(position(3), [2], "the longest");
    assert_eq!((position(1), position(2)), (std::vec![3], std::vec![4]), "in order");
    assert_eq!(position(0), [0, 1, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn what_is_told_through_a_shared_requester_is_done() {
    let host = ThreadHost::<_, Mailboxes<4>>::new("told", HandClock::default());
    let plan = ActorPlan::new();
    let mut actor = spawn(&host, Script::default(), plan).expect("a thread starts");
    let requester = SharedRequester::new(actor.take_requester(0).expect("it is here"));
    requester.tell(MessageHeader::new(), Do::Add.with(5)).expect("there is room");
    let wait = WaitStrategy::Park { bound: Duration::from_millis(1) };
    assert_eq!(requester.ask_blocking(MessageHeader::new(), Do::Add.with(1), wait), Ok(106));
    let stats = requester.stats();
    assert_eq!((stats.told_count, stats.answered_count), (1, 1));
    requester.close();
}

#[test]
fn a_thread_is_finished_when_its_actor_is_over() {
    let host = ThreadHost::<_, Mailboxes<4>>::new("over", HandClock::default());
    let mut actor = spawn(&host, Script::default(), ActorPlan::new()).expect("a thread starts");
    let mut requester = actor.take_requester(0).expect("it is here");
    requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("there is room");
    while requester.try_answer().is_err() {
        std::thread::yield_now();
    }
    let (mut controls, running) = actor.into_parts();
    assert!(!running.is_finished());
    controls.stop();
    let began = std::time::Instant::now();
    while !running.is_finished() {
        assert!(began.elapsed() < Duration::from_secs(60), "it never ends");
        std::thread::yield_now();
    }
}

#[test]
fn what_debug_shows_of_an_actor_has_names() {
    let host = LoopHost::<_, Mailboxes<4>>::new(cells(), HandClock::default());
    let mut actor = spawn(&host, Script::default(), ActorPlan::new()).expect("the host is new");
    assert!(format!("{actor:?}").starts_with("Actor {"));
    let requester = actor.take_requester(0).expect("it is here");
    assert!(format!("{requester:?}").starts_with("Requester {"));
    let shared = SharedRequester::new(requester);
    assert!(format!("{shared:?}").starts_with("SharedRequester {"));
    let (controls, runner) = actor.into_parts();
    assert!(format!("{controls:?}").starts_with("ActorControls {"));
    assert!(format!("{runner:?}").starts_with("Runner {"));
}
