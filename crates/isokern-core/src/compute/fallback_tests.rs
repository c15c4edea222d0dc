//! Which backend loads, what is said about the other, and what both can do.

use std::string::ToString;

use super::toys::{ABSENT, Absent, Adder, AdderModel};
use super::{
    BackendCapabilities, Batch, ComputeBackend, ComputeModel, DType, Fallback, FallbackDescriptor,
    FallbackError, FallbackModel, FallbackSide, InferenceError, InferenceErrorKind, Message,
    MessageHeader, ModelSource,
};

type Sample = [i8; 2];

fn load<'d, B>(backend: &B, descriptor: B::ModelDescriptor<'d>) -> Result<B::Model, B::Error>
where
    B: ComputeBackend<Sample, Sample> + 'd,
{
    backend.load_model(descriptor)
}

fn step<M: ComputeModel<Sample, Sample>>(model: &mut M, input: Sample) -> Sample {
    let mut output = [0; 2];
    model.init().unwrap();
    model.infer_one(&input, &mut output).unwrap();
    let mut batched = [[0; 2]];
    model
        .infer_batch(Batch::new(&[Message::new(MessageHeader::new(), input)]), &mut batched)
        .unwrap();
    assert_eq!(batched, [output]);
    model.drain().unwrap();
    model.reset().unwrap();
    output
}

#[test]
fn the_second_loads_what_the_first_cannot_and_says_why() {
    let mut arena = [0; 2];
    let backend = Fallback::new(Absent, Adder::default());
    let descriptor = FallbackDescriptor {
        primary: &b"ignored"[..],
        secondary: ModelSource::new(&[1], &mut arena),
    };
    let mut model = load(&backend, descriptor).unwrap();
    assert!(!model.is_primary());
    assert_eq!(model.which(), FallbackSide::Secondary);
    assert_eq!(model.reason(), Some(InferenceError::from(ABSENT)));
    assert_eq!(step(&mut model, [1, 2]), [2, 3]);
}

#[test]
fn the_first_is_used_when_it_loads_even_with_a_broken_second() {
    let mut arena = [0; 2];
    let backend = Fallback::new(Adder::default(), Absent);
    let descriptor = FallbackDescriptor {
        primary: ModelSource::new(&[1], &mut arena),
        secondary: &b"ignored"[..],
    };
    let mut model = load(&backend, descriptor).unwrap();
    assert!(model.is_primary());
    assert_eq!(model.reason(), None);
    assert_eq!(step(&mut model, [1, 2]), [2, 3]);
}

#[test]
fn when_neither_loads_both_reasons_come_back() {
    let mut arena = [0; 2];
    let backend = Fallback::new(Absent, Adder::default());
    let descriptor =
        FallbackDescriptor { primary: &[][..], secondary: ModelSource::new(&[], &mut arena) };
    let Err(error) = load(&backend, descriptor) else { panic!("an empty model was loaded") };
    let secondary = InferenceError::from(InferenceErrorKind::InvalidArtifact);
    assert_eq!(error, FallbackError { primary: ABSENT, secondary });
    assert_eq!(InferenceError::from(error), secondary);
    let error = FallbackError { primary: ABSENT, secondary };
    let message = error.to_string();
    assert!(message.contains("any device") && message.contains("invalid model"), "{message}");
}

#[test]
fn backends_nest_and_promise_only_what_all_can_do() {
    let mut arena = [0; 2];
    let backend = Fallback::new(Absent, Fallback::new(Absent, Adder::default()));
    let capabilities = ComputeBackend::<Sample, Sample>::capabilities(&backend);
    assert_eq!(capabilities, BackendCapabilities::new(false, Some(8), DType::I8.mask()));

    let secondary =
        FallbackDescriptor { primary: &[][..], secondary: ModelSource::new(&[1], &mut arena) };
    let mut model = load(&backend, FallbackDescriptor { primary: &[][..], secondary }).unwrap();
    let inner: Option<&FallbackModel<AdderModel<'_>, AdderModel<'_>>> = match &model {
        FallbackModel::Primary(_) => None,
        FallbackModel::Secondary { model, .. } => Some(model),
    };
    assert_eq!(inner.unwrap().which(), FallbackSide::Secondary);
    assert_eq!(step(&mut model, [0, 0]), [1, 1]);
}
