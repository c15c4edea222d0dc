//! Launches the device code must refuse: it writes down why, ends, and leaves the context alone.

use core::mem::offset_of;

use isokern_core::compute::ModelArtifact;
use isokern_core::device::{BatchLaunch, BatchParameters, FaultCode};
use isokern_model::Model;
use isokern_model::header::HEADER_BYTES;
use isokern_model::layout::Layout;
use isokern_model::operators::OpKind;
use isokern_model::tensor::{TENSOR_BYTES, TensorRecord};
use isokern_tests::device::{BatchRun, Device, ptx};
use isokern_tests::vectors::{Case, cases, cases_of_any_ports, own_folder};

fn device() -> Device {
    Device::new(&ptx(80), 80)
}

fn digits() -> (Case, ModelArtifact) {
    let case = cases(&own_folder()).into_iter().find(|case| case.name == "digits");
    let case = case.expect("the repository has it");
    let artifact = case.convert(Layout::Packed);
    (case, artifact)
}

/// Checks that the run ended with this code, and that no output was written.
fn check(run: &BatchRun, code: FaultCode) {
    let fault = run.record.fault().expect("there is a fault");
    assert_eq!(fault.code(), Some(code), "{fault}");
    assert!(fault.to_string().contains("Fix: "), "{fault}");
    assert!(run.outputs.iter().all(|byte| *byte == 0x5A), "{fault}: outputs were written");
}

#[test]
fn too_little_shared_memory_is_written_down() {
    let (case, artifact) = digits();
    let too_little = |launch: &mut BatchLaunch| launch.shared_bytes -= 1;
    let run = device().batch(&artifact, &case.inputs, too_little).expect("no trap");
    check(&run, FaultCode::SharedMemory);
    let needed = run.record.detail;
    assert_eq!(needed, u64::from(run.launch.shared_bytes) + 1);
}

#[test]
fn parameters_that_contradict_the_model_are_written_down() {
    type Change = fn(&mut BatchParameters);
    let rows: [(FaultCode, Change); 6] = [
        (FaultCode::Parameters, |parameters| parameters.version += 1),
        (FaultCode::Parameters, |parameters| parameters.input_bytes += 1),
        (FaultCode::Parameters, |parameters| parameters.output_bytes -= 1),
        (FaultCode::Parameters, |parameters| parameters.model += 4),
        (FaultCode::Model, |parameters| parameters.model_bytes = 64),
        (FaultCode::Arena, |parameters| parameters.arena_bytes = 16),
    ];
    let (case, artifact) = digits();
    for (code, change) in rows {
        let run = device().batch_with_parameters(&artifact, &case.inputs, change);
        check(&run.expect("no trap"), code);
    }
}

#[test]
fn an_index_outside_is_written_down_with_its_operator() {
    let cases = cases_of_any_ports(&own_folder());
    let case = cases.into_iter().find(|case| case.name == "indices");
    let case = case.expect("the repository has it");
    let artifact = case.convert(Layout::Packed);
    let model = Model::parse(artifact.bytes()).expect("it is whole");
    let first = model.ops().position(|op| op.kind() == OpKind::Gather);
    for wrong in [4, -1, i32::MIN] {
        let indices: Vec<i8> = [0, 3, wrong, 1]
            .iter()
            .flat_map(|index: &i32| index.to_le_bytes())
            .map(u8::cast_signed)
            .collect();
        let run = device().batch(&artifact, &indices, |_| {}).expect("no trap");
        check(&run, FaultCode::Index);
        assert_eq!(Some(run.record.detail as usize), first);
    }
}

#[test]
fn a_model_of_other_bytes_is_no_trap_and_no_wild_access() {
    // Whatever is in the constants and records: the kernel stays inside what it was given.
    let (case, artifact) = digits();
    let inputs = &case.inputs[..64];
    let model = Model::parse(artifact.bytes()).expect("it is whole");
    let tensors = model.tensor_count() * TENSOR_BYTES;
    let sizes = offset_of!(TensorRecord, bytes)..offset_of!(TensorRecord, scale);
    let mut changed = 0;
    for step in 0..40 {
        let mut bytes = artifact.bytes().to_vec();
        let record_byte = step * 89 % (bytes.len() - HEADER_BYTES).min(2048);
        // A loop over a size of 2^16 and more has no end that a test could wait for.
        let in_sizes = sizes.contains(&(record_byte % TENSOR_BYTES));
        if record_byte < tensors && in_sizes && record_byte % 4 >= 2 {
            continue;
        }
        let place = HEADER_BYTES + record_byte;
        bytes[place] ^= 1 << (step % 8);
        let run = device().batch_of_bytes(&artifact, &bytes, inputs);
        run.unwrap_or_else(|fault| panic!("byte {place}: {fault}"));
        changed += 1;
    }
    assert!(changed >= 32, "{changed} models were run");
}
