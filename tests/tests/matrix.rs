//! The matrix set in every mode on the processor, on boards and as PTX: one digest each.
//!
//! A board's cells are those of `tests/firmware/figures.md`, which `cargo xtask firmware` compares
//! with what boards do; PTX runs on the stand-in. `tests/matrix.md` has the whole table:
//! `ISOKERN_MATRIX=bless` writes it, anything else that is set runs the models beside the
//! repository, too.

use core::fmt::Write as _;
use std::collections::BTreeMap;
use std::env::var_os;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use isokern::samples::{Samples, digest_of};
use isokern::{Device, Error, KernelMode, Model, Plan};
use isokern_tests::matrix::{Boards, Member, own, public, reference};
use isokern_tests::standin::missing;
use isokern_tests::trials::{run_in_turn, trial_unless};
use isokern_tests::vectors::NO_REFERENCE;
use isokern_tests::zoo::NO_ZOO;

const VARIABLE: &str = "ISOKERN_MATRIX";
const NOT_ASKED: &str = "minutes of PTX on the stand-in. Fix: set ISOKERN_MATRIX=all";
const MODES: [KernelMode; 3] = [KernelMode::Batch, KernelMode::Ring, KernelMode::Megakernel];

/// Inputs of each model, of the seeds from 1.
const INPUTS: u32 = 4;
/// Models of the whole set: own, reference, public.
const WHOLE: usize = 36 + 4 + 48;

/// Rows by the place of the model in the set.
type Rows = Arc<Mutex<BTreeMap<usize, Row>>>;
/// What finds models beside the repository.
type Members = fn() -> Vec<Member>;

fn main() -> ExitCode {
    let asked = var_os(VARIABLE);
    let blesses = asked.as_ref().is_some_and(|word| word == "bless");
    let rows = Rows::default();
    let trial = |at: usize, member: Member| {
        let rows = Arc::clone(&rows);
        trial_unless(missing(), format!("one_digest::{}", member.name), move || {
            let row = Row::of(&member);
            rows.lock().expect("no test has failed in it").insert(at, row);
        })
    };
    let mut members = own();
    let mut skipped = Vec::new();
    let others: [(_, Members, _); 2] =
        [("reference", reference, NO_REFERENCE), ("public", public, NO_ZOO)];
    for (name, more, none) in others {
        let more = if asked.is_some() { more() } else { Vec::new() };
        let reason = if asked.is_some() { none } else { NOT_ASKED };
        if more.is_empty() {
            skipped.push(trial_unless(Some(reason), format!("one_digest::{name}"), || ()));
        }
        members.extend(more);
    }
    let trials: Vec<_> =
        members.into_iter().enumerate().map(|(at, member)| trial(at, member)).collect();
    let table = trial_unless(missing(), "the_table_is_that_of_the_record", move || {
        check_table(&rows.lock().expect("no test has failed in it"), blesses);
    });
    run_in_turn(trials.into_iter().chain(skipped).chain([table]))
}

/// One model in all cells.
#[derive(Debug)]
struct Row {
    name: String,
    macs: u64,
    digest: String,
    cells: Vec<Cell>,
}

/// What a device says in a mode.
#[derive(Debug)]
enum Cell {
    /// The digest of the row.
    Equal,
    /// The same, on so many boards of those that it was tried on; what others are short of.
    OnBoards(usize, usize, Vec<String>),
    /// It does not fit, for these reasons.
    None(Vec<String>),
}

impl Row {
    /// Runs a model in every cell.
    ///
    /// # Panics
    ///
    /// Where a digest is another.
    fn of(member: &Member) -> Self {
        let name = &member.name;
        let model = Model::named(name, &member.tflite).expect("it converts");
        let macs = model.view().header().macs();
        let samples = inputs(member, &model);
        let run = |device, mode| {
            let digest = format!("{:016x}", digest_of(&outputs(&model, (device, mode), &samples)));
            check_stream(member, &model, (device, mode));
            digest
        };
        let digest = run(Device::Cpu, KernelMode::Batch);
        let equal = |found: String, what: &str| {
            assert_eq!(found, digest, "{name}, {what}");
            Cell::Equal
        };
        let [_, resident @ ..] = MODES;
        let mut cells = vec![Cell::Equal];
        cells.extend(resident.map(|mode| equal(run(Device::Cpu, mode), "the processor")));
        cells.extend(MODES.map(|mode| Cell::on_boards(name, &mode.to_string(), &digest)));
        let gpu = Device::Cuda { ordinal: 0 };
        cells.extend(MODES.map(|mode| equal(run(gpu, mode), "PTX")));
        Self { name: name.clone(), macs, digest, cells }
    }

    /// Returns the row as Markdown.
    fn line(&self) -> String {
        let cells: Vec<String> = self.cells.iter().map(Cell::text).collect();
        format!("| {} | {} | {} | {} |", self.name, self.macs, self.digest, cells.join(" | "))
    }

    /// Returns what does not fit, as lines of a list.
    fn reasons(&self) -> Vec<String> {
        // All modes are one program there.
        let reasons = match &self.cells[MODES.len()] {
            Cell::Equal => &[][..],
            Cell::OnBoards(.., reasons) | Cell::None(reasons) => reasons,
        };
        reasons.iter().map(|reason| format!("* {} on {reason}", self.name)).collect()
    }
}

impl Cell {
    fn on_boards(name: &str, mode: &str, digest: &str) -> Self {
        let (boards, mut reasons, mut tried) = (Boards::read(), Vec::new(), 0);
        for one in boards.of(name) {
            tried += 1;
            match one.digest {
                Some(found) => {
                    assert!(one.has_run(mode), "{name}: not in {mode} mode on {}", one.board);
                    assert_eq!(found, digest, "{name}, {mode} mode on {}", one.board);
                }
                None => reasons.push(format!("`{}`, {}: {}", one.board, one.code, one.what)),
            }
        }
        assert!(tried > 0, "{name}: no board has tried it");
        match tried - reasons.len() {
            0 => Self::None(reasons),
            count => Self::OnBoards(count, tried, reasons),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Equal => "equal".to_owned(),
            Self::OnBoards(count, all, _) => format!("equal on {count} of {all}"),
            Self::None(_) => "does not fit".to_owned(),
        }
    }
}

/// Returns the inputs of a model: the generated ones; of one of indices, to which those would be an
/// error, the first of its vectors.
fn inputs(member: &Member, model: &Model) -> Samples {
    if model.view().header().self_test().is_some() {
        return Samples::generated(model, 1..=INPUTS);
    }
    let sample_bytes = model.inputs().sample_bytes();
    let len = (INPUTS as usize * sample_bytes).min(member.vectors.len());
    assert!(len > 0, "{} has no input", member.name);
    Samples::new(bytemuck::cast_slice(&member.vectors[..len]).to_vec(), sample_bytes)
}

/// Returns the outputs of a model in one cell.
fn outputs(model: &Model, (device, mode): (Device, KernelMode), samples: &Samples) -> Vec<u8> {
    let fails = |error: Error| -> ! { panic!("{}, {device:?}, {mode}: {error}", model.name()) };
    let plan = Plan::new(device).with_mode(mode);
    let mut session = model.session_with(plan).unwrap_or_else(|error| fails(error));
    let ran = session.run_samples(samples, None, |_, _| Ok(()));
    let (outputs, _) = ran.unwrap_or_else(|error| fails(error));
    session.finish().unwrap_or_else(|error| fails(error));
    outputs
}

/// Runs the whole stream of a model with state: four steps may all give one number.
fn check_stream(member: &Member, model: &Model, cell: (Device, KernelMode)) {
    if model.state_bytes() > 0 {
        let stream = bytemuck::cast_slice(&member.vectors).to_vec();
        let found = outputs(model, cell, &Samples::new(stream, model.inputs().sample_bytes()));
        let answers: &[u8] = bytemuck::cast_slice(&member.answers);
        assert!(found == answers, "{}, {cell:?}: other answers in the stream", member.name);
    }
}

/// Compares the rows with the record, or writes it.
fn check_table(rows: &BTreeMap<usize, Row>, blesses: bool) {
    let lines: Vec<String> = rows.values().map(Row::line).collect();
    println!("{}", lines.join("\n"));
    let path = path();
    if blesses {
        assert_eq!(rows.len(), WHOLE, "only the whole set is written");
        let text = whole(rows);
        return fs::write(&path, text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let record = fs::read_to_string(&path);
    let record = record.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for line in &lines {
        assert!(record.lines().any(|old| old == line), "{} has not: {line}", path.display());
    }
    if rows.len() == WHOLE {
        assert_eq!(record, whole(rows), "{}", path.display());
    }
}

const HEAD: &str = "\
# One digest in every mode on every device

Written by the suite `matrix` with `ISOKERN_MATRIX=bless`, compared by it (`docs/testing.md`). The
digest, FNV-1a over 64 bits, is that of the outputs for the generated inputs of the seeds 1 to 4,
one stream for a model with state; a model of indices has the first of its vectors. On CPU and PTX a
model with state gives TFLite Micro's answers to the whole stream of its vectors, too.

* **CPU**: called, as an actor on a thread, and as tasks of a megakernel's workers.
* **firmware**: on the boards of `tests/firmware/figures.md`, in an emulator. Public models are
  tried on one board.
* **PTX**: the shipped device code of sm_90 on the stand-in, called, as an actor in a block of the
  resident kernel, and as tasks of blocks that are workers. Nothing here was run on a GPU.

";

fn whole(rows: &BTreeMap<usize, Row>) -> String {
    let cells = || rows.values().flat_map(|row| &row.cells);
    let left_out = cells().filter(|cell| matches!(cell, Cell::None(_))).count();
    let reasons: Vec<String> = rows.values().flat_map(Row::reasons).collect();
    let mut text = HEAD.to_owned();
    let _infallible = write!(
        text,
        "{} models, {} cells: {} equal, {left_out} do not fit. {} times a model does not fit one \
         of the boards that it was tried on.\n\n| model | MACs | digest ",
        rows.len(),
        cells().count(),
        cells().count() - left_out,
        reasons.len(),
    );
    for device in ["CPU", "firmware", "PTX"] {
        MODES.iter().for_each(|mode| text += &format!("| {device} {mode} "));
    }
    text += &format!("|\n|---|--:|---{}|\n", "|---".repeat(3 * MODES.len()));
    rows.values().for_each(|row| text += &(row.line() + "\n"));
    text += "\n## What does not fit\n\n";
    text + &reasons.join("\n") + "\n"
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix.md")
}
