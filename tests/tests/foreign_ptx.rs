//! Kernels compiled by NVIDIA's compilers, executed by the stand-in's machine.
//!
//! In order, and by seed with stores that wait and loads of old values (`ISOKERN_SEEDS`: how many
//! seeds a kernel, one by itself): either way the bytes are those of plain Rust.

#[path = "foreign/kernels.rs"]
mod kernels;

use isokern_simcuda::machine::Launch;
use isokern_simcuda::replay::Replay;
use isokern_tests::device::Device;
use kernels::{Argument, Case};

/// Steps after which a replayed kernel counts as one that hangs.
const STEPS_MAX: u64 = 20_000_000;

/// A case with its buffers in memory.
struct Prepared<'a> {
    device: Device,
    launch: Launch,
    /// Addresses, and the bytes wanted there.
    buffers: Vec<(u64, &'a [u8])>,
}

fn prepare(case: &Case) -> Prepared<'_> {
    let device = Device::new(case.ptx, 90);
    let entry = device.entry(case.entry);
    let function = device.program.function(entry).expect("it was found");
    let mut parameters = vec![0; function.parameter_bytes as usize];
    let mut buffers = Vec::new();
    assert_eq!(function.parameters.len(), case.arguments.len(), "{}", case.entry);
    for (place, argument) in function.parameters.iter().zip(&case.arguments) {
        let value = match argument {
            Argument::Scalar(value) => value.clone(),
            Argument::Buffer { bytes, expected } => {
                let address = device.upload(bytes);
                buffers.push((address, expected.as_ref().unwrap_or(bytes).as_slice()));
                address.to_le_bytes().to_vec()
            }
        };
        assert_eq!(value.len(), place.bytes as usize, "{}", case.entry);
        let start = place.offset as usize;
        parameters[start..start + value.len()].copy_from_slice(&value);
    }
    let launch = Launch {
        entry,
        grid: case.grid,
        block: case.block,
        dynamic_shared: case.shared,
        parameters,
        resident_max: 8,
    };
    Prepared { device, launch, buffers }
}

impl Prepared<'_> {
    fn check(&self, case: &Case, how: &str) {
        for (index, (address, expected)) in self.buffers.iter().enumerate() {
            let found = self.device.download(*address, expected.len());
            assert!(found == *expected, "{} of {} {how}: buffer {index}", case.entry, case.file);
        }
    }
}

#[test]
fn kernels_of_three_compilers_give_the_bytes_of_plain_rust() {
    let cases = kernels::all();
    assert!(cases.len() >= 70, "{} cases", cases.len());
    for case in &cases {
        let prepared = prepare(case);
        let run = prepared.device.run(prepared.launch.clone());
        run.unwrap_or_else(|fault| panic!("{} of {}: {fault}", case.entry, case.file));
        prepared.check(case, "in order");
    }
}

#[test]
fn they_give_the_same_bytes_whatever_the_order_and_do_not_race() {
    let wanted = std::env::var("ISOKERN_SEEDS").ok().and_then(|text| text.parse().ok());
    for (first, case) in (1..).zip(&kernels::all()) {
        for seed in first..first + wanted.unwrap_or(1) {
            replay_one(case, seed);
        }
    }
}

fn replay_one(case: &Case, seed: u64) {
    let prepared = prepare(case);
    let mut replay = Replay::weak(&prepared.device.memory, seed).watching_races();
    replay.launch(&prepared.device.program, prepared.launch.clone());
    let done = replay.finish(STEPS_MAX);
    let done = done.unwrap_or_else(|fault| panic!("{} of {}: {fault}", case.entry, case.file));
    assert!(done, "{} of {} with seed {seed} does not end", case.entry, case.file);
    prepared.check(case, &format!("with seed {seed}"));
    let races: Vec<_> = replay.take_races().iter().map(ToString::to_string).collect();
    assert!(races.is_empty(), "{} of {}: {}", case.entry, case.file, races.join("\n"));
}
