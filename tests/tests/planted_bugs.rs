//! Device code with a bug planted on purpose: each one is found here, or the suite is blind.
//!
//! `ISOKERN_PLANTED=DIR` names the folder: one subfolder for each feature of the device crate,
//! as `cargo xtask ptx --check` builds them. Without it the tests are skipped.

use std::path::Path;
use std::process::ExitCode;

use isokern_model::layout::Layout;
use isokern_tests::device::{Device, named_folder, read};
use isokern_tests::probes::{Order, barrier, ping_pong};
use isokern_tests::seeds::SEEDS;
use isokern_tests::trials::{run, trial_unless};
use isokern_tests::vectors::{cases, own_folder};

const TARGET: u32 = 80;

/// Models with more input than this take too long to find a bug that any model shows.
const INPUT_BYTES_MAX: usize = 8192;

fn main() -> ExitCode {
    let folder = named_folder("ISOKERN_PLANTED");
    let reason = "ISOKERN_PLANTED names no folder of device code with planted bugs";
    let missing = folder.is_none().then_some(reason);
    let trial = |name: &'static str, found: fn(&Device) -> Option<String>| {
        let folder = folder.clone().unwrap_or_default();
        trial_unless(missing, name, move || check(&folder, name, found))
    };
    run([
        trial("plant-skipped-barrier", skipped_barrier),
        trial("plant-wrong-stride", wrong_stride),
        trial("plant-dropped-fence", dropped_fence),
    ])
}

/// Loads the PTX with the bug, and looks for a sign of it.
fn check(folder: &Path, name: &str, found: fn(&Device) -> Option<String>) {
    let text = read(&folder.join(name).join(format!("isokern_sm{TARGET}.ptx")));
    match found(&Device::new(&text, TARGET)) {
        Some(sign) => eprintln!("{name}: {sign}"),
        None => panic!("{name} was not noticed"),
    }
}

/// Says what shows: the barrier probe reads words of another round, models give other bytes.
fn skipped_barrier(device: &Device) -> Option<String> {
    let failed = barrier(device, 64, 4, Order::Seed(1)).err()?;
    let wrong = wrong_models(device);
    let both = failed.violations > 0 && wrong > 0;
    both.then(|| format!("{} violations of the barrier, {wrong} models wrong", failed.violations))
}

/// Says what shows: the second sample of a batch is read from the wrong place.
fn wrong_stride(device: &Device) -> Option<String> {
    let wrong = wrong_models(device);
    (wrong > 0).then(|| format!("{wrong} models wrong"))
}

/// Returns a payload arrives after its flag, for some order of stores.
fn dropped_fence(device: &Device) -> Option<String> {
    let stale = |seed: &u64| {
        ping_pong(device, 20, Order::Seed(*seed)).is_err_and(|failed| failed.violations > 0)
    };
    let seed = (0..SEEDS).find(stale)?;
    Some(format!("seed {seed} shows a payload that is not there yet"))
}

/// Returns how many of the repository's smaller models end in a fault or with other bytes.
fn wrong_models(device: &Device) -> usize {
    let cases = cases(&own_folder());
    let wrong = cases.iter().filter(|case| case.inputs.len() <= INPUT_BYTES_MAX).filter(|case| {
        let run = device.batch(&case.convert(Layout::Packed), &case.inputs, |_| {});
        run.map_or(true, |run| run.outputs != case.outputs)
    });
    wrong.count()
}
