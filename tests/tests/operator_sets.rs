//! A backend built for one model's operators: runs that model, refuses others by name.

use isokern_core::{InferenceErrorKind, ModelSource};
use isokern_cpu::{CpuBackend, LoadError, model};
use isokern_model::layout::Layout;
use isokern_model::{Model, OpKind, OperatorSet};
use isokern_tests::vectors::{Case, cases, own_folder};

model::include_model! {
    /// The digits classifier.
    mod digits = "../models/digits.ikm";
}

fn case(name: &str) -> Case {
    let cases = cases(&own_folder());
    cases.into_iter().find(|case| case.name == name).expect("the model is there")
}

#[test]
fn an_embedded_model_gives_the_reference_bytes() {
    let case = case("digits");
    assert_eq!(case.convert(Layout::Row).bytes(), digits::BLOB, "digits.ikm is not current");
    let mut arena = digits::Arena::new();
    let backend = CpuBackend::<digits::Operators>::for_operators();
    let source = ModelSource::new(digits::BLOB, arena.as_mut_slice());
    let mut model = backend.load(source).expect("the model fits");
    model.init().expect("there is nothing to allocate");
    for (input, expected) in case.pairs(digits::INPUT_LEN, digits::OUTPUT_LEN) {
        model.input_mut().expect("is ready").copy_from_slice(input);
        assert_eq!(model.run().expect("runs"), expected);
    }
}

#[test]
fn embedded_constants_are_those_of_the_model() {
    let model = digits::model().expect("the blob is valid");
    assert_eq!(digits::Operators::KINDS, model.operator_set());
    assert!(!digits::Operators::KINDS.contains(OpKind::Add));
    assert_eq!(digits::ARENA_BYTES, model.arena_bytes());
    let (input, output) = (model.input(), model.output());
    assert_eq!((digits::INPUT_LEN, digits::OUTPUT_LEN), (input.len(), output.len()));
    assert_eq!(
        (digits::INPUT_SCALE, digits::INPUT_ZERO_POINT),
        (input.scale(), input.zero_point())
    );
    let quantisation = (output.scale(), output.zero_point());
    assert_eq!((digits::OUTPUT_SCALE, digits::OUTPUT_ZERO_POINT), quantisation);
}

#[test]
fn a_model_with_another_operator_is_refused() {
    let artifact = case("residual").convert(Layout::Row);
    let mut arena = vec![0; 100_000];
    let backend = CpuBackend::<digits::Operators>::for_operators();
    let refused = backend.load(ModelSource::new(artifact.bytes(), &mut arena)).map(|_| ());
    assert_eq!(refused, Err(LoadError::NotBuilt));
    let error = isokern_core::InferenceError::from(LoadError::NotBuilt);
    assert_eq!(error.kind(), InferenceErrorKind::InvalidArtifact);
}

#[test]
fn a_model_checked_elsewhere_is_viewed_by_its_header() {
    let checked = digits::model().expect("the blob is valid");
    let viewed = Model::of_checked(digits::BLOB).expect("the header is a model's");
    assert!(viewed.ops().eq(checked.ops()));
    assert_eq!(viewed.operator_count(), checked.operator_count());
    assert_eq!((viewed.input(), viewed.output()), (checked.input(), checked.output()));
    assert_eq!(viewed.arena_bytes(), checked.arena_bytes());

    let cut = &digits::BLOB[..digits::BLOB.len() - 1];
    assert!(Model::of_checked(cut).is_none(), "fewer bytes than the header says");
    assert!(Model::of_checked(&digits::BLOB[64..]).is_none(), "not a header");
    assert!(Model::of_checked(&[]).is_none());
}
