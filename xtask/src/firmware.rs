//! `cargo xtask firmware`: models and actors on Cortex-M and RISC-V boards, in an emulator.
//!
//! Per board: the smallest program gives the host's answers; every model that fits gives the
//! host's digest; the programs hold no heap, no float instruction and no panic; code, static
//! RAM, stack and instructions are those of the committed tables; every byte of a model is
//! changed in turn; every model gives one digest in every mode; and rings and actors between an
//! interrupt and the loop lose and double nothing. First of all the checks must find what was
//! planted for them.

mod actors;
mod board;
mod cargo;
mod emulator;
mod figures;
mod host;
mod image;
mod models;
mod modes;
mod peers;
mod programs;
mod sheet;
mod zoo;

use crate::failure::Failure;
use crate::process;
use crate::thumb::{self, Compiler};
use board::{BOARDS, Board, V6M_ON_M4};
pub(crate) use emulator::how_to_install as how_to_install_emulator;
use figures::{Figure, Table};
pub(crate) use image::how_to_install as how_to_install_tools;
use models::Model;
use programs::{Program, Programs};
use std::path::PathBuf;

/// The workspace of the programs, relative to the root of the repository.
const MANIFEST: &str = "tests/firmware/Cargo.toml";

/// What `cargo xtask firmware` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run only on this board; all of them when none is named.
    #[arg(long, value_parser = board::find)]
    board: Option<&'static Board>,
    /// Run only this model, a .tflite or .ikm file, and compare no table.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Run every model in every mode, and nothing else.
    #[arg(long, conflicts_with_all = ["model", "bless"])]
    modes: bool,
    /// Which compiler builds.
    #[arg(long, value_enum, default_value_t = Compiler::Auto)]
    compiler: Compiler,
    /// Write the tables instead of comparing with them; with `--board` the rows of this board.
    #[arg(long, conflicts_with = "model")]
    bless: bool,
}

/// Runs everything on the chosen boards; the first check that fails ends the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    image::find_tools()?;
    emulator::find()?;
    let host = host::Host::build()?;
    let models = match &arguments.model {
        Some(path) => Vec::from_iter(models::one(&host, path)?),
        None => models::all(&host)?,
    };
    let boards = BOARDS.iter().filter(|board| arguments.board.is_none_or(|one| one == *board));
    let mut table = Table::default();
    let mut exact = true;
    let mut mutants = None;
    for board in boards {
        println!("\n== {} ({}) ==", board.name, board.processor);
        let compiler = thumb::choose(arguments.compiler, board.target)?;
        exact &= compiler == Compiler::Rustup;
        let programs = Programs { board, compiler };
        if arguments.modes {
            table.modes.extend(modes::check(&programs, &host, &models)?);
            continue;
        }
        if arguments.model.is_none() {
            check_programs(&programs, &host)?;
            check_mutations(&programs, &mut mutants)?;
            zoo::check(&programs, &host)?;
            table.modes.extend(modes::check(&programs, &host, &models)?);
            if let Some(digits) = models.first() {
                table.actors.extend(actors::check(&programs, &host, digits)?);
            }
        }
        for model in &models {
            if arguments.model.is_some() || board.measures(model) {
                table.figures.extend(measure(&programs, model)?);
            }
        }
    }
    if arguments.modes {
        return table.compare(exact);
    }
    if table.figures.is_empty() {
        return Err(Failure::Check("the model fits no board that was chosen".to_owned()));
    }
    println!("\n{}", table.text());
    if arguments.bless {
        table.write(arguments.board.is_some())?;
    }
    if exact {
        table.check_limits()?;
    }
    if arguments.bless || arguments.model.is_some() { Ok(()) } else { table.compare(exact) }
}

/// Lints the programs for every board, where the pinned compiler can.
pub(crate) fn clippy() -> Result<(), Failure> {
    for Board { target, .. } in &BOARDS {
        if thumb::choose(Compiler::Auto, target)? != Compiler::Rustup {
            println!("clippy: tests/firmware is not linted for {target}: Debian has no clippy");
            continue;
        }
        let mut cargo = process::cargo();
        cargo.env("CARGO_TARGET_DIR", thumb::target_dir(Compiler::Rustup, programs::FOLDER));
        cargo.args(["clippy", "--release", "--locked", "--all-features"]);
        cargo.args(["--manifest-path", MANIFEST]);
        process::run(cargo.args(["--target", target, "--", "-Dwarnings"]))?;
    }
    Ok(())
}

/// Checks that need no model but the committed one.
fn check_programs(programs: &Programs, host: &host::Host) -> Result<(), Failure> {
    let planted = programs.build(Program::Planted, None)?;
    image::find_planted(&planted, programs.board)?;
    emulator::run_to_fault(programs.board, &planted)?;
    println!("planted    the float, the panic and the fault were found");

    let digits = programs.build(Program::Digits, None)?;
    image::check(&digits, programs.board)?;
    let report = emulator::run(programs.board, &digits)?;
    let answers: Vec<&str> = report.all("digit").collect();
    let expected = host.digits(answers.len())?;
    if answers.is_empty() || answers != expected {
        return Err(differs("digits", &expected.join(" "), &answers.join(" ")));
    }
    println!("digits     {} (as on the host)", answers.join(" "));

    Ok(())
}

/// Checks that a changed model is refused or answers, and that every board says the same.
fn check_mutations(programs: &Programs, before: &mut Option<String>) -> Result<(), Failure> {
    let report = emulator::run(programs.board, &programs.build(Program::Mutations, None)?)?;
    let number = |name| report.number(name);
    let (changed, refused, answered) =
        (number("changed")?, number("refused")?, number("answered")?);
    if changed != refused + answered || refused == 0 || answered == 0 {
        let message = format!("mutations: {refused} refused + {answered} answered of {changed}");
        return Err(Failure::Check(message));
    }
    let outcome =
        format!("{refused} refused, {answered} answered, digest {}", report.one("digest")?);
    println!("mutations  {changed} changed models: {outcome}; no fault");
    let first = before.get_or_insert_with(|| outcome.clone());
    if *first == outcome {
        return Ok(());
    }
    let message = format!("mutations: {first} on the first board, {outcome} here");
    Err(Failure::Check(message))
}

/// Runs one model with the fastest loops of its processor, and where these are `smlad` with the
/// plain ones too. A model that the smallest board has no room for runs with its code on a larger
/// one.
fn measure(programs: &Programs, model: &Model) -> Result<Vec<Figure>, Failure> {
    let board = programs.board;
    if let Err(reason) = board.fits(model) {
        if board.target == V6M_ON_M4.target && board != &V6M_ON_M4 {
            return measure(&Programs { board: &V6M_ON_M4, ..*programs }, model);
        }
        println!("{:<18} not run: {reason}", model.name);
        return Ok(Vec::new());
    }
    let mut figures = vec![measure_loops(programs, model, Program::Measure)?];
    if figures[0].loops == "smlad" {
        figures.push(measure_loops(programs, model, Program::MeasurePlain)?);
    }
    Ok(figures)
}

fn measure_loops(programs: &Programs, model: &Model, program: Program) -> Result<Figure, Failure> {
    let board = programs.board;
    let elf = programs.build(program, Some(model))?;
    if model.has_floats {
        image::check_floats(&elf)?;
    } else {
        image::check(&elf, board)?;
    }
    let report = emulator::run(board, &elf)?;
    let digest = report.one("digest")?;
    if digest != model.digest {
        let what = format!("{} on {}", model.name, board.name);
        return Err(differs(&what, &model.digest, digest));
    }
    let size = image::size(&elf)?;
    let figure = Figure {
        board: board.label().to_owned(),
        model: model.name.clone(),
        loops: report.one("loops")?.to_owned(),
        program: size.flash - model.bytes,
        code: size.flash - model.bytes - size.others,
        code_max: figures::code_max(board.target, &model.name, model.is_base),
        model_bytes: model.bytes,
        statics: size.ram - model.arena,
        arena: model.arena,
        stack: report.number("stack")?,
        load: report.instructions("load_ticks")?,
        run: report.instructions("run_ticks")?,
        cmsis_nn: peers::cmsis_nn(board.code_processor(), &model.name),
        digest: digest.to_owned(),
    };
    println!(
        "{:<18} {digest} (as on the host), {} loops, {} instructions",
        figure.model, figure.loops, figure.run
    );
    Ok(figure)
}

fn differs(what: &str, host: &str, board: &str) -> Failure {
    Failure::Check(format!("{what}: the host says {host}, the board says {board}"))
}
