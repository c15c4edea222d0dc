//! The default batch: a loop, and never a silent truncation.

use super::toys::{Adder, AdderModel};
use super::{
    Batch, ComputeBackend, ComputeModel, InferenceErrorKind, Message, MessageHeader, ModelSource,
};

type Sample = [i8; 2];

fn adder(arena: &mut [u8; 2]) -> AdderModel<'_> {
    let source = ModelSource::new(&[10], arena);
    let backend = Adder::default();
    let mut model = ComputeBackend::<Sample, Sample>::load_model(&backend, source).unwrap();
    ComputeModel::<Sample, Sample>::init(&mut model).unwrap();
    model
}

fn messages() -> [Message<Sample>; 3] {
    [[1, 2], [3, 4], [5, 6]].map(|sample| Message::new(MessageHeader::new(), sample))
}

#[test]
fn fewer_outputs_than_inputs_is_an_error_and_nothing_runs() {
    let mut arena = [0; 2];
    let mut model = adder(&mut arena);
    let messages = messages();
    let mut outputs = [[99_i8; 2]; 2];
    let error = model.infer_batch(Batch::new(&messages), &mut outputs).unwrap_err();
    assert_eq!(error.kind(), InferenceErrorKind::ShapeOrTypeMismatch);
    assert_eq!(model.step_count, 0);
    assert_eq!(outputs, [[99; 2]; 2]);
}

#[test]
fn a_batch_is_the_loop_and_leaves_extra_outputs_alone() {
    let mut arena = [0; 2];
    let mut model = adder(&mut arena);
    let messages = messages();
    let mut outputs = [[99_i8; 2]; 4];
    model.infer_batch(Batch::new(&messages), &mut outputs).unwrap();
    assert_eq!(outputs, [[11, 12], [13, 14], [15, 16], [99, 99]]);
    assert_eq!(model.step_count, 3);
    for (message, output) in messages.iter().zip(outputs) {
        let mut alone = [0_i8; 2];
        model.infer_one(message.payload(), &mut alone).unwrap();
        assert_eq!(alone, output);
    }
}

#[test]
fn the_first_failing_step_ends_the_batch() {
    let mut arena = [0; 2];
    let mut model = adder(&mut arena);
    let data = [1_i8, 2, 3];
    let messages =
        [&data[..2], &data[..3], &data[..2]].map(|p| Message::new(MessageHeader::new(), p));
    let mut outputs = [[0_i8; 2]; 3];
    let error = model.infer_batch(Batch::new(&messages), &mut outputs).unwrap_err();
    assert_eq!(error.kind(), InferenceErrorKind::ShapeOrTypeMismatch);
    assert_eq!(model.step_count, 1);
}

#[test]
fn an_empty_batch_needs_no_output() {
    let mut arena = [0; 2];
    let mut model = adder(&mut arena);
    let none: [Message<Sample>; 0] = [];
    let outputs: &mut [Sample] = &mut [];
    assert_eq!(model.infer_batch(Batch::new(&none), outputs), Ok(()));
}
