//! What a run prints: the model's ends, answers, latency.

use std::io::Write;

use isokern_model::Model;

use super::Run;
use super::values::Shown;
use crate::error::CliError;
use crate::figures::{counted, grouped, time};
use isokern::Ports;

/// Prints what goes in and what comes out.
pub(super) fn print_head(
    run: &Run<'_>,
    model: &Model<'_>,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let (name, count) = (run.name, run.outputs.count());
    let (inputs, outputs) = (Ports::inputs(model), Ports::outputs(model));
    let to = match outputs.only() {
        Some(output) => output.facts(),
        None => counted(outputs.iter().len(), "output"),
    };
    let Some(input) = inputs.only() else {
        let (samples, each) = (counted(count, "sample"), counted(inputs.iter().len(), "input"));
        writeln!(out, "{name}: {samples} of {each}, each gives {to}\n")?;
        for input in inputs.iter() {
            writeln!(out, "{input}: {}", input.facts())?;
        }
        return Ok(writeln!(out)?);
    };
    let from = input.facts();
    Ok(writeln!(out, "{name}: {} of {from}, each gives {to}\n", counted(count, "input"))?)
}

/// Prints what the first samples gave, a block for each output.
pub(super) fn print_answers(
    run: &Run<'_>,
    model: &Model<'_>,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let ports = Ports::outputs(model);
    let (top, labels, outputs) = (run.arguments.top, &run.labels, &run.outputs);
    for port in ports.iter() {
        let option = match ports.only() {
            Some(_) => "--output FILE".to_owned(),
            None => format!("--output {}=FILE", port.index),
        };
        if top == 0 {
            writeln!(out, "{port}: {}, {option} writes it\n", port.facts())?;
            continue;
        }
        if ports.only().is_none() {
            writeln!(out, "{port}: {}", port.facts())?;
        }
        Shown { port, outputs, top, labels, option }.print(out)?;
    }
    Ok(())
}

/// Prints the times, and what they are times of.
pub(super) fn print_latency(
    run: &Run<'_>,
    model: &Model<'_>,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let Run { latencies, place, arguments, .. } = run;
    let median = time(latencies.percentile(50));
    match latencies.count() {
        1 => writeln!(out, "latency    {median} for one cold run ({place})")?,
        count => writeln!(
            out,
            "latency    median {median} over {} runs, the first one included ({place})",
            grouped(count as u64)
        )?,
    }
    let count = latencies.count();
    if let Some(what) = arguments.mode.what_is_timed(count, model.state_bytes() > 0) {
        writeln!(out, "           {what}")?;
    }
    Ok(())
}
