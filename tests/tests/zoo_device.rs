//! Public models of `../shared/zoo` as PTX on the stand-in's machine: one vector of each gives
//! TFLite Micro's bytes, and of a model with state all steps in one launch, with what every
//! variable holds after the last.

use std::process::ExitCode;

use isokern_model::Model;
use isokern_model::layout::Layout;
use isokern_tests::device::{Device, ptx};
use isokern_tests::trials::{run, trial, trial_unless};
use isokern_tests::zoo::{NO_ZOO, Row, Variable, rows, variables, variables_in};

const TARGET: u32 = 90;

fn main() -> ExitCode {
    let rows: Vec<Row> = rows().into_iter().filter(|row| !row.is_refused()).collect();
    let missing = rows.is_empty().then_some(NO_ZOO);
    let (count, streams) = (rows.len(), rows.iter().filter(|row| row.sequence).count());
    let complete = trial_unless(missing, "every_model_has_a_test", move || {
        assert_eq!((count, streams), (55, 9));
    });
    let of_rows = rows.into_iter().map(|row| {
        let name = format!("device::{}", row.id());
        trial(name, move || check(&row))
    });
    run(of_rows.chain([complete]))
}

fn check(row: &Row) {
    let case = row.case();
    let artifact = case.convert(Layout::Packed);
    let model = Model::parse(artifact.bytes()).expect("it was just converted");
    let samples = if row.sequence { case.inputs.len() / model.input_bytes() } else { 1 };
    let inputs = &case.inputs[..samples * model.input_bytes()];
    let device = Device::new(&ptx(TARGET), TARGET);
    let mut initial = vec![0; model.state_bytes()];
    model.reset_state(&mut initial);
    let state = if row.sequence { device.upload(&initial) } else { 0 };
    let run = device.batch_with_parameters(&artifact, inputs, |parameters| {
        parameters.state = state;
        parameters.state_stride = initial.len() as u64;
        parameters.stream_samples = samples as u64;
    });
    let run = run.unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
    assert_eq!(run.record.fault().map(|fault| fault.to_string()), None, "{}", case.name);
    let expected = &case.outputs[..samples * model.output_bytes()];
    assert!(run.outputs == expected, "{}: outputs differ", case.name);
    if row.sequence {
        let left = device.download(state, initial.len());
        let last = |variables: Vec<Variable>| -> Vec<(usize, String)> {
            let mut all: Vec<_> = variables.into_iter().map(|one| (one.bytes, one.last)).collect();
            all.sort();
            all
        };
        let found = last(variables_in(&model, &[left]));
        assert_eq!(found, last(variables(row.id())), "{}", case.name);
    }
}
