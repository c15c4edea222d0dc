//! Measures a model that is called: whole inferences, then its operators one by one.

use std::time::Instant;

use isokern::{Error, Model};
use isokern_core::{ComputeModel, InferenceError};
use isokern_cpu::CpuModel;

use super::effort::Effort;
use super::inputs::Inputs;
use super::report::{BenchReport, OperatorTimes, Throughput};
use super::times::Times;
use crate::error::CliError;
use isokern::samples::{Packed, write_inputs};

/// A model that takes packed samples.
pub(crate) trait SampleModel: for<'s, 't> ComputeModel<Sample<'s>, Target<'t>> {}

/// The inputs of one sample.
type Sample<'s> = Packed<&'s [u8]>;
/// The place for its outputs.
type Target<'t> = Packed<&'t mut [u8]>;

impl<M: for<'s, 't> ComputeModel<Sample<'s>, Target<'t>>> SampleModel for M {}

/// Measures, and notes what came out.
pub(crate) fn measure(
    mut model: CpuModel<'static>,
    file: &Model,
    inputs: &Inputs,
    effort: Effort,
    report: &mut BenchReport,
) -> Result<(), CliError> {
    let infer = |source| Error::Infer { name: file.name().to_owned(), source };
    let output_bytes = model.model().output_bytes();
    measure_whole(&mut model, output_bytes, inputs, effort, report).map_err(infer)?;
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
pub(crate) fn measure_whole(
    model: &mut impl SampleModel,
    output_bytes: usize,
    inputs: &Inputs,
    effort: Effort,
    report: &mut BenchReport,
) -> Result<(), InferenceError> {
    let mut bytes = vec![0; output_bytes];
    let mut output = Packed(bytes.as_mut_slice());
    let mut times = Times::new();
    let warm_up = effort
        .tenth()
        .repeat(|number| model.infer_one(&Packed(inputs.of_run(number)), &mut output))?;
    report.warm_up_run_count = warm_up.run_count;
    let spent = effort.repeat(|number| {
        let input = Packed(inputs.of_run(number));
        let start = Instant::now();
        model.infer_one(&input, &mut output)?;
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
    write_inputs(model, inputs.of_run(number))?;
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
