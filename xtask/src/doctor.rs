//! `cargo xtask doctor`: what this machine has, what each part is for, how to get the rest.
//!
//! It looks and never loads: the CUDA driver library, for one, is searched by file name.

use crate::failure::Failure;
use crate::process;
use crate::thumb::TARGETS;
use crate::{deny, features, firmware, fuzz, graphs, hosts, python, repository, tools, typos};
use isokern_ptx::assembler::{self, Assembler};
use isokern_ptx::compiler;
use isokern_ptx::toolchain::{self, DEBIAN_RUSTC, Part};
use serde::Serialize;
use std::path::PathBuf;
use std::process::Command;

/// What `cargo xtask doctor` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print JSON instead of lines.
    #[arg(long)]
    json: bool,
}

/// One part a machine may have.
#[derive(Serialize)]
struct Finding {
    name: &'static str,
    /// Version or place; none when the part is missing.
    found: Option<String>,
    purpose: &'static str,
    how_to_get: String,
    /// Whether the two commands of the README need it.
    needed: bool,
}

/// Prints the findings; fails when something the README's commands need is missing.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut findings = needed();
    findings.extend(checks());
    findings.extend(devices());
    if arguments.json {
        let text = serde_json::to_string_pretty(&findings).unwrap_or_default();
        println!("{text}");
    } else {
        findings.iter().for_each(print);
    }
    let lacking = findings.into_iter().find(|finding| finding.needed && finding.found.is_none());
    match lacking {
        None => Ok(()),
        Some(finding) => Err(Failure::Missing { what: finding.name, how: finding.how_to_get }),
    }
}

fn print(finding: &Finding) {
    let Finding { name, found, purpose, how_to_get, needed } = finding;
    match found {
        Some(version) => println!("found    {name}: {version}\n         for {purpose}"),
        None if *needed => println!("MISSING  {name}: {how_to_get}\n         for {purpose}"),
        None => println!("missing  {name}: {how_to_get}\n         for {purpose} only"),
    }
}

/// Returns what the README's commands need.
fn needed() -> Vec<Finding> {
    let pinned = repository::pinned().unwrap_or_default();
    let expected = format!("rustc {pinned} ");
    let rustc = toolchain::version("rustc").ok().filter(|line| line.starts_with(&expected));
    let linker = first_line("cc", &["--version"]);
    vec![
        Finding {
            name: "pinned compiler",
            found: rustc,
            purpose: "everything",
            how_to_get: format!("install rustup, then run `rustup toolchain install {pinned}`"),
            needed: true,
        },
        Finding {
            name: "C linker",
            found: linker,
            purpose: "linking host programs",
            how_to_get: "on Debian `apt-get install gcc`".to_owned(),
            needed: true,
        },
    ]
}

/// Returns the compiled libraries of targets.
fn targets(names: &'static [&'static str], purpose: &'static str) -> impl Iterator<Item = Finding> {
    names.iter().map(move |name| Finding {
        name,
        found: Part::Target(name).is_installed().then(|| "installed".to_owned()),
        purpose,
        how_to_get: format!("run `rustup target add {name}`"),
        needed: false,
    })
}

/// Returns the versions of Python that test the package.
fn pythons() -> [Finding; 3] {
    let path = |(_, program): (_, PathBuf)| program.display().to_string();
    let chosen = python::has_environments().then(|| "found".to_owned());
    [
        ("Python 3.11 with venv", chosen, "the python stage", "and name it in ISOKERN_PYTHON"),
        ("Python 3.10", python::oldest().map(path), "the pythons stage", "on the path or by pyenv"),
        (
            "Python 3.12 or newer",
            python::newest().map(path),
            "the pythons stage",
            "on the path or by pyenv",
        ),
    ]
    .map(|(name, found, purpose, place)| Finding {
        name,
        found,
        purpose,
        how_to_get: format!("install it with its module `venv`, {place}"),
        needed: false,
    })
}

/// Returns what the check stages need beyond that.
fn checks() -> Vec<Finding> {
    let component = |name: &'static str, purpose: &'static str, part: &str| Finding {
        name,
        found: first_line(name, &["--version"]),
        purpose,
        how_to_get: format!("run `rustup component add {part}`"),
        needed: false,
    };
    let mut findings = vec![
        component("cargo-clippy", "the lint stage", "clippy"),
        component("rustfmt", "the format stage", "rustfmt"),
    ];
    findings.extend(targets(&TARGETS, "the thumb and firmware stages"));
    findings.extend(targets(&hosts::TARGETS, "the hosts stage"));
    findings.push(Finding {
        name: "rust-src",
        found: Part::StdSource.is_installed().then(|| "for the pinned compiler".to_owned()),
        purpose: "the race stage without suppressions",
        how_to_get: "run `rustup component add rust-src`".to_owned(),
        needed: false,
    });
    findings.push(Finding {
        name: "Debian compiler with source",
        found: debian(),
        purpose: "the thumb and firmware stages where rustup cannot add targets",
        how_to_get: "on Debian `apt-get install rustc-web rust-web-src`".to_owned(),
        needed: false,
    });
    findings.push(Finding {
        name: fuzz::CARGO_FUZZ,
        found: tool(fuzz::CARGO_FUZZ, &["--version"]),
        purpose: "the fuzz stage",
        how_to_get: fuzz::how_to_install(),
        needed: false,
    });
    findings.push(Finding {
        name: "TFLite Micro for Python",
        found: graphs::has_oracle().then(|| "found".to_owned()),
        purpose: "the graphs stage",
        how_to_get: graphs::how_to_install(),
        needed: false,
    });
    findings.extend(pythons());
    findings.extend([
        checker(typos::TYPOS, &["--version"], "the typos stage"),
        checker(deny::CARGO_DENY, &["--version"], "the stages deny and advisories"),
        checker(features::CARGO_HACK, &["hack", "--version"], "the features stage"),
    ]);
    findings.push(Finding {
        name: "nightly compiler",
        found: nightly(),
        purpose: "the race test under Miri",
        how_to_get: "run `rustup toolchain install nightly --component miri,rust-src`".to_owned(),
        needed: false,
    });
    findings
}

/// Returns what device code and real devices need.
fn devices() -> Vec<Finding> {
    vec![
        Finding {
            name: "qemu-system-arm",
            found: first_line("qemu-system-arm", &["--version"]),
            purpose: "the firmware stage: boards in an emulator",
            how_to_get: firmware::how_to_install_emulator(),
            needed: false,
        },
        Finding {
            name: "qemu-system-riscv32",
            found: first_line("qemu-system-riscv32", &["--version"]),
            purpose: "the firmware stage: boards in an emulator",
            how_to_get: firmware::how_to_install_emulator(),
            needed: false,
        },
        Finding {
            name: "arm-none-eabi-objdump",
            found: first_line("arm-none-eabi-objdump", &["--version"]),
            purpose: "the firmware stage: sizes and checks of programs",
            how_to_get: firmware::how_to_install_tools(),
            needed: false,
        },
        Finding {
            name: "riscv64-unknown-elf-gcc",
            found: first_line("riscv64-unknown-elf-gcc", &["--version"]),
            purpose: "the capi stage: examples in C on a RISC-V",
            how_to_get: "on Debian `apt-get install gcc-riscv64-unknown-elf`".to_owned(),
            needed: false,
        },
        Finding {
            name: "cmake",
            found: first_line("cmake", &["--version"]),
            purpose: "the capi stage: the package of CMake",
            how_to_get: "on Debian `apt-get install cmake`".to_owned(),
            needed: false,
        },
        Finding {
            name: "valgrind",
            found: first_line("valgrind", &["--version"]),
            purpose: "the capi stage: the C library on this machine",
            how_to_get: "on Debian `apt-get install valgrind`".to_owned(),
            needed: false,
        },
        Finding {
            name: "device compiler",
            found: device_compilers(),
            purpose: "the ptx stage: building device code",
            how_to_get: compiler::how_to_install(),
            needed: false,
        },
        Finding {
            name: "ptxas",
            found: ptxas(),
            purpose: "the ptx stage: assembling what was built",
            how_to_get: assembler::how_to_install(&repository::target_dir()),
            needed: false,
        },
        Finding {
            name: "CUDA driver library",
            found: cuda_driver(),
            purpose: "a real GPU",
            how_to_get: "not found; it comes with the GPU's driver".to_owned(),
            needed: false,
        },
    ]
}

fn debian() -> Option<String> {
    let version = toolchain::version(DEBIAN_RUSTC).ok()?;
    toolchain::debian_is_installed().then_some(version)
}

fn nightly() -> Option<String> {
    let mut rustup = Command::new("rustup");
    rustup.env("RUSTUP_AUTO_INSTALL", "0");
    let text = process::output(rustup.args(["run", "nightly", "rustc", "--version"])).ok()?;
    Some(text.trim().to_owned())
}

/// Returns a program that `.ci/tools.txt` pins, and the arguments with which it says its version.
fn checker(name: &'static str, arguments: &[&str], purpose: &'static str) -> Finding {
    let how_to_get = tools::how_to_install();
    Finding { name, found: tool(name, arguments), purpose, how_to_get, needed: false }
}

fn tool(name: &str, arguments: &[&str]) -> Option<String> {
    first_line(&tools::find(name)?.to_string_lossy(), arguments)
}

/// Returns the compilers for device code that are here, the one that is taken first in front.
fn device_compilers() -> Option<String> {
    let all: Vec<String> = compiler::installed()
        .map(|compiler| format!("{} ({})", compiler.identity, compiler.origin))
        .collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn ptxas() -> Option<String> {
    let assembler = Assembler::find(&repository::target_dir()).ok()?;
    Some(format!("{} ({})", assembler.version, assembler.path().display()))
}

/// Returns where the loader would find the driver library, by name only.
fn cuda_driver() -> Option<String> {
    const FOLDERS: [&str; 5] = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
        "/usr/lib/wsl/lib",
        "/usr/local/cuda/compat",
    ];
    let cache = ["ldconfig", "/sbin/ldconfig"]
        .iter()
        .find_map(|program| process::output(Command::new(program).arg("-p")).ok());
    let cached = cache.as_deref().unwrap_or_default().lines().find_map(|line| {
        let (name, path) = line.trim().split_once(" => ")?;
        name.starts_with("libcuda.so").then(|| path.to_owned())
    });
    let listed = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let mut paths = std::env::split_paths(&listed)
        .chain(FOLDERS.map(PathBuf::from))
        .flat_map(|folder| ["libcuda.so.1", "libcuda.so"].map(|name| folder.join(name)));
    cached.or_else(|| paths.find(|path| path.is_file()).map(|path| path.display().to_string()))
}

/// Returns the first line a program prints, with the pinned compiler's folder as the place to be.
fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.current_dir(repository::root()).args(arguments);
    let text = process::output(&mut command).ok()?;
    text.lines().next().map(str::to_owned)
}
