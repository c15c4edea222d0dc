//! What the environment says about the devices that are simulated.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::{env, fs};

use super::injection::Failure;
use super::registers;
use crate::machine::Engine;
use crate::memory::Memory;
use crate::program::Limits;

/// The choices of one process.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Devices there are; 0 makes `cuInit` fail.
    pub device_count: usize,
    /// The compute capability times ten: 75, 80 or 90.
    pub sm: u32,
    /// Multiprocessors of each device.
    pub multiprocessors: u32,
    /// Memory of each device in bytes.
    pub memory_bytes: u64,
    /// The driver's version as `cuDriverGetVersion` says it: 12090 for 12.9.
    pub driver_version: u32,
    /// What chooses the order of streams; `None` takes turns.
    pub seed: Option<u64>,
    /// The seed by which stores wait and loads return old values; `None` lets them take effect at
    /// once.
    pub weak: Option<u64>,
    /// Whether the device's clock counts instructions in place of time.
    pub virtual_clock: bool,
    /// Where reports of faults are written, besides the standard error output.
    pub report_file: Option<PathBuf>,
    /// Whether kernels' reads of device memory that nobody wrote are reported.
    pub init_check: bool,
    /// Whether a report of what was never freed is made when the process ends.
    pub leak_check: bool,
    /// Registers of kernels by name, where a record has them.
    pub registers: HashMap<String, u32>,
    /// Where profiles of kernels are written when the process ends.
    pub profile_file: Option<PathBuf>,
    /// Calls that fail.
    pub failures: Vec<Failure>,
}

/// Driver versions and the PTX ISA each of them reads, from the release notes of the PTX ISA.
const ISA_OF_DRIVER: [(u32, (u32, u32)); 13] = [
    (11_040, (7, 4)),
    (11_050, (7, 5)),
    (11_060, (7, 6)),
    (11_070, (7, 7)),
    (11_080, (7, 8)),
    (12_000, (8, 0)),
    (12_010, (8, 1)),
    (12_020, (8, 2)),
    (12_030, (8, 3)),
    (12_040, (8, 4)),
    (12_050, (8, 5)),
    (12_080, (8, 7)),
    (12_090, (8, 8)),
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            device_count: 1,
            sm: 90,
            multiprocessors: 8,
            memory_bytes: 4 << 30,
            driver_version: 12_090,
            seed: None,
            weak: None,
            virtual_clock: false,
            report_file: None,
            init_check: false,
            leak_check: false,
            registers: HashMap::new(),
            profile_file: None,
            failures: Vec::new(),
        }
    }
}

impl Settings {
    /// Reads the variables `ISOKERN_SIM_*`. A value that means nothing is said on the standard
    /// error output, and the default stays.
    #[must_use]
    pub fn from_environment() -> Self {
        let mut settings = Self::default();
        let number = |name: &str, least: u64, most: u64| {
            let text = env::var(name).ok().filter(|text| !text.is_empty())?;
            let value = text.trim().parse().ok().filter(|value| (least..=most).contains(value));
            if value.is_none() {
                eprintln!(
                    "isokern-simcuda: {name}={text} is not a number from {least} to {most}; \
                     the default is used"
                );
            }
            value
        };
        let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        if let Some(count) = number("ISOKERN_SIM_DEVICES", 0, 16) {
            settings.device_count = usize::try_from(count).unwrap_or(1);
        }
        if let Some(sm) = number("ISOKERN_SIM_SM", 75, 90) {
            match sm {
                75 | 80 | 90 => settings.sm = small(sm),
                _ => eprintln!("isokern-simcuda: ISOKERN_SIM_SM={sm} is none of 75, 80, 90"),
            }
        }
        if let Some(count) = number("ISOKERN_SIM_SMS", 1, 1024) {
            settings.multiprocessors = small(count);
        }
        if let Some(bytes) = number("ISOKERN_SIM_MEMORY", 1, 1 << 40) {
            settings.memory_bytes = bytes;
        }
        if let Some(version) = number("ISOKERN_SIM_DRIVER", 11_040, 13_999) {
            settings.driver_version = small(version);
        }
        settings.seed = number("ISOKERN_SIM_SEED", 0, u64::MAX);
        settings.weak = number("ISOKERN_SIM_WEAK", 0, u64::MAX);
        match env::var("ISOKERN_SIM_CLOCK").as_deref() {
            Ok("virtual") => settings.virtual_clock = true,
            Ok("host" | "") | Err(_) => {}
            Ok(other) => {
                eprintln!("isokern-simcuda: ISOKERN_SIM_CLOCK={other} is neither host nor virtual");
            }
        }
        settings.init_check = number("ISOKERN_SIM_INITCHECK", 0, 1) == Some(1);
        settings.leak_check = number("ISOKERN_SIM_LEAKCHECK", 0, 1) == Some(1);
        settings.report_file = env::var_os("ISOKERN_SIM_REPORT").map(PathBuf::from);
        settings.profile_file = env::var_os("ISOKERN_SIM_PROFILE").map(PathBuf::from);
        if let Some(path) = env::var_os("ISOKERN_SIM_REGISTERS").map(PathBuf::from) {
            match fs::read_to_string(&path) {
                Ok(text) => settings.registers = registers::read(&text),
                Err(error) => {
                    eprintln!("isokern-simcuda: ISOKERN_SIM_REGISTERS={}: {error}", path.display());
                }
            }
        }
        if let Ok(text) = env::var("ISOKERN_SIM_FAIL") {
            for part in text.split(',').filter(|part| !part.trim().is_empty()) {
                match part.trim().parse() {
                    Ok(failure) => settings.failures.push(failure),
                    Err(error) => eprintln!("isokern-simcuda: ISOKERN_SIM_FAIL: {error}"),
                }
            }
        }
        settings
    }

    /// Returns an engine that runs kernels as they say.
    #[must_use]
    pub fn engine(&self, memory: &Arc<Memory>) -> Engine {
        let mut engine = Engine::new(memory);
        engine.end_asleep();
        if let Some(seed) = self.seed {
            engine.set_order(seed);
        }
        if let Some(seed) = self.weak {
            engine.set_weak(seed);
        }
        if self.virtual_clock {
            engine.set_virtual_clock();
        }
        engine
    }

    /// Returns what the devices accept as PTX.
    #[must_use]
    pub fn limits(&self) -> Limits {
        if self.driver_version >= 13_000 {
            // Since 13.0 a release reads the ISA 9 of its own minor number.
            return Limits { isa: (9, self.driver_version % 1000 / 10), sm: self.sm };
        }
        let older = ISA_OF_DRIVER.iter().rev().find(|(driver, _)| *driver <= self.driver_version);
        Limits { isa: older.map_or((7, 4), |(_, isa)| *isa), sm: self.sm }
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn a_driver_reads_the_isa_of_its_release() {
        let isa = |driver_version| Settings { driver_version, ..Settings::default() }.limits().isa;
        assert_eq!(isa(11_080), (7, 8));
        assert_eq!(isa(12_060), (8, 5));
        assert_eq!(isa(12_080), (8, 7));
        assert_eq!(isa(12_090), (8, 8));
        assert_eq!(isa(13_000), (9, 0));
        assert_eq!(isa(13_040), (9, 4));
    }
}
