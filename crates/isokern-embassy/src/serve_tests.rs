//! An actor between two channels: order, fullness, and how it ends.

use std::thread;
use std::vec::Vec;

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use isokern_core::actor::{ActorError, ActorPlan, Mailboxes};

use super::serve;
use crate::EmbassyHost;
use crate::test_actors::Doubler;

type Questions<const N: usize> = Channel<CriticalSectionRawMutex, u32, N>;
type Answers<const N: usize> = Channel<CriticalSectionRawMutex, Result<u64, ActorError>, N>;

/// A place and one at a time, more places than slots, and channels of a size of their own.
#[test]
fn every_question_is_answered_once_and_in_order() {
    exchange::<1, 1>();
    exchange::<16, 1>();
    exchange::<1, 16>();
    exchange::<3, 5>();
}

fn exchange<const QUESTIONS: usize, const ANSWERS: usize>() {
    const COUNT: u32 = 1000;
    let host: &'static EmbassyHost<Doubler, Mailboxes<4>> =
        std::boxed::Box::leak(std::boxed::Box::new(EmbassyHost::new()));
    let questions: &'static Questions<QUESTIONS> =
        std::boxed::Box::leak(std::boxed::Box::new(Channel::new()));
    let answers: &'static Answers<ANSWERS> =
        std::boxed::Box::leak(std::boxed::Box::new(Channel::new()));
    let mut requester = host.requester(0).expect("nobody has it");
    let mut controls = host.controls().expect("nobody has them");
    let runner = host.start(Doubler, ActorPlan::new()).expect("nothing is lent");
    let running = thread::spawn(|| pollster::block_on(runner.run()));
    let serving = thread::spawn(move || {
        let unasked =
            pollster::block_on(serve(&mut requester, questions.receiver(), answers.sender()));
        (unasked, requester.stats())
    });
    let asking = thread::spawn(|| {
        for number in 0..COUNT {
            pollster::block_on(questions.send(2 * number));
        }
    });
    for number in 0..COUNT {
        let answer = pollster::block_on(answers.receive());
        assert_eq!(answer, Ok(4 * u64::from(number)), "question {number}");
    }
    asking.join().expect("no panic");
    controls.stop();
    running.join().expect("no panic");
    let (unasked, stats) = serving.join().expect("no panic");
    assert_eq!(unasked, None);
    assert_eq!((stats.accepted_count, stats.answered_count), (COUNT.into(), COUNT.into()));
    assert!(answers.is_empty());
}

/// What was accepted is answered, what was not comes back, and the rest is in its channel.
#[test]
fn an_actor_that_stops_leaves_no_question_without_an_end() {
    static HOST: EmbassyHost<Doubler, Mailboxes<2>> = EmbassyHost::new();
    static QUESTIONS: Questions<8> = Channel::new();
    static ANSWERS: Answers<8> = Channel::new();
    let mut requester = HOST.requester(0).expect("nobody has it");
    let mut controls = HOST.controls().expect("nobody has them");
    let runner = HOST.start(Doubler, ActorPlan::new()).expect("nothing is lent");
    for number in 0..8 {
        QUESTIONS.try_send(2 * number).expect("there is room");
    }
    // The mailbox takes two; the third is in hand when it is full.
    let serving = thread::spawn(move || {
        pollster::block_on(serve(&mut requester, QUESTIONS.receiver(), ANSWERS.sender()))
    });
    while QUESTIONS.len() > 5 {
        thread::yield_now();
    }
    controls.stop();
    pollster::block_on(runner.run());
    let unasked = serving.join().expect("no panic");
    let answers: Vec<_> = core::iter::from_fn(|| ANSWERS.try_receive().ok()).collect();
    assert!(answers.iter().all(|answer| *answer == Err(ActorError::Stopped)), "{answers:?}");
    let ended = answers.len() + usize::from(unasked.is_some()) + QUESTIONS.len();
    assert_eq!((ended, answers.len()), (8, 2), "{answers:?}, {unasked:?}");
}

/// While nobody takes the answers, nothing more is asked: the first channel fills.
#[test]
fn answers_that_nobody_takes_hold_the_questions_back() {
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Waker};

    static HOST: EmbassyHost<Doubler, Mailboxes<4>> = EmbassyHost::new();
    static QUESTIONS: Questions<32> = Channel::new();
    static ANSWERS: Answers<1> = Channel::new();
    let mut requester = HOST.requester(0).expect("nobody has it");
    let mut runner = HOST.start(Doubler, ActorPlan::new()).expect("nothing is lent");
    for number in 0..32 {
        QUESTIONS.try_send(number).expect("there is room");
    }
    let mut serving = pin!(serve(&mut requester, QUESTIONS.receiver(), ANSWERS.sender()));
    let mut task = Context::from_waker(Waker::noop());
    for _ in 0..64 {
        assert!(serving.as_mut().poll(&mut task).is_pending());
        runner.step(&mut isokern_ring::Spinning);
    }
    // One answer is in its channel, one in hand, and as many as there are slots wait.
    assert_eq!((ANSWERS.len(), QUESTIONS.len()), (1, 32 - 6));
}
