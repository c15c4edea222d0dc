//! Measures a resident model beside a called one, in turns.

use isokern::Model;
use isokern::resident::{ResidentModel, SLOTS};
use isokern_cpu::CpuModel;

use super::effort::Effort;
use super::inputs::Inputs;
use super::pairs::{Pairs, throughput};
use super::report::BenchReport;
use super::wait::Wait;
use crate::error::CliError;

/// Measures, and notes what came out.
pub(crate) fn measure(
    mut model: CpuModel<'static>,
    file: &Model,
    inputs: &Inputs,
    effort: Effort,
    wait: Wait,
    report: &mut BenchReport,
) -> Result<(), CliError> {
    report.wait = Some(wait.as_str());
    let instructions = model.instruction_set();
    let start =
        |buffer_count| ResidentModel::start(file, instructions, buffer_count, wait.strategy());
    let mut resident = start(1)?;
    let name = file.name();
    let mut pairs = Pairs { direct: &mut model, asked: &mut resident, name, mode: "ring" };
    pairs.measure(inputs, effort, report)?;
    resident.finish()?;
    let mut resident = start(SLOTS)?;
    report.throughput = throughput(&mut resident, SLOTS, inputs, effort)?;
    Ok(resident.finish()?)
}
