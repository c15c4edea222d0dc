//! A streaming model through the backend: outputs and variables of TFLite Micro after every step.

use isokern_core::InferenceErrorKind;
use isokern_core::{Batch, ComputeModel, Message, MessageHeader};
use isokern_cuda::CudaBackend;
use isokern_model::layout::Layout;
use isokern_tests::streams::{INPUT_LEN, OUTPUT_LEN, Stream, variables};

use crate::Test;
use crate::answers::ready;

/// The tests of this file.
pub(crate) const TESTS: &[Test] = &[
    ("streams::every_step_gives_the_state_of_tflite_micro", every_step),
    ("streams::a_batch_is_one_stream_in_one_launch", one_batch),
];

fn every_step() {
    let stream = Stream::keyword();
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = ready(&backend, &stream.artifact(Layout::Packed));
    let mut kept = vec![0; model.model().state_bytes()];
    let wrong = model.read_state(&mut [0; 3]).map_err(|error| error.kind());
    assert_eq!(wrong, Err(InferenceErrorKind::ShapeOrTypeMismatch));
    for round in 0..2 {
        for (at, (input, output, state)) in stream.steps().enumerate() {
            let mut found = [0_u8; OUTPUT_LEN];
            model.infer_one(input, found.as_mut_slice()).expect("the payloads fit");
            assert_eq!(found, [output], "round {round}, step {at}");
            model.read_state(&mut kept).expect("the lengths are equal");
            assert_eq!(variables(&model.model(), &kept), state, "round {round}, step {at}");
        }
        model.reset().expect("the model resets");
    }
}

fn one_batch() {
    let stream = Stream::keyword();
    let steps: Vec<[i8; INPUT_LEN]> = stream
        .inputs
        .chunks_exact(INPUT_LEN)
        .map(|step| step.try_into().expect("it is one step"))
        .collect();
    let messages: Vec<_> =
        steps.iter().map(|&step| Message::new(MessageHeader::new(), step)).collect();
    let mut outputs = vec![[0_u8; OUTPUT_LEN]; steps.len()];
    for samples in [48, 5] {
        let backend = CudaBackend::new(0).expect("there is a device").with_chunk_samples(samples);
        let mut model = ready(&backend, &stream.artifact(Layout::Packed));
        model.infer_batch(Batch::new(&messages), &mut outputs).expect("the payloads fit");
        assert_eq!(outputs.as_flattened(), stream.outputs, "chunks of {samples}");
        let mut kept = vec![0; model.model().state_bytes()];
        model.read_state(&mut kept).expect("the lengths are equal");
        let (_, _, last) = stream.steps().last().expect("there are steps");
        assert_eq!(variables(&model.model(), &kept), last);
    }
}
