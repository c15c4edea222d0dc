//! The three programs, unchanged, on the stand-in driver: each ends well, on every device.
//!
//! A program learns nothing but where the system's driver library is.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

const PROGRAMS: [(&str, &str); 3] = [
    ("saxpy", env!("CARGO_BIN_EXE_saxpy")),
    ("histogram-graph", env!("CARGO_BIN_EXE_histogram-graph")),
    ("mapped-flags", env!("CARGO_BIN_EXE_mapped-flags")),
];

/// Returns the library that cargo built beside this test, as a dependency of it.
fn library() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let library = test.parent().expect("in a folder").join("libisokern_simcuda.so");
    assert!(library.is_file(), "{} is not built", library.display());
    library
}

/// Returns a folder with the names that loaders look for.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("the system has room");
    for name in ["libcuda.so", "libcuda.so.1"] {
        symlink(library(), folder.path().join(name)).expect("the folder is new");
    }
    folder
}

/// Runs a program with the stand-in as the system's driver.
fn run(path: &str, environment: &[(&str, &str)]) -> Output {
    let folder = folder();
    let mut command = Command::new(path);
    command.env("LD_LIBRARY_PATH", folder.path()).envs(environment.iter().copied());
    command.output().expect("the program starts")
}

fn text(output: &Output) -> String {
    let parts = [&output.stdout, &output.stderr];
    parts.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

#[test]
fn programs_end_well_on_every_device() {
    for sm in ["75", "80", "90"] {
        for (name, path) in PROGRAMS {
            let output = run(path, &[("ISOKERN_SIM_SM", sm)]);
            assert!(output.status.success(), "{name} on sm_{sm}: {}", text(&output));
        }
    }
}

#[test]
fn programs_end_well_whatever_the_order_of_streams() {
    for seed in ["1", "2", "3", "4"] {
        for (name, path) in PROGRAMS {
            let output = run(path, &[("ISOKERN_SIM_SEED", seed)]);
            assert!(output.status.success(), "{name} with seed {seed}: {}", text(&output));
        }
    }
}

#[test]
fn the_device_says_that_it_is_simulated() {
    let output = run(PROGRAMS[0].1, &[]);
    assert!(text(&output).contains("simulated device"), "{}", text(&output));
}

#[test]
fn a_driver_call_that_fails_ends_a_program_with_its_error() {
    for (name, path) in PROGRAMS {
        // The second allocation runs out of memory, `CUDA_ERROR_OUT_OF_MEMORY`.
        let output = run(path, &[("ISOKERN_SIM_FAIL", "cuMemAllocAsync:2=2")]);
        let said = text(&output);
        assert!(!output.status.success(), "{name} did not notice: {said}");
        assert!(said.contains("OUT_OF_MEMORY"), "{name}: {said}");
    }
}

#[test]
fn a_machine_without_devices_is_an_error_and_no_crash() {
    for (name, path) in PROGRAMS {
        let output = run(path, &[("ISOKERN_SIM_DEVICES", "0")]);
        let said = text(&output);
        assert!(output.status.code().is_some_and(|code| code != 0), "{name}: {said}");
        assert!(said.contains("NO_DEVICE"), "{name}: {said}");
    }
}
