//! Every model in every mode: batch, ring and megakernel give the host's digest.
//!
//! Models are put into one built program for each processor. Code for Armv6-M runs on a board with
//! enough memory for all models too, as an Armv7E-M executes it.

use super::board::V6M_ON_M4;
use super::cargo::Carrier;
use super::emulator;
use super::figures::ModeFigure;
use super::host::{Host, read};
use super::image;
use super::models::Model;
use super::programs::{Program, Programs};
use crate::failure::Failure;

const MODES: [&str; 3] = ["batch", "ring", "megakernel"];

/// Runs all models on a board, and the smallest board's code on a larger one as well.
pub(super) fn check(
    programs: &Programs<'_>,
    host: &Host,
    models: &[Model],
) -> Result<Vec<ModeFigure>, Failure> {
    let mut figures = run(programs, host, models)?;
    if programs.board.target == V6M_ON_M4.target {
        figures.extend(run(&Programs { board: &V6M_ON_M4, ..*programs }, host, models)?);
    }
    Ok(figures)
}

fn run(programs: &Programs<'_>, host: &Host, models: &[Model]) -> Result<Vec<ModeFigure>, Failure> {
    let board = programs.board;
    let elf = programs.build(Program::Modes, None)?;
    image::check_floats(&elf)?;
    let carrier = Carrier::new(board, elf)?;
    let code = board.target.split('-').next().unwrap_or_default();
    let (mut figures, mut left_out, mut yields) = (Vec::new(), Vec::new(), 0);
    for model in models {
        let (count, inputs) = host.generated(&model.path)?;
        let program = match carrier.fill(&read(&model.path)?, count, &inputs)? {
            Ok(program) => program,
            Err(short) => {
                left_out.push(format!("{} ({short})", model.name));
                continue;
            }
        };
        let report = emulator::run(board, &program)
            .map_err(|failure| Failure::Check(format!("{}: {failure}", model.name)))?;
        for mode in MODES {
            let digest = report.one(mode)?;
            if digest != model.digest {
                let what = format!("{} in {mode} mode, {code} on {}", model.name, board.name);
                return Err(super::differs(&what, &model.digest, digest));
            }
        }
        yields += report.number("yields")?;
        figures.push(ModeFigure {
            board: board.name.to_owned(),
            code: code.to_owned(),
            model: model.name.clone(),
            modes: MODES.join(" = "),
            digest: model.digest.clone(),
        });
    }
    let (count, modes) = (figures.len(), MODES.join(", "));
    programs.worker.say(format_args!(
        "modes      {code}: {count} models alike in {modes}; tasks gave way {yields} times"
    ));
    if !left_out.is_empty() {
        programs.worker.say(format_args!("           do not fit: {}", left_out.join(", ")));
    }
    if yields == 0 {
        return Err(Failure::Blind("no task gave way between operators"));
    }
    Ok(figures)
}
