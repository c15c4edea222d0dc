//! `cargo xtask ci`: the check stages, each timed, with a table at the end.

use crate::failure::Failure;
use crate::process;
use crate::thumb::NO_STD_CRATES;
use crate::{bundle, cust, firmware, fuzz, loom, ptx, race, repository, test, thumb, tidy};
use clap::{Parser, ValueEnum};
use core::time::Duration;
use std::time::Instant;

/// What `cargo xtask ci` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run only these stages.
    #[arg(long, value_enum, value_delimiter = ',', conflicts_with = "skip")]
    only: Vec<Stage>,
    /// Run all stages but these.
    #[arg(long, value_enum, value_delimiter = ',')]
    skip: Vec<Stage>,
    /// Print the names of the stages that would run, and run none.
    #[arg(long)]
    list: bool,
}

/// One check, in the order they run: the quick ones first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// Formatting.
    Fmt,
    /// House rules.
    Tidy,
    /// Lints, with all features and again without std.
    Clippy,
    /// Documentation, warnings denied.
    Doc,
    /// Every test suite.
    Test,
    /// The no_std crates for microcontrollers.
    Thumb,
    /// Models on boards in an emulator, compared with the host.
    Firmware,
    /// Device code: the committed PTX is that of the source, and keeps its limits.
    Ptx,
    /// The team test under ThreadSanitizer.
    Race,
    /// The cust application, on the stand-in.
    Cust,
    /// The bundle for GPU machines, on the stand-in.
    Bundle,
    /// The ring protocol under a model checker.
    Loom,
    /// A short run of every fuzz target.
    Fuzz,
}

/// How a stage ended.
struct Outcome {
    stage: Stage,
    time: Duration,
    failure: Option<Failure>,
}

/// Runs the chosen stages, also those after a failed one, and fails when any failed.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let stages = Stage::value_variants().iter().copied().filter(|stage| {
        let wanted = arguments.only.is_empty() || arguments.only.contains(stage);
        wanted && !arguments.skip.contains(stage)
    });
    if arguments.list {
        stages.for_each(|stage| println!("{}", stage.name()));
        return Ok(());
    }
    let outcomes: Vec<Outcome> = stages.map(run_stage).collect();
    print_table(&outcomes);
    let failed: Vec<String> = outcomes
        .iter()
        .filter(|outcome| outcome.failure.is_some())
        .map(|outcome| outcome.stage.name())
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::Stages(failed.join(", "))) }
}

fn run_stage(stage: Stage) -> Outcome {
    println!("\n==== {} ====", stage.name());
    let start = Instant::now();
    let failure = stage.run().err();
    if let Some(failure) = &failure {
        eprintln!("{}: {failure}", stage.name());
    }
    Outcome { stage, time: start.elapsed(), failure }
}

fn print_table(outcomes: &[Outcome]) {
    println!("\n{:<8} {:>8}  result", "stage", "seconds");
    for outcome in outcomes {
        let word = if outcome.failure.is_none() { "passed" } else { "FAILED" };
        println!("{:<8} {:>8.1}  {word}", outcome.stage.name(), outcome.time.as_secs_f64());
    }
}

impl Stage {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Fmt => fmt(),
            Self::Tidy => tidy::run(),
            Self::Clippy => clippy(),
            Self::Doc => doc(),
            Self::Test => test::run(&defaults::<test::Arguments>()),
            Self::Thumb => thumb::run(&defaults::<thumb::Arguments>()),
            Self::Firmware => firmware::run(&defaults::<firmware::Arguments>()),
            Self::Ptx => ptx::run_stage(),
            Self::Race => race::run(&defaults::<race::Arguments>()),
            Self::Cust => cust::run(),
            Self::Bundle => bundle::run_stage(),
            Self::Loom => loom::run(&defaults::<loom::Arguments>()),
            Self::Fuzz => fuzz::run(&defaults::<fuzz::Arguments>()),
        }
    }
}

/// The arguments a command has when none is typed.
fn defaults<A: clap::Args>() -> A {
    #[derive(Parser)]
    struct Wrapper<A: clap::Args> {
        #[command(flatten)]
        inner: A,
    }
    Wrapper::<A>::parse_from(["xtask"]).inner
}

/// Checks the format here and in the other workspaces.
fn fmt() -> Result<(), Failure> {
    repository::manifests()?
        .iter()
        .try_for_each(|manifest| cargo(&["fmt", "--all", "--check", "--manifest-path", manifest]))
}

/// Lints everything, then the no_std crates alone: only so are they seen without std. Last come
/// the programs for boards. The fuzz workspace is not linted: that needs compiler flags of its own.
fn clippy() -> Result<(), Failure> {
    cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-Dwarnings"])?;
    let packages = NO_STD_CRATES.iter().flat_map(|name| ["--package", name]);
    let arguments: Vec<&str> =
        core::iter::once("clippy").chain(packages).chain(["--", "-Dwarnings"]).collect();
    cargo(&arguments)?;
    firmware::clippy()
}

fn doc() -> Result<(), Failure> {
    let mut command = process::cargo();
    command.env("RUSTDOCFLAGS", "-Dwarnings");
    process::run(command.args(["doc", "--workspace", "--all-features", "--no-deps"]))
}

fn cargo(arguments: &[&str]) -> Result<(), Failure> {
    process::run(process::cargo().args(arguments))
}
