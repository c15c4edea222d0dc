//! `isokern devices`: what there is to run on, and why a GPU is not.

use std::env::consts::ARCH;
use std::io::Write;

use isokern_cpu::InstructionSet;
use isokern_cuda::{CudaBackend, CudaError, Device};

use crate::error::{CliError, one_line};
use isokern::escape::escaped;

/// Lists what models can run on: this processor and NVIDIA GPUs
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Prints one line for each device; where there is no GPU, why, and what to do.
pub(crate) fn run(_: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    writeln!(out, "cpu     {ARCH}, {}", InstructionSet::detect())?;
    match Device::all() {
        Ok(devices) => {
            for device in devices {
                print(device, out)?;
            }
        }
        Err(error) => refused("cuda    none", &error, out)?,
    }
    Ok(())
}

fn print(device: Device, out: &mut impl Write) -> Result<(), CliError> {
    let line = describe(device);
    let ordinal = device.ordinal();
    match line {
        Ok(line) => writeln!(out, "cuda {ordinal:<2} {line}")?,
        Err(error) => refused(&format!("cuda {ordinal:<2} unknown"), &error, out)?,
    }
    // The last word is the driver's: it compiles the device code.
    if let Err(error) = CudaBackend::new(ordinal) {
        refused("        not usable", &error, out)?;
    }
    Ok(())
}

fn describe(device: Device) -> Result<String, CudaError> {
    let capability = device.compute_capability()?;
    let version = device.driver().version();
    Ok(format!(
        "{}, compute {}.{}, {} multiprocessors, {} MiB, driver {}.{}",
        device.name()?,
        capability / 10,
        capability % 10,
        device.multiprocessors()?,
        device.memory_bytes()? >> 20,
        version / 1000,
        version % 1000 / 10,
    ))
}

fn refused(what: &str, error: &CudaError, out: &mut impl Write) -> Result<(), CliError> {
    writeln!(out, "{what}: {}", escaped(&one_line(error)))?;
    if let Some((_, fix)) = error.to_string().split_once(". Fix: ") {
        writeln!(out, "        fix: {}", escaped(fix))?;
    }
    Ok(())
}
