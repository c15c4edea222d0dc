//! Processors for programs in C, each with a machine of the emulator that has it.

use super::folder;
use crate::failure::Failure;
use crate::process;
use crate::repository;
use crate::thumb::{self, Compiler};
use core::time::Duration;
use std::path::Path;
use std::process::{Command, ExitStatus};

/// A processor, and a machine of the emulator that has it.
pub(super) struct Board {
    /// The machine, and the linker script of that name.
    machine: &'static str,
    /// The target of the library.
    pub(super) target: &'static str,
    /// The compiler, and the package of Debian that has it.
    compiler: (&'static str, &'static str),
    flags: &'static [&'static str],
    /// Start-up and timer, below the examples.
    folder: &'static str,
    emulator: &'static str,
    emulator_flags: &'static [&'static str],
    /// Flash that models may take beside a program with every kind of operator.
    pub(super) flash_for_models: u64,
}

const LARGE_FLASH: u64 = 3 << 20;
const SMALL_FLASH: u64 = 96 << 10;

const ARM: (&str, &str) = ("arm-none-eabi-gcc", "gcc-arm-none-eabi");
const RISCV: (&str, &str) = ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf");

/// Its library is the one that the page's commands built.
const CORTEX_M4F: Board = Board {
    machine: "mps2-an386",
    target: "thumbv7em-none-eabihf",
    compiler: ARM,
    flags: &["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"],
    folder: "cortex-m",
    emulator: "qemu-system-arm",
    emulator_flags: &[],
    flash_for_models: LARGE_FLASH,
};

/// With the registers of floats, as the one before.
const CORTEX_M33: Board = Board {
    machine: "mps2-an505",
    target: "thumbv8m.main-none-eabihf",
    compiler: ARM,
    flags: &["-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"],
    folder: "cortex-m",
    emulator: "qemu-system-arm",
    emulator_flags: &[],
    flash_for_models: LARGE_FLASH,
};

/// Cortex-M4 with and without floats, Cortex-M0, Cortex-M33 likewise, and RV32IMC.
pub(super) const BOARDS: [Board; 6] = [
    CORTEX_M4F,
    Board {
        target: "thumbv7em-none-eabi",
        flags: &["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft"],
        ..CORTEX_M4F
    },
    Board {
        machine: "microbit",
        target: "thumbv6m-none-eabi",
        compiler: ARM,
        flags: &["-mcpu=cortex-m0", "-mthumb"],
        folder: "cortex-m",
        emulator: "qemu-system-arm",
        emulator_flags: &[],
        flash_for_models: SMALL_FLASH,
    },
    CORTEX_M33,
    Board {
        target: "thumbv8m.main-none-eabi",
        flags: &["-mcpu=cortex-m33+nofp", "-mthumb", "-mfloat-abi=soft"],
        ..CORTEX_M33
    },
    Board {
        machine: "virt",
        target: "riscv32imc-unknown-none-elf",
        compiler: RISCV,
        flags: &["-march=rv32imc_zicsr", "-mabi=ilp32", "-mcmodel=medany"],
        folder: "riscv32",
        emulator: "qemu-system-riscv32",
        emulator_flags: &["-bios", "none"],
        flash_for_models: LARGE_FLASH,
    },
];

/// What each program is compiled with, below the folder of the examples.
const FLAGS: [&str; 11] = [
    "-std=c17",
    "-Os",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-I.",
    "-I../include",
    "-Wa,-I../../../tests/models/models,-I../../../tests/models/streams",
];

/// The folder in which programs are compiled.
const EXAMPLES: &str = "crates/isokern-capi/examples";

impl Board {
    /// Returns whether its library is that of the page's commands: small, and as one piece.
    pub(super) fn is_built(&self) -> bool {
        self.target == CORTEX_M4F.target
    }

    /// Returns whether it has 16 KiB of memory.
    pub(super) fn is_small(&self) -> bool {
        self.flash_for_models == SMALL_FLASH
    }

    /// Finds the compiler, and builds the library unless the page's commands have: not small nor
    /// as one piece, which takes twice the time for the same answers.
    pub(super) fn prepare(&self) -> Result<(), Failure> {
        let (what, package) = self.compiler;
        let found = process::output(Command::new(what).arg("--version"));
        let how = format!("on Debian `apt-get install --no-install-recommends {package}`");
        found.map_err(|_| Failure::Missing { what, how })?;
        if self.is_built() {
            return Ok(());
        }
        _ = thumb::choose(Compiler::Rustup, self.target)?;
        let mut cargo = process::cargo();
        cargo.env("CARGO_TARGET_DIR", folder()).env("CARGO_PROFILE_FIRMWARE_LTO", "off");
        cargo.env("CARGO_PROFILE_FIRMWARE_OPT_LEVEL", "1");
        cargo.env("CARGO_PROFILE_FIRMWARE_CODEGEN_UNITS", "16");
        cargo.args(["rustc", "--quiet", "--package", "isokern-capi", "--profile", "firmware"]);
        cargo.args(["--features", "panic-handler", "--crate-type", "staticlib"]);
        process::run_quietly(cargo.args(["--target", self.target]))
    }

    /// Compiles a program of these sources and links it.
    pub(super) fn link(
        &self,
        sources: &[&Path],
        flags: &[&str],
        elf: &Path,
    ) -> Result<(), Failure> {
        let library = folder().join(self.target).join("firmware");
        let mut gcc = Command::new(self.compiler.0);
        gcc.current_dir(repository::root().join(EXAMPLES)).args(self.flags).args(FLAGS);
        gcc.args(flags).args(sources).arg("console.c");
        gcc.arg(format!("{}/board.c", self.folder)).args(["-nostdlib", "-L"]).arg(library);
        gcc.arg("-lisokern_capi").arg(format!("-T{}/{}.ld", self.folder, self.machine));
        gcc.arg("-Wl,--gc-sections,-z,noexecstack").arg("-o").arg(elf);
        process::run_quietly(&mut gcc)
    }

    /// Runs a program in the emulator, with other flags of it; how it ended, and what it printed.
    pub(super) fn emulate(
        &self,
        elf: &Path,
        flags: &[&str],
        limit: Duration,
    ) -> Result<(Option<ExitStatus>, String), Failure> {
        let mut emulator = Command::new(self.emulator);
        emulator.args(["-M", self.machine, "-display", "none", "-monitor", "none"]);
        emulator.args(["-serial", "none", "-semihosting-config", "enable=on,target=native"]);
        emulator.args(self.emulator_flags).args(flags).arg("-kernel").arg(elf);
        process::output_within(&mut emulator, limit)
    }
}
