//! Kernels compiled by NVIDIA's compilers, executed by the stand-in's machine.
//!
//! In order, and by seed with stores that wait and loads of old values (`ISOKERN_SEEDS`: how many
//! seeds a kernel, one by itself): either way the bytes are those of plain Rust.

#[path = "foreign/kernels.rs"]
mod kernels;

use isokern_simcuda::machine::Launch;
use isokern_simcuda::replay::{Replay, Wrong, judge};
use isokern_tests::device::Device;
use isokern_tests::seeds::seeds;
use kernels::{Argument, Case};

/// A case with its buffers in memory.
struct Prepared<'a> {
    device: Device,
    launch: Launch,
    /// Addresses, the bytes there at first, and those wanted.
    buffers: Vec<(u64, &'a [u8], &'a [u8])>,
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
                let wanted = expected.as_ref().unwrap_or(bytes);
                buffers.push((address, bytes.as_slice(), wanted.as_slice()));
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
    /// The first byte that is not what is wanted.
    fn check(&self) -> Result<(), Wrong> {
        for (index, (address, _, wanted)) in self.buffers.iter().enumerate() {
            let found = self.device.download(*address, wanted.len());
            if let Some(byte) =
                found.iter().zip(*wanted).position(|(found, wanted)| found != wanted)
            {
                let what = format!("buffer {index} differs at byte {byte}");
                return Err(Wrong::at(address + byte as u64, what));
            }
        }
        Ok(())
    }

    /// Runs in a replay, from the bytes there at first.
    fn run_in(&self, replay: &mut Replay) -> Result<(), Wrong> {
        for (address, bytes, _) in &self.buffers {
            self.device.memory.write(*address, bytes).expect("it is allocated");
        }
        self.device.run_in(replay, self.launch.clone())?;
        self.check()?;
        replay.take_races().into_iter().next().map_or(Ok(()), |race| Err(race.into()))
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
        let right = prepared.check();
        right.unwrap_or_else(|wrong| panic!("{} of {}: {wrong}", case.entry, case.file));
    }
}

#[test]
fn they_give_the_same_bytes_whatever_the_order_and_do_not_race() {
    for (first, case) in (1..).zip(&kernels::all()) {
        let prepared = prepare(case);
        for seed in first..first + seeds(1) {
            let replay = || Replay::weak(&prepared.device.memory, seed).watching_races();
            let judged = judge(replay, |replay| prepared.run_in(replay));
            let name = || format!("{} of {}, seed {seed}", case.entry, case.file);
            judged.unwrap_or_else(|why| panic!("{}: {why}", name()));
        }
    }
}
