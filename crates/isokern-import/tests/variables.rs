//! Variables of the odd sort: values that are read before and after others are assigned.

use std::path::Path;

use isokern_core::compute::ModelArtifact;
use isokern_cpu::ArtifactBackend;
use isokern_import::convert;
use isokern_model::layout::Layout;
use isokern_model::{Model, Region};

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models/streams");
    std::fs::read(folder.join(name)).expect("the file is in the repository")
}

#[test]
fn reads_and_assignments_are_in_the_order_of_tflite_micro() {
    let conversion = convert(&file("variables.tflite"), Layout::Row).expect("it converts");
    let artifact = ModelArtifact::from_bytes(&conversion.blob);
    let mut model = ArtifactBackend::new().load(&artifact).expect("it loads");
    model.init().expect("it initialises");
    let expected = file("variables.out.tflm.i8");
    let mut rest = expected.as_slice();
    for (step, input) in file("variables.in.i8").chunks(4).enumerate() {
        model.input_at_mut(0).expect("an input").copy_from_slice(input);
        model.run().expect("it runs");
        for output in 0..5 {
            let (now, later) = rest.split_at(4);
            assert_eq!(model.output_at(output).expect("an output"), now, "{step}: {output}");
            rest = later;
        }
    }
    assert!(rest.is_empty());
}

#[test]
fn the_state_begins_as_in_a_new_interpreter() {
    let conversion = convert(&file("variables.tflite"), Layout::Row).expect("it converts");
    let artifact = ModelArtifact::from_bytes(&conversion.blob);
    let model = Model::parse(artifact.bytes()).expect("it is a model");
    // CALL_ONCE, the zero point of what is assigned, and CALL_ONCE.
    let expected: [&[i8]; 3] = [&[-100, -1, 3, 90], &[-3; 4], &[1, -2, 3, -4]];
    let state = model.initial_state();
    let variables = (0..model.tensor_count()).map(|index| model.tensor(index));
    let variables = variables.filter(|tensor| tensor.region() == Region::State);
    let found: Vec<Vec<i8>> = variables
        .map(|tensor| {
            let bytes = &state[tensor.offset()..tensor.offset() + tensor.bytes()];
            bytes.iter().map(|byte| byte.cast_signed()).collect()
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_a_variable_held_is_copied_only_where_it_is_read_later() {
    let report = convert(&file("variables.tflite"), Layout::Row).expect("it converts").report;
    assert_eq!(report.unused_operator_count, 0);
    // ADD, MAXIMUM, four assignments, and copies of what `first` held twice, of what `second` and
    // `third` held, and of the two outputs that are variables at the end.
    assert_eq!(report.packed_operator_count, 2 + 4 + 6);
    // Of a stream that assigns what it made of the variable nothing is copied.
    let report = convert(&file("keyword.tflite"), Layout::Row).expect("it converts").report;
    let of_variables = 3 * 3 + 1;
    assert_eq!(report.packed_operator_count, report.operator_count - of_variables);
}
