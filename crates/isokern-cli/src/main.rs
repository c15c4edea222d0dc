//! The program `isokern`: the library of this crate, with the arguments of the process.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(isokern_cli::run_program(std::env::args_os()))
}
