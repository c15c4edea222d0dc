//! The suite's tests of links: what one actor sends another.

use core::time::Duration;
use std::thread;

use isokern_core::KernelError;
use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorPlan, ActorState};
use isokern_core::call::Clock;
use isokern_core::ring::PushError;
use isokern_guard::SystemClock;
use isokern_ring::{ActorOn, AskError, RequesterStats, spawn};
use isokern_test_actors::{Do, FIRST_SUM, Log, ODD, Script};

use super::{
    Actor, OneLink, SLOTS, Stage, Test, TwoLinks, ask, ask_when_there_is_room, await_state, end,
    start,
};

/// Returns the tests.
pub(super) fn tests<S: Stage>() -> [Test<S>; 8] {
    [
        ("what_a_step_sends_arrives_when_it_succeeds", success),
        ("a_full_link_is_the_senders_to_handle", full),
        ("the_end_of_one_closes_the_way_to_the_other", way_ends),
        ("one_that_breaks_closes_the_way_to_the_other", broken_way),
        ("a_closed_linked_actor_takes_no_more", closed_end),
        ("a_deadline_goes_along_a_link", deadline),
        ("linked_actors_have_shapes_of_their_own", shapes),
        ("a_row_of_three_passes_a_time_on", row),
    ]
}

type Linked<S> = ActorOn<<S as Stage>::Host, Script, isokern_core::actor::NoBuffers, OneLink<S>>;

/// Starts two scripts, the first of which sends to mailbox 1 of the second.
fn pair<S: Stage>(stage: &S) -> (Actor<S>, Actor<S>) {
    let mut second = start(stage);
    let link = second.take_link(1).expect("nobody used it");
    assert!(second.take_link(1).is_none(), "it is linked once");
    let plan = ActorPlan::new().try_with_link(link).expect("one link fits");
    let first: Linked<S> = spawn(stage.host(), Script::new(), plan).expect("it starts");
    (first, second)
}

/// Waits until a linked script has accounted for so many messages of the link.
fn await_link<S: Stage>(actor: &Actor<S>, count: u64) -> RequesterStats {
    loop {
        match actor.link_stats(1) {
            Some(stats) if stats.told_count + stats.expired_count == count => return stats,
            _ => thread::yield_now(),
        }
    }
}

fn success<S: Stage>(stage: &S) {
    let (mut first, mut second) = pair(stage);
    assert_eq!(ask::<S>(&mut first, Do::Send.with(2)), Ok(2));
    let failed = ActorError::of_handler(KernelError::Failed { code: ODD });
    assert_eq!(ask::<S>(&mut first, Do::Send.with(3)), Err(AskError::Actor(failed)));
    assert_eq!(ask::<S>(&mut first, Do::Send.with(4)), Ok(4));
    let stats = await_link::<S>(&second, 2);
    assert_eq!((stats.accepted_count, stats.refused_count, stats.depth), (2, 0, 0));
    assert_eq!(ask::<S>(&mut second, Do::Add.with(0)), Ok(FIRST_SUM + 6));
    end(stage, first);
    end(stage, second);
}

fn full<S: Stage>(stage: &S) {
    let (mut first, mut second) = pair(stage);
    second.pause(true);
    await_state::<S>(&second, ActorState::Paused);
    let saturated = Err(AskError::Actor(ActorError::of_handler(KernelError::Saturated)));
    let answers: Vec<_> = (0..6).map(|_| ask::<S>(&mut first, Do::Send.with(2))).collect();
    assert_eq!(answers[..SLOTS as usize], [Ok(2); 4]);
    assert_eq!(answers[SLOTS as usize..], [saturated; 2]);
    second.pause(false);
    await_link::<S>(&second, 4);
    assert_eq!(ask_when_there_is_room::<S>(&mut first, Do::Send.with(2)), Ok(2));
    let stats = await_link::<S>(&second, 5);
    assert_eq!((stats.accepted_count, stats.told_count, stats.refused_count), (5, 5, 0));
    assert_eq!(ask::<S>(&mut second, Do::Add.with(0)), Ok(FIRST_SUM + 10));
    end(stage, first);
    end(stage, second);
}

fn way_ends<S: Stage>(stage: &S) {
    let (mut first, mut second) = pair(stage);
    assert_eq!(ask::<S>(&mut first, Do::Send.with(2)), Ok(2));
    second.shutdown();
    await_link::<S>(&second, 1);
    assert_eq!(second.state(), ActorState::Active, "one mailbox is open");
    end(stage, first);
    await_state::<S>(&second, ActorState::Stopped);
    assert_eq!(second.view().map(|view| view.answered()), Some(1), "what was sent is done");
    end(stage, second);
}

fn broken_way<S: Stage>(stage: &S) {
    let (mut first, mut second) = pair(stage);
    assert_eq!(ask::<S>(&mut first, Do::Send.with(2)), Ok(2));
    let broken = ask::<S>(&mut first, Do::Break.with(0));
    assert_eq!(broken, Err(AskError::Actor(ActorError::ActorFaulted)));
    assert_eq!(stage.join(first.into_running()), ActorState::Faulted);
    second.shutdown();
    await_state::<S>(&second, ActorState::Stopped);
    assert_eq!(await_link::<S>(&second, 1).accepted_count, 1, "what was sent is done");
    end(stage, second);
}

fn closed_end<S: Stage>(stage: &S) {
    let (mut first, mut second) = pair(stage);
    second.stop();
    await_state::<S>(&second, ActorState::Stopped);
    // The outbox of the step had room, so the handler has succeeded; the link counts the loss.
    assert_eq!(ask::<S>(&mut first, Do::Send.with(2)), Ok(2));
    let stats = second.link_stats(1).expect("there is a link");
    assert_eq!((stats.accepted_count, stats.refused_count), (0, 1));
    assert_eq!(second.tell(Do::Add.with(1)), Err(PushError::Closed(Do::Add.with(1))));
    end(stage, second);
    end(stage, first);
}

fn deadline<S: Stage>(stage: &S) {
    let (mut first, mut second) = pair(stage);
    second.pause(true);
    await_state::<S>(&second, ActorState::Paused);
    // As long as a busy machine needs to handle it in time.
    let mut within_ns = 1 << 28;
    let late_ns = loop {
        let deadline_ns = SystemClock.now_ns() + within_ns;
        let header = MessageHeader::new().with_deadline_ns(deadline_ns);
        match pollster::block_on(first.ask_with(header, Do::Send.with(2))) {
            Ok(2) => break deadline_ns,
            Err(AskError::Actor(ActorError::Expired | ActorError::TimedOut)) => within_ns *= 2,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask::<S>(&mut first, Do::Send.with(4)), Ok(4), "without a deadline");
    // One tick past it: a header has its deadline in ticks.
    while SystemClock.now_ns() <= late_ns + isokern_core::ring::DEADLINE_TICK_NS {
        thread::sleep(Duration::from_millis(1));
    }
    second.pause(false);
    let stats = await_link::<S>(&second, 2);
    assert_eq!((stats.told_count, stats.expired_count), (1, 1));
    assert_eq!(ask::<S>(&mut second, Do::Add.with(0)), Ok(FIRST_SUM + 4));
    end(stage, first);
    end(stage, second);
}

fn shapes<S: Stage>(stage: &S) {
    let mut script = start(stage);
    let mut log = spawn(stage.log_host(), Log, ActorPlan::new()).expect("it starts");
    let plan = ActorPlan::new().try_with_link(script.take_link(0).expect("nobody used it"));
    let link = log.take_link(2).expect("nobody used it");
    let plan = plan.expect("one fits").try_with_link(link).expect("two fit");
    let first = spawn::<Script, _, TwoLinks<S>, _>(stage.host(), Script::new(), plan);
    let mut first: Actor<S> = first.expect("it starts");
    for number in (2..=40).step_by(2) {
        loop {
            match ask::<S>(&mut first, Do::Report.with(number)) {
                Ok(answered) => break assert_eq!(answered, number),
                // A ring is full; neither got the number.
                Err(AskError::Actor(ActorError::Handler { .. })) => thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
    }
    let sum = (2..=40).step_by(2).sum::<u32>();
    end(stage, first);
    loop {
        match log.link_stats(2) {
            Some(stats) if stats.told_count == 20 => break,
            _ => thread::yield_now(),
        }
    }
    assert_eq!(pollster::block_on(log.ask([0; 10])), Ok(10 * sum));
    assert_eq!(stage.join(log.into_running()), ActorState::Stopped);
    // Mailbox 0 is the link's: the script is asked through the other.
    let requester = script.requester(1).expect("it is here");
    requester.try_ask(MessageHeader::new(), Do::Add.with(0)).expect("there is room");
    let requester = script.requester(1).expect("it is here");
    assert_eq!(super::answer_to::<S>(requester), Ok(FIRST_SUM + sum));
    end(stage, script);
}

fn row<S: Stage>(stage: &S) {
    let (mut middle, mut last) = pair(stage);
    let link = middle.take_link(1).expect("nobody used it");
    let plan = ActorPlan::new().try_with_link(link).expect("one link fits");
    let first: Linked<S> = spawn(stage.host(), Script::new(), plan).expect("it starts");
    let mut first: Actor<S> = first;
    for count in 1..=10 {
        let before_ns = SystemClock.now_ns();
        ask::<S>(&mut first, Do::Stamp.with(0)).expect("the link has room");
        await_link::<S>(&last, count);
        let within_ns = SystemClock.now_ns() - before_ns;
        let passed_ns = ask::<S>(&mut last, Do::Add.with(0)).expect("it lives");
        // The time of a thread's runner is that of the look before the one that found the message.
        let passed_ns = i64::from(passed_ns.cast_signed());
        assert!(passed_ns <= within_ns.cast_signed(), "{passed_ns} of {within_ns}");
        assert!(passed_ns > -within_ns.cast_signed(), "{passed_ns} of {within_ns}");
    }
    for actor in [first, middle, last] {
        end(stage, actor);
    }
}
