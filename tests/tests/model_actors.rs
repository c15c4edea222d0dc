//! Models as ring actors: the same bytes, from buffers that nobody copied.

use std::process::ExitCode;
use std::sync::Arc;

use bytemuck::Zeroable;
use core::future::Future;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use isokern_core::actor::{
    ActorCells, ActorError, ActorPlan, ActorState, Mailboxes, Outbox, RunnerWords, Supervision,
};
use isokern_core::call::Clock;
use isokern_core::compute::ModelArtifact;
use isokern_core::ring::BufferHandle;
use isokern_core::{
    KernelMetadata, KernelMode, MessageHeader, Resident, RingContext, RingKernelHandler,
};
use isokern_cpu::actor::state_words;
use isokern_cpu::{ArtifactBackend, CpuProgram, InstructionSet, LoadError, ModelActor, ModelReply};
use isokern_guard::SystemClock;
use isokern_model::AllOperators;
use isokern_model::layout::Layout;
use isokern_ring::{
    Answer, AskError, HeapBuffers, Lender, LoopHost, PoolError, PopError, PushError, Spinning,
    ThreadHost, WaitStrategy, heap_pool, spawn,
};
use isokern_tests::port_models::{
    INITIAL, LEN, MEAN_LEN, STATE_GAP, STEP_LEN, STEPS, leaked, mean_and_sum, mean_of, running_sum,
    running_sums, state_of, sum_of,
};
use isokern_tests::trials::{on_models, run, trial};
use isokern_tests::vectors::{Case, own_cases};

const METADATA: KernelMetadata = KernelMetadata::new("vectors", KernelMode::Ring);
const SLOTS: usize = 4;

type Actor = isokern_ring::ActorOn<ThreadHost<SystemClock, Mailboxes<SLOTS>>, ModelActor, Buffers>;
type Buffers = isokern_ring::Borrower<Arc<HeapBuffers>>;
type Questions =
    isokern_ring::RequesterOn<ThreadHost<SystemClock, Mailboxes<SLOTS>>, ModelActor, Buffers>;

fn main() -> ExitCode {
    let of_models = [on_models(
        "vectors_through_actors_with_several_under_way",
        vectors_through_actors_with_several_under_way,
    )];
    let own = [
        trial(
            "buffers_that_do_not_suit_are_refused_and_the_actor_lives",
            buffers_that_do_not_suit_are_refused_and_the_actor_lives,
        ),
        trial("a_deadline_reaches_the_model", a_deadline_reaches_the_model),
        trial("all_ports_of_a_model_are_in_the_buffer", all_ports_of_a_model_are_in_the_buffer),
        trial(
            "a_model_with_state_wants_memory_for_it_and_the_buffer_comes_back",
            a_model_with_state_wants_memory_for_it_and_the_buffer_comes_back,
        ),
        trial("the_state_stays_with_its_actor", the_state_stays_with_its_actor),
        trial("a_message_that_does_not_end_begins_a_new_stream", no_message_leaves_half_a_step),
        trial("an_actor_in_a_loop_begins_a_new_stream_with_a_restart", a_restart_in_a_loop),
    ];
    run(of_models.into_iter().flatten().chain(own))
}

fn start(case: &Case, layout: Layout) -> (Actor, CpuProgram<'static>, Lender<Arc<HeapBuffers>>) {
    start_artifact(&case.convert(layout), layout)
}

fn start_artifact(
    artifact: &ModelArtifact,
    layout: Layout,
) -> (Actor, CpuProgram<'static>, Lender<Arc<HeapBuffers>>) {
    let set = if layout == Layout::Row { InstructionSet::PLAIN } else { InstructionSet::detect() };
    let backend = ArtifactBackend::new().with_instruction_set(set);
    let program = backend.load_program(artifact).expect("the artifact is a model");
    let arena_bytes = program.model().arena_bytes();
    let (lender, borrower) = heap_pool(arena_bytes, SLOTS, 1).expect("a usable pool");
    let host = ThreadHost::new("model", SystemClock).with_wait(WaitStrategy::Yield);
    let plan = ActorPlan::new().with_buffers(borrower);
    let actor = spawn(&host, ModelActor::new(METADATA, program.clone()), plan);
    (actor.expect("the thread starts"), program, lender)
}

/// Returns the next answer; the actor is on another thread.
fn wait(questions: &mut Questions) -> Answer<ModelReply> {
    loop {
        match questions.try_answer() {
            Ok(answer) => return answer,
            Err(PopError::Empty) => std::thread::yield_now(),
            Err(PopError::Closed) => panic!("the actor is gone and owes an answer"),
        }
    }
}

fn vectors_through_actors_with_several_under_way(cases: &[Case]) {
    for case in cases {
        for layout in [Layout::Row, Layout::Packed] {
            let (mut actor, program, mut lender) = start(case, layout);
            let mut questions = actor.take_requester(0).expect("it is here");
            let arena_bytes = program.model().arena_bytes();
            let (input_len, output_len) =
                (program.model().input().len(), program.model().output().len());
            let mut expected = case.pairs(input_len, output_len).map(|(_, output)| output);
            let mut under_way = std::collections::VecDeque::new();
            let mut inputs = case.pairs(input_len, output_len).map(|(input, _)| input).peekable();
            while inputs.peek().is_some() || !under_way.is_empty() {
                while let (true, Ok(mut buffer)) = (inputs.peek().is_some(), lender.try_claim()) {
                    let input = inputs.next().expect("just seen");
                    program.input_in(&mut buffer).expect("it fits").copy_from_slice(input);
                    let handle = buffer.lend(arena_bytes).expect("it fits");
                    questions.try_ask(MessageHeader::new(), handle).expect("a slot per buffer");
                    under_way.push_back(handle);
                }
                let reply = wait(&mut questions).result.expect("the model runs");
                let handle = under_way.pop_front().expect("it was asked");
                let bytes = lender.bytes(handle).expect("given back before the reply");
                let start = reply.output_offset as usize;
                let output = &bytes[start..start + reply.output_bytes as usize];
                let output: &[i8] = bytemuck::cast_slice(output);
                assert!(output == expected.next().expect("one each"), "{} differs", case.name);
                lender.release(handle).expect("it is back");
            }
            drop(questions);
            assert_eq!(actor.into_running().join(), ActorState::Stopped);
        }
    }
}

fn buffers_that_do_not_suit_are_refused_and_the_actor_lives() {
    let case = own_cases().into_iter().next().expect("a model of our own");
    let (mut actor, program, mut lender) = start(&case, Layout::Packed);
    let arena_bytes = program.model().arena_bytes();
    let mut lend = |length_bytes| {
        let buffer = lender.try_claim().expect("one is free");
        buffer.lend(length_bytes).expect("it fits")
    };
    let (short, whole) = (lend(arena_bytes - 1), lend(arena_bytes));
    pollster::block_on(async {
        let refused = actor.ask(short).await;
        assert!(
            matches!(refused, Err(AskError::Actor(ActorError::Handler { code: 2002, .. }))),
            "{refused:?}"
        );
        let stale = BufferHandle { generation: whole.generation + 1, ..whole };
        let foreign = BufferHandle { pool: 2, ..whole };
        for handle in [stale, foreign, short] {
            assert_eq!(actor.ask(handle).await, Err(AskError::Actor(ActorError::BufferRefused)));
        }
        assert!(actor.ask(whole).await.is_ok());
    });
    // All came back, also those of refused questions, and once only.
    assert_eq!(lender.release(short), Ok(()));
    assert_eq!(lender.release(whole), Ok(()));
    assert!(matches!(lender.release(whole), Err(PoolError::StaleGeneration { .. })));
}

fn a_deadline_reaches_the_model() {
    let case = own_cases().into_iter().next().expect("a model of our own");
    let (mut actor, program, mut lender) = start(&case, Layout::Packed);
    let handle = lender
        .try_claim()
        .and_then(|buffer| buffer.lend(program.model().arena_bytes()))
        .expect("one is free");
    let now_ns = SystemClock.now_ns();
    let past = MessageHeader::new().with_creation_ns(now_ns).with_deadline_ns(1);
    let result = pollster::block_on(actor.ask_with(past, handle));
    assert_eq!(result, Err(AskError::Actor(ActorError::Expired)));
    assert_eq!(lender.release(handle), Ok(()), "the buffer is back all the same");
    drop(actor.take_requester(0));
    let closed = pollster::block_on(actor.ask(handle));
    assert_eq!(closed, Err(AskError::Refused(PushError::Closed(handle))));
    let view = loop {
        match actor.view() {
            Some(view) if view.state().is_some_and(|state| state.is_over()) => break view,
            _ => std::thread::yield_now(),
        }
    };
    assert_eq!((view.taken(), view.answered(), view.expired()), (1, 0, 1));
}

fn all_ports_of_a_model_are_in_the_buffer() {
    let artifact = ModelArtifact::from_bytes(leaked(&mean_and_sum(1), Layout::Packed));
    let (mut actor, program, mut lender) = start_artifact(&artifact, Layout::Packed);
    let (left, right) = ([13_i8; LEN], [-20_i8; LEN]);
    let mut buffer = lender.try_claim().expect("one is free");
    for (at, values) in [left, right].iter().enumerate() {
        let input = program.input_at_in(&mut buffer, at).expect("it fits");
        input.copy_from_slice(bytemuck::cast_slice(values));
    }
    let handle = buffer.lend(program.model().arena_bytes()).expect("it fits");
    let reply = pollster::block_on(actor.ask(handle)).expect("the model runs");
    // The reply names the first output; the program says where all of them are.
    let first = program.model().output_at(0);
    assert_eq!(reply.output_offset as usize, first.offset());
    assert_eq!(reply.output_bytes as usize, MEAN_LEN);
    let mut arena = lender.bytes(handle).expect("given back before the reply").to_vec();
    let sums = sum_of(&left, &right);
    for (at, expected) in [mean_of(&sums), sums].iter().enumerate() {
        let output = program.output_at_in(&mut arena, at).expect("it fits");
        assert_eq!(output, bytemuck::cast_slice::<i8, u8>(expected), "output {at}");
    }
    assert_eq!(lender.release(handle), Ok(()));
}

fn a_model_with_state_wants_memory_for_it_and_the_buffer_comes_back() {
    let artifact = ModelArtifact::from_bytes(leaked(&running_sum(1), Layout::Packed));
    let (mut actor, program, mut lender) = start_artifact(&artifact, Layout::Packed);
    let arena_bytes = program.model().arena_bytes();
    for _ in 0..2 {
        let buffer = lender.try_claim().expect("one is free");
        let handle = buffer.lend(arena_bytes).expect("it fits");
        let refused = pollster::block_on(actor.ask(handle));
        assert!(
            matches!(refused, Err(AskError::Actor(ActorError::Handler { code: 2001, .. }))),
            "{refused:?}"
        );
        assert_eq!(lender.release(handle), Ok(()));
    }
    let short = ModelActor::<_, { WORDS - 1 }>::with_state(METADATA, program).map(|_| ());
    let (have, need) = (STATE_BYTES - STATE_BYTES % 4, STATE_BYTES);
    assert_eq!(short, Err(LoadError::StateTooShort { have, need }));
}

const STATE_BYTES: usize = STATE_GAP + STEP_LEN;
const WORDS: usize = state_words(STATE_BYTES);

/// Returns the program of a running sum.
fn stream_program() -> CpuProgram<'static> {
    let artifact = ModelArtifact::from_bytes(leaked(&running_sum(1), Layout::Packed));
    ArtifactBackend::new().load_program(&artifact).expect("the artifact is a model")
}

/// Returns an actor of the running sum whose supervisor may restart it, with its buffers.
fn start_stream(program: &CpuProgram<'static>) -> (StreamActor, Lender<Arc<HeapBuffers>>) {
    let (lender, borrower) =
        heap_pool(program.model().arena_bytes(), SLOTS, 1).expect("a usable pool");
    let host = ThreadHost::new("stream", SystemClock).with_wait(WaitStrategy::Yield);
    let plan = ActorPlan::new().with_buffers(borrower);
    let actor = ModelActor::<_, WORDS>::with_state(METADATA, program.clone()).expect("it fits");
    (spawn(&host, actor, plan).expect("the thread starts"), lender)
}

type StreamActor = isokern_ring::ActorOn<
    ThreadHost<SystemClock, Mailboxes<SLOTS>>,
    ModelActor<AllOperators, WORDS>,
    Buffers,
>;

fn the_state_stays_with_its_actor() {
    let program = stream_program();
    let mut actors = [start_stream(&program), start_stream(&program)];
    // Two actors of one program are two streams; all steps of one are under way at once.
    for (at, (actor, lender)) in actors.iter_mut().enumerate() {
        let mut questions = actor.take_requester(0).expect("it is here");
        let steps = STEPS.chunks_exact(STEP_LEN).skip(at);
        let handles: Vec<BufferHandle> = steps
            .map(|step| {
                let mut buffer = lender.try_claim().expect("one for each step");
                program.input_in(&mut buffer).expect("it fits").copy_from_slice(step);
                let handle = buffer.lend(program.model().arena_bytes()).expect("it fits");
                questions.try_ask(MessageHeader::new(), handle).expect("a slot per buffer");
                handle
            })
            .collect();
        let (expected, _) = running_sums(INITIAL, &STEPS[at * STEP_LEN..]);
        for (handle, expected) in handles.into_iter().zip(expected.chunks_exact(2 * STEP_LEN)) {
            wait(&mut questions).result.expect("the model runs");
            let mut arena = lender.bytes(handle).expect("given back before the reply").to_vec();
            for (output, expected) in expected.chunks_exact(STEP_LEN).enumerate() {
                let output = program.output_at_in(&mut arena, output).expect("it fits");
                assert_eq!(output, bytemuck::cast_slice::<i8, u8>(expected), "stream {at}");
            }
            lender.release(handle).expect("it is back");
        }
    }
}

/// Polls the handler itself: a future that is dropped at any safe point, as a deadline does.
fn no_message_leaves_half_a_step() {
    let program = stream_program();
    let actor = ModelActor::<_, WORDS>::with_state(METADATA, program.clone()).expect("it fits");
    let (handler, initial) = actor.into_parts();
    let mut state = initial;
    let mut arena = vec![0; program.model().arena_bytes()];
    let (words, mut used) = (RunnerWords::new(), 0);
    for polls in [usize::MAX, usize::MAX, 1, usize::MAX, 2, usize::MAX, 3, usize::MAX] {
        let is_first = state[1..] == initial[1..] || state[0] != 0;
        let input = program.input_in(&mut arena).expect("it fits");
        input.copy_from_slice(&STEPS[..STEP_LEN]);
        let before: [i8; STEP_LEN] =
            core::array::from_fn(|at| bytemuck::bytes_of(&state)[4 + STATE_GAP + at].cast_signed());
        let outbox = Outbox::none(&mut used);
        let bytes = bytemuck::bytes_of_mut(&mut state);
        let mut context = RingContext::new(MessageHeader::new(), &words, bytes, &mut arena, outbox);
        let mut future = Box::pin(handler.handle(&mut context, BufferHandle::zeroed()));
        let mut looks = 0;
        let ended = loop {
            let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            looks += 1;
            match polled {
                Poll::Ready(reply) => break reply.is_ok(),
                Poll::Pending if looks == polls => break false,
                Poll::Pending => {}
            }
        };
        drop(future);
        assert_eq!(ended, polls == usize::MAX);
        if ended {
            let from = if is_first { INITIAL } else { before };
            let (expected, kept) = running_sums(from, &STEPS[..STEP_LEN]);
            let output = program.output_in(&mut arena).expect("it fits");
            assert_eq!(output, &expected[..STEP_LEN]);
            let bytes = &bytemuck::bytes_of(&state)[4..][..STATE_BYTES];
            assert_eq!(bytes, state_of(kept));
        }
    }
}

/// In a main loop, as firmware has it: the loop says that a step broke, and the supervision starts
/// the actor again.
fn a_restart_in_a_loop() {
    let program = stream_program();
    let arena_bytes = program.model().arena_bytes();
    let (mut lender, borrower) = heap_pool(arena_bytes, SLOTS, 1).expect("a usable pool");
    let cells: &'static ActorCells<Mailboxes<SLOTS>> = Box::leak(Box::new(ActorCells::new()));
    let host = LoopHost::new(cells, SystemClock);
    let supervision = Supervision::Restart {
        count_max: 1,
        window: Duration::from_secs(3600),
        backoff: Duration::ZERO,
    };
    let plan = ActorPlan::new().with_buffers(borrower).with_supervision(supervision);
    let actor = ModelActor::<_, WORDS>::with_state(METADATA, program.clone()).expect("it fits");
    let mut actor = spawn(&host, actor, plan).expect("the cells are new");
    let mut questions = actor.take_requester(0).expect("it is here");
    let mut ask = |runner: &mut dyn FnMut()| {
        let mut buffer = lender.try_claim().expect("one is free");
        program.input_in(&mut buffer).expect("it fits").copy_from_slice(&STEPS[..STEP_LEN]);
        let handle = buffer.lend(arena_bytes).expect("it fits");
        questions.try_ask(MessageHeader::new(), handle).expect("there is a slot");
        let answer = loop {
            runner();
            match questions.try_answer() {
                Ok(answer) => break answer,
                Err(PopError::Empty) => {}
                Err(PopError::Closed) => panic!("the actor is gone and owes an answer"),
            }
        };
        answer.result.expect("the model runs");
        let arena = lender.bytes(handle).expect("given back before the reply");
        let output = program.output_in(arena).expect("it fits").to_vec();
        lender.release(handle).expect("it is back");
        output
    };
    let mut step = || {
        let _ = actor.running_mut().step(&mut Spinning);
    };
    let (expected, _) = running_sums(INITIAL, &[&STEPS[..STEP_LEN], &STEPS[..STEP_LEN]].concat());
    let [first, second] = [&expected[..STEP_LEN], &expected[2 * STEP_LEN..][..STEP_LEN]];
    assert_eq!(ask(&mut step), first);
    assert_eq!(ask(&mut step), second);
    let _ = actor.running_mut().fault(7, &mut Spinning);
    let mut step = || {
        let _ = actor.running_mut().step(&mut Spinning);
    };
    assert_eq!(ask(&mut step), first);
    assert_eq!(ask(&mut step), second);
}
