//! Device code with a bug planted on purpose: each one is found here, or the suite is blind.
//!
//! `ISOKERN_PLANTED=DIR` names the folder: one subfolder for each feature of the device crate,
//! as `cargo xtask ptx --check` builds them. Without it the tests are skipped, by name.

use std::path::Path;
use std::process::ExitCode;

use isokern_model::layout::Layout;
use isokern_tests::device::{Device, named_folder, read};
use isokern_tests::probes::{Order, barrier, ping_pong};
use isokern_tests::vectors::{cases, own_folder};
use libtest_mimic::{Arguments, Failed, Trial};

const TARGET: u32 = 80;

/// Models with more input than this take too long to find a bug that any model shows.
const INPUT_BYTES_MAX: usize = 8192;

/// Runs by seed after which a bug counts as missed.
const SEEDS: u64 = 40;

fn main() -> ExitCode {
    let folder = named_folder("ISOKERN_PLANTED");
    let trial = |name: &'static str, found: fn(&Device) -> Option<String>| {
        let folder = folder.clone();
        let test = move || check(folder.as_deref().unwrap_or(Path::new("")), name, found);
        Trial::test(name, test)
    };
    let trials = vec![
        trial("plant-skipped-barrier", skipped_barrier),
        trial("plant-wrong-stride", wrong_stride),
        trial("plant-dropped-fence", dropped_fence),
    ];
    let skipped = folder.is_none();
    let trials = trials.into_iter().map(|trial| trial.with_ignored_flag(skipped)).collect();
    if skipped {
        println!("skipped: ISOKERN_PLANTED names no folder of device code with planted bugs");
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Loads the PTX with the bug, and looks for a sign of it.
fn check(folder: &Path, name: &str, found: fn(&Device) -> Option<String>) -> Result<(), Failed> {
    let text = read(&folder.join(name).join(format!("isokern_sm{TARGET}.ptx")));
    match found(&Device::new(&text, TARGET)) {
        Some(sign) => {
            println!("{name}: {sign}");
            Ok(())
        }
        None => Err(format!("{name} was not noticed").into()),
    }
}

/// The barrier probe reads words of another round, and models give other bytes.
fn skipped_barrier(device: &Device) -> Option<String> {
    let record = barrier(device, 64, 4, Order::Seed(1)).ok()?;
    let wrong = wrong_models(device);
    let both = record.violations > 0 && wrong > 0;
    both.then(|| format!("{} violations of the barrier, {wrong} models wrong", record.violations))
}

/// The second sample of a batch is read from the wrong place.
fn wrong_stride(device: &Device) -> Option<String> {
    let wrong = wrong_models(device);
    (wrong > 0).then(|| format!("{wrong} models wrong"))
}

/// A payload arrives after its flag, for some order of stores.
fn dropped_fence(device: &Device) -> Option<String> {
    let stale = |seed: &u64| {
        ping_pong(device, 20, Order::Seed(*seed)).is_ok_and(|record| record.violations > 0)
    };
    let seed = (0..SEEDS).find(stale)?;
    Some(format!("seed {seed} shows a payload that is not there yet"))
}

/// How many of the repository's smaller models end in a fault or with other bytes.
fn wrong_models(device: &Device) -> usize {
    let cases = cases(&own_folder());
    let wrong = cases.iter().filter(|case| case.inputs.len() <= INPUT_BYTES_MAX).filter(|case| {
        let run = device.batch(&case.convert(Layout::Packed), &case.inputs, |_| {});
        run.map_or(true, |run| run.outputs != case.outputs)
    });
    wrong.count()
}
