//! Measures a model that is called: whole inferences, then its operators one by one.

use std::time::Instant;

use isokern_core::{ComputeModel, InferenceError};
use isokern_cpu::CpuModel;

use super::effort::Effort;
use super::inputs::Inputs;
use super::report::{BenchReport, OperatorTimes, Throughput};
use super::times::Times;
use crate::error::CliError;
use crate::model_file::ModelFile;

/// Measures, and notes what came out.
pub(crate) fn measure(
    mut model: CpuModel<'static>,
    file: &ModelFile,
    inputs: &Inputs,
    effort: Effort,
    report: &mut BenchReport,
) -> Result<(), CliError> {
    let infer = |source| CliError::Infer { name: file.name.clone(), source };
    let output_len = model.model().output().len();
    measure_whole(&mut model, output_len, inputs, effort, report).map_err(infer)?;
    let mut operators: Vec<Times> = model.model().ops().map(|_| Times::new()).collect();
    effort
        .tenth()
        .repeat(|number| time_operators(&mut model, inputs, number, |_, _| ()).map_err(infer))?;
    effort.repeat(|number| {
        let add = |index: usize, time| operators[index].add(time);
        time_operators(&mut model, inputs, number, add).map_err(infer)
    })?;
    report.operators = Some(summaries(&model, &operators));
    Ok(())
}

/// Measures whole inferences, one after another, of any backend.
pub(crate) fn measure_whole<M: ComputeModel<[i8], [i8]>>(
    model: &mut M,
    output_len: usize,
    inputs: &Inputs,
    effort: Effort,
    report: &mut BenchReport,
) -> Result<(), InferenceError> {
    let mut output = vec![0_i8; output_len];
    let mut times = Times::new();
    let warm_up = effort
        .tenth()
        .repeat(|number| model.infer_one(inputs.of_run(number), output.as_mut_slice()))?;
    report.warm_up_run_count = warm_up.run_count;
    let spent = effort.repeat(|number| {
        let input = inputs.of_run(number);
        let start = Instant::now();
        model.infer_one(input, output.as_mut_slice())?;
        times.add(start.elapsed());
        Ok::<(), InferenceError>(())
    })?;
    report.latency = times.summary();
    report.throughput = Throughput::new(spent, 1);
    Ok(())
}

/// Runs the operators one by one.
fn time_operators(
    model: &mut CpuModel<'static>,
    inputs: &Inputs,
    number: u64,
    mut add: impl FnMut(usize, core::time::Duration),
) -> Result<(), InferenceError> {
    model.input_mut()?.copy_from_slice(inputs.of_run(number));
    let operator_count = model.model().operator_count();
    for index in 0..operator_count {
        let start = Instant::now();
        model.run_operators(index..index + 1)?;
        add(index, start.elapsed());
    }
    Ok(())
}

fn summaries(model: &CpuModel<'static>, operators: &[Times]) -> Vec<OperatorTimes> {
    let summaries: Vec<_> = operators.iter().map(Times::summary).collect();
    let sum_ns: u64 = summaries.iter().map(|summary| summary.p50_ns).sum();
    let kinds = model.model();
    let row = |((index, op), summary): ((usize, isokern_model::Op<'_>), &super::times::Summary)| {
        OperatorTimes {
            index,
            kind: op.kind().name(),
            p50_ns: summary.p50_ns,
            p99_ns: summary.p99_ns,
            share: summary.p50_ns as f64 / sum_ns.max(1) as f64,
        }
    };
    kinds.ops().enumerate().zip(&summaries).map(row).collect()
}
