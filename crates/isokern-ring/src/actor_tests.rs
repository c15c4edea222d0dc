//! What becomes of messages, step by step, on a clock moved by hand.

mod accounts;
mod balance;
mod closing;
mod deadlines;
mod deaf;
mod dice;
mod edges;
mod endless;
mod ends;
mod first_and_last;
#[cfg(feature = "std")]
mod joined;
mod links;
mod order;
mod tasks;
mod threads;

mod toys;

use std::vec::Vec;

use isokern_core::actor::{
    ActorCells, ActorError, ActorPlan, ActorState, LinkEnd, Links, Mailboxes, NoBuffers, NoLinks,
};
use isokern_core::{KernelError, MessageHeader};

use crate::{
    ActorOn, AlreadyLent, LoopHost, PopError, PushError, SpawnError, Spinning, Step, spawn,
};
use toys::{Do, HandClock, Script};

type Cells<const N: usize, const BOXES: usize> = &'static ActorCells<Mailboxes<N, 1, BOXES>>;
/// A link to a script, and no other.
type OneLink<const N: usize, const BOXES: usize> = (NoLinks, LinkEnd<Cells<N, BOXES>>);
type LoopActor<const N: usize, const BOXES: usize, L = NoLinks> =
    ActorOn<LoopHost<'static, HandClock, Mailboxes<N, 1, BOXES>>, Script, NoBuffers, L>;

fn cells<const N: usize, const BOXES: usize>() -> Cells<N, BOXES> {
    std::boxed::Box::leak(std::boxed::Box::default())
}

fn start<const N: usize, const BOXES: usize>(
    script: &Script,
    plan: ActorPlan,
) -> LoopActor<N, BOXES> {
    start_linked(script, plan)
}

fn start_linked<const N: usize, const BOXES: usize, L: Links>(
    script: &Script,
    plan: ActorPlan<L>,
) -> LoopActor<N, BOXES, L> {
    let host = LoopHost::new(cells(), script.clock.clone());
    spawn(&host, script.clone(), plan).expect("the host is new")
}

/// Steps until there is nothing to do.
fn settle<const N: usize, const BOXES: usize, L: Links>(
    actor: &mut LoopActor<N, BOXES, L>,
) -> Step {
    loop {
        let step = actor.running_mut().step(&mut Spinning);
        if step != Step::Worked {
            return step;
        }
    }
}

/// Returns the answers in mailbox 0, oldest first.
fn answers<const N: usize, const BOXES: usize, L: Links>(
    actor: &mut LoopActor<N, BOXES, L>,
) -> Vec<Result<u32, ActorError>> {
    let requester = actor.requester(0).expect("it was not taken out");
    core::iter::from_fn(|| requester.try_answer().ok()).map(|answer| answer.result).collect()
}

fn ask<const N: usize, const BOXES: usize, L: Links>(
    actor: &mut LoopActor<N, BOXES, L>,
    message: [u32; 2],
) {
    let requester = actor.requester(0).expect("it was not taken out");
    requester.try_ask(MessageHeader::new(), message).expect("there is room");
}

#[test]
fn messages_are_handled_in_order_and_answered_once() {
    let script = Script::default();
    let mut actor = start::<4, 1>(&script, ActorPlan::new());
    assert_eq!(actor.state(), ActorState::Created);
    for number in 1..=4 {
        ask(&mut actor, Do::Add.with(number));
    }
    let requester = actor.requester(0).expect("it is here");
    let refused = requester.try_ask(MessageHeader::new(), Do::Add.with(5));
    assert_eq!(refused, Err(PushError::Full(Do::Add.with(5))));
    assert_eq!(settle(&mut actor), Step::Idle);
    assert_eq!(answers(&mut actor), [Ok(101), Ok(103), Ok(106), Ok(110)]);
    assert_eq!(answers(&mut actor), []);
    let (stats, view) = (actor.stats(), actor.view().expect("nobody writes"));
    assert_eq!((stats.accepted_count, stats.answered_count, stats.refused_count), (4, 4, 1));
    assert_eq!((view.taken(), view.answered(), stats.depth), (4, 4, 0));
    assert_eq!(actor.state(), ActorState::Active);
    assert_eq!(script.calls.counts(), (1, 0));
}

#[test]
fn what_did_not_cross_is_joined_to_the_answer() {
    let mut actor = start::<2, 1>(&Script::default(), ActorPlan::new());
    let header = MessageHeader::new().with_trace_id([7; 16]).with_qos(3).with_tenant(9);
    let requester = actor.requester(0).expect("it is here");
    let sequence = requester.try_ask(header, Do::Add.with(1)).expect("there is room");
    settle(&mut actor);
    let requester = actor.requester(0).expect("it is here");
    assert_eq!(requester.try_answer_to(sequence + 1), None);
    let answer = requester.try_answer_to(sequence).expect("it was handled");
    assert_eq!(answer.header, header.with_sequence(sequence));
    assert_eq!(requester.try_answer_to(sequence), None, "once only");
}

#[test]
fn tells_are_done_and_get_no_reply() {
    let mut actor = start::<2, 1>(&Script::default(), ActorPlan::new());
    for number in 0..100 {
        actor.tell(Do::Add.with(number)).expect("there is room again");
        if number % 2 == 1 {
            settle(&mut actor);
        }
    }
    assert_eq!(actor.stats().depth, 0, "the last ones, too");
    ask(&mut actor, Do::Add.with(0));
    settle(&mut actor);
    assert_eq!(answers(&mut actor), [Ok(100 + 99 * 50)]);
    assert_eq!(actor.stats().depth, 0);
}

#[test]
fn an_error_is_a_reply_and_the_actor_lives() {
    let mut actor = start::<4, 1>(&Script::default(), ActorPlan::new());
    ask(&mut actor, Do::Fail.with(7));
    ask(&mut actor, Do::Add.with(1));
    settle(&mut actor);
    let failed = ActorError::of_handler(KernelError::Failed { code: 7 });
    assert_eq!(failed, ActorError::Handler { code: 2013, detail: 7 });
    assert_eq!(answers(&mut actor), [Err(failed), Ok(101)]);
    assert_eq!((actor.stats().failed_count, actor.state()), (1, ActorState::Active));
}

#[test]
fn questions_nobody_waits_for_leave_no_trace() {
    let mut actor = start::<2, 1>(&Script::default(), ActorPlan::new());
    for _ in 0..10 {
        let requester = actor.requester(0).expect("it is here");
        let sequence =
            requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("there is room");
        requester.abandon(sequence);
        settle(&mut actor);
        assert_eq!(answers(&mut actor), []);
    }
    ask(&mut actor, Do::Add.with(0));
    settle(&mut actor);
    assert_eq!(answers(&mut actor), [Ok(110)]);
    assert_eq!(actor.stats().foreign_count, 0);
}

#[test]
fn a_wrong_start_is_an_error_and_not_an_actor() {
    let wrong = Script { is_misconfigured: true, ..Script::default() };
    let host = LoopHost::<_, Mailboxes<2>>::new(cells(), HandClock::default());
    let refused = spawn(&host, wrong, ActorPlan::new()).map(|_| ());
    let reason = KernelError::InvalidConfiguration { reason: "planted" };
    assert_eq!(refused, Err(SpawnError::Kernel(reason)));
    assert!(spawn(&host, Script::default(), ActorPlan::<_, NoBuffers>::new()).is_ok());
    let second = spawn(&host, Script::default(), ActorPlan::new()).map(|_| ());
    assert_eq!(second, Err(SpawnError::Host(AlreadyLent)));
}

#[test]
fn an_answer_after_the_end_is_closed() {
    let mut actor = start::<2, 1>(&Script::default(), ActorPlan::new());
    actor.shutdown();
    assert_eq!(settle(&mut actor), Step::Over);
    let requester = actor.requester(0).expect("it is here");
    assert_eq!(requester.try_answer(), Err(PopError::Closed));
    let closed = requester.try_tell(MessageHeader::new(), [0; 2]);
    assert_eq!(closed, Err(PushError::Closed([0; 2])));
    assert_eq!(actor.running_mut().step(&mut Spinning), Step::Over);
}
