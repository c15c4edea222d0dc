//! Every public end tells the other side when it is dropped, and nobody waits forever.

use core::time::Duration;
use std::boxed::Box;

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorPlan, ActorState, LinkEnd, Mailboxes, Supervision};

use super::toys::{Do, HandClock, Script};
use super::{Cells, LoopActor, cells, settle, start, start_linked};
use crate::{
    LoopHost, MpscRing, PayloadPool, PopError, PushError, Ring, SharedRequester, Step, heap_pool,
    owned, spawn,
};

/// Drops an end; the other side has to see it then, and not before.
fn tells<E, O>(name: &str, (end, mut other): (E, O), is_told: impl Fn(&mut O) -> bool) {
    assert!(!is_told(&mut other), "{name}: told before the drop");
    drop(end);
    assert!(is_told(&mut other), "{name}: dropped, and nobody learns of it");
}

/// Returns whether an actor has drained and stopped.
fn has_stopped<const N: usize, const BOXES: usize>(actor: &mut LoopActor<N, BOXES>) -> bool {
    settle(actor) == Step::Over && actor.state() == ActorState::Stopped
}

/// Returns an actor and the one mailbox it has, as a link.
fn linked() -> (LinkEnd<Cells<4, 1>>, LoopActor<4, 1>) {
    let mut actor = start::<4, 1>(&Script::default(), ActorPlan::new());
    (actor.take_link(0).expect("nobody used it"), actor)
}

#[test]
fn p04_a_dropped_end_of_a_ring_tells_the_other_side() {
    let ring = || Box::leak(Box::new(Ring::<u32, 4>::new())).split();
    tells("Producer", ring(), |consumer| consumer.try_pop() == Err(PopError::Closed));
    let (producer, consumer) = ring();
    tells("Consumer", (consumer, producer), |producer| {
        producer.try_push(1) == Err(PushError::Closed(1))
    });
    let (producer, consumer) = owned::<u32, 4, 1>();
    tells("Producer of an owned ring", (producer, consumer), |consumer| {
        consumer.try_pop() == Err(PopError::Closed)
    });
    let (producer, consumer) = Box::leak(Box::new(MpscRing::<u32, 4>::new())).split();
    drop(producer.clone());
    tells("the last MpscProducer", (producer, consumer), |consumer| {
        consumer.try_pop() == Err(PopError::Closed)
    });
    let (producer, consumer) = Box::leak(Box::new(MpscRing::<u32, 4>::new())).split();
    tells("Consumer of many", (consumer, producer), |producer| {
        producer.try_push(1) == Err(PushError::Closed(1))
    });
}

#[test]
fn p04_a_dropped_side_of_a_pool_tells_the_other_one() {
    let (lender, borrower) = heap_pool(8, 1, 0).expect("it fits");
    tells("Lender", (lender, borrower), |borrower| borrower.is_closed());
    let (lender, borrower) = Box::leak(Box::new(PayloadPool::<8, 1>::new(0))).split();
    tells("Borrower", (borrower, lender), |lender| lender.is_closed());
}

#[test]
fn p04_a_dropped_end_of_an_actor_tells_it() {
    let requester = |actor: &mut LoopActor<4, 1>| actor.take_requester(0).expect("it is here");
    let mut actor = start::<4, 1>(&Script::default(), ActorPlan::new());
    tells("Requester", (requester(&mut actor), actor), has_stopped);
    let mut actor = start::<4, 1>(&Script::default(), ActorPlan::new());
    let shared = SharedRequester::new(requester(&mut actor));
    drop(shared.clone());
    tells("SharedRequester", (shared, actor), has_stopped);
    // Pausing is theirs alone, so a pause ends with them.
    let mut actor = start::<4, 1>(&Script::default(), ActorPlan::new());
    actor.tell(Do::Add.with(1)).expect("there is room");
    actor.pause(true);
    let mut requester = requester(&mut actor);
    let (controls, runner) = actor.into_parts();
    tells("ActorControls", (controls, (runner, &mut requester)), |(runner, requester)| {
        while runner.step(&mut crate::Spinning) == Step::Worked {}
        requester.stats().depth == 0
    });
}

#[test]
fn p04_a_dropped_link_tells_the_other_side() {
    tells("LinkEnd", linked(), has_stopped);
    let (link, actor) = linked();
    let plan = ActorPlan::new().try_with_link(link).expect("one fits");
    tells("ActorPlan", (plan, actor), has_stopped);
    let (link, actor) = linked();
    let plan = ActorPlan::new().try_with_link(link).expect("one fits");
    tells("Actor", (start_linked::<4, 1, _>(&Script::default(), plan), actor), has_stopped);
}

/// Plans with a link, for spawns that fail.
#[test]
fn p04_a_spawn_that_fails_closes_the_links_of_its_plan() {
    let host = || LoopHost::<_, Mailboxes<4>>::new(cells(), HandClock::default());
    let lent = host();
    assert!(spawn(&lent, Script::default(), ActorPlan::new()).is_ok());
    let wrong = Script { is_misconfigured: true, ..Script::default() };
    let often = Supervision::Restart {
        count_max: u32::MAX,
        window: Duration::from_secs(1),
        backoff: Duration::ZERO,
    };
    for (name, host, script, supervision) in [
        ("a wrong handler", host(), wrong, Supervision::Never),
        ("a wrong supervision", host(), Script::default(), often),
        ("a host without memory", lent, Script::default(), Supervision::Never),
    ] {
        let (link, mut actor) = linked();
        let plan = ActorPlan::new().try_with_link(link).expect("one fits");
        assert!(!has_stopped(&mut actor));
        let refused = spawn(&host, script, plan.with_supervision(supervision));
        assert!(refused.is_err(), "{name}");
        assert!(has_stopped(&mut actor), "{name}: its link stays open");
    }
}

#[test]
fn p04_a_dropped_runner_tells_its_requesters() {
    let mut actor = start::<4, 1>(&Script::default(), ActorPlan::new());
    let mut requester = actor.take_requester(0).expect("it is here");
    requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("there is room");
    tells("Runner", (actor.into_running(), requester), |requester| {
        requester.try_answer().is_ok_and(|answer| answer.result.is_err())
            && requester.try_answer() == Err(PopError::Closed)
    });
}
