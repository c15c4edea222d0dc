//! The suite of actors: what is promised of messages, deadlines, pauses and ends, by one source for
//! every host that tells the time of the system.

use core::time::Duration;
use std::collections::HashSet;
use std::thread;

use isokern_core::KernelError;
use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorPlan, ActorState, Supervision};
use isokern_core::call::Clock;
use isokern_core::ring::{DeviceView, PopError, PushError};
use isokern_guard::SystemClock;
use isokern_ring::{ActorOn, AskError, FAULT_INITIALIZE, RequesterOn, spawn};
use isokern_test_actors::{Do, FIRST_SUM, Script};

mod links;
mod stage;

pub use stage::{OneLink, Stage, TwoLinks};

type Actor<S> = ActorOn<<S as Stage>::Host, Script>;
/// The slots of a mailbox of the script.
const SLOTS: u32 = 4;
/// So many microseconds that a test which waits for their end hangs.
const HOUR_US: u32 = 3_600_000_000;

/// A test, by name.
pub type Test<S> = (&'static str, fn(&S));

/// Returns the tests.
#[must_use]
pub fn tests<S: Stage>() -> Vec<Test<S>> {
    let alone: [Test<S>; 14] = [
        ("questions_are_answered_in_order_from_one_state", questions),
        ("a_full_mailbox_refuses_and_loses_nothing", full),
        ("what_did_not_cross_is_joined_to_the_answer", headers),
        ("tells_are_done_and_get_no_reply", tells),
        ("an_error_is_a_reply_and_the_actor_lives", errors),
        ("questions_nobody_waits_for_leave_no_trace", abandoned),
        ("a_late_message_is_not_handled_and_a_slow_one_is_cut_off", deadlines),
        ("a_handler_that_gives_way_comes_to_its_end", gives_way),
        ("a_paused_actor_keeps_its_messages", pause),
        ("a_shutdown_answers_what_was_accepted", drain),
        ("a_stop_ends_the_message_in_hand_and_turns_the_others_away", stop),
        ("an_actor_that_cannot_begin_starts_again_and_faults", stillborn),
        ("an_actor_that_breaks_is_faulted_and_the_next_begins_anew", broken),
        ("both_mailboxes_are_served_each_in_its_order", two_mailboxes),
    ];
    alone.into_iter().chain(links::tests()).collect()
}

fn start<S: Stage>(stage: &S) -> Actor<S> {
    start_as(stage, Script::new(), ActorPlan::new())
}

fn start_as<S: Stage>(stage: &S, script: Script, plan: ActorPlan) -> Actor<S> {
    spawn(stage.host(), script, plan).unwrap_or_else(|error| panic!("{error}"))
}

fn ask<S: Stage>(actor: &mut Actor<S>, message: [u32; 2]) -> Result<u32, AskError<[u32; 2]>> {
    pollster::block_on(actor.ask(message))
}

/// Asks through mailbox 0 without waiting, and returns the number of the question.
fn put<S: Stage>(actor: &mut Actor<S>, message: [u32; 2]) -> u32 {
    let requester = actor.requester(0).expect("it is here");
    requester.try_ask(MessageHeader::new(), message).expect("there is room")
}

/// Asks as soon as there is room, and waits for the answer.
fn ask_when_there_is_room<S: Stage>(
    actor: &mut Actor<S>,
    message: [u32; 2],
) -> Result<u32, AskError<[u32; 2]>> {
    loop {
        match ask::<S>(actor, message) {
            Err(AskError::Refused(PushError::Full(_))) => thread::yield_now(),
            answer => return answer,
        }
    }
}

/// Waits for the oldest answer in mailbox 0.
fn answer<S: Stage>(actor: &mut Actor<S>) -> Result<u32, ActorError> {
    answer_to::<S>(actor.requester(0).expect("it is here"))
}

/// Waits for the oldest answer to a requester.
fn answer_to<S: Stage>(requester: &mut RequesterOn<S::Host, Script>) -> Result<u32, ActorError> {
    loop {
        match requester.try_answer() {
            Ok(answer) => return answer.result,
            Err(PopError::Empty) => thread::yield_now(),
            Err(PopError::Closed) => panic!("the actor ended without an answer"),
        }
    }
}

fn await_state<S: Stage>(actor: &Actor<S>, state: ActorState) {
    while actor.state() != state {
        thread::yield_now();
    }
}

/// Waits until the actor shows that it has taken so many messages, and returns what it shows.
fn await_view<S: Stage>(actor: &Actor<S>, taken: u64) -> DeviceView {
    loop {
        match actor.view() {
            Some(view) if view.taken() == taken => return view,
            _ => thread::yield_now(),
        }
    }
}

fn end<S: Stage>(stage: &S, actor: Actor<S>) {
    assert_eq!(stage.join(actor.into_running()), ActorState::Stopped);
}

fn questions<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    let mut sum = FIRST_SUM;
    for number in 1..=20 {
        sum += number;
        assert_eq!(ask::<S>(&mut actor, Do::Add.with(number)), Ok(sum));
    }
    assert_eq!(ask::<S>(&mut actor, Do::Count.with(0)), Ok(20));
    assert_eq!(actor.state(), ActorState::Active);
    let stats = actor.stats();
    assert_eq!((stats.accepted_count, stats.answered_count, stats.depth), (21, 21, 0));
    let view = await_view::<S>(&actor, 21);
    assert_eq!((view.answered(), view.failed(), view.expired()), (21, 0, 0));
    end(stage, actor);
}

fn full<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    actor.pause(true);
    await_state::<S>(&actor, ActorState::Paused);
    for number in 1..=SLOTS {
        put::<S>(&mut actor, Do::Add.with(number));
    }
    let requester = actor.requester(0).expect("it is here");
    let refused = requester.try_ask(MessageHeader::new(), Do::Add.with(5));
    assert_eq!(refused, Err(PushError::Full(Do::Add.with(5))));
    actor.pause(false);
    let sums: Vec<_> = (0..SLOTS).map(|_| answer::<S>(&mut actor)).collect();
    assert_eq!(sums, [Ok(101), Ok(103), Ok(106), Ok(110)]);
    let stats = actor.stats();
    assert_eq!((stats.accepted_count, stats.answered_count, stats.refused_count), (4, 4, 1));
    end(stage, actor);
}

fn headers<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    let header = MessageHeader::new().with_trace_id([7; 16]).with_qos(3).with_tenant(9);
    let requester = actor.requester(0).expect("it is here");
    let sequence = requester.try_ask(header, Do::Add.with(1)).expect("there is room");
    assert_eq!(requester.try_answer_to(sequence + 1), None);
    let answer = loop {
        match requester.try_answer_to(sequence) {
            Some(answer) => break answer,
            None => thread::yield_now(),
        }
    };
    assert_eq!((answer.header, answer.result), (header.with_sequence(sequence), Ok(101)));
    assert_eq!(requester.try_answer_to(sequence), None, "once only");
    end(stage, actor);
}

fn tells<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    for number in 0..100 {
        while let Err(refused) = actor.tell(Do::Add.with(number)) {
            assert_eq!(refused, PushError::Full(Do::Add.with(number)));
            thread::yield_now();
        }
    }
    let sum = ask_when_there_is_room::<S>(&mut actor, Do::Add.with(0));
    assert_eq!(sum, Ok(FIRST_SUM + 99 * 50));
    let stats = actor.stats();
    assert_eq!((stats.accepted_count, stats.told_count, stats.answered_count), (101, 100, 1));
    assert_eq!(stats.accounted_count(), stats.accepted_count);
    end(stage, actor);
}

fn errors<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    let failed = ActorError::of_handler(KernelError::Failed { code: 7 });
    assert_eq!(ask::<S>(&mut actor, Do::Fail.with(7)), Err(AskError::Actor(failed)));
    assert_eq!(ask::<S>(&mut actor, Do::Add.with(1)), Ok(101));
    assert_eq!((actor.stats().failed_count, actor.state()), (1, ActorState::Active));
    assert_eq!(await_view::<S>(&actor, 2).failed(), 1);
    end(stage, actor);
}

fn abandoned<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    for _ in 0..20 {
        let requester = actor.requester(0).expect("it is here");
        loop {
            match requester.try_ask(MessageHeader::new(), Do::Add.with(1)) {
                Ok(sequence) => break requester.abandon(sequence),
                Err(PushError::Full(_)) => {
                    assert_eq!(requester.try_answer().map(|_| ()), Err(PopError::Empty));
                    thread::yield_now();
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    let sum = ask_when_there_is_room::<S>(&mut actor, Do::Add.with(0));
    assert_eq!(sum, Ok(FIRST_SUM + 20));
    let stats = actor.stats();
    assert_eq!((stats.foreign_count, stats.accounted_count()), (0, stats.accepted_count));
    end(stage, actor);
}

fn deadlines<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    let by = |deadline_ns| MessageHeader::new().with_deadline_ns(deadline_ns);
    let late = by(1);
    let answer = pollster::block_on(actor.ask_with(late, Do::Add.with(1)));
    assert_eq!(answer, Err(AskError::Actor(ActorError::Expired)));
    let soon = by(SystemClock.now_ns() + 100_000_000);
    let answer = pollster::block_on(actor.ask_with(soon, Do::Wait.with(HOUR_US)));
    let cut = [ActorError::TimedOut, ActorError::Expired].map(|why| Err(AskError::Actor(why)));
    assert!(cut.contains(&answer), "{answer:?}");
    let in_time = by(SystemClock.now_ns() + (1 << 45));
    let answer = pollster::block_on(actor.ask_with(in_time, Do::Add.with(1)));
    assert_eq!(answer, Ok(101), "the late one was not handled");
    assert_eq!(await_view::<S>(&actor, 3).expired(), 2);
    let stats = actor.stats();
    assert_eq!((stats.expired_count, stats.answered_count), (2, 1));
    end(stage, actor);
}

fn gives_way<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    assert_eq!(ask::<S>(&mut actor, Do::Yield.with(50)), Ok(50));
    assert_eq!(ask::<S>(&mut actor, Do::Wait.with(500)), Ok(500));
    end(stage, actor);
}

fn pause<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    assert_eq!(ask::<S>(&mut actor, Do::Add.with(1)), Ok(101));
    await_view::<S>(&actor, 1);
    actor.pause(true);
    await_state::<S>(&actor, ActorState::Paused);
    put::<S>(&mut actor, Do::Add.with(1));
    thread::sleep(Duration::from_millis(20));
    let requester = actor.requester(0).expect("it is here");
    assert_eq!(requester.try_answer().map(|_| ()), Err(PopError::Empty));
    assert_eq!(actor.view().map(|view| view.taken()), Some(1));
    actor.pause(false);
    assert_eq!(answer::<S>(&mut actor), Ok(102));
    end(stage, actor);
}

fn drain<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    actor.pause(true);
    await_state::<S>(&actor, ActorState::Paused);
    for number in 1..=SLOTS {
        put::<S>(&mut actor, Do::Add.with(number));
    }
    actor.shutdown();
    let sums: Vec<_> = (0..SLOTS).map(|_| answer::<S>(&mut actor)).collect();
    assert_eq!(sums, [Ok(101), Ok(103), Ok(106), Ok(110)]);
    await_state::<S>(&actor, ActorState::Stopped);
    assert_eq!(actor.tell(Do::Add.with(1)), Err(PushError::Closed(Do::Add.with(1))));
    end(stage, actor);
}

fn stop<S: Stage>(stage: &S) {
    let mut actor = start(stage);
    put::<S>(&mut actor, Do::Wait.with(HOUR_US));
    put::<S>(&mut actor, Do::Add.with(1));
    put::<S>(&mut actor, Do::Add.with(2));
    actor.stop();
    let answers: Vec<_> = (0..3).map(|_| answer::<S>(&mut actor)).collect();
    assert_eq!(answers, [Err(ActorError::Stopped); 3]);
    let stats = actor.stats();
    assert_eq!((stats.stopped_count, stats.accounted_count()), (3, 3));
    end(stage, actor);
}

fn stillborn<S: Stage>(stage: &S) {
    let (count_max, window) = (3, Duration::from_secs(600));
    let supervision = Supervision::Restart { count_max, window, backoff: Duration::from_micros(1) };
    let plan = ActorPlan::new().with_supervision(supervision);
    let mut actor = start_as(stage, Script::stillborn(), plan);
    let answer = ask::<S>(&mut actor, Do::Add.with(1));
    let closed = PushError::Closed(Do::Add.with(1));
    let faulted = [AskError::Actor(ActorError::ActorFaulted), AskError::Refused(closed)].map(Err);
    assert!(faulted.contains(&answer), "{answer:?}");
    await_state::<S>(&actor, ActorState::Faulted);
    let fault = actor.view().and_then(|view| view.fault()).expect("it says why");
    assert_eq!(fault.code, FAULT_INITIALIZE, "{fault:?}");
    assert_eq!(stage.join(actor.into_running()), ActorState::Faulted);
    let mut next = start(stage);
    assert_eq!(ask::<S>(&mut next, Do::Add.with(1)), Ok(101));
    end(stage, next);
}

fn broken<S: Stage>(stage: &S) {
    for _ in 0..2 {
        let mut actor = start(stage);
        assert_eq!(ask::<S>(&mut actor, Do::Add.with(1)), Ok(101));
        let answer = ask::<S>(&mut actor, Do::Break.with(0));
        assert_eq!(answer, Err(AskError::Actor(ActorError::ActorFaulted)));
        await_state::<S>(&actor, ActorState::Faulted);
        assert!(actor.view().and_then(|view| view.fault()).is_some(), "it says why");
        assert_eq!(stage.join(actor.into_running()), ActorState::Faulted);
    }
    let mut next = start(stage);
    assert_eq!(ask::<S>(&mut next, Do::Add.with(1)), Ok(101), "its state begins anew");
    end(stage, next);
}

fn two_mailboxes<S: Stage>(stage: &S) {
    const ROUNDS: u32 = 25;
    let mut actor = start(stage);
    assert!(actor.requester(2).is_none());
    let mut requesters = [0, 1].map(|index| actor.take_requester(index).expect("it is here"));
    let mut sums = HashSet::new();
    for _ in 0..ROUNDS {
        for requester in &mut requesters {
            for _ in 0..SLOTS {
                let asked = requester.try_ask(MessageHeader::new(), Do::Add.with(1));
                asked.expect("the round before is over");
            }
        }
        for requester in &mut requesters {
            let mut last = 0;
            for _ in 0..SLOTS {
                let answer = answer_to::<S>(requester).expect("it is handled");
                assert!(answer > last, "a mailbox is served in order");
                assert!(sums.insert(answer), "{answer} was answered twice");
                last = answer;
            }
        }
    }
    let count = 2 * SLOTS * ROUNDS;
    assert_eq!(sums, (1..=count).map(|count| FIRST_SUM + count).collect());
    drop(requesters);
    end(stage, actor);
}
