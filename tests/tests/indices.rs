//! An index outside of what a model picks from is one error on every target, and the next inference
//! is right again.

use std::process::ExitCode;

use isokern_core::compute::ModelArtifact;
use isokern_core::{ComputeModel, InferenceErrorKind as Kind};
use isokern_cpu::error::CODE_INDEX;
use isokern_cpu::{ArtifactBackend, InstructionSet};
use isokern_cuda::CudaBackend;
use isokern_model::Model;
use isokern_model::layout::Layout;
use isokern_model::operators::OpKind;
use isokern_tests::standin::missing;
use isokern_tests::trials::{run, trial, trial_unless};
use isokern_tests::vectors::{Case, cases_of_any_ports, own_folder};

/// 1040, and the code of the fault.
const CODE_ON_DEVICE: u32 = 1047;

fn indices() -> (Case, ModelArtifact) {
    let cases = cases_of_any_ports(&own_folder());
    let case =
        cases.into_iter().find(|case| case.name == "indices").expect("the repository has it");
    let artifact = case.convert(Layout::Packed);
    (case, artifact)
}

fn check<M>(model: &mut M, code: u32)
where
    M: ComputeModel<[i32], [i8]>,
{
    let (case, artifact) = indices();
    let parsed = Model::parse(artifact.bytes()).expect("it is whole");
    let first = parsed.ops().position(|op| op.kind() == OpKind::Gather);
    let mut output = vec![0_i8; parsed.output_bytes()];
    let inputs = case.inputs.chunks_exact(parsed.input_bytes());
    let outputs = case.outputs.chunks_exact(output.len());
    model.init().expect("it starts");
    for ((input, expected), wrong) in inputs.zip(outputs).zip([4, -1, i32::MAX, i32::MIN]) {
        let error = model.infer_one(&[0, wrong, 3, 2], &mut output).expect_err("it is outside");
        assert_eq!((error.kind(), error.code()), (Kind::ExecutionFailed, code), "{wrong}");
        assert_eq!(error.operator().map(usize::from), first, "{wrong}");
        let input: Vec<i32> = bytemuck::pod_collect_to_vec(input);
        model.infer_one(&input, &mut output).expect("these are inside");
        assert_eq!(output, expected);
    }
}

fn an_index_outside_is_an_error_of_the_cpu_that_names_the_operator() {
    let (_, artifact) = indices();
    for instructions in InstructionSet::available() {
        let backend = ArtifactBackend::new().with_instruction_set(instructions);
        check(&mut backend.load(&artifact).expect("it loads"), CODE_INDEX);
    }
}

fn an_index_outside_is_the_same_error_of_a_device() {
    let (_, artifact) = indices();
    let backend = CudaBackend::new(0).expect("the stand-in is a device");
    check(&mut backend.load(&artifact).expect("it loads"), CODE_ON_DEVICE);
}

fn main() -> ExitCode {
    run(vec![
        trial(
            "an_index_outside_is_an_error_of_the_cpu_that_names_the_operator",
            an_index_outside_is_an_error_of_the_cpu_that_names_the_operator,
        ),
        trial_unless(
            missing(),
            "an_index_outside_is_the_same_error_of_a_device",
            an_index_outside_is_the_same_error_of_a_device,
        ),
    ])
}
