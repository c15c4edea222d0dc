//! The host: what it lends, once, and how its actor ends, sleeps and expires.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::thread;

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorPlan, ActorState, Mailboxes};
use isokern_core::call::moment_after;
use isokern_ring::{AskError, SpawnError, spawn};

use super::{AlreadyLent, EmbassyHost};
use crate::EmbassyClock;
use crate::test_actors::{Doubler, HELD, WAITING_POLLS};

#[test]
fn each_part_is_lent_once() {
    static HOST: EmbassyHost<Doubler, Mailboxes<2, 1, 3>> = EmbassyHost::new();
    for mailbox_index in 0..3 {
        assert!(HOST.requester(mailbox_index).is_some(), "{mailbox_index}");
        assert!(HOST.requester(mailbox_index).is_none(), "{mailbox_index}");
    }
    for mailbox_index in [3, 4, 5, 8, usize::MAX] {
        assert!(HOST.requester(mailbox_index).is_none(), "{mailbox_index}");
    }
    assert!(HOST.controls().is_some() && HOST.controls().is_none());
    assert!(HOST.start(Doubler, ActorPlan::new()).is_ok());
    let again = HOST.start(Doubler, ActorPlan::new());
    assert_eq!(again.err(), Some(SpawnError::Host(AlreadyLent)));
    let spawned = spawn(&&HOST, Doubler, ActorPlan::new());
    assert_eq!(spawned.err(), Some(SpawnError::Host(AlreadyLent)));
}

#[test]
fn a_spawn_takes_everything() {
    static HOST: EmbassyHost<Doubler, Mailboxes<2>> = EmbassyHost::new();
    let mut actor = spawn(&&HOST, Doubler, ActorPlan::new()).expect("nothing is lent");
    assert!(HOST.requester(0).is_none() && HOST.controls().is_none());
    assert!(HOST.start(Doubler, ActorPlan::new()).is_err());
    let mut requester = actor.take_requester(0).expect("one mailbox");
    let runner = actor.into_running();
    let asker = thread::spawn(move || pollster::block_on(requester.ask(4)));
    assert_eq!(pollster::block_on(runner.run()), ActorState::Stopped);
    assert_eq!(asker.join().expect("no panic"), Ok(8));
}

#[test]
fn what_is_asked_before_the_start_waits_in_the_mailbox() {
    static HOST: EmbassyHost<Doubler, Mailboxes<4>> = EmbassyHost::new();
    let mut requester = HOST.requester(0).expect("nobody has it");
    for number in 0..4 {
        requester.try_ask(MessageHeader::new(), number).expect("there is room");
    }
    requester.close();
    let runner = HOST.start(Doubler, ActorPlan::new()).expect("nothing is lent");
    assert_eq!(pollster::block_on(runner.run()), ActorState::Stopped);
    for number in 0..4 {
        let answer = requester.try_answer().expect("all were answered");
        assert_eq!(answer.result, Ok(2 * number));
    }
    let stats = requester.stats();
    assert_eq!((stats.accepted_count, stats.accounted_count()), (4, 4));
}

#[test]
fn controls_stop_an_actor_that_waits() {
    static HOST: EmbassyHost<Doubler, Mailboxes<2>> = EmbassyHost::new();
    let mut controls = HOST.controls().expect("nobody has them");
    let _keeps_it_alive = HOST.requester(0);
    let runner = HOST.start(Doubler, ActorPlan::new()).expect("nothing is lent");
    let running = thread::spawn(|| pollster::block_on(runner.run()));
    thread::sleep(Duration::from_millis(2));
    controls.stop();
    assert_eq!(running.join().expect("no panic"), ActorState::Stopped);
    assert_eq!(controls.state(), ActorState::Stopped);
}

/// A deadline ends a handler that nothing else wakes: the driver's alarm does, and the task is
/// asleep until then.
#[test]
fn a_deadline_wakes_the_actor() {
    static HOST: EmbassyHost<Doubler, Mailboxes<2>> = EmbassyHost::new();
    let mut requester = HOST.requester(0).expect("nobody has it");
    let runner = HOST.start(Doubler, ActorPlan::new()).expect("nothing is lent");
    let running = thread::spawn(|| pollster::block_on(runner.run()));
    let deadline_ns = moment_after(&EmbassyClock, Duration::from_millis(20));
    let header = MessageHeader::new().with_deadline_ns(deadline_ns);
    let answer = pollster::block_on(requester.ask_with(header, HELD));
    assert_eq!(answer, Err(AskError::Actor(ActorError::TimedOut)));
    let polls = WAITING_POLLS.load(Ordering::Relaxed);
    assert!((1..=4).contains(&polls), "{polls} polls in 20 ms: it did not sleep");
    drop(requester);
    assert_eq!(running.join().expect("no panic"), ActorState::Stopped);
}
