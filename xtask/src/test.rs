//! `cargo xtask test`: every suite that runs on any machine with the pinned compiler.
//!
//! It ends with how many tests passed, failed and were skipped; those that failed or were skipped
//! are named, the skipped ones with the reason.

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
    runs: bool,
}

/// What cargo calls "all targets" leaves the documentation examples out and would run the
/// benchmarks, so the kinds are asked for one by one. Benchmarks are only compiled.
const SUITES: [Suite; 4] = [
    Suite { name: "examples", command: "build", arguments: &["--examples"], runs: false },
    Suite {
        name: "unit and integration tests",
        command: "test",
        arguments: &["--lib", "--bins", "--tests", "--no-fail-fast"],
        runs: true,
    },
    Suite {
        name: "documentation examples",
        command: "test",
        arguments: &["--doc", "--no-fail-fast"],
        runs: true,
    },
    Suite {
        name: "benchmarks compile",
        command: "test",
        arguments: &["--benches", "--no-run"],
        runs: false,
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
        if suite.runs && !arguments.rest.is_empty() {
            cargo.arg("--").args(&arguments.rest);
        }
        let ended = process::run_with_lines(&mut cargo, |line| tally.read(line));
        result = result.and(ended);
    }
    println!("\n{tally}");
    result.and_then(|()| tally.judge())
}
