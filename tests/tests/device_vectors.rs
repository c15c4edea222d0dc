//! The shipped PTX, executed: every model gives TFLite Micro's bytes on every target.
//!
//! `ISOKERN_PTX=DIR` runs the texts of another folder, named as those in the repository.

use isokern_core::device::{BatchFlags, BatchLaunch, ENTRY_BATCH, ENTRY_BATCH_ALL, FaultCode};
use isokern_model::layout::Layout;
use isokern_model::{BaseOperators, Model, OperatorSet};
use isokern_tests::device::{Device, TARGETS, ptx};
use isokern_tests::trials::{on_models_of_any_ports, run, trial};
use isokern_tests::vectors::{Case, own_cases_of_any_ports};
use std::process::ExitCode;

/// The target on which every vector is run; the others run the first of each model.
const NEWEST: u32 = 90;

/// What a test changes of a launch that was planned.
type Change = fn(&mut BatchLaunch);

fn main() -> ExitCode {
    let newest = on_models_of_any_ports(
        "every_model_gives_the_reference_bytes_for_every_vector",
        every_vector,
    );
    let older = on_models_of_any_ports(
        "every_model_gives_the_reference_bytes_on_older_targets",
        on_older_targets,
    );
    let own = [
        trial("models_in_the_layout_of_firmware_give_the_same_bytes", in_the_layout_of_firmware),
        trial(
            "it_does_not_matter_where_arena_and_model_lie_or_how_many_threads_there_are",
            places_and_threads,
        ),
        trial("the_entry_for_all_kinds_gives_the_bytes_of_the_other", on_both_entries),
    ];
    run(newest.into_iter().chain(older).chain(own))
}

/// Runs all inputs of a case and compares every byte.
fn check(device: &Device, case: &Case, layout: Layout, label: &str, change: Change) {
    let run = device.batch(&case.convert(layout), &case.inputs, change);
    let run = run.unwrap_or_else(|fault| panic!("{}, {label}: {fault}", case.name));
    assert_eq!(run.record.fault().map(|fault| fault.to_string()), None, "{}, {label}", case.name);
    assert!(run.outputs == case.outputs, "{}, {label}: outputs differ", case.name);
}

/// Returns the first inputs of a case, and their outputs.
fn first(case: &Case, count: usize) -> Case {
    let artifact = case.convert(Layout::Packed);
    let model = Model::parse(artifact.bytes()).expect("it was just converted");
    let (input_len, output_len) = (model.input_bytes(), model.output_bytes());
    let count = count.min(case.inputs.len() / input_len);
    let inputs = case.inputs[..count * input_len].to_vec();
    let outputs = case.outputs[..count * output_len].to_vec();
    Case { inputs, outputs, ..case.clone() }
}

fn every_vector(cases: &[Case]) {
    let device = Device::new(&ptx(NEWEST), NEWEST);
    for case in cases {
        check(&device, case, Layout::Packed, "sm_90", |_| {});
    }
}

fn on_older_targets(cases: &[Case]) {
    for target in TARGETS.into_iter().filter(|&target| target != NEWEST) {
        let device = Device::new(&ptx(target), target);
        for case in cases {
            // As many as give some block a second sample.
            check(&device, &first(case, 6), Layout::Packed, &format!("sm_{target}"), |_| {});
        }
    }
}

fn in_the_layout_of_firmware() {
    let device = Device::new(&ptx(80), 80);
    for case in own_cases_of_any_ports() {
        check(&device, &case, Layout::Row, "row layout", |_| {});
    }
}

/// Models of the first kinds run on both entries; others are a fault on the first.
fn on_both_entries() {
    let device = Device::new(&ptx(80), 80);
    for case in own_cases_of_any_ports() {
        let artifact = case.convert(Layout::Packed);
        let kinds = Model::parse(artifact.bytes()).expect("it was just converted").operator_set();
        let is_base = BaseOperators::KINDS.contains_all(kinds);
        let Case { name, inputs, outputs, .. } = first(&case, 1);
        for (entry, has_kinds) in [(ENTRY_BATCH, is_base), (ENTRY_BATCH_ALL, true)] {
            let run = device.batch_on(entry, &artifact, &inputs);
            let run = run.unwrap_or_else(|fault| panic!("{name} on {entry}: {fault}"));
            let code = run.record.fault().and_then(|fault| fault.code());
            assert_eq!(code, (!has_kinds).then_some(FaultCode::Operator), "{name} on {entry}");
            assert!(!has_kinds || run.outputs == outputs, "{name} on {entry}: outputs differ");
        }
    }
}

fn places_and_threads() {
    let device = Device::new(&ptx(80), 80);
    let in_global_memory: Change = |launch| {
        launch.flags = BatchFlags::NONE;
        launch.shared_bytes = 0;
        launch.scratch_bytes = launch.arena_bytes * u64::from(launch.blocks);
    };
    let changes: [(&str, Change); 4] = [
        ("all in global memory", in_global_memory),
        ("the arena in shared memory", |launch| {
            launch.flags = BatchFlags::ARENA_SHARED;
            launch.shared_bytes = u32::try_from(launch.arena_bytes).expect("it fits");
        }),
        ("one warp a block", |launch| launch.threads = 32),
        ("96 threads in one block", |launch| (launch.threads, launch.blocks) = (96, 1)),
    ];
    for case in own_cases_of_any_ports().iter().filter(|case| case.inputs.len() < 16_384) {
        for (label, change) in changes {
            check(&device, case, Layout::Packed, label, change);
        }
    }
}
