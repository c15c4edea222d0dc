//! Public models of `../shared/zoo` on the CPU: they convert, and give TFLite Micro's bytes in
//! batches, as actors and, where they have state, step by step with what every variable holds.
//!
//! Eight are refused, with operator, index and remedy. Each model is a test of its own.

use std::process::ExitCode;

use isokern_core::actor::{ActorPlan, ActorState, Mailboxes};
use isokern_core::compute::ModelArtifact;
use isokern_core::{Batch, ComputeModel, KernelMetadata, KernelMode, Message, MessageHeader};
use isokern_cpu::actor::state_words;
use isokern_cpu::{ArtifactBackend, CpuModel, CpuProgram, InstructionSet, ModelActor};
use isokern_guard::SystemClock;
use isokern_model::layout::Layout;
use isokern_ring::{ThreadHost, heap_pool, spawn};
use isokern_tests::refusals::check_refused;
use isokern_tests::trials::{run, trial, trial_unless};
use isokern_tests::vectors::{Case, Untyped};
use isokern_tests::zoo::{NO_ZOO, Row, SMALL_MACS, rows, variables, variables_in};
use libtest_mimic::Trial;

/// Bytes of state that an actor has room for here.
const STATE_MAX: usize = 16 << 10;
const METADATA: KernelMetadata = KernelMetadata::new("zoo", KernelMode::Ring);
/// Models whose files are used, and how many of them are refused.
const COUNTS: (usize, usize) = (63, 8);

fn main() -> ExitCode {
    let rows = rows();
    let missing = rows.is_empty().then_some(NO_ZOO);
    let (count, refused) = (rows.len(), rows.iter().filter(|row| row.is_refused()).count());
    let complete = trial_unless(missing, "every_model_has_a_test", move || {
        assert_eq!((count, refused), COUNTS);
    });
    run(rows.into_iter().flat_map(trials).chain([complete]))
}

fn trials(row: Row) -> Vec<Trial> {
    let name = |what: &str| format!("{what}::{}", row.id());
    if row.is_refused() {
        return vec![trial(name("refused"), move || check_refused(&row.tflite()))];
    }
    let mut trials = Vec::new();
    for (what, check) in [("batch", in_batches as Check), ("ring", in_an_actor)] {
        let row = row.clone();
        trials.push(trial(name(what), move || check(&row)));
    }
    if row.sequence {
        trials.push(trial(name("stream"), move || step_by_step(&row)));
    }
    trials
}

type Check = fn(&Row);

fn load(artifact: &ModelArtifact, set: InstructionSet) -> CpuModel<'static> {
    let backend = ArtifactBackend::new().with_instruction_set(set);
    let mut model = backend.load(artifact).expect("the artifact is a model");
    model.init().expect("memory is there");
    model
}

/// Runs all vectors as one batch; of small models in both layouts, with every instruction set.
fn in_batches(row: &Row) {
    let case = row.case();
    for layout in [Layout::Packed, Layout::Row] {
        let artifact = case.convert(layout);
        for set in InstructionSet::available() {
            let mut model = load(&artifact, set);
            let is_small = model.model().header().macs() <= SMALL_MACS;
            if is_small || (layout, set) == (Layout::Packed, InstructionSet::detect()) {
                let label = format!("{}, {}, {set}", case.name, layout.name());
                assert!(batch(&case, &mut model) == case.outputs, "{label}: the batch differs");
            }
        }
    }
}

fn batch(case: &Case, model: &mut CpuModel<'_>) -> Vec<i8> {
    let (input_len, output_len) = (model.model().input_bytes(), model.model().output_bytes());
    let mut inputs = case.inputs.clone();
    let inputs = bytemuck::cast_slice_mut(&mut inputs).chunks_exact_mut(input_len);
    let messages: Vec<_> =
        inputs.map(|input| Message::new(MessageHeader::new(), Untyped(input))).collect();
    let mut produced = vec![0_i8; case.outputs.len()];
    let chunks = bytemuck::cast_slice_mut(&mut produced).chunks_exact_mut(output_len);
    let mut outputs: Vec<Untyped<'_>> = chunks.map(Untyped).collect();
    ComputeModel::infer_batch(model, Batch::new(&messages), &mut outputs)
        .expect("the payloads fit");
    produced
}

/// Asks an actor, whose state stays with it.
fn in_an_actor(row: &Row) {
    const WORDS: usize = state_words(STATE_MAX);
    let case = row.case();
    let program = ArtifactBackend::new().load_program(&case.convert(Layout::Packed));
    let program: CpuProgram<'static> = program.expect("the artifact is a model");
    let model = program.model();
    if model.header().macs() > SMALL_MACS {
        return;
    }
    let arena_bytes = model.arena_bytes();
    let (mut lender, borrower) = heap_pool(arena_bytes, 2, 1).expect("a usable pool");
    let host = ThreadHost::<_, Mailboxes<2>>::new("zoo", SystemClock);
    let plan = ActorPlan::new().with_buffers(borrower);
    let actor = ModelActor::<_, WORDS>::with_state(METADATA, program.clone());
    let mut actor = spawn(&host, actor.expect("there is room"), plan).expect("the thread starts");
    for (at, (mut input, expected)) in
        case.pairs(model.input_bytes(), model.output_bytes()).enumerate()
    {
        let mut buffer = lender.try_claim().expect("one is free");
        for port in 0..model.input_count() {
            let target = program.input_at_in(&mut buffer, port).expect("it fits");
            let (now, later) = input.split_at(target.len());
            target.copy_from_slice(bytemuck::cast_slice(now));
            input = later;
        }
        let handle = buffer.lend(arena_bytes).expect("it fits");
        pollster::block_on(actor.ask(handle)).expect("the model runs");
        let arena = lender.bytes(handle).expect("given back before the reply");
        let mut found = Vec::new();
        for port in 0..model.output_count() {
            found.extend_from_slice(program.output_at_in(arena, port).expect("it fits"));
        }
        assert!(
            bytemuck::cast_slice::<u8, i8>(&found) == expected,
            "{}: run {at} differs",
            case.name
        );
        lender.release(handle).expect("it is back");
    }
    drop(actor.take_requester(0));
    assert_eq!(actor.into_running().join(), ActorState::Stopped);
}

/// Makes every step, with every instruction set, and after a reset once more.
fn step_by_step(row: &Row) {
    let case = row.case();
    let expected = variables(row.id());
    for layout in [Layout::Packed, Layout::Row] {
        let artifact = case.convert(layout);
        for set in InstructionSet::available() {
            let mut model = load(&artifact, set);
            for round in 0..2 {
                let label = format!("{}, {}, {set}, round {round}", case.name, layout.name());
                let states = steps(&case, &mut model, &label);
                assert_eq!(variables_in(&model.model(), &states), expected, "{label}");
                model.reset().expect("the model resets");
            }
        }
    }
}

/// Compares the outputs of all steps, and returns the states after them.
fn steps(case: &Case, model: &mut CpuModel<'_>, label: &str) -> Vec<Vec<u8>> {
    let (input_len, output_len) = (model.model().input_bytes(), model.model().output_bytes());
    let mut found = vec![0; output_len];
    let pairs = case.pairs(input_len, output_len).enumerate();
    pairs
        .map(|(at, (input, output))| {
            let mut input: Vec<u8> = bytemuck::cast_slice(input).to_vec();
            let mut target = Untyped(&mut found);
            model.infer_one(&Untyped(&mut input), &mut target).expect("the payloads fit");
            assert!(bytemuck::cast_slice::<u8, i8>(&found) == output, "{label}: step {at} differs");
            model.state().expect("it is ready").to_vec()
        })
        .collect()
}
