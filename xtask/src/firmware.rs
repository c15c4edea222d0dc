//! `cargo xtask firmware`: models and actors on Cortex-M and RISC-V boards, in an emulator.
//!
//! Per board: the smallest program gives the host's answers; every model that fits gives the
//! host's digest; the programs hold no heap, no float instruction and no panic; code, static
//! RAM, stack and instructions are those of the committed tables; every byte of a model is
//! changed in turn; every model gives one digest in every mode; and rings and actors between an
//! interrupt and the loop lose and double nothing. First of all the checks must find what was
//! planted for them.
//!
//! Boards are checked side by side, as many at a time as there are processors.

mod actors;
mod board;
mod cargo;
mod costs;
mod embassy;
mod emulator;
mod figures;
mod host;
mod image;
mod loops;
mod models;
mod modes;
pub(crate) mod packed;
mod peers;
mod programs;
mod sheet;
mod workers;
mod zoo;

use crate::failure::Failure;
use crate::process;
use crate::thumb::{self, Compiler};
use board::{BOARDS, Board, V6M_ON_M4};
use core::num::NonZero;
pub(crate) use emulator::how_to_install as how_to_install_emulator;
use figures::{Figure, Table};
use host::Host;
pub(crate) use image::how_to_install as how_to_install_tools;
use models::Model;
use programs::{Program, Programs};
use std::path::PathBuf;
use workers::Worker;

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
    #[arg(long, conflicts_with = "model")]
    modes: bool,
    /// Count every operator of every model on this board, and fit the table of costs to that.
    #[arg(long, requires = "board", conflicts_with_all = ["model", "modes"])]
    costs: bool,
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
    let host = Host::build(programs::FOLDER)?;
    let models = match &arguments.model {
        Some(path) => Vec::from_iter(models::one(&host, path)?),
        None => models::all(&host)?,
    };
    let mut boards = Vec::new();
    for board in &BOARDS {
        if arguments.board.is_none_or(|one| one == board) {
            let compiler = thumb::choose(arguments.compiler, board.target)?;
            boards.push((board.name, (board, compiler)));
        }
    }
    let exact = boards.iter().all(|(_, (_, compiler))| *compiler == Compiler::Rustup);
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let check = |(board, compiler), worker: &Worker<'_>| {
        check_board(&Programs { board, compiler, worker }, arguments, &host, &models)
    };
    let found = workers::side_by_side(&boards, processors, &mut std::io::stdout(), check)?;
    let mut table = Table::default();
    let mut mutations = Vec::new();
    for ((name, _), (of_board, outcome)) in boards.iter().zip(found) {
        table.add(of_board);
        mutations.extend(outcome.map(|outcome| (*name, outcome)));
    }
    compare_mutations(&mutations)?;
    if arguments.costs {
        return Ok(());
    }
    if arguments.modes {
        return if arguments.bless { table.write(true) } else { table.compare(exact) };
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

/// Runs the chosen checks on one board; what they measured, and what came of changed models.
fn check_board(
    programs: &Programs<'_>,
    arguments: &Arguments,
    host: &Host,
    models: &[Model],
) -> Result<(Table, Option<String>), Failure> {
    let board = programs.board;
    programs.worker.say(format_args!("\n== {} ({}) ==", board.name, board.processor));
    let (mut table, mut mutations) = (Table::default(), None);
    if arguments.costs {
        costs::run(programs, host, models, arguments.bless)?;
        return Ok((table, None));
    }
    if arguments.modes {
        table.modes.extend(modes::check(programs, host, models)?);
        return Ok((table, None));
    }
    if arguments.model.is_none() {
        check_programs(programs, host)?;
        mutations = Some(check_mutations(programs)?);
        loops::check(programs)?;
        zoo::check(programs, host)?;
        costs::public_models(programs, host)?;
        table.modes.extend(modes::check(programs, host, models)?);
        if let Some(digits) = models.first() {
            table.actors.extend(actors::check(programs, host, digits)?);
            table.actors.extend(embassy::check(programs, digits)?);
        }
    }
    for model in models {
        if arguments.model.is_some() || board.measures(model) {
            let figures = measure(programs, model)?;
            if let Some(fastest) = figures.first() {
                costs::network(host, board, model, fastest)?;
            }
            table.figures.extend(figures);
        }
    }
    Ok((table, mutations))
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
fn check_programs(programs: &Programs<'_>, host: &Host) -> Result<(), Failure> {
    let planted = programs.build(Program::Planted, None)?;
    image::find_planted(&planted, programs.board)?;
    emulator::run_to_fault(programs.board, &planted)?;
    programs.worker.say("planted    the float, the panic and the fault were found");

    let digits = programs.build(Program::Digits, None)?;
    image::check(&digits, programs.board)?;
    let report = emulator::run(programs.board, &digits)?;
    let answers: Vec<&str> = report.all("digit").collect();
    let expected = host.digits(answers.len());
    if answers.is_empty() || answers != expected {
        return Err(differs("digits", &expected.join(" "), &answers.join(" ")));
    }
    programs.worker.say(format_args!("digits     {} (as on the host)", answers.join(" ")));

    Ok(())
}

/// Checks that a changed model is refused or answers; what came of all changes.
fn check_mutations(programs: &Programs<'_>) -> Result<String, Failure> {
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
    let worker = programs.worker;
    worker.say(format_args!("mutations  {changed} changed models: {outcome}; no fault"));
    Ok(outcome)
}

/// Checks that the same came of changed models on every board.
fn compare_mutations(outcomes: &[(&str, String)]) -> Result<(), Failure> {
    let Some((first, expected)) = outcomes.first() else { return Ok(()) };
    match outcomes.iter().find(|(_, outcome)| outcome != expected) {
        None => Ok(()),
        Some((board, outcome)) => {
            Err(Failure::Check(format!("mutations: {expected} on {first}, {outcome} on {board}")))
        }
    }
}

/// Runs one model with the fastest loops of its processor, and where these are `smlad` with the
/// plain ones too. A model that the smallest board has no room for runs with its code on a larger
/// one.
fn measure(programs: &Programs<'_>, model: &Model) -> Result<Vec<Figure>, Failure> {
    let board = programs.board;
    if let Err(reason) = board.fits(model) {
        if board.target == V6M_ON_M4.target && board != &V6M_ON_M4 {
            return measure(&Programs { board: &V6M_ON_M4, ..*programs }, model);
        }
        programs.worker.say(format_args!("{:<18} not run: {reason}", model.name));
        return Ok(Vec::new());
    }
    let mut figures = vec![measure_loops(programs, model, Program::Measure)?];
    if figures[0].loops == "smlad" {
        figures.push(measure_loops(programs, model, Program::MeasurePlain)?);
    }
    Ok(figures)
}

fn measure_loops(
    programs: &Programs<'_>,
    model: &Model,
    program: Program,
) -> Result<Figure, Failure> {
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
        code_max: figures::code_max(&model.name, model.is_base),
        model_bytes: model.bytes,
        statics: size.ram - model.arena,
        arena: model.arena,
        stack: report.number("stack")?,
        load: report.instructions("load_ticks")?,
        run: report.instructions("run_ticks")?,
        cmsis_nn: peers::cmsis_nn(board.code_processor(), &model.name),
        digest: digest.to_owned(),
    };
    programs.worker.say(format_args!(
        "{:<18} {digest} (as on the host), {} loops, {} instructions",
        figure.model, figure.loops, figure.run
    ));
    Ok(figure)
}

fn differs(what: &str, host: &str, board: &str) -> Failure {
    Failure::Check(format!("{what}: the host says {host}, the board says {board}"))
}

#[cfg(test)]
mod tests {
    use super::compare_mutations;

    #[test]
    fn a_board_on_which_changed_models_end_otherwise_is_named() {
        let outcomes = |last: &str| {
            ["x", "x", last]
                .map(str::to_owned)
                .into_iter()
                .zip(["a", "b", "c"])
                .map(|(x, a)| (a, x))
        };
        assert!(compare_mutations(&[]).is_ok());
        assert!(compare_mutations(&outcomes("x").collect::<Vec<_>>()).is_ok());
        let failure = compare_mutations(&outcomes("y").collect::<Vec<_>>()).unwrap_err();
        assert_eq!(failure.to_string(), "mutations: x on a, y on c");
    }
}
