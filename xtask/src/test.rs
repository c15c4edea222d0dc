//! `cargo xtask test`: every suite that runs on any machine with the pinned compiler.
//!
//! It ends with how many tests passed, failed and were skipped; those that failed or were skipped
//! are named, the skipped ones with the reason.

mod programs;
mod tally;

use crate::failure::Failure;
use crate::process;
use crate::repository;
use tally::Tally;

/// What `cargo xtask test` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Handed to the test programs, a filter for instance: `cargo xtask test -- requantize`.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Names the folder of the built examples to the suites that run them, which else have cargo build
/// each with the features of its package alone: other builds of most crates. The stage `features`
/// compiles them so.
const EXAMPLES: &str = "ISOKERN_EXAMPLES";

/// One call of cargo.
struct Suite {
    name: &'static str,
    command: &'static str,
    arguments: &'static [&'static str],
    runs: Runs,
}

/// What runs of what a call of cargo builds.
enum Runs {
    Nothing,
    /// The programs, several at a time.
    Programs,
    /// What cargo runs.
    Cargo,
}

/// What cargo calls "all targets" leaves the documentation examples out and would run the
/// benchmarks, so the kinds are asked for one by one. Benchmarks are only compiled.
const SUITES: [Suite; 4] = [
    Suite { name: "examples", command: "build", arguments: &["--examples"], runs: Runs::Nothing },
    Suite {
        name: "unit and integration tests",
        command: "test",
        arguments: &["--lib", "--bins", "--tests"],
        runs: Runs::Programs,
    },
    Suite {
        name: "documentation examples",
        command: "test",
        arguments: &["--doc", "--no-fail-fast"],
        runs: Runs::Cargo,
    },
    Suite {
        name: "benchmarks compile",
        command: "test",
        arguments: &["--benches", "--no-run"],
        runs: Runs::Nothing,
    },
];

/// Runs the suites in order, also those after a failed one, and says how many tests ended how.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut tally = Tally::default();
    let mut result = Ok(());
    for suite in &SUITES {
        println!("\n== {} ==", suite.name);
        let mut cargo = process::cargo();
        cargo.env(EXAMPLES, repository::target_dir().join("debug/examples"));
        cargo.args([suite.command, "--workspace", "--all-features"]).args(suite.arguments);
        let read = |line: &str| tally.read(line);
        let ended = match suite.runs {
            Runs::Programs => programs::run(&mut cargo, &arguments.rest, read),
            Runs::Cargo => {
                if !arguments.rest.is_empty() {
                    cargo.arg("--").args(&arguments.rest);
                }
                process::run_with_lines(&mut cargo, read)
            }
            Runs::Nothing => process::run(&mut cargo),
        };
        result = result.and(ended);
    }
    println!("\n{tally}");
    result.and_then(|()| tally.judge())
}
