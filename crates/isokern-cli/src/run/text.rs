//! What a run prints: the model's ends, answers, latency.

use std::io::Write;

use isokern_model::Model;

use crate::answers::{has_classes, highest};
use crate::error::CliError;
use crate::figures::{counted, grouped, time};
use crate::latency::Latencies;
use crate::mode::Mode;
use crate::packed::Samples;
use crate::ports::{Port, Ports};
use crate::resident;

/// How many samples have their answers printed.
const SHOWN: usize = 10;

/// Prints what goes in and what comes out.
pub(super) fn print_head(
    name: &str,
    model: &Model<'_>,
    count: usize,
    out: &mut impl Write,
) -> Result<(), CliError> {
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

/// Prints the `top` classes of the first samples, a block for each output.
pub(super) fn print_answers(
    outputs: &Samples,
    model: &Model<'_>,
    top: usize,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let ports = Ports::outputs(model);
    if let Some(port) = ports.only() {
        return if has_classes(&port.tensor) && top > 0 {
            print_block(port, outputs, top, "--output FILE", out)
        } else {
            Ok(())
        };
    }
    for port in ports.iter() {
        let option = format!("--output {}=FILE", port.index);
        if has_classes(&port.tensor) && top > 0 {
            writeln!(out, "{port}: {}", port.facts())?;
            print_block(port, outputs, top, &option, out)?;
        } else {
            writeln!(out, "{port}: {}, {option} writes it\n", port.facts())?;
        }
    }
    Ok(())
}

/// Prints the answers of one output, a line for each sample.
fn print_block(
    port: &Port,
    outputs: &Samples,
    top: usize,
    option: &str,
    out: &mut impl Write,
) -> Result<(), CliError> {
    writeln!(out, "{:>7}  highest outputs: index (value)", "input")?;
    for (index, sample) in outputs.iter().take(SHOWN).enumerate() {
        let answers = highest(&sample[port.range.clone()], &port.tensor, top);
        let cells = answers.iter().map(|answer| {
            let value = format!("({:.4})", answer.score);
            format!("{:>3} {value:<10}", answer.class)
        });
        let cells: String = cells.collect();
        writeln!(out, "{index:>7}  {}", cells.trim_end())?;
    }
    let more = outputs.count().saturating_sub(SHOWN);
    if more > 0 {
        let more = grouped(more as u64);
        writeln!(out, "{:>7}  {more} more; {option} writes them all", "...")?;
    }
    Ok(writeln!(out)?)
}

/// Prints the bytes of state, where the model has any.
pub(super) fn print_state(model: &Model<'_>, out: &mut impl Write) -> Result<(), CliError> {
    match model.state_bytes() {
        0 => Ok(()),
        bytes => {
            let bytes = counted(bytes, "byte");
            Ok(writeln!(out, "state      {bytes}, kept from one input to the next")?)
        }
    }
}

/// Prints the times, and what they are times of.
pub(super) fn print_latency(
    latencies: &Latencies,
    mode: Mode,
    place: &str,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let median = time(latencies.percentile(50));
    match latencies.count() {
        1 => writeln!(out, "latency    {median} for one cold run ({place})")?,
        count => writeln!(
            out,
            "latency    median {median} over {} runs, the first one included ({place})",
            grouped(count as u64)
        )?,
    }
    if mode.is_ring() {
        writeln!(out, "           {}", resident::what_is_timed(latencies.count()))?;
    }
    Ok(())
}
