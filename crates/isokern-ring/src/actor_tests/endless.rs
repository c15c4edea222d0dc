//! An actor as a task that never ends does what one that ends does, and is pending after it.

use core::task::Poll;
use core::time::Duration;

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorPlan, ActorState};

use super::tasks::{AlarmClock, SLEEP, Task, WAIT, answer, start};
use crate::WakerCell;

#[test]
fn s4_an_endless_task_is_polled_as_often_as_one_that_ends() {
    /// Asks one question after another, and returns how often the actor was polled.
    macro_rules! polls_of {
        ($run:ident) => {{
            let clock = AlarmClock::default();
            let (mut client, controls, runner) = start::<WakerCell>(&clock, ActorPlan::new());
            let mut actor = Task::new(runner.$run());
            for number in 0..1_000 {
                client.try_ask(MessageHeader::new(), number).expect("there is room");
                assert!(actor.settle().is_pending());
                assert_eq!(answer(&mut client), Ok(number + 1));
            }
            client.close();
            let _ = actor.settle();
            assert_eq!(controls.state(), ActorState::Stopped);
            actor.poll_count
        }};
    }
    let (ends, endless) = (polls_of!(run), polls_of!(run_forever));
    // The last one ends the first task, and is pending in the other.
    assert!((endless..=endless + 1).contains(&ends), "{ends} and {endless}");
}

#[test]
fn s4_the_clock_and_the_bell_wake_an_endless_task() {
    let clock = AlarmClock::default();
    let plan = ActorPlan::new().with_lease(Duration::from_millis(5));
    let (mut client, mut controls, runner) = start::<WakerCell>(&clock, plan);
    let mut actor = Task::new(runner.run_forever());
    let header = MessageHeader::new().with_deadline_ns(1_024_000);
    client.try_ask(header, WAIT).expect("there is room");
    client.try_ask(MessageHeader::new(), SLEEP).expect("there is room");
    assert_eq!(actor.settle(), Poll::Pending);
    let poll_count = actor.poll_count;
    clock.advance_ns(1_024_000);
    assert_eq!(actor.settle(), Poll::Pending);
    assert!(client.try_answer().is_err(), "it is not over yet");
    clock.advance_ns(1);
    assert_eq!(actor.settle(), Poll::Pending);
    assert_eq!(answer(&mut client), Err(ActorError::TimedOut));
    assert!(client.try_answer().is_err(), "it sleeps");
    clock.advance_ns(1_000);
    assert_eq!(actor.settle(), Poll::Pending);
    assert_eq!(answer(&mut client), Ok(SLEEP + 1));
    assert!(actor.poll_count <= poll_count + 8, "{} after {poll_count}", actor.poll_count);

    // A lease that is renewed while the handler waits moves its alarm.
    client.try_ask(MessageHeader::new(), WAIT).expect("there is room");
    assert_eq!(actor.settle(), Poll::Pending);
    controls.renew_lease(1);
    clock.advance_ns(4_000_000);
    assert_eq!(actor.settle(), Poll::Pending);
    assert!(client.try_answer().is_err(), "the lease was renewed");
    clock.advance_ns(5_000_001);
    assert_eq!((actor.settle(), controls.state()), (Poll::Pending, ActorState::Stopped));
    assert_eq!(answer(&mut client), Err(ActorError::Stopped));
}

#[test]
fn s4_an_endless_task_sleeps_when_its_actor_is_over() {
    let clock = AlarmClock::default();
    let (mut client, mut controls, runner) = start::<WakerCell>(&clock, ActorPlan::new());
    let mut actor = Task::new(runner.run_forever());
    client.try_ask(MessageHeader::new(), WAIT).expect("there is room");
    assert_eq!(actor.settle(), Poll::Pending);
    controls.stop();
    assert_eq!((actor.settle(), controls.state()), (Poll::Pending, ActorState::Stopped));
    assert_eq!(answer(&mut client), Err(ActorError::Stopped));
    let poll_count = actor.poll_count;
    clock.advance_ns(1_000_000_000);
    drop(client);
    assert_eq!(actor.settle(), Poll::Pending);
    assert!(actor.poll_count <= poll_count + 1, "it stays asleep");
}
