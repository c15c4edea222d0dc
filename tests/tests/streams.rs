//! A streaming model on the CPU: outputs and variables of TFLite Micro after every step.

use std::process::ExitCode;

use isokern_core::actor::{ActorPlan, ActorState, Mailboxes};
use isokern_core::compute::ModelArtifact;
use isokern_core::{Batch, ComputeModel, KernelMetadata, KernelMode, Message, MessageHeader};
use isokern_cpu::actor::state_words;
use isokern_cpu::{ArtifactBackend, CpuModel, InstructionSet, ModelActor};
use isokern_guard::SystemClock;
use isokern_model::Region;
use isokern_model::layout::Layout;
use isokern_ring::{ThreadHost, heap_pool, spawn};
use isokern_tests::streams::{INPUT_LEN, OUTPUT_LEN, STATE_LEN, Stream, variables};
use isokern_tests::trials::{run, trial_unless};

fn main() -> ExitCode {
    let missing = Stream::missing();
    let tests: [(&str, fn()); 5] = [
        (
            "every_step_gives_the_bytes_and_the_state_of_tflite_micro",
            every_step_gives_the_bytes_and_the_state_of_tflite_micro,
        ),
        (
            "reset_begins_the_stream_again_wherever_it_was",
            reset_begins_the_stream_again_wherever_it_was,
        ),
        (
            "a_batch_is_a_loop_of_steps_and_sessions_do_not_meet",
            a_batch_is_a_loop_of_steps_and_sessions_do_not_meet,
        ),
        ("an_actor_keeps_the_stream", an_actor_keeps_the_stream),
        (
            "tflite_micro_s_reset_is_the_zero_point_in_every_byte",
            tflite_micro_s_reset_is_the_zero_point_in_every_byte,
        ),
    ];
    run(tests.map(|(name, test)| trial_unless(missing.as_deref(), name, test)))
}

const METADATA: KernelMetadata = KernelMetadata::new("keyword", KernelMode::Ring);

/// Returns a session with the loops of a set.
fn session(artifact: &ModelArtifact, set: InstructionSet) -> CpuModel<'static> {
    let backend = ArtifactBackend::new().with_instruction_set(set);
    let mut model = backend.load(artifact).expect("the model loads");
    model.init().expect("the model initialises");
    model
}

/// Makes one step, and compares output and variables.
fn step(model: &mut CpuModel<'_>, (input, output, state): (&[i8], u8, &[u8]), what: &str) {
    let mut found = [0_u8; OUTPUT_LEN];
    model.infer_one(input, found.as_mut_slice()).expect("the payloads fit");
    assert_eq!(found, [output], "{what}");
    let kept = model.state().expect("it is ready").to_vec();
    assert_eq!(variables(&model.model(), &kept), state, "{what}");
}

fn every_step_gives_the_bytes_and_the_state_of_tflite_micro() {
    let stream = Stream::keyword();
    for layout in [Layout::Row, Layout::Packed] {
        let artifact = stream.artifact(layout);
        for set in InstructionSet::available() {
            let mut model = session(&artifact, set);
            for (at, now) in stream.steps().enumerate() {
                step(&mut model, now, &format!("{layout:?}, {}, step {at}", set.name()));
            }
        }
    }
}

fn reset_begins_the_stream_again_wherever_it_was() {
    let stream = Stream::keyword();
    let mut model = session(&stream.artifact(Layout::Packed), InstructionSet::detect());
    for length in [0, 1, 2, 5, 48] {
        for (at, now) in stream.steps().take(length).enumerate() {
            step(&mut model, now, &format!("step {at} of {length}"));
        }
        model.reset().expect("the model resets");
    }
}

fn a_batch_is_a_loop_of_steps_and_sessions_do_not_meet() {
    let stream = Stream::keyword();
    let artifact = stream.artifact(Layout::Packed);
    let mut models = [(); 2].map(|()| session(&artifact, InstructionSet::detect()));
    let steps: Vec<[i8; INPUT_LEN]> = stream
        .inputs
        .chunks_exact(INPUT_LEN)
        .map(|step| step.try_into().expect("it is one step"))
        .collect();
    let mut outputs = [vec![[0_u8; OUTPUT_LEN]; steps.len()], vec![[0; OUTPUT_LEN]; steps.len()]];
    // Batches of other lengths in turns.
    let mut done = [0; 2];
    for length in [1, 3, 7, 2, 11, 5, 48, 48] {
        for (at, model) in models.iter_mut().enumerate() {
            let end = (done[at] + length + at).min(steps.len());
            let range = done[at]..end;
            let messages: Vec<_> = steps[range.clone()]
                .iter()
                .map(|&s| Message::new(MessageHeader::new(), s))
                .collect();
            model
                .infer_batch(Batch::new(&messages), &mut outputs[at][range])
                .expect("the payloads fit");
            done[at] = end;
        }
    }
    for outputs in outputs {
        assert_eq!(outputs.as_flattened(), stream.outputs);
    }
}

fn an_actor_keeps_the_stream() {
    const WORDS: usize = state_words(STATE_LEN.next_multiple_of(64));
    let stream = Stream::keyword();
    let program = ArtifactBackend::new().load_program(&stream.artifact(Layout::Packed));
    let program = program.expect("the model loads");
    let arena_bytes = program.model().arena_bytes();
    let (mut lender, borrower) = heap_pool(arena_bytes, 2, 1).expect("a usable pool");
    let host = ThreadHost::<_, Mailboxes<2>>::new("keyword", SystemClock);
    let plan = ActorPlan::new().with_buffers(borrower);
    let actor = ModelActor::<_, WORDS>::with_state(METADATA, program.clone()).expect("it fits");
    let mut actor = spawn(&host, actor, plan).expect("the thread starts");
    for (at, (input, output, _)) in stream.steps().enumerate() {
        let mut buffer = lender.try_claim().expect("one is free");
        program.input_in(&mut buffer).expect("it fits").copy_from_slice(input);
        let handle = buffer.lend(arena_bytes).expect("it fits");
        pollster::block_on(actor.ask(handle)).expect("the model runs");
        let arena = lender.bytes(handle).expect("given back before the reply");
        assert_eq!(program.output_at_in(arena, 0), Ok([output].as_slice()), "step {at}");
        lender.release(handle).expect("it is back");
    }
    drop(actor.take_requester(0));
    assert_eq!(actor.into_running().join(), ActorState::Stopped);
}

/// What `inspect` says of TFLite Micro's own reset.
fn tflite_micro_s_reset_is_the_zero_point_in_every_byte() {
    let stream = Stream::keyword();
    let program = ArtifactBackend::new().load_program(&stream.artifact(Layout::Packed));
    let program = program.expect("the model loads");
    let model = program.model();
    let mut state = vec![0; model.state_bytes()];
    for tensor in (0..model.tensor_count()).map(|index| model.tensor(index)) {
        if tensor.region() == Region::State {
            let zero_point = tensor.zero_point().to_le_bytes()[0];
            state[tensor.offset()..][..tensor.bytes()].fill(zero_point);
        }
    }
    let mut arena = vec![0; model.arena_bytes()];
    let (input, output, kept) = stream.steps().next().expect("there are steps");
    program.input_in(&mut arena).expect("it fits").copy_from_slice(input);
    program.run_with_state(&mut arena, &mut state, 0..usize::MAX).expect("the model runs");
    let mut found = variables(&model, &state);
    found.extend_from_slice(program.output_at_in(&mut arena, 0).expect("it fits"));
    assert_eq!(found, stream.after_reset);
    // It is another start than that of a new interpreter.
    assert_ne!(found, [kept, &[output]].concat());
}
