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
use super::models::{self, Model};
use super::programs::{Program, Programs};
use super::zoo;
use crate::failure::Failure;
use crate::repository;
use std::path::{Path, PathBuf};

const MODES: [&str; 3] = ["batch", "ring", "megakernel"];

/// Work, in multiply-accumulates, below which public models run in every mode.
const PUBLIC_MACS: u64 = 25_000_000;

/// A model with its inputs and what the host makes of them.
struct Candidate {
    name: String,
    path: PathBuf,
    count: usize,
    inputs: Vec<u8>,
    digest: String,
}

/// Runs all models on a board, and the smallest board's code on a larger one as well.
pub(super) fn check(
    programs: &Programs<'_>,
    host: &Host,
    models: &[Model],
) -> Result<Vec<ModeFigure>, Failure> {
    let mut candidates = Vec::new();
    for model in models {
        let (count, inputs) = host.generated(&model.path)?;
        let (name, path, digest) = (model.name.clone(), model.path.clone(), model.digest.clone());
        candidates.push(Candidate { name, path, count, inputs, digest });
    }
    // One model is one that was asked for.
    if models.len() > 1 {
        candidates.extend(with_vectors(programs, host)?);
        candidates.extend(public(programs, host)?);
    }
    let mut figures = run(programs, &candidates)?;
    if programs.board.target == V6M_ON_M4.target {
        figures.extend(run(&Programs { board: &V6M_ON_M4, ..*programs }, &candidates)?);
    }
    Ok(figures)
}

/// Returns the committed models that take no generated input, each with the first of its vectors.
fn with_vectors(programs: &Programs<'_>, host: &Host) -> Result<Vec<Candidate>, Failure> {
    let folder = repository::root().join("tests/models");
    let mut candidates = Vec::new();
    for source in models::int8_models(&folder.join("models"))? {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // Boards are checked side by side: each has files of its own.
        let path = host.convert(&format!("{name}.{}", programs.board.name), &source)?;
        if !models::takes_generated(&read(&path)?) {
            let vectors = read(&folder.join("vectors").join(format!("{name}.in.i8")))?;
            candidates.push(Candidate::with_first(host, name, path, vectors)?);
        }
    }
    Ok(candidates)
}

/// Returns the small public models on the board that runs them.
fn public(programs: &Programs<'_>, host: &Host) -> Result<Vec<Candidate>, Failure> {
    let mut candidates = Vec::new();
    if programs.board.name != zoo::BOARD {
        return Ok(candidates);
    }
    let (rows, folder) = zoo::rows()?;
    for row in rows {
        let path = host.convert(&row.name, &row.path(&folder))?;
        let blob = read(&path)?;
        if models::macs(&blob) >= PUBLIC_MACS {
            continue;
        }
        if models::takes_generated(&blob) {
            let (count, inputs) = host.generated(&path)?;
            candidates.push(Candidate::new(host, row.name, path, (count, inputs))?);
        } else {
            let vectors = row.runs(&folder)?.concat();
            candidates.push(Candidate::with_first(host, row.name, path, vectors)?);
        }
    }
    Ok(candidates)
}

impl Candidate {
    fn new(
        host: &Host,
        name: String,
        path: PathBuf,
        (count, inputs): (usize, Vec<u8>),
    ) -> Result<Self, Failure> {
        let file = path.file_stem().unwrap_or_default().to_string_lossy();
        let digest = host.digest_of(&file, &path, &inputs)?;
        Ok(Self { name, path, count, inputs, digest })
    }

    fn with_first(
        host: &Host,
        name: String,
        path: PathBuf,
        vectors: Vec<u8>,
    ) -> Result<Self, Failure> {
        let inputs = host.first_of(&path, vectors)?;
        Self::new(host, name, path, inputs)
    }
}

fn run(programs: &Programs<'_>, candidates: &[Candidate]) -> Result<Vec<ModeFigure>, Failure> {
    let board = programs.board;
    let elf = programs.build(Program::Modes, None)?;
    image::check_floats(&elf)?;
    let carrier = Carrier::new(board, elf)?;
    let code = board.target.split('-').next().unwrap_or_default();
    let (mut figures, mut left_out, mut yields) = (Vec::new(), 0, 0);
    for candidate in candidates {
        programs.worker.go_on()?;
        let program = carrier.fill(&read(&candidate.path)?, candidate.count, &candidate.inputs)?;
        let modes = match program {
            Ok(program) => {
                yields += run_one(programs, candidate, &program)?;
                MODES.join(" = ")
            }
            Err(short) => {
                left_out += 1;
                format!("does not fit: {short}")
            }
        };
        figures.push(ModeFigure {
            board: board.name.to_owned(),
            code: code.to_owned(),
            model: candidate.name.clone(),
            modes,
            digest: candidate.digest.clone(),
        });
    }
    let (count, modes) = (figures.len() - left_out, MODES.join(", "));
    programs.worker.say(format_args!(
        "modes      {code}: {count} models alike in {modes}, {left_out} do not fit; tasks gave way \
         {yields} times"
    ));
    if yields == 0 {
        return Err(Failure::Blind("no task gave way between operators"));
    }
    Ok(figures)
}

/// Runs a model in every mode, and returns how often its tasks gave way.
fn run_one(programs: &Programs<'_>, candidate: &Candidate, program: &Path) -> Result<u64, Failure> {
    let board = programs.board;
    let report = emulator::run(board, program)
        .map_err(|failure| Failure::Check(format!("{}: {failure}", candidate.name)))?;
    for mode in MODES {
        let digest = report.one(mode)?;
        if digest != candidate.digest {
            let what =
                format!("{} in {mode} mode, {} on {}", candidate.name, board.target, board.name);
            return Err(super::differs(&what, &candidate.digest, digest));
        }
    }
    report.number("yields")
}
