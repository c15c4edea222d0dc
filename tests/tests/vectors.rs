//! The promise itself: bytes equal to TFLite Micro's, for whole models and operators.
//!
//! `ISOKERN_VECTORS=DIR` tests the models of another folder, laid out like
//! `tests/models`; `docs/testing.md` says more.

use isokern_core::compute::ModelArtifact;
use isokern_core::{Batch, ComputeModel, Message, MessageHeader, ModelSource};
use isokern_cpu::{ArtifactBackend, CpuBackend, CpuModel, InstructionSet};
use isokern_model::layout::Layout;
use isokern_tests::trials::{on_models_of_any_ports, run};
use isokern_tests::vectors::{Case, Untyped};
use sha2::{Digest, Sha256};
use std::process::ExitCode;

fn main() -> ExitCode {
    let trials = [
        on_models_of_any_ports("vectors_through_infer_one", through_infer_one),
        on_models_of_any_ports("vectors_through_infer_batch", through_infer_batch),
        on_models_of_any_ports("vectors_through_run_in_a_lent_arena", through_run_in_a_lent_arena),
        on_models_of_any_ports("vectors_of_every_operator", of_every_operator),
        on_models_of_any_ports("vectors_models_pass_their_self_test", models_pass_their_self_test),
    ];
    run(trials.into_iter().flatten())
}

/// Calls `check` with every model, layout and instruction set.
fn for_each(cases: &[Case], check: impl Fn(&Case, &ModelArtifact, InstructionSet, &str)) {
    for case in cases {
        for layout in [Layout::Row, Layout::Packed] {
            let artifact = case.convert(layout);
            for instructions in InstructionSet::available() {
                let label = format!("{}, {}, {instructions}", case.name, layout.name());
                check(case, &artifact, instructions, &label);
            }
        }
    }
}

fn load(artifact: &ModelArtifact, instructions: InstructionSet) -> CpuModel<'static> {
    let backend = ArtifactBackend::new().with_instruction_set(instructions);
    let mut model = backend.load(artifact).expect("the artifact is a model");
    model.init().expect("memory is there");
    model
}

fn lengths(model: &CpuModel<'_>) -> (usize, usize) {
    (model.model().input_bytes(), model.model().output_bytes())
}

/// Writes all inputs, which are one after the other.
fn write(model: &mut CpuModel<'_>, mut inputs: &[i8]) {
    for position in 0..model.model().input_count() {
        let target = model.input_at_mut(position).expect("is ready");
        let (now, later) = inputs.split_at(target.len());
        target.copy_from_slice(bytemuck::cast_slice(now));
        inputs = later;
    }
}

/// Returns all outputs, one after the other.
fn read(model: &mut CpuModel<'_>) -> Vec<i8> {
    let mut outputs = Vec::new();
    for position in 0..model.model().output_count() {
        let output = model.output_at(position).expect("is ready");
        outputs.extend(output.iter().map(|byte| byte.cast_signed()));
    }
    outputs
}

/// Returns a copy as bytes of any type.
fn bytes(values: &[i8]) -> Vec<u8> {
    bytemuck::cast_slice(values).to_vec()
}

fn through_infer_one(cases: &[Case]) {
    for_each(cases, |case, artifact, instructions, label| {
        let mut model = load(artifact, instructions);
        let (input_len, output_len) = lengths(&model);
        let mut output = vec![0_i8; output_len];
        for (index, (input, expected)) in case.pairs(input_len, output_len).enumerate() {
            let target = &mut Untyped(bytemuck::cast_slice_mut(&mut output));
            model.infer_one(&Untyped(&mut bytes(input)), target).expect("the payloads fit");
            assert!(output == expected, "{label}: output {index} differs");
        }
    });
}

fn through_infer_batch(cases: &[Case]) {
    for_each(cases, |case, artifact, instructions, label| {
        let mut model = load(artifact, instructions);
        let (input_len, output_len) = lengths(&model);
        let pairs = case.pairs(input_len, output_len);
        let mut inputs: Vec<Vec<u8>> = pairs.map(|(input, _)| bytes(input)).collect();
        let message = |input| Message::new(MessageHeader::new(), Untyped(input));
        let messages: Vec<_> = inputs.iter_mut().map(|input| message(input)).collect();
        let mut produced = vec![0_i8; case.outputs.len()];
        let chunks = bytemuck::cast_slice_mut(&mut produced).chunks_exact_mut(output_len);
        let mut outputs: Vec<Untyped<'_>> = chunks.map(Untyped).collect();
        let batch = Batch::new(&messages);
        ComputeModel::infer_batch(&mut model, batch, &mut outputs).expect("the payloads fit");
        assert!(produced == case.outputs, "{label}: the batch differs");
    });
}

fn through_run_in_a_lent_arena(cases: &[Case]) {
    for_each(cases, |case, artifact, instructions, label| {
        let owned = load(artifact, instructions);
        let (input_len, output_len) = lengths(&owned);
        // An arena full of rubbish: nothing may depend on what was there.
        let mut arena = vec![0x5A; owned.model().arena_bytes() + 7];
        let source = ModelSource::new(artifact.bytes(), &mut arena[7..]);
        let backend = CpuBackend::new().with_instruction_set(instructions);
        let mut model = backend.load(source).expect("the arena is long enough");
        model.init().expect("there is nothing to allocate");
        for (index, (input, expected)) in case.pairs(input_len, output_len).enumerate() {
            write(&mut model, input);
            model.run().expect("every operator is built in");
            assert!(read(&mut model) == expected, "{label}: output {index} differs");
        }
    });
}

fn of_every_operator(cases: &[Case]) {
    for_each(cases, |case, artifact, instructions, label| {
        let Some(layers) = &case.layers else { return };
        let mut model = load(artifact, instructions);
        let input_len = lengths(&model).0;
        assert_eq!(model.model().operator_count(), layers.len(), "{label}: operators");
        for (number, input) in case.inputs.chunks_exact(input_len).enumerate() {
            if layers.iter().all(|layer| number >= layer.tflm.len()) {
                break;
            }
            model.input_mut().expect("is ready").copy_from_slice(input);
            for (index, layer) in layers.iter().enumerate() {
                model.run_operators(index..index + 1).expect("every operator is built in");
                let Some(expected) = layer.tflm.get(number) else { continue };
                let output = model.operator_output(index).expect("the operator is there");
                let sum: i64 = output.iter().map(|&value| i64::from(value)).sum();
                let found = (sum, digest(output));
                let wanted = (expected.sum, expected.sha256_16.clone());
                assert_eq!(
                    found, wanted,
                    "{label}: input {number}, operator {index} ({})",
                    layer.op
                );
            }
        }
    });
    let compared: usize = cases.iter().map(|case| case.layers.as_ref().map_or(0, Vec::len)).sum();
    eprintln!("compared {compared} operators");
    assert!(compared > 0, "the folder has no layers.json");
}

fn digest(values: &[i8]) -> String {
    let bytes: Vec<u8> = values.iter().map(|value| value.cast_unsigned()).collect();
    Sha256::digest(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn models_pass_their_self_test(cases: &[Case]) {
    for_each(cases, |case, artifact, instructions, label| {
        let mut model = load(artifact, instructions);
        if case.name == "indices" {
            // Generated bytes are no indices.
            assert_eq!(model.model().header().self_test(), None);
            return;
        }
        let (seed, expected) =
            model.model().header().self_test().expect("converted models have one");
        let mut input = vec![0; lengths(&model).0];
        isokern_model::digest::generate_input(seed, &mut input);
        write(&mut model, &input);
        model.run().expect("every operator is built in");
        assert_eq!(isokern_model::digest::fnv1a(&read(&mut model)), expected, "{label}");
    });
}
