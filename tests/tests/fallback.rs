//! `Fallback` over real backends: who answers, and what is said when both fail.

use isokern_core::compute::{Fallback, FallbackDescriptor, ModelArtifact};
use isokern_core::{
    Batch, ComputeBackend, ComputeModel, InferenceErrorKind, Message, MessageHeader,
};
use isokern_cpu::ArtifactBackend;
use isokern_model::layout::Layout;
use isokern_tests::vectors::{Case, cases, own_folder};
use isokern_tests::wrappers::{Calls, Faulty, Traced};

fn digits() -> Case {
    let cases = cases(&own_folder());
    cases.into_iter().find(|case| case.name == "digits").expect("the digits model is there")
}

#[test]
fn the_secondary_answers_when_the_primary_cannot_load() {
    let case = digits();
    let artifact = case.convert(Layout::Row);
    let dead = Faulty::after(0, ArtifactBackend::new());
    let fallback = Fallback::new(dead, ArtifactBackend::new());
    let descriptor = FallbackDescriptor { primary: &artifact, secondary: &artifact };
    let mut model = ComputeBackend::<[i8], [i8]>::load_model(&fallback, descriptor)
        .expect("the secondary loads");
    assert!(!model.is_primary());
    assert_eq!(model.reason().map(|reason| reason.kind()), Some(InferenceErrorKind::DeviceLost));
    ComputeModel::<[i8], [i8]>::init(&mut model).expect("initialises");
    let (input, expected) = case.pairs(64, 10).next().expect("a vector");
    let mut output = [0_i8; 10];
    model.infer_one(input, output.as_mut_slice()).expect("runs");
    assert_eq!(output, expected);
}

#[test]
fn both_reasons_are_told_when_neither_loads() {
    let rubbish = ModelArtifact::from_bytes(&[0; 300]);
    let dead = Faulty::after(0, ArtifactBackend::new());
    let fallback = Fallback::new(dead, ArtifactBackend::new());
    let descriptor = FallbackDescriptor { primary: &rubbish, secondary: &rubbish };
    let refused = ComputeBackend::<[i8], [i8]>::load_model(&fallback, descriptor);
    let message = refused.map(|_| ()).expect_err("neither loads").to_string();
    assert!(message.contains("device lost") && message.contains("magic"), "{message}");
}

#[test]
fn an_error_half_way_leaves_the_outputs_behind_it_alone() {
    let case = digits();
    let backend = Traced::new(Faulty::after(4, ArtifactBackend::new()));
    let artifact = case.convert(Layout::Row);
    let mut model = ComputeBackend::<&[i8], &mut [i8]>::load_model(&backend, &artifact)
        .expect("the first call passes");
    ComputeModel::<&[i8], &mut [i8]>::init(&mut model).expect("the second call passes");
    let pairs = case.pairs(64, 10).take(4);
    let messages: Vec<Message<&[i8]>> =
        pairs.map(|(input, _)| Message::new(MessageHeader::new(), input)).collect();
    let mut produced = [77_i8; 40];
    let mut outputs: Vec<&mut [i8]> = produced.chunks_exact_mut(10).collect();
    let failed = model.infer_batch(Batch::new(&messages), &mut outputs);
    assert_eq!(failed.expect_err("the fifth call fails").kind(), InferenceErrorKind::DeviceLost);
    assert_eq!(produced[..20], case.outputs[..20]);
    assert!(produced[20..].iter().all(|&value| value == 77));
    assert_eq!(backend.calls(), Calls { load: 1, init: 1, infer_one: 3 });
}
