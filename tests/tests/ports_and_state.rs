//! Models with several ports and with state on the CPU: the checks of every backend, and what
//! only the CPU's types have.

use core::future::Future;
use core::task::{Context, Poll, Waker};

use isokern_core::compute::{Fallback, FallbackDescriptor, ModelArtifact};
use isokern_core::{
    BatchKernel, ComputeBackend, ComputeModel, InferenceError, InferenceErrorKind, KernelError,
    KernelMetadata, KernelMode, ModelSource,
};
use isokern_cpu::error::{CODE_ARENA_TOO_SHORT, CODE_NO_PORT, CODE_STATE_TOO_SHORT};
use isokern_cpu::{ArtifactBackend, CpuBackend, CpuKernel, CpuModel, InstructionSet, LoadError};
use isokern_model::encode::Draft;
use isokern_model::layout::Layout;
use isokern_model::{Model, embed};
use isokern_tests::conformance::Subject;
use isokern_tests::port_checks;
use isokern_tests::port_models::{
    INITIAL, LEN, MEAN_LEN, QUANTISATION, STATE_GAP, STEP_LEN, STEPS, STEPS_BY_HAND, leaked,
    mean_and_sum, mean_of, mixed, running_sum, running_sums, state_of, sum_of,
};
use isokern_tests::wrappers::{Faulty, Traced};

const METADATA: KernelMetadata = KernelMetadata::new("ports", KernelMode::Batch);

/// The lending backend; arena and state are leaked, and not zero.
struct Lent(InstructionSet);

impl Subject for Lent {
    type Model = CpuModel<'static>;

    fn load(&self, blob: &'static [u8]) -> Result<Self::Model, InferenceError> {
        let model = Model::parse(blob).map_err(LoadError::from)?;
        let memory = |bytes| Box::leak(vec![0x3C; bytes].into_boxed_slice());
        let source = ModelSource::new(blob, memory(model.arena_bytes()));
        let source = source.with_state(memory(model.state_bytes()));
        Ok(CpuBackend::new().with_instruction_set(self.0).load(source)?)
    }
}

/// The owning backend, which brings weights into the layout of its loops.
struct Owned(InstructionSet);

impl Subject for Owned {
    type Model = CpuModel<'static>;

    fn load(&self, blob: &'static [u8]) -> Result<Self::Model, InferenceError> {
        let artifact = ModelArtifact::from_bytes(blob);
        Ok(ArtifactBackend::new().with_instruction_set(self.0).load(&artifact)?)
    }
}

/// The owning backend inside both wrappers.
struct Wrapped;

impl Subject for Wrapped {
    type Model = Faulty<Traced<CpuModel<'static>>>;

    fn load(&self, blob: &'static [u8]) -> Result<Self::Model, InferenceError> {
        let backend = Faulty::after(usize::MAX, Traced::new(ArtifactBackend::new()));
        let artifact = ModelArtifact::from_bytes(blob);
        ComputeBackend::<[i8], [i8]>::load_model(&backend, &artifact)
    }
}

macro_rules! suite {
    ($name:ident, $subject:expr) => {
        fn $name() -> impl Subject<Model = CpuModel<'static>> {
            $subject
        }

        suite!(@checks $name;
            inputs_are_packed_in_order, outputs_are_packed_in_order,
            ports_of_several_types_are_bytes, ports_are_described, state_lasts_until_reset,
            a_batch_steps_the_state_in_order, two_models_share_no_state,
            images_inside_are_runs_of_one, wrong_lengths_are_refused);
    };
    (@checks $name:ident; $($check:ident),*) => {
        mod $name {
            $(#[test]
            fn $check() {
                isokern_tests::port_checks::$check(&super::$name());
            })*
        }
    };
}

suite!(lent_plain, Lent(InstructionSet::PLAIN));
suite!(lent, Lent(InstructionSet::detect()));
suite!(owned_plain, Owned(InstructionSet::PLAIN));
suite!(owned, Owned(InstructionSet::detect()));

// Of the wrapped model, what its wrappers forward.
#[test]
fn wrappers_forward_ports() {
    port_checks::ports_are_described(&Wrapped);
    port_checks::outputs_are_packed_in_order(&Wrapped);
}

#[test]
fn a_fallback_forwards_ports() {
    let artifact = artifact(&mean_and_sum(1));
    let backend = Fallback::new(ArtifactBackend::new(), ArtifactBackend::new());
    let descriptor = FallbackDescriptor { primary: &artifact, secondary: &artifact };
    let model = ComputeBackend::<[i8], [i8]>::load_model(&backend, descriptor).expect("it loads");
    let port = |at| ComputeModel::<[i8], [i8]>::input_port(&model, at).map(|port| port.range());
    assert_eq!([port(0), port(1), port(2)], [Some(0..LEN), Some(LEN..2 * LEN), None]);
    let port = |at| ComputeModel::<[i8], [i8]>::output_port(&model, at).map(|port| port.range());
    assert_eq!([port(0), port(1), port(2)], [Some(0..3), Some(3..3 + LEN), None]);
}

#[test]
fn ports_are_written_and_read_in_place() {
    for layout in [Layout::Row, Layout::Packed] {
        let mut model = Lent(InstructionSet::detect())
            .load(leaked(&mean_and_sum(1), layout))
            .expect("the model loads");
        let too_early = InferenceErrorKind::NotInitialized;
        assert_eq!(model.input_at_mut(0).map(|_| ()).map_err(kind), Err(too_early));
        assert_eq!(model.output_at(0).map(|_| ()).map_err(kind), Err(too_early));
        assert_eq!(model.state().map(|_| ()).map_err(kind), Err(too_early));
        model.init().expect("there is nothing to allocate");
        let (left, right) = ([13_i8; LEN], [-21_i8; LEN]);
        // In either order: they are places of their own.
        model.input_at_mut(1).expect("is ready").copy_from_slice(bytemuck::cast_slice(&right));
        model.input_at_mut(0).expect("is ready").copy_from_slice(bytemuck::cast_slice(&left));
        let sums = sum_of(&left, &right);
        assert_eq!(sums, [7; LEN]);
        // The first output is the mean.
        assert_eq!(model.run().expect("runs"), mean_of(&sums));
        assert_eq!(model.output_at(0), Ok(bytemuck::cast_slice(&mean_of(&sums))));
        assert_eq!(model.output_at(1), Ok(bytemuck::cast_slice(&sums)));
        assert!(model.state().expect("is ready").is_empty());
        let no_port = |error: InferenceError| (error.kind(), error.code());
        let expected = Err((InferenceErrorKind::ShapeOrTypeMismatch, CODE_NO_PORT));
        for at in [2, 3, usize::MAX] {
            assert_eq!(model.input_at_mut(at).map(|_| ()).map_err(no_port), expected, "{at}");
            assert_eq!(model.output_at(at).map(|_| ()).map_err(no_port), expected, "{at}");
            let view = model.model();
            assert!(view.input_at(at).is_empty() && view.output_at(at).is_empty());
            assert_eq!((view.input_name(at), view.output_name(at)), ("", ""));
            assert_eq!((view.input_port(at), view.output_port(at)), (None, None));
        }
        let view = model.model();
        assert_eq!([view.input_name(0), view.input_name(1)], ["left", "right"]);
        assert_eq!([view.output_name(0), view.output_name(1)], ["mean", "sum"]);
    }
}

#[test]
fn state_is_what_the_last_run_left() {
    let mut model = Owned(InstructionSet::detect())
        .load(leaked(&running_sum(1), Layout::Row))
        .expect("the model loads");
    model.init().expect("the model initialises");
    let mut kept = INITIAL;
    assert_eq!(model.state(), Ok(state_of(kept).as_slice()));
    for step in STEPS.chunks_exact(STEP_LEN) {
        model.input_mut().expect("is ready").copy_from_slice(step);
        let (expected, left) = running_sums(kept, step);
        assert_eq!(model.run().expect("runs"), &expected[..STEP_LEN]);
        assert_eq!(model.output_at(1), Ok(bytemuck::cast_slice(&kept)));
        assert_eq!(model.state(), Ok(state_of(left).as_slice()));
        kept = left;
    }
    model.reset().expect("the model resets");
    assert_eq!(model.state(), Ok(state_of(INITIAL).as_slice()));
}

#[test]
fn a_state_without_initial_contents_starts_at_zero() {
    let draft = running_sum(1);
    let draft = Draft { state: vec![0; draft.state.len()], ..draft };
    let mut model =
        Lent(InstructionSet::PLAIN).load(leaked(&draft, Layout::Row)).expect("the model loads");
    model.init().expect("there is nothing to allocate");
    assert!(model.model().initial_state().is_empty());
    let mut output = [0_i8; 2 * STEP_LEN];
    model.infer_one(&[1_i8, 2, 3, 4], &mut output).expect("the payloads fit");
    assert_eq!(output, [4, 3, 2, 1, 0, 0, 0, 0]);
    model.reset().expect("the model resets");
    model.infer_one(&[1_i8, 2, 3, 4], &mut output).expect("the payloads fit");
    assert_eq!(output, [4, 3, 2, 1, 0, 0, 0, 0]);
}

#[test]
fn a_program_runs_streams_in_one_arena() {
    let program = ArtifactBackend::new().load_program(&artifact(&running_sum(1)));
    let program = program.expect("the model loads");
    let model = program.model();
    let mut arena = vec![0; model.arena_bytes()];
    let mut states = vec![vec![0; model.state_bytes()]; 2];
    states.iter_mut().for_each(|state| model.reset_state(state));
    // The second stream is one step late, and runs in pieces.
    let own = STEPS.chunks_exact(STEP_LEN).zip(STEPS_BY_HAND.chunks_exact(2 * STEP_LEN));
    let own: Vec<_> = own.collect();
    for turn in 0..=own.len() {
        for (stream, state) in states.iter_mut().enumerate() {
            let Some((step, expected)) = turn.checked_sub(stream).and_then(|at| own.get(at)) else {
                continue;
            };
            let input = program.input_at_in(&mut arena, 0).expect("it fits");
            input.copy_from_slice(bytemuck::cast_slice(step));
            let pieces = if stream == 0 { [0..9, 9..9] } else { [0..2, 2..usize::MAX] };
            for piece in pieces {
                program.run_with_state(&mut arena, state, piece).expect("it fits");
            }
            for (at, expected) in expected.chunks(STEP_LEN).enumerate() {
                let output = program.output_at_in(&mut arena, at).expect("it fits");
                assert_eq!(output, bytemuck::cast_slice::<i8, u8>(expected));
            }
        }
    }
    let (_, kept) = running_sums(INITIAL, &STEPS);
    assert_eq!(states, [state_of(kept), state_of(kept)]);
}

#[test]
fn short_memory_and_missing_ports_are_refused_by_programs() {
    let program = ArtifactBackend::new().load_program(&artifact(&running_sum(1)));
    let program = program.expect("the model loads");
    let (arena_bytes, state_bytes) = (program.model().arena_bytes(), program.model().state_bytes());
    let mut arena = vec![0; arena_bytes];
    let mut state = vec![7; state_bytes];
    let said = |error: InferenceError| (error.kind(), error.code());
    let short_state = Err((InferenceErrorKind::ResourceUnavailable, CODE_STATE_TOO_SHORT));
    let short_arena = Err((InferenceErrorKind::ResourceUnavailable, CODE_ARENA_TOO_SHORT));
    let all = 0..usize::MAX;
    assert_eq!(program.run_in(&mut arena).map_err(said), short_state);
    assert_eq!(program.run_operators_in(&mut arena, 0..1).map_err(said), short_state);
    let run = program.run_with_state(&mut arena, &mut state[1..], all.clone());
    assert_eq!(run.map_err(said), short_state);
    let run = program.run_with_state(&mut arena[1..], &mut state, all);
    assert_eq!(run.map_err(said), short_arena);
    assert_eq!(state, [7; STATE_GAP + STEP_LEN], "a refused run wrote to the state");
    assert_eq!(program.input_at_in(&mut arena[1..], 0).map(|_| ()).map_err(said), short_arena);
    assert_eq!(program.output_at_in(&mut arena[1..], 1).map(|_| ()).map_err(said), short_arena);
    let no_port = Err((InferenceErrorKind::ShapeOrTypeMismatch, CODE_NO_PORT));
    assert_eq!(program.input_at_in(&mut arena, 1).map(|_| ()).map_err(said), no_port);
    assert_eq!(program.output_at_in(&mut arena, 2).map(|_| ()).map_err(said), no_port);

    let blob = leaked(&running_sum(1), Layout::Row);
    for have in [0, state_bytes - 1] {
        let source = ModelSource::new(blob, &mut arena).with_state(&mut state[..have]);
        let refused = CpuBackend::new().load(source).map(|_| ()).expect_err("it is short");
        assert_eq!(refused, LoadError::StateTooShort { have, need: state_bytes });
        assert_eq!(Err::<(), _>(said(refused.into())), short_state);
    }
}

#[test]
fn a_kernel_takes_several_ports() {
    let model = ArtifactBackend::new().load(&artifact(&mean_and_sum(1))).expect("it loads");
    let kernel = CpuKernel::try_new(METADATA, model, vec![0_i8; MEAN_LEN + LEN]);
    let kernel = kernel.expect("the answer fits");
    let inputs = [[13_i8; LEN], [-21; LEN]].concat();
    let outputs: Vec<i8> = pollster::block_on(kernel.execute(inputs)).expect("the input fits");
    assert_eq!(outputs, [7; MEAN_LEN + LEN]);
    let refused = kernel.validate_input(&vec![0_i8; LEN]);
    assert!(matches!(refused, Err(KernelError::InvalidInput { .. })), "{refused:?}");
}

#[test]
fn a_kernel_steps_the_state_and_a_stopped_call_leaves_no_half_step() {
    let model = ArtifactBackend::new().load(&artifact(&running_sum(1))).expect("it loads");
    let kernel = CpuKernel::try_new(METADATA, model, vec![0_i8; 2 * STEP_LEN]);
    let kernel = kernel.expect("the answer fits");
    let step = |at: usize| {
        let input: Vec<i8> = STEPS[at * STEP_LEN..][..STEP_LEN].to_vec();
        let output: Vec<i8> = pollster::block_on(kernel.execute(input)).expect("the input fits");
        output
    };
    let expected = |at: usize| &STEPS_BY_HAND[2 * at * STEP_LEN..][..2 * STEP_LEN];
    // A call that is dropped at its first safe points, with the state read or half written.
    let operator_count = 4;
    for polls in 1..operator_count {
        assert_eq!(step(0), expected(0), "after {polls} polls");
        assert_eq!(step(1), expected(1), "after {polls} polls");
        let mut call = core::pin::pin!(kernel.execute(STEPS[..STEP_LEN].to_vec()));
        for _ in 0..polls {
            let polled: Poll<Result<Vec<i8>, _>> =
                call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        assert!(matches!(kernel.reset(), Err(KernelError::Busy(_))), "a call runs");
        // Its end as a pinned future is that of the iteration.
    }
    assert_eq!(step(0), expected(0));
    kernel.reset().expect("no call runs");
    assert_eq!(step(0), expected(0));
    assert_eq!(step(1), expected(1));
    let mut model = kernel.into_model();
    let (_, kept) = running_sums(INITIAL, &STEPS[..2 * STEP_LEN]);
    assert_eq!(model.state(), Ok(state_of(kept).as_slice()));
}

#[test]
fn embedded_constants_are_those_of_every_port() {
    let blob = leaked(&mixed(), Layout::Row);
    let constants = embed::Constants::read(blob);
    assert_eq!((constants.input_count, constants.output_count, constants.state_bytes), (3, 3, 0));
    let quantised = |port: embed::Port| (port.len, port.dtype, (port.scale, port.zero_point));
    let inputs: [embed::Port; 3] = embed::inputs(blob);
    let outputs: [embed::Port; 3] = embed::outputs(blob);
    let model = Model::parse(blob).expect("it is a model");
    for (position, (input, output)) in inputs.into_iter().zip(outputs).enumerate() {
        for (port, tensor) in
            [(input, model.input_at(position)), (output, model.output_at(position))]
        {
            let quantisation = (tensor.scale(), tensor.zero_point());
            assert_eq!(quantised(port), (tensor.len(), tensor.dtype(), quantisation));
        }
    }
    let [left, right, sum] = QUANTISATION.map(|(scale, zero_point)| (scale, zero_point.into()));
    assert_eq!(inputs.map(|port| port.len), [3, LEN, LEN]);
    assert_eq!(outputs.map(|port| port.len), [MEAN_LEN, 3, LEN]);
    assert_eq!([1, 2].map(|at| (inputs[at].scale, inputs[at].zero_point)), [left, right]);
    assert_eq!([0, 2].map(|at| (outputs[at].scale, outputs[at].zero_point)), [sum, sum]);

    let constants = embed::Constants::read(leaked(&running_sum(2), Layout::Packed));
    assert_eq!(constants.state_bytes, STATE_GAP + 2 * STEP_LEN);
    assert_eq!((constants.input_count, constants.output_count), (1, 2));
}

fn artifact(draft: &Draft) -> ModelArtifact {
    ModelArtifact::from_bytes(draft.encode(Layout::Row).expect("the draft is a model"))
}

fn kind(error: InferenceError) -> InferenceErrorKind {
    error.kind()
}
