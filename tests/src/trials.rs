//! Tests that need something which is not everywhere: a device, a compiler, files beside the
//! repository. Where it is missing they are skipped, with the reason, and never count as passed.
//!
//! A suite of them has `harness = false`, and ends its `main` with [`run`]; `cargo xtask test`
//! counts and names what was skipped.

use core::time::Duration;
use std::process::{ExitCode, abort};
use std::thread;

use libtest_mimic::{Arguments, Completion, Trial};

use crate::vectors::{
    Case, NO_REFERENCE, cases, own_cases, own_cases_of_any_ports, reference_folder,
};

/// Returns a test that runs `test`, whose panic is its failure.
pub fn trial(name: impl Into<String>, test: impl FnOnce() + Send + 'static) -> Trial {
    trial_unless(None, name, test)
}

/// Returns a test that runs `test`, or is skipped for the reason that `missing` gives.
///
/// A reason says what is not there, and what to do about it if anything can be done.
pub fn trial_unless(
    missing: Option<&str>,
    name: impl Into<String>,
    test: impl FnOnce() + Send + 'static,
) -> Trial {
    let missing = missing.map(str::to_owned);
    Trial::ignorable_test(name, move || match missing {
        Some(reason) => Ok(Completion::ignored_with(reason)),
        None => {
            test();
            Ok(Completion::Completed)
        }
    })
}

/// Returns two tests of a check: on the repository's own models, and, with `::reference` after the
/// name, on the reference models, skipped where these are not.
pub fn on_models(
    name: impl Into<String>,
    check: impl Fn(&[Case]) + Clone + Send + 'static,
) -> [Trial; 2] {
    on_models_unless(None, name, check)
}

/// Runs a test as [`on_models`], on models of any inputs and outputs.
pub fn on_models_of_any_ports(
    name: impl Into<String>,
    check: impl Fn(&[Case]) + Clone + Send + 'static,
) -> [Trial; 2] {
    let name = name.into();
    let own = check.clone();
    let [_, reference] = on_models(name.clone(), check);
    [trial(name, move || own(&own_cases_of_any_ports())), reference]
}

/// Returns the two tests of [`on_models`], both skipped for the reason that `missing` gives.
pub fn on_models_unless(
    missing: Option<&str>,
    name: impl Into<String>,
    check: impl Fn(&[Case]) + Clone + Send + 'static,
) -> [Trial; 2] {
    let name = name.into();
    let of_reference = check.clone();
    let folder = reference_folder();
    let no_reference = folder.is_none().then_some(NO_REFERENCE);
    [
        trial_unless(missing, name.clone(), move || check(&own_cases())),
        trial_unless(missing.or(no_reference), format!("{name}::reference"), move || {
            of_reference(&cases(&folder.unwrap_or_default()));
        }),
    ]
}

/// Runs the tests that the program's arguments choose.
#[must_use]
pub fn run(trials: impl IntoIterator<Item = Trial>) -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().collect()).exit_code()
}

/// Runs the tests that the program's arguments choose, one after another in the order given: for
/// tests that change or count something of the whole process.
#[must_use]
pub fn run_in_turn(trials: impl IntoIterator<Item = Trial>) -> ExitCode {
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials.into_iter().collect()).exit_code()
}

/// Ends the program, as one that failed, if it still runs after this long: a test that waits for a
/// device or another thread then hangs.
pub fn abort_after(patience: Duration) {
    thread::spawn(move || {
        thread::sleep(patience);
        eprintln!("a test hangs: still running after {patience:?}");
        abort();
    });
}
