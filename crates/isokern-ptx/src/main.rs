//! `cargo isokern-ptx`: builds, checks, records and counts a device crate.

use clap::Parser;
use isokern_ptx::{Arguments, OwnCrate, Site, count, wrapper};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The command, as cargo calls it: its own name comes first.
#[derive(Parser)]
#[command(bin_name = "cargo", version)]
enum Cargo {
    /// Device crates in Rust to checked PTX, without a GPU
    #[command(subcommand)]
    IsokernPtx(Command),
}

#[derive(clap::Subcommand)]
enum Command {
    /// Build a device crate, check its PTX, and write or compare it
    Build(Arguments),
    /// Compare what a program's kernels executed with a committed table
    Count(count::Arguments),
}

fn main() -> ExitCode {
    if let Some(code) = wrapper::run_if_called() {
        return code;
    }
    let Cargo::IsokernPtx(command) = Cargo::parse();
    let result = match command {
        Command::Build(arguments) => isokern_ptx::run(&arguments, &site(&arguments)).map(drop),
        Command::Count(arguments) => count::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo isokern-ptx: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns where the device crate in the current folder is built, or the one that is named.
fn site(arguments: &Arguments) -> Site {
    let here = PathBuf::from(".");
    let named = arguments.manifest_path.as_deref();
    let folder = named.map_or(here.as_path(), |path| match path.is_file() {
        true => path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(&here),
        false => path,
    });
    let root = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let build = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let build = build.map_or_else(|| root.join("target"), |folder| absolute(&folder));
    let own = OwnCrate { folder: root.clone(), output: None, stem: None, strict: false };
    Site { root, build, command: "cargo isokern-ptx build", own }
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}
