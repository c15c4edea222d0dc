//! What one actor sends another arrives when its own step has succeeded, or not at all.

use std::vec::Vec;

use isokern_core::actor::{ActorError, ActorPlan, ActorState, TooManyLinks};
use isokern_core::{KernelError, MessageHeader};

use super::toys::{Do, Script};
use super::{LoopActor, answers, ask, settle, start};
use crate::Step;

/// Two scripts, the first of which may send to mailbox 1 of the second.
fn pair(script: &Script) -> (LoopActor<4, 2>, LoopActor<4, 2>) {
    let mut second = start::<4, 2>(script, ActorPlan::new());
    let link = second.take_link(1).expect("nobody used it");
    let plan = ActorPlan::new().try_with_link(link).expect("one link fits");
    (start(script, plan), second)
}

#[test]
fn a_failed_step_sends_nothing() {
    let (mut first, mut second) = pair(&Script::default());
    for number in [2, 3, 4] {
        ask(&mut first, Do::Send.with(number));
    }
    settle(&mut first);
    settle(&mut second);
    ask(&mut second, Do::Add.with(0));
    settle(&mut second);
    let failed = ActorError::of_handler(KernelError::Failed { code: 3 });
    assert_eq!(answers(&mut first), [Ok(102), Err(failed), Ok(109)]);
    assert_eq!(answers(&mut second), [Ok(100 + 2 + 4)]);
}

#[test]
fn a_full_link_is_the_senders_to_handle() {
    let (mut first, mut second) = pair(&Script::default());
    let mut results = Vec::new();
    for _ in 0..6 {
        ask(&mut first, Do::Send.with(2));
        settle(&mut first);
        results.append(&mut answers(&mut first));
    }
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 4, "the ring has 4 slots");
    let saturated = ActorError::of_handler(KernelError::Saturated);
    assert_eq!(results[4..], [Err(saturated), Err(saturated)]);
    settle(&mut second);
    ask(&mut first, Do::Send.with(2));
    settle(&mut first);
    settle(&mut second);
    ask(&mut second, Do::Add.with(0));
    settle(&mut second);
    assert_eq!(answers(&mut second), [Ok(100 + 2 * 5)]);
}

#[test]
fn the_end_of_one_closes_the_way_to_the_other() {
    let (mut first, mut second) = pair(&Script::default());
    ask(&mut first, Do::Send.with(2));
    first.shutdown();
    drop(first.take_requester(1));
    assert_eq!(settle(&mut first), Step::Over);
    second.shutdown();
    assert_eq!(settle(&mut second), Step::Over);
    assert_eq!(second.state(), ActorState::Stopped);
    assert_eq!(second.view().expect("nobody writes").answered(), 1, "what was sent is done");
}

#[test]
fn a_mailbox_is_linked_once_and_unused() {
    let script = Script::default();
    let mut actor = start::<4, 2>(&script, ActorPlan::new());
    actor.tell(Do::Add.with(1)).expect("there is room");
    assert!(actor.take_link(0).is_none(), "it was used");
    assert!(actor.requester(0).is_some(), "and is still here");
    assert!(actor.take_link(1).is_some());
    assert!(actor.take_link(1).is_none());
    assert!(actor.take_link(2).is_none());
}

#[test]
fn a_fifth_link_is_one_too_many() {
    let script = Script::default();
    let mut plan = ActorPlan::new();
    for _ in 0..4 {
        let mut other = start::<4, 1>(&script, ActorPlan::new());
        plan = plan.try_with_link(other.take_link(0).expect("it is new")).expect("four fit");
    }
    let mut other = start::<4, 1>(&script, ActorPlan::new());
    let fifth = other.take_link(0).expect("it is new");
    assert_eq!(plan.try_with_link(fifth).map(|_| ()), Err(TooManyLinks));
}

#[test]
fn a_link_that_is_not_there_is_an_error_of_the_handler() {
    let mut lonely = start::<4, 1>(&Script::default(), ActorPlan::new());
    let requester = lonely.requester(0).expect("it is here");
    requester.try_ask(MessageHeader::new(), Do::Send.with(2)).expect("there is room");
    settle(&mut lonely);
    assert!(matches!(answers(&mut lonely)[..], [Err(ActorError::Handler { code: 2001, .. })]));
}
