//! The commands of the repository, one file each: `cargo xtask <command>`.

mod bundle;
mod capi;
mod ci;
mod count;
mod cust;
mod deny;
mod doctor;
mod failure;
mod features;
mod firmware;
mod fuzz;
mod graphs;
mod hosts;
mod loom;
mod package;
mod process;
mod ptx;
mod python;
mod race;
mod repository;
mod standin;
mod test;
mod thumb;
mod tidy;
mod tools;
mod typos;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Test, check and inspect the Isokern repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every test suite that needs neither a GPU nor a nightly compiler.
    Test(test::Arguments),
    /// Run the check stages one after the other and print a table of them.
    Ci(ci::Arguments),
    /// Build the no_std crates for Cortex-M0 and Cortex-M4 microcontrollers.
    Thumb(thumb::Arguments),
    /// Run models on Cortex-M boards in an emulator and compare with the host.
    Firmware(firmware::Arguments),
    /// Build device code, check its PTX, and write or compare what is committed.
    Ptx(ptx::Arguments),
    /// Count what the shipped PTX executes for a model, and write or compare what is committed.
    Count(count::Arguments),
    /// Fill a folder with all that tests and measures on a GPU machine without Rust.
    Bundle(bundle::Arguments),
    /// Run the team test on real threads under a race detector.
    Race(race::Arguments),
    /// Check the ring protocol in every order of its memory accesses, with loom.
    Loom(loom::Arguments),
    /// Check the library for cust, and run its tests and its example on the stand-in driver.
    Cust,
    /// Fuzz the readers of untrusted bytes, each target for a fixed time.
    Fuzz(fuzz::Arguments),
    /// Make random graphs, and compare what they compute with TFLite Micro.
    Graphs(graphs::Arguments),
    /// Say what this machine has, what it is for, and how to get the rest.
    Doctor(doctor::Arguments),
    /// Check the house rules that neither rustfmt nor clippy know.
    Tidy,
}

fn main() -> ExitCode {
    if let Some(code) = isokern_ptx::wrapper::run_if_called() {
        return code;
    }
    let outcome = match Arguments::parse().command {
        Command::Test(arguments) => test::run(&arguments),
        Command::Ci(arguments) => ci::run(&arguments),
        Command::Thumb(arguments) => thumb::run(&arguments),
        Command::Firmware(arguments) => firmware::run(&arguments),
        Command::Ptx(arguments) => ptx::run(&arguments),
        Command::Count(arguments) => count::run(&arguments),
        Command::Bundle(arguments) => bundle::run(&arguments),
        Command::Race(arguments) => race::run(&arguments),
        Command::Loom(arguments) => loom::run(&arguments),
        Command::Cust => cust::run(),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Graphs(arguments) => graphs::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Tidy => tidy::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
