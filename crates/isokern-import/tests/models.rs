//! Converts the models of the repository and checks sizes, refusals and the self-test.

use std::path::{Path, PathBuf};

use isokern_cpu::ArtifactBackend;
use isokern_import::{Conversion, ImportError, Options, Progress, convert, convert_with};
use isokern_model::Model;
use isokern_model::layout::Layout;

const OWN: [&str; 16] = [
    "digits",
    "residual",
    "conv_shapes",
    "conv_dilated",
    "depthwise_shapes",
    "dead_channels",
    "dense",
    "pool_add",
    "softmax_beta",
    "softmax_rows",
    "softmax_steep",
    "logistic",
    "logistic_wide",
    "dense_units",
    "batch_inside",
    "second_graph",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn own(folder: &str, name: &str) -> Vec<u8> {
    let path = root().join("tests/models").join(folder).join(format!("{name}.tflite"));
    std::fs::read(path).expect("the model is in the repository")
}

fn parses(conversion: &Conversion) {
    let artifact = isokern_core::compute::ModelArtifact::from_bytes(&conversion.blob);
    let model = Model::parse(artifact.bytes()).expect("the blob is a model");
    let report = &conversion.report;
    assert_eq!(model.operator_count(), report.operator_count);
    assert_eq!(model.tensor_count(), report.tensor_count);
    assert_eq!(model.arena_bytes(), report.arena_bytes);
    assert_eq!(model.header().macs(), report.macs);
    assert_eq!(model.header().source_sha256, report.source_sha256);
    assert_eq!(model.header().self_test().map(|(_, digest)| digest), report.self_test_digest);
    assert_eq!(model.layout(), report.layout);
}

#[test]
fn own_models_convert_in_both_layouts() {
    for name in OWN {
        let file = own("models", name);
        let row = convert(&file, Layout::Row).expect(name);
        let packed = convert(&file, Layout::Packed).expect(name);
        parses(&row);
        parses(&packed);
        assert_eq!(row.report.self_test_digest, packed.report.self_test_digest, "{name}");
        assert!(row.report.self_test_digest.is_some(), "{name}");
        let bound = row.report.arena_lower_bound;
        let arena = row.report.arena_bytes;
        println!("{name}: arena {arena} of {bound}, {} bytes", row.blob.len());
        assert!((bound..=bound * 51 / 50 + 256).contains(&arena), "{name}: {arena} of {bound}");
        assert_eq!(convert(&file, Layout::Row).expect(name), row, "the same file, the same bytes");
    }
}

/// Runs a model on its input vectors, with the loops this machine is fastest with.
fn check_outputs(name: &str, file: &[u8], vectors: &Path) {
    let read = |ending: &str| {
        let bytes = std::fs::read(vectors.join(format!("{name}.{ending}"))).expect("the vector");
        bytes.into_iter().map(u8::cast_signed).collect::<Vec<i8>>()
    };
    let (inputs, outputs) = (read("in.i8"), read("out.tflm.i8"));
    for layout in [Layout::Row, Layout::Packed] {
        let blob = convert(file, layout).expect(name).blob;
        let artifact = isokern_core::compute::ModelArtifact::from_bytes(&blob);
        let mut model = ArtifactBackend::new().load(&artifact).expect(name);
        model.init().expect(name);
        let input_len = model.input_mut().expect(name).len();
        let output_len = outputs.len() / (inputs.len() / input_len);
        for (input, output) in inputs.chunks(input_len).zip(outputs.chunks(output_len)) {
            model.input_mut().expect(name).copy_from_slice(input);
            assert_eq!(model.run().expect(name), output, "{name}");
        }
    }
}

#[test]
fn outputs_are_those_of_tflite_micro() {
    for name in OWN {
        check_outputs(name, &own("models", name), &root().join("tests/models/vectors"));
    }
}

/// Converts one of the models and compares all its outputs with those of TFLite Micro.
fn check_own(name: &str) -> isokern_import::Report {
    let file = own("models", name);
    check_outputs(name, &file, &root().join("tests/models/vectors"));
    convert(&file, Layout::Row).expect(name).report
}

#[test]
fn c06_several_images_inside_and_dimensions_of_one_run() {
    assert_eq!(check_own("batch_inside").operator_count, 10);
}

#[test]
fn c06_a_graph_that_nothing_calls_is_left_out() {
    let report = check_own("second_graph");
    assert_eq!((report.operator_count, report.unused_subgraph_count), (1, 1));
    assert_eq!(check_own("digits").unused_subgraph_count, 0);
}

#[test]
fn several_samples_and_outputs_of_every_sort() {
    let file = own("models", "ends");
    let conversion = convert(&file, Layout::Row).expect("the model converts");
    let report = &conversion.report;
    assert_eq!((report.operator_count, report.unused_operator_count), (4, 1));
    assert_eq!(report.packed_operator_count, 4);
    let vector = |ending: &str| {
        let path = root().join(format!("tests/models/vectors/ends.{ending}"));
        std::fs::read(path).expect("the vector is in the repository")
    };
    let artifact = isokern_core::compute::ModelArtifact::from_bytes(&conversion.blob);
    let mut model = ArtifactBackend::new().load(&artifact).expect("it loads");
    model.init().expect("it initialises");
    let expected = vector("out.tflm.i8");
    let mut rest = expected.as_slice();
    for input in vector("in.i8").chunks(12) {
        model.input_at_mut(0).expect("an input").copy_from_slice(input);
        model.run().expect("it runs");
        for (position, len) in [20, 12, 20, 20, 20].into_iter().enumerate() {
            let (now, later) = rest.split_at(len);
            assert_eq!(model.output_at(position).expect("an output"), now, "output {position}");
            rest = later;
        }
    }
    assert!(rest.is_empty());
}

#[test]
fn shapes_that_are_computed_are_constants() {
    let conversion = convert(&own("models", "open_batch"), Layout::Row).expect("it converts");
    let report = &conversion.report;
    // RESHAPE, FULLY_CONNECTED, and the move of the constant to the output.
    assert_eq!((report.operator_count, report.packed_operator_count), (8, 3));
    assert_eq!(report.unused_operator_count, 0);
    let artifact = isokern_core::compute::ModelArtifact::from_bytes(&conversion.blob);
    let mut model = ArtifactBackend::new().load(&artifact).expect("it loads");
    model.init().expect("it initialises");
    model.run().expect("it runs");
    let sizes = model.output_at(1).expect("an output");
    let sizes: Vec<i32> =
        sizes.as_chunks().0.iter().map(|size| i32::from_le_bytes(*size)).collect();
    assert_eq!(sizes, [6, 4, 16]);
    let path = root().join("tests/models/vectors/open_batch.out.tflm.i8");
    let expected = std::fs::read(path).expect("the vector is in the repository");
    assert_eq!(model.output_at(1).expect("an output"), &expected[5..17]);
}

#[test]
fn c07_a_scale_per_unit_takes_all_but_the_last_dimension_as_rows() {
    // Its layers have outputs of 3, 4 and 2 dimensions: 4, 4 and 10 rows.
    let report = check_own("dense_units");
    assert_eq!(report.macs, 4 * 8 * 7 + 4 * 7 * 5 + 10 * 2 * 3);
}

#[test]
fn refusals_name_the_place_and_the_remedy() {
    let message = |name| convert(&own("refused", name), Layout::Row).unwrap_err().to_string();
    let cases = [
        ("division", "operator 1 (DIV) is not supported. Fix: for DIV, multiply by the reciprocal"),
        ("float", "operator 0 (FULLY_CONNECTED): input (tensor 0 `input`) is FLOAT32, not INT8."),
    ];
    for (name, start) in cases {
        let message = message(name);
        assert!(message.starts_with(start), "{message}");
    }
}

#[test]
fn other_files_are_refused_by_their_first_bytes() {
    for bytes in [&b""[..], b"TFL3", b"\x1c\0\0\0ONNX\0\0\0\0", b"IKM\x1a\x01\0\x01\0"] {
        let error = convert(bytes, Layout::Row).unwrap_err();
        assert!(matches!(error, ImportError::File(_)), "{error}");
        assert!(error.to_string().contains("Fix: "), "{error}");
    }
}

#[test]
fn progress_is_told_in_order() {
    let mut steps = Vec::new();
    let file = own("models", "digits");
    let conversion = convert_with(&file, Options::new(Layout::Row), |step| steps.push(step));
    let conversion = conversion.expect("digits converts");
    let operator_count = conversion.report.operator_count;
    assert_eq!(steps.len(), operator_count + 4);
    assert!(matches!(steps[0], Progress::Read { operator_count: 9, .. }));
    assert!(matches!(steps[1], Progress::Lowered { index: 0, .. }));
    let last = Progress::SelfTested { digest: conversion.report.self_test_digest };
    assert_eq!(steps.last(), Some(&last));
}

#[test]
fn a_self_test_can_be_left_out() {
    let options = Options { self_test_work_max: 0, ..Options::new(Layout::Row) };
    let file = own("models", "softmax_steep");
    let conversion = convert_with(&file, options, |_| ()).expect("the model converts");
    assert_eq!(conversion.report.self_test_digest, None);
    parses(&conversion);
}
