//! What every backend must do, whatever it runs on.
//!
//! A backend joins by implementing [`Subject`] and adding one line to
//! `tests/tests/conformance.rs`. Each check loads models of its own, of every case it is given.

use isokern_core::compute::ModelArtifact;
use isokern_core::{
    Batch, ComputeModel, InferenceError, InferenceErrorKind, Message, MessageHeader,
};
use isokern_model::Model;
use isokern_model::layout::Layout;

use crate::vectors::Case;

/// A backend under test.
pub trait Subject {
    /// What it loads; it takes slices one by one and borrowed slices in batches.
    type Model: ComputeModel<[i8], [i8]>
        + ComputeModel<[f32], [i8]>
        + ComputeModel<[u8], [i8]>
        + for<'i, 'o> ComputeModel<&'i [i8], &'o mut [i8]>;

    /// Loads a model; the caller does `init`.
    ///
    /// # Errors
    ///
    /// The backend's, for bytes that are no model.
    fn load(&self, blob: &'static [u8]) -> Result<Self::Model, InferenceError>;
}

/// A check by its name.
pub type Check<S> = (&'static str, fn(&S, &[Case]));

/// Returns the suite as a list.
#[must_use]
pub const fn checks<S: Subject>() -> [Check<S>; 7] {
    [
        ("vectors_come_out_exactly", vectors_come_out_exactly),
        ("a_batch_is_a_loop_of_single_steps", a_batch_is_a_loop_of_single_steps),
        ("too_few_outputs_are_refused", too_few_outputs_are_refused),
        ("wrong_payloads_are_refused", wrong_payloads_are_refused),
        ("calls_before_init_are_refused", calls_before_init_are_refused),
        ("drain_and_reset_are_idempotent", drain_and_reset_are_idempotent),
        ("damaged_models_are_refused", damaged_models_are_refused),
    ]
}

/// A loaded model with what a check needs of it.
struct Loaded<M> {
    model: M,
    input_len: usize,
    output_len: usize,
}

/// Calls `check` with every model, loaded but not initialised.
fn each<S: Subject>(subject: &S, cases: &[Case], check: impl Fn(&Case, Loaded<S::Model>)) {
    for case in cases {
        for layout in [Layout::Row, Layout::Packed] {
            // Backends that borrow want bytes that live on; a test may leak them.
            let artifact: &'static ModelArtifact = Box::leak(Box::new(case.convert(layout)));
            let view = Model::parse(artifact.bytes()).expect("the blob is valid");
            let model = subject.load(artifact.bytes()).expect("the model loads");
            let (input_len, output_len) = (view.input().len(), view.output().len());
            check(case, Loaded { model, input_len, output_len });
        }
    }
}

/// Checks the bytes of every vector.
pub fn vectors_come_out_exactly<S: Subject>(subject: &S, cases: &[Case]) {
    each(subject, cases, |case, mut loaded| {
        init(&mut loaded.model);
        for (input, expected) in case.pairs(loaded.input_len, loaded.output_len) {
            let mut output = vec![0_i8; loaded.output_len];
            infer(&mut loaded.model, input, &mut output).expect("the payloads fit");
            assert!(output == expected, "{}: the output differs", case.name);
        }
    });
}

/// Checks that a batch gives the bytes of single steps, and leaves spare outputs alone.
pub fn a_batch_is_a_loop_of_single_steps<S: Subject>(subject: &S, cases: &[Case]) {
    each(subject, cases, |case, mut loaded| {
        init(&mut loaded.model);
        let (input_len, output_len) = (loaded.input_len, loaded.output_len);
        let messages = messages(case, input_len);
        let mut together = vec![77_i8; (messages.len() + 1) * output_len];
        let mut outputs: Vec<&mut [i8]> = together.chunks_exact_mut(output_len).collect();
        loaded.model.infer_batch(Batch::new(&messages), &mut outputs).expect("the payloads fit");
        let (used, spare) = together.split_at(messages.len() * output_len);
        assert!(spare.iter().all(|&value| value == 77), "{}: a spare output changed", case.name);
        for (message, output) in messages.iter().zip(used.chunks_exact(output_len)) {
            let mut single = vec![0_i8; output_len];
            infer(&mut loaded.model, message.payload(), &mut single).expect("the payloads fit");
            assert!(single == output, "{}: batch and single step differ", case.name);
        }
    });
}

/// Checks that fewer outputs than inputs are refused before any work.
pub fn too_few_outputs_are_refused<S: Subject>(subject: &S, cases: &[Case]) {
    each(subject, cases, |case, mut loaded| {
        init(&mut loaded.model);
        let messages = messages(case, loaded.input_len);
        let mut bytes = vec![77_i8; (messages.len() - 1) * loaded.output_len];
        let mut outputs: Vec<&mut [i8]> = bytes.chunks_exact_mut(loaded.output_len).collect();
        let refused = loaded.model.infer_batch(Batch::new(&messages), &mut outputs);
        expect_kind(refused, InferenceErrorKind::ShapeOrTypeMismatch, &case.name);
        assert!(bytes.iter().all(|&value| value == 77), "{}: work was done", case.name);
    });
}

/// Checks that wrong lengths and element types are refused, and do no harm.
pub fn wrong_payloads_are_refused<S: Subject>(subject: &S, cases: &[Case]) {
    each(subject, cases, |case, mut loaded| {
        init(&mut loaded.model);
        let mismatch = InferenceErrorKind::ShapeOrTypeMismatch;
        let (input_len, output_len) = (loaded.input_len, loaded.output_len);
        let mut output = vec![77_i8; output_len];
        for len in [0, input_len - 1, input_len + 1] {
            let refused = infer(&mut loaded.model, &vec![0; len], &mut output);
            expect_kind(refused, mismatch, &case.name);
        }
        let floats = vec![0_f32; input_len];
        let refused = loaded.model.infer_one(floats.as_slice(), output.as_mut_slice());
        expect_kind(refused, mismatch, &case.name);
        let bytes = vec![0_u8; input_len];
        let refused = loaded.model.infer_one(bytes.as_slice(), output.as_mut_slice());
        expect_kind(refused, mismatch, &case.name);
        assert!(output.iter().all(|&value| value == 77), "{}: output changed", case.name);
        let mut long = vec![77_i8; output_len + 1];
        let refused = infer(&mut loaded.model, &vec![0; input_len], &mut long);
        expect_kind(refused, mismatch, &case.name);

        let (input, expected) = case.pairs(input_len, output_len).next().expect("a vector");
        infer(&mut loaded.model, input, &mut output).expect("the model is still usable");
        assert!(output == expected, "{}: an error left its mark", case.name);
    });
}

/// Checks that everything but `init` is refused before it, and `init` is idempotent.
pub fn calls_before_init_are_refused<S: Subject>(subject: &S, cases: &[Case]) {
    each(subject, cases, |case, mut loaded| {
        let too_early = InferenceErrorKind::NotInitialized;
        let (input_len, output_len) = (loaded.input_len, loaded.output_len);
        let (input, mut output) = (vec![0; input_len], vec![0; output_len]);
        expect_kind(infer(&mut loaded.model, &input, &mut output), too_early, &case.name);
        expect_kind(drain(&mut loaded.model), too_early, &case.name);
        expect_kind(reset(&mut loaded.model), too_early, &case.name);
        let messages = messages(case, input_len);
        let mut bytes = vec![0_i8; messages.len() * output_len];
        let mut outputs: Vec<&mut [i8]> = bytes.chunks_exact_mut(output_len).collect();
        let refused = loaded.model.infer_batch(Batch::new(&messages), &mut outputs);
        expect_kind(refused, too_early, &case.name);
        init(&mut loaded.model);
        init(&mut loaded.model);
        infer(&mut loaded.model, &input, &mut output).expect("the model is ready");
    });
}

/// Checks that `drain` and `reset` may be repeated and leave a usable model.
pub fn drain_and_reset_are_idempotent<S: Subject>(subject: &S, cases: &[Case]) {
    each(subject, cases, |case, mut loaded| {
        init(&mut loaded.model);
        let mut output = vec![0; loaded.output_len];
        for (input, expected) in case.pairs(loaded.input_len, loaded.output_len).take(2) {
            infer(&mut loaded.model, input, &mut output).expect("the payloads fit");
            assert!(output == expected, "{}: the output differs", case.name);
            for _ in 0..2 {
                drain(&mut loaded.model).expect("nothing is outstanding");
                reset(&mut loaded.model).expect("the model resets");
            }
        }
    });
}

/// Places at which a model is damaged, at most.
const DAMAGES_MAX: usize = 8192;

/// Checks that no damaged byte of the smallest model loads or panics: every byte, or every so many
/// of a long one.
pub fn damaged_models_are_refused<S: Subject>(subject: &S, cases: &[Case]) {
    let smallest = cases.iter().min_by_key(|case| case.tflite.len());
    let blob = smallest.expect("there are models").convert(Layout::Row);
    let stride = blob.bytes().len().div_ceil(DAMAGES_MAX);
    for index in (0..blob.bytes().len()).step_by(stride) {
        let mut damaged = blob.bytes().to_vec();
        damaged[index] ^= 1 << (index % 8);
        let damaged: &'static ModelArtifact =
            Box::leak(Box::new(ModelArtifact::from_bytes(&damaged)));
        let refused = subject.load(damaged.bytes()).map(|_| ());
        expect_kind(refused, InferenceErrorKind::InvalidArtifact, &format!("byte {index}"));
    }
}

fn messages(case: &Case, input_len: usize) -> Vec<Message<&[i8]>> {
    let inputs = case.inputs.chunks_exact(input_len).take(5);
    inputs.map(|input| Message::new(MessageHeader::new(), input)).collect()
}

fn init<M: ComputeModel<[i8], [i8]>>(model: &mut M) {
    model.init().expect("the model initialises");
}

fn infer<M>(model: &mut M, input: &[i8], output: &mut [i8]) -> Result<(), InferenceError>
where
    M: ComputeModel<[i8], [i8]>,
{
    model.infer_one(input, output)
}

fn drain<M: ComputeModel<[i8], [i8]>>(model: &mut M) -> Result<(), InferenceError> {
    model.drain()
}

fn reset<M: ComputeModel<[i8], [i8]>>(model: &mut M) -> Result<(), InferenceError> {
    model.reset()
}

fn expect_kind(result: Result<(), InferenceError>, kind: InferenceErrorKind, what: &str) {
    match result {
        Err(error) => assert_eq!(error.kind(), kind, "{what}: {error}"),
        Ok(()) => panic!("{what}: accepted, should be {kind:?}"),
    }
}
