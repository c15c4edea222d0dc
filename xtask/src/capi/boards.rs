//! Programs in C on other processors in the emulator, and those with an interrupt on all.
//!
//! `answers.c` gives the digests of the table; `stream.c`, which a timer's interrupt feeds through
//! a ring, the scores of TFLite Micro; `images.c`, which asks an actor in the interrupt, the
//! digits.

use super::figures::Row;
use super::{DIGITS, LIMIT, digest_of, digits, folder, image};
use crate::failure::Failure;
use crate::process;
use crate::repository;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A processor, and a machine of the emulator that has it.
struct Board {
    /// The machine, and the linker script of that name.
    machine: &'static str,
    /// The target of the library.
    target: &'static str,
    /// The compiler, and the package of Debian that has it.
    compiler: (&'static str, &'static str),
    flags: &'static [&'static str],
    /// Start-up and timer, below the examples.
    folder: &'static str,
    emulator: &'static str,
    emulator_flags: &'static [&'static str],
}

const ARM: (&str, &str) = ("arm-none-eabi-gcc", "gcc-arm-none-eabi");
const RISCV: (&str, &str) = ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf");

/// Cortex-M4F, whose library the page's commands built; Cortex-M0, Cortex-M33 and RV32IMC.
const BOARDS: [Board; 4] = [
    Board {
        machine: "mps2-an386",
        target: "thumbv7em-none-eabihf",
        compiler: ARM,
        flags: &["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"],
        folder: "cortex-m",
        emulator: "qemu-system-arm",
        emulator_flags: &[],
    },
    Board {
        machine: "microbit",
        target: "thumbv6m-none-eabi",
        compiler: ARM,
        flags: &["-mcpu=cortex-m0", "-mthumb"],
        folder: "cortex-m",
        emulator: "qemu-system-arm",
        emulator_flags: &[],
    },
    Board {
        machine: "mps2-an505",
        target: "thumbv8m.main-none-eabihf",
        compiler: ARM,
        flags: &["-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"],
        folder: "cortex-m",
        emulator: "qemu-system-arm",
        emulator_flags: &[],
    },
    Board {
        machine: "virt",
        target: "riscv32imc-unknown-none-elf",
        compiler: RISCV,
        flags: &["-march=rv32imc_zicsr", "-mabi=ilp32", "-mcmodel=medany"],
        folder: "riscv32",
        emulator: "qemu-system-riscv32",
        emulator_flags: &["-bios", "none"],
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

const EXAMPLES: &str = "crates/isokern-capi/examples";
const MODELS: &str = "tests/models";

/// A program, its model under the name that it includes, and the samples that it reads.
struct Program {
    source: &'static str,
    model: &'static str,
    name: &'static str,
    samples: &'static str,
}

const STREAM: Program = Program {
    source: "stream.c",
    model: "streams/keyword",
    name: "keyword",
    samples: "keyword.in.i8",
};
const IMAGES: Program = Program {
    source: "images.c",
    model: "models/digits",
    name: "digits",
    samples: "digits.test.i8",
};
const ANSWERS: [Program; 2] = [
    Program { source: "answers.c", name: "model", ..IMAGES },
    Program { source: "answers.c", name: "model", ..STREAM },
];

/// What TFLite Micro answers to the frames of the stream.
const SCORES: &str = "tests/models/streams/keyword.out.tflm.u8";

/// Runs the programs on every board.
pub(super) fn run(table: &[Row]) -> Result<(), Failure> {
    let path = repository::root().join(SCORES);
    let scores = fs::read(&path).map_err(|source| Failure::Path { path, source })?;
    for (index, board) in BOARDS.iter().enumerate() {
        let (what, package) = board.compiler;
        let found = process::output(Command::new(what).arg("--version"));
        let how = format!("on Debian `apt-get install --no-install-recommends {package}`");
        found.map_err(|_| Failure::Missing { what, how })?;
        if index > 0 {
            board.library()?;
            for program in &ANSWERS {
                let (_, text) = board.run(program, table)?;
                let (row, digest) = (program.row(table)?, digest_of(&text)?);
                require(digest == row.digest, board, program, &text)?;
                println!("{}: {} {digest}, as the host", board.machine, row.model);
            }
        }
        let (stream, text) = board.run(&STREAM, table)?;
        let is_so = numbers(&text, "score ").eq(scores.iter().copied().map(u32::from));
        require(is_so, board, &STREAM, &text)?;
        let (images, text) = board.run(&IMAGES, table)?;
        require(digits(&text) == DIGITS, board, &IMAGES, &text)?;
        let machine = board.machine;
        println!("{machine}: a stream and an actor, {stream} and {images} bytes of program");
    }
    Ok(())
}

impl Program {
    /// Returns the row of the table that is of the model.
    fn row<'t>(&self, table: &'t [Row]) -> Result<&'t Row, Failure> {
        let name = self.model.rsplit('/').next().unwrap_or_default();
        let row = table.iter().find(|row| row.model == name);
        row.ok_or_else(|| Failure::Check(format!("no row of {name} in the figures")))
    }
}

fn require(is_so: bool, board: &Board, program: &Program, text: &str) -> Result<(), Failure> {
    if is_so {
        return Ok(());
    }
    let Program { source, model, .. } = program;
    Err(Failure::Check(format!("{source} with {model} on {}:\n{text}", board.machine)))
}

/// Returns the numbers that a program printed under a name.
fn numbers<'t>(text: &'t str, name: &'static str) -> impl Iterator<Item = u32> + use<'t> {
    text.lines().filter_map(move |line| line.strip_prefix(name)?.parse().ok())
}

impl Board {
    /// Builds the library; not small nor as one piece, which takes twice the time for the same
    /// answers.
    fn library(&self) -> Result<(), Failure> {
        let mut cargo = process::cargo();
        cargo.env("CARGO_TARGET_DIR", folder()).env("CARGO_PROFILE_FIRMWARE_LTO", "off");
        cargo.env("CARGO_PROFILE_FIRMWARE_OPT_LEVEL", "1");
        cargo.env("CARGO_PROFILE_FIRMWARE_CODEGEN_UNITS", "16");
        cargo.args(["rustc", "--quiet", "--package", "isokern-capi", "--profile", "firmware"]);
        cargo.args(["--features", "panic-handler", "--crate-type", "staticlib"]);
        process::run_quietly(cargo.args(["--target", self.target]))
    }

    /// Links a program, runs it, and returns how much flash it takes without its model and what it
    /// prints.
    fn run(&self, program: &Program, table: &[Row]) -> Result<(u64, String), Failure> {
        let model = folder().join("boards").join(program.model).join(program.name);
        let model = model.with_extension("c");
        let elf = folder().join(format!("{}-{}", self.machine, program.source));
        let elf = elf.with_extension("elf");
        convert(program, &model)?;
        self.link(program, &model, &elf)?;
        let mut emulator = Command::new(self.emulator);
        emulator.args(["-M", self.machine, "-display", "none", "-monitor", "none"]);
        emulator.args(["-serial", "none", "-semihosting-config", "enable=on,target=native"]);
        emulator.args(self.emulator_flags).arg("-kernel").arg(&elf);
        let (status, text) = process::output_within(&mut emulator, LIMIT)?;
        require(status.is_some_and(|status| status.success()), self, program, &text)?;
        Ok((image::program_bytes(&elf, program.row(table)?.model_bytes)?, text))
    }

    fn link(&self, program: &Program, model: &Path, elf: &Path) -> Result<(), Failure> {
        let library = folder().join(self.target).join("firmware");
        let mut gcc = Command::new(self.compiler.0);
        gcc.current_dir(repository::root().join(EXAMPLES)).args(self.flags).args(FLAGS);
        gcc.arg(format!("-DSAMPLES=\"{}\"", program.samples));
        gcc.arg("-I").arg(model.parent().unwrap_or(model));
        gcc.arg(program.source).arg(model).args(["console.c", "samples.S"]);
        gcc.arg(format!("{}/board.c", self.folder)).args(["-nostdlib", "-L"]).arg(library);
        gcc.arg("-lisokern_capi").arg(format!("-T{}/{}.ld", self.folder, self.machine));
        gcc.arg("-Wl,--gc-sections,-z,noexecstack").arg("-o").arg(elf);
        process::run_quietly(&mut gcc)
    }
}

/// Writes the model of a program as C.
fn convert(program: &Program, source: &Path) -> Result<(), Failure> {
    let parent: PathBuf = source.parent().unwrap_or(source).to_owned();
    fs::create_dir_all(&parent).map_err(|source| Failure::Path { path: parent, source })?;
    let file = repository::root().join(MODELS).join(program.model).with_extension("tflite");
    let mut command = super::convert();
    process::output_or_message(command.arg(file).args(["--emit", "c", "-o"]).arg(source))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn numbers_of_a_name_are_read_in_order() {
        assert!(numbers("score 3\nwords 1\nscore 255\n", "score ").eq([3, 255]));
    }
}
