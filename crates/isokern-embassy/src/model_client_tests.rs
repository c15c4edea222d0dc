//! A model's client: the host's bytes, buffers that come back, models that do not fit.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Waker};
use core::time::Duration;
use std::boxed::Box;
use std::thread;
use std::vec::Vec;

use isokern_core::actor::{ActorError, ActorPlan, ActorState, Mailboxes};
use isokern_core::call::moment_after;
use isokern_core::{KernelMetadata, KernelMode, MessageHeader};
use isokern_cpu::{CpuBackend, CpuProgram, ModelActor, model};
use isokern_ring::{Borrower, Buffers, Lender, PayloadPool, PopError, PushError, Spinning, Step};

use super::{ModelClient, ModelClientError};
use crate::{ActorRunner, EmbassyClock, EmbassyHost};

model::include_model! {
    mod digits = "../../../tests/models/digits.ikm";
}

type Shape = Mailboxes<2>;
type Program = CpuProgram<'static, digits::Operators>;
type Actor = ModelActor<digits::Operators>;
type Arenas = &'static Buffers<{ digits::ARENA_BYTES }, 2>;
type Client = ModelClient<
    digits::Operators,
    Shape,
    { digits::ARENA_BYTES },
    2,
    { digits::INPUT_LEN },
    { digits::OUTPUT_LEN },
>;
type Input = [i8; digits::INPUT_LEN];
type Output = [i8; digits::OUTPUT_LEN];

const METADATA: KernelMetadata = KernelMetadata::new("digits", KernelMode::Ring);

fn program() -> Program {
    CpuBackend::for_operators().load_program(digits::BLOB).expect("the model is whole")
}

fn pool() -> (Lender<Arenas>, Borrower<Arenas>) {
    Box::leak(Box::new(PayloadPool::new(0))).split()
}

/// Returns an actor that nobody has stepped, and its client.
fn start() -> (ActorRunner<Actor, Shape, Borrower<Arenas>>, Client) {
    let host: &'static EmbassyHost<Actor, Shape> = Box::leak(Box::new(EmbassyHost::new()));
    let (lender, borrower) = pool();
    let plan = ActorPlan::new().with_buffers(borrower);
    let runner = host.start(ModelActor::new(METADATA, program()), plan).expect("nothing is lent");
    let requester = host.requester(0).expect("nobody has it");
    (runner, Client::try_new(program(), lender, requester).expect("the constants are its own"))
}

/// Returns an input that is another for each number, and what the model makes of it.
fn sample(number: u8) -> (Input, Output) {
    let input = core::array::from_fn(|index| {
        (number.wrapping_mul(37).wrapping_add(index as u8)).cast_signed()
    });
    let mut arena = digits::Arena::new();
    let arena = arena.as_mut_slice();
    program().input_in(arena).expect("it fits").copy_from_slice(&input);
    program().run_in(arena).expect("it runs");
    let output = program().output_in(arena).expect("it fits");
    (input, output.try_into().expect("it is as long as that"))
}

#[test]
fn answers_are_the_model_s_in_the_order_of_the_questions() {
    let (mut runner, mut client) = start();
    let mut expected = Vec::new();
    let mut next = 0;
    for _ in 0..50 {
        loop {
            let (input, output) = sample(next);
            match client.try_ask(MessageHeader::new(), &input) {
                Ok(_) => expected.push(output),
                Err(refusal) => break assert_eq!(refusal, PushError::Full(())),
            }
            next += 1;
        }
        while runner.step(&mut Spinning) != Step::Idle {}
        loop {
            match client.try_answer() {
                Ok(answer) => assert_eq!(answer.result, Ok(expected.remove(0))),
                Err(why) => break assert_eq!(why, PopError::Empty),
            }
        }
    }
    assert_eq!(next, 100, "both buffers are in use, and come back");
    let stats = client.stats();
    assert_eq!((stats.accepted_count, stats.answered_count), (100, 100));
    client.close();
    assert_eq!(client.try_ask(MessageHeader::new(), &sample(0).0), Err(PushError::Closed(())));
}

#[test]
fn a_task_awaits_its_output() {
    let (runner, mut client) = start();
    let running = thread::spawn(|| pollster::block_on(runner.run()));
    for number in 0..20 {
        let (input, output) = sample(number);
        assert_eq!(pollster::block_on(client.ask(&input)), Ok(output));
    }
    drop(client);
    assert_eq!(running.join().expect("no panic"), ActorState::Stopped);
}

#[test]
fn a_question_that_nobody_waits_for_gives_its_buffer_back() {
    let (mut runner, mut client) = start();
    let mut task = Context::from_waker(Waker::noop());
    for number in 0..10 {
        let (input, output) = sample(number);
        // One is dropped before the actor has seen it, the other when its answer is there.
        let mut asking = Box::pin(client.ask(&input));
        assert!(asking.as_mut().poll(&mut task).is_pending());
        drop(asking);
        let mut asking = Box::pin(client.ask(&input));
        assert!(asking.as_mut().poll(&mut task).is_pending());
        while runner.step(&mut Spinning) != Step::Idle {}
        drop(asking);
        // The first look takes both buffers back.
        let mut asking = pin!(client.ask(&input));
        assert!(asking.as_mut().poll(&mut task).is_pending());
        while runner.step(&mut Spinning) != Step::Idle {}
        let polled = asking.as_mut().poll(&mut task);
        assert_eq!(polled, core::task::Poll::Ready(Ok(output)));
    }
    let (first, second) = (sample(1), sample(2));
    for (input, _) in [&first, &second] {
        client.try_ask(MessageHeader::new(), input).expect("no buffer was lost");
    }
    while runner.step(&mut Spinning) != Step::Idle {}
    for (_, output) in [&first, &second] {
        assert_eq!(client.try_answer().map(|answer| answer.result), Ok(Ok(*output)));
    }
}

#[test]
fn a_deadline_that_is_over_and_a_stop_give_buffers_back() {
    let (mut runner, mut client) = start();
    let past = MessageHeader::new().with_deadline_ns(1);
    for _ in 0..5 {
        client.try_ask(past, &sample(0).0).expect("a buffer is free");
        while runner.step(&mut Spinning) != Step::Idle {}
        let answer = client.try_answer().expect("it is answered");
        assert_eq!(
            (answer.result, answer.header.deadline_ns()),
            (Err(ActorError::Expired), Some(1))
        );
    }
    let soon = moment_after(&EmbassyClock, Duration::from_secs(60));
    let (input, output) = sample(3);
    client.try_ask(MessageHeader::new().with_deadline_ns(soon), &input).expect("one is free");
    while runner.step(&mut Spinning) != Step::Idle {}
    assert_eq!(client.try_answer().map(|answer| answer.result), Ok(Ok(output)));
    client.try_ask(MessageHeader::new(), &input).expect("one is free");
    drop(runner);
    let answer = client.try_answer().map(|answer| answer.result);
    assert_eq!(answer, Ok(Err(ActorError::ActorFaulted)), "the runner has vanished");
    assert_eq!(client.try_answer().err(), Some(PopError::Closed));
}

#[test]
fn a_model_of_other_lengths_is_refused() {
    let host: &'static EmbassyHost<Actor, Mailboxes<2, 1, 3>> =
        Box::leak(Box::new(EmbassyHost::new()));
    macro_rules! refused {
        ($mailbox:literal, $bytes:expr, $in:expr, $out:expr) => {
            ModelClient::<digits::Operators, _, { $bytes }, 2, { $in }, { $out }>::try_new(
                program(),
                Box::leak(Box::new(PayloadPool::new(0))).split().0,
                host.requester($mailbox).expect("nobody has it"),
            )
            .err()
        };
    }
    const ARENA: usize = digits::ARENA_BYTES;
    const IN: usize = digits::INPUT_LEN;
    const OUT: usize = digits::OUTPUT_LEN;
    assert_eq!(
        refused!(0, ARENA, IN + 1, OUT),
        Some(ModelClientError::InputLength { have: IN + 1, need: IN })
    );
    assert_eq!(
        refused!(1, ARENA, IN, OUT - 1),
        Some(ModelClientError::OutputLength { have: OUT - 1, need: OUT })
    );
    assert_eq!(
        refused!(2, ARENA - 1, IN, OUT),
        Some(ModelClientError::ArenaTooShort { have: ARENA - 1, need: ARENA })
    );
}
