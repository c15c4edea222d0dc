//! Public models of `../shared/zoo` on a board: each with one of its inputs, a model with state
//! with its whole stream, gives the host's digests of outputs and states.
//!
//! They are put into one built program, so that none is built anew.

use super::cargo::{Carrier, size};
use super::emulator;
use super::host::{Host, read};
use super::image;
use super::models;
use super::programs::{Program, Programs};
use crate::failure::Failure;
use crate::repository;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The board that runs them.
pub(super) const BOARD: &str = "mps2-an386";

/// A row of the manifest.
#[derive(serde::Deserialize)]
pub(super) struct Row {
    pub(super) name: String,
    file: PathBuf,
    inputs: Vec<serde::de::IgnoredAny>,
    runs: usize,
    sequence: bool,
}

/// The record of the repository.
#[derive(serde::Deserialize)]
struct Record {
    /// By the first digits of their hashes, models that do not convert, and why.
    refused: BTreeMap<String, String>,
}

/// Returns the rows of the models that convert, and the folder; none where there is no zoo.
pub(super) fn rows() -> Result<(Vec<Row>, PathBuf), Failure> {
    let folder = models::reference_folder().join("zoo");
    let manifest = folder.join("manifest.json");
    if !manifest.is_file() {
        return Ok((Vec::new(), folder));
    }
    let record: Record = json(&repository::root().join("tests/models/zoo.json"))?;
    let mut rows: Vec<Row> = json(&manifest)?;
    rows.retain(|row| !record.refused.keys().any(|id| row.name.starts_with(id.as_str())));
    Ok((rows, folder))
}

impl Row {
    /// Returns where the model is.
    pub(super) fn path(&self, folder: &Path) -> PathBuf {
        folder.join("models").join(&self.file)
    }

    /// Returns the inputs of the vectors: by run, all ports one after the other.
    pub(super) fn runs(&self, folder: &Path) -> Result<Vec<Vec<u8>>, Failure> {
        let ports = self.ports(folder)?;
        let run = |run: usize| ports.iter().flat_map(|port| port[run].clone()).collect();
        Ok((0..self.runs).map(run).collect())
    }

    /// Returns the inputs of the vectors: by port, then by run.
    fn ports(&self, folder: &Path) -> Result<Vec<Vec<Vec<u8>>>, Failure> {
        let mut ports = Vec::new();
        for port in 0..self.inputs.len() {
            let array = read(&folder.join("vectors").join(format!("{}.in{port}.npy", self.name)))?;
            let values = values(&array);
            let runs = values.chunks((values.len() / self.runs).max(1)).map(<[u8]>::to_vec);
            ports.push(runs.collect::<Vec<_>>());
        }
        Ok(ports)
    }
}

/// Runs every model that fits the board; none where there is no zoo, or on another board.
pub(super) fn check(programs: &Programs<'_>, host: &Host) -> Result<(), Failure> {
    if programs.board.name != BOARD {
        return Ok(());
    }
    let (rows, folder) = rows()?;
    if rows.is_empty() {
        programs.worker.say("zoo        not run: no public models in ../shared/zoo");
        return Ok(());
    }
    let elf = programs.build(Program::Carried, None)?;
    image::check_floats(&elf)?;
    let carrier = Carrier::new(programs.board, elf)?;
    let (mut ran, mut large) = (0, 0);
    for row in &rows {
        let Some(cargo) = pack(row, &folder, host, &carrier)? else {
            large += 1;
            continue;
        };
        let carried = &cargo.program;
        let report = emulator::run(programs.board, carried)
            .map_err(|failure| Failure::Check(format!("{}: {failure}", row.name)))?;
        let found = (report.one("outputs")?, report.one("states")?);
        if found != (cargo.outputs.as_str(), cargo.states.as_str()) {
            let board = programs.board.name;
            let expected = (cargo.outputs, cargo.states);
            let message = format!("{}: the host says {expected:?}, {board} {found:?}", row.name);
            return Err(Failure::Check(message));
        }
        ran += 1;
    }
    let line = format_args!("zoo        {ran} public models as on the host; {large} do not fit");
    programs.worker.say(line);
    if ran == 0 { Err(Failure::Blind("no public model ran")) } else { Ok(()) }
}

/// What is put into the program, and what the host says of it.
struct Cargo {
    program: PathBuf,
    outputs: String,
    states: String,
}

/// Converts a model and runs it on the host; none where it does not fit.
fn pack(
    row: &Row,
    folder: &Path,
    host: &Host,
    carrier: &Carrier,
) -> Result<Option<Cargo>, Failure> {
    let blob_path = host.convert(&row.name, &row.path(folder))?;
    let blob = read(&blob_path)?;
    let count = if row.sequence { row.runs } else { 1 };
    let ports = row.ports(folder)?;
    let inputs = row.runs(folder)?[..count].concat();
    let Ok(program) = carrier.fill(&blob, count, &inputs)? else { return Ok(None) };
    let ports: Vec<Vec<u8>> = ports.iter().map(|port| port[..count].concat()).collect();
    let inputs = host.inputs(&row.name, &ports)?;
    let has_state = size(&blob, models::STATE_BYTES) > 0;
    let states = if has_state { host.states(&blob_path, &inputs)? } else { Vec::new() };
    let outputs = host.outputs(&blob_path, &inputs)?;
    Ok(Some(Cargo { program, outputs, states: format!("{:016x}", fnv1a(&states)) }))
}

/// Returns the digest that boards print (`isokern_model::digest::fnv1a`).
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Returns the values of a file of NumPy, as they are there.
fn values(file: &[u8]) -> &[u8] {
    let header = file.get(8..10).map_or(0, |len| usize::from(u16::from_le_bytes([len[0], len[1]])));
    file.get(10 + header..).unwrap_or_default()
}

fn json<T: for<'de> serde::Deserialize<'de>>(path: &Path) -> Result<T, Failure> {
    serde_json::from_slice(&read(path)?)
        .map_err(|error| Failure::Check(format!("{}: {error}", path.display())))
}
