//! `cargo xtask ci`: the check stages, each timed, with a table at the end.

use crate::failure::Failure;
use crate::process;
use crate::thumb::NO_STD_CRATES;
use crate::{
    bundle, capi, count, cust, deny, features, firmware, fuzz, graphs, hosts, loom, package, ptx,
    python, race, repository, test, thumb, tidy, typos,
};
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
    /// Spelling.
    Typos,
    /// Licences, sources and versions of dependencies.
    Deny,
    /// Known holes in dependencies.
    Advisories,
    /// Lints, with all features and again without std.
    Clippy,
    /// Lints, with each feature alone.
    Features,
    /// Lints of facade and bindings, for Windows and macOS.
    Hosts,
    /// Documentation, warnings denied.
    Doc,
    /// Every published crate builds from its own archive.
    Package,
    /// Every test suite.
    Test,
    /// Random graphs against TFLite Micro.
    Graphs,
    /// The wheel for Python, its tests, types and page.
    Python,
    /// The wheel's tests by the oldest Python and the newest.
    Pythons,
    /// The no_std crates for microcontrollers.
    Thumb,
    /// Models on boards in an emulator, compared with the host.
    Firmware,
    /// Models from C on a board in an emulator, by the commands of the page.
    Capi,
    /// Device code: the committed PTX is that of the source, and keeps its limits.
    Ptx,
    /// What the committed PTX executes for models, compared with the committed counts.
    Count,
    /// The team test under ThreadSanitizer.
    Race,
    /// The library for cust, on the stand-in.
    Cust,
    /// The bundle for GPU machines, on the stand-in.
    Bundle,
    /// The ring protocol under a model checker.
    Loom,
    /// A short run of every fuzz target.
    Fuzz,
}

/// What a stage found that did not fail.
pub(crate) enum Verdict {
    /// All is as it should be.
    Passed,
    /// Something was not checked, for this reason.
    Skipped(&'static str),
}

/// How a stage ended.
struct Outcome {
    stage: Stage,
    time: Duration,
    result: Result<Verdict, Failure>,
}

/// Runs the chosen stages, also those after a failed one, and fails when any failed, or when all
/// of them were skipped.
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
    judge(&outcomes)
}

fn judge(outcomes: &[Outcome]) -> Result<(), Failure> {
    let names = |belongs: fn(&Outcome) -> bool| {
        let some = outcomes.iter().filter(|outcome| belongs(outcome));
        some.map(|outcome| outcome.stage.name()).collect::<Vec<String>>()
    };
    let failed = names(|outcome| outcome.result.is_err());
    let skipped = names(|outcome| matches!(outcome.result, Ok(Verdict::Skipped(_))));
    if !failed.is_empty() {
        return Err(Failure::Stages(failed.join(", ")));
    }
    if !skipped.is_empty() && skipped.len() == outcomes.len() {
        return Err(Failure::Skipped(skipped.join(", ")));
    }
    Ok(())
}

fn run_stage(stage: Stage) -> Outcome {
    println!("\n==== {} ====", stage.name());
    let start = Instant::now();
    let result = stage.run();
    if let Err(failure) = &result {
        eprintln!("{}: {failure}", stage.name());
    }
    Outcome { stage, time: start.elapsed(), result }
}

fn print_table(outcomes: &[Outcome]) {
    println!("\n{:<10} {:>8}  result", "stage", "seconds");
    for Outcome { stage, time, result } in outcomes {
        let words = match result {
            Ok(Verdict::Passed) => "passed",
            Ok(Verdict::Skipped(reason)) => &format!("skipped: {reason}"),
            Err(_) => "FAILED",
        };
        println!("{:<10} {:>8.1}  {words}", stage.name(), time.as_secs_f64());
    }
}

impl Stage {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn run(self) -> Result<Verdict, Failure> {
        match self {
            Self::Fmt => fmt(),
            Self::Tidy => tidy::run(),
            Self::Typos => typos::run(),
            Self::Deny => deny::run(),
            Self::Advisories => return deny::advisories(),
            Self::Clippy => clippy(),
            Self::Features => features::run(),
            Self::Hosts => return hosts::run(),
            Self::Doc => doc(),
            Self::Package => package::run(),
            Self::Test => test::run(&defaults::<test::Arguments>()),
            Self::Graphs => return graphs::run_stage(&defaults::<graphs::Arguments>()),
            Self::Python => python::run(),
            Self::Pythons => return python::run_others(),
            Self::Thumb => thumb::run(&defaults::<thumb::Arguments>()),
            Self::Firmware => firmware::run(&defaults::<firmware::Arguments>()),
            Self::Capi => capi::run(),
            Self::Ptx => ptx::run_stage(),
            Self::Count => count::run(&defaults::<count::Arguments>()),
            Self::Race => race::run(&defaults::<race::Arguments>()),
            Self::Cust => cust::run(),
            Self::Bundle => bundle::run_stage(),
            Self::Loom => loom::run(&defaults::<loom::Arguments>()),
            Self::Fuzz => fuzz::run(&defaults::<fuzz::Arguments>()),
        }?;
        Ok(Verdict::Passed)
    }
}

/// Returns the arguments a command has when none is typed.
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

#[cfg(test)]
mod tests {
    use super::{Duration, Failure, Outcome, Stage, Verdict, judge};

    fn outcome(result: Result<Verdict, Failure>) -> Outcome {
        Outcome { stage: Stage::Advisories, time: Duration::ZERO, result }
    }

    #[test]
    fn a_failed_stage_is_named() {
        let outcomes = [outcome(Ok(Verdict::Passed)), outcome(Err(Failure::Rules(1)))];
        let failure = judge(&outcomes).unwrap_err();
        assert_eq!(failure.to_string(), "failed stages: advisories");
        assert_eq!(failure.exit_code(), 1);
    }

    #[test]
    fn a_skipped_stage_alone_has_a_code_of_its_own() {
        let failure = judge(&[outcome(Ok(Verdict::Skipped("no network")))]).unwrap_err();
        assert_eq!(failure.to_string(), "not all was checked: advisories");
        assert_eq!(failure.exit_code(), 77);
        let outcomes = [outcome(Ok(Verdict::Skipped("no network"))), outcome(Ok(Verdict::Passed))];
        assert!(judge(&outcomes).is_ok());
    }
}
