//! The forms in which generic code calls a backend that borrows.

use super::toys::Adder;
use super::{
    ComputeBackend, ComputeModel, InferenceError, InferenceErrorKind, ModelSource, Payload,
    PayloadMut,
};

fn run_once<'m, I, O, B>(
    backend: &B,
    source: ModelSource<'m>,
    input: &I,
    output: &mut O,
) -> Result<(), InferenceError>
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
    B: ComputeBackend<I, O, ModelDescriptor<'m> = ModelSource<'m>> + 'm,
{
    let mut model = backend.load_model(source).map_err(Into::into)?;
    model.init()?;
    model.infer_one(input, output)
}

static MODEL: [u8; 1] = [5];

#[test]
fn one_generic_caller_takes_sized_and_unsized_payloads() {
    let mut arena = [0; 3];
    let mut output = [0_i8; 3];
    let source = ModelSource::new(&MODEL, &mut arena);
    run_once(&Adder::default(), source, &[1_i8, 2, 3], &mut output).unwrap();
    assert_eq!(output, [6, 7, 8]);

    // The arena is free again once backend and model are gone.
    let source = ModelSource::new(&MODEL, &mut arena);
    run_once::<[i8], [i8], _>(&Adder::default(), source, &output.clone(), &mut output).unwrap();
    assert_eq!(output, [11, 12, 13]);
}

#[test]
fn the_model_outlives_the_borrow_of_its_backend() {
    let mut arena = [0; 1];
    let mut model = {
        let backend = Adder::default();
        let source = ModelSource::new(&MODEL, &mut arena);
        ComputeBackend::<[i8], [i8]>::load_model(&backend, source).unwrap()
    };
    ComputeModel::<[i8], [i8]>::init(&mut model).unwrap();
    let mut output = [0_i8];
    model.infer_one(&[1_i8][..], &mut output[..]).unwrap();
    assert_eq!(output, [6]);
}

#[test]
fn a_known_and_wrong_element_type_is_refused() {
    let mut arena = [0; 4];
    let mut output = [0_i8; 4];
    let source = ModelSource::new(&MODEL, &mut arena);
    let error = run_once(&Adder::default(), source, &1.0_f32, &mut output).unwrap_err();
    assert_eq!(error.kind(), InferenceErrorKind::ShapeOrTypeMismatch);
    assert_eq!(output, [0; 4]);
}
