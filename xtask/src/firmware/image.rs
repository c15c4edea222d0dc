//! What a linked program consists of: sizes, symbols, instructions.
//!
//! The tools are those of Arm; sizes and symbols they read of any processor's program.

use super::board::{Board, Machine};
use crate::failure::Failure;
use crate::process;
use std::path::Path;
use std::process::Command;

const SIZE: &str = "arm-none-eabi-size";
const SYMBOLS: &str = "arm-none-eabi-nm";
const DISASSEMBLER: &str = "arm-none-eabi-objdump";

/// Parts of symbol names that represent a heap.
const HEAP: [&str; 6] = ["__rust_alloc", "__rust_realloc", "malloc", "calloc", "sbrk", "alloc::"];

/// Parts of symbol names that represent a panic. The last is the handler: without it nothing
/// in the program can panic, under whatever name.
const PANIC: [&str; 2] = ["core::panicking", "rust_begin_unwind"];

/// Starts of the names of software float routines of Arm.
const SOFT_FLOAT: [&str; 8] = [
    "__aeabi_f",
    "__aeabi_d",
    "__aeabi_i2",
    "__aeabi_ui2",
    "__aeabi_l2",
    "__aeabi_ul2",
    "__aeabi_cf",
    "__aeabi_cd",
];

/// How the names of others start, and what the rest of them contains: `__mulsf3`, `__fixdfsi`.
const SOFT_FLOAT_START: &str = "__";
const SOFT_FLOAT_TYPES: [&str; 2] = ["sf", "df"];

/// Starts of the names of functions that are not of our crates: the programs' library, start-up,
/// compiler routines. What has another name counts as ours, and the program's own functions too,
/// because ours are inlined there.
const OTHERS: [&str; 11] = [
    "isokern_firmware::",
    "compiler_builtins::",
    "__aeabi_",
    "mem",
    "Reset",
    "main",
    "DefaultHandler",
    "HardFault",
    "_start",
    "MachineTimer",
    "ExceptionHandler",
];

/// Bytes a program takes.
pub(super) struct Size {
    /// What is written to flash but the interrupt vectors: code, constants, start values.
    pub(super) flash: u64,
    /// What of it is certainly not code of our crates.
    pub(super) others: u64,
    /// What is reserved in RAM: statics with and without a start value.
    pub(super) ram: u64,
}

/// Fails when there are no tools to look into programs with.
pub(super) fn find_tools() -> Result<(), Failure> {
    let found = process::output(Command::new(DISASSEMBLER).arg("--version"));
    found.map(|_| ()).map_err(|_| Failure::Missing { what: DISASSEMBLER, how: how_to_install() })
}

/// Returns how to get the tools.
pub(crate) fn how_to_install() -> String {
    "on Debian `apt-get install --no-install-recommends binutils-arm-none-eabi`".to_owned()
}

/// Fails when a program has a heap, float arithmetic, or a way to panic.
pub(super) fn check(elf: &Path, board: &Board) -> Result<(), Failure> {
    let mut found = found(elf)?;
    found.extend(floats(elf, board, &symbols(elf)?)?);
    refuse(elf, found)
}

/// Works as [`check`], for a program of a model with numbers that are floats.
pub(super) fn check_floats(elf: &Path) -> Result<(), Failure> {
    refuse(elf, found(elf)?)
}

/// Returns the heap and the ways to panic of a program.
fn found(elf: &Path) -> Result<Vec<String>, Failure> {
    let symbols = symbols(elf)?;
    let mut found = with_parts(&symbols, &HEAP);
    found.extend(with_parts(&symbols, &PANIC));
    Ok(found)
}

fn refuse(elf: &Path, found: Vec<String>) -> Result<(), Failure> {
    if found.is_empty() {
        return Ok(());
    }
    let name = elf.file_name().unwrap_or_default().to_string_lossy();
    Err(Failure::Check(format!("`{name}` must not contain:\n  {}", found.join("\n  "))))
}

/// Fails when the checks do not see the panic and the float of the planted program.
pub(super) fn find_planted(elf: &Path, board: &Board) -> Result<(), Failure> {
    let symbols = symbols(elf)?;
    for part in PANIC {
        if with_parts(&symbols, &[part]).is_empty() {
            return Err(Failure::Blind("the planted panic was not found in the symbols"));
        }
    }
    let floats = floats(elf, board, &symbols)?;
    let in_code = floats.iter().any(|line| line.contains("\tv"));
    if floats.is_empty() || in_code != board.has_fpu {
        return Err(Failure::Blind("the planted float arithmetic was not found"));
    }
    Ok(())
}

/// Returns the sizes of what is loaded.
pub(super) fn size(elf: &Path) -> Result<Size, Failure> {
    let text = process::output(Command::new(SIZE).arg("-A").arg(elf))?;
    let section = |name: &str| {
        let mut lines = text.lines().map(str::split_whitespace);
        let size = lines.find_map(|mut words| (words.next() == Some(name)).then(|| words.next()));
        size.flatten().and_then(|size| size.parse().ok()).unwrap_or(0_u64)
    };
    let data = section(".data");
    let symbols = process::output(Command::new(SYMBOLS).args(["--demangle", "-S"]).arg(elf))?;
    Ok(Size {
        others: symbols.lines().filter_map(size_of_other).sum(),
        flash: section(".text") + section(".init.rust") + section(".rodata") + data,
        ram: data + section(".bss") + section(".uninit"),
    })
}

fn symbols(elf: &Path) -> Result<Vec<String>, Failure> {
    let text = process::output(Command::new(SYMBOLS).arg("--demangle").arg(elf))?;
    // Address, kind, name; the name may contain spaces.
    let name = |line: &str| line.splitn(3, ' ').nth(2).map(str::to_owned);
    Ok(text.lines().filter_map(name).collect())
}

/// Returns the size in a line of the symbol list, if the symbol is in code and none of our crates'.
fn size_of_other(line: &str) -> Option<u64> {
    let mut words = line.splitn(4, ' ').skip(1);
    let size = u64::from_str_radix(words.next()?, 16).ok()?;
    let is_code = matches!(words.next()?, "t" | "T");
    let name = words.next()?;
    (is_code && OTHERS.iter().any(|start| name.starts_with(start))).then_some(size)
}

fn with_parts(symbols: &[String], parts: &[&str]) -> Vec<String> {
    let has_part = |name: &&String| parts.iter().any(|part| name.contains(part));
    symbols.iter().filter(has_part).cloned().collect()
}

/// Returns float routines among the symbols, and float instructions, with their function.
///
/// Every instruction of a Cortex-M whose name starts with `v` uses the float registers; with
/// vectors they have integers too, and the name says of what type. The RISC-V processors have no
/// such instruction, and the emulator faults at one.
fn floats(elf: &Path, board: &Board, symbols: &[String]) -> Result<Vec<String>, Failure> {
    let mut found: Vec<String> =
        symbols.iter().filter(|name| is_float_routine(name)).cloned().collect();
    if board.machine != Machine::Arm {
        return Ok(found);
    }
    let text = process::output(Command::new(DISASSEMBLER).args(["-d", "--demangle"]).arg(elf))?;
    found.extend(float_instructions(&text, board.has_vectors()));
    Ok(found)
}

fn is_float_routine(name: &str) -> bool {
    let other = name.strip_prefix(SOFT_FLOAT_START).unwrap_or_default();
    SOFT_FLOAT.iter().any(|start| name.starts_with(start))
        || SOFT_FLOAT_TYPES.iter().any(|part| other.contains(part))
}

/// Returns the lines of a disassembly with a float instruction, and before each its function.
fn float_instructions(disassembly: &str, has_vectors: bool) -> Vec<String> {
    let mut function = "";
    let mut found = Vec::new();
    for line in disassembly.lines() {
        if line.ends_with(">:") {
            function = line.split_once('<').map_or(line, |(_, name)| name.trim_end_matches(">:"));
        }
        // Address, encoding and instruction are separated by tabs.
        let is_float = |name: &str| name.starts_with('v') && (!has_vectors || name.contains(".f"));
        if line.split('\t').nth(2).is_some_and(is_float) {
            found.push(format!("{function}: {line}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{HEAP, float_instructions, is_float_routine, size_of_other, with_parts};

    #[test]
    fn code_of_others_is_told_from_ours() {
        let line = "00005a54 000002da t compiler_builtins::mem::memcpy";
        assert_eq!(size_of_other(line), Some(0x2da));
        assert_eq!(
            size_of_other("000010de 00000578 t isokern_model::operators::conv2d::run"),
            None
        );
        assert_eq!(size_of_other("000031f4 0000147c t measure::measure"), None);
        assert_eq!(size_of_other("000083b8 T __etext"), None);
    }

    #[test]
    fn float_instructions_are_found_with_their_function() {
        let text = "00000400 <main>:\n 400:\tb580      \tpush\t{r7, lr}\n \
                    402:\tee20 0a01 \tvmul.f32\ts0, s0, s2\n";
        for has_vectors in [false, true] {
            let found = float_instructions(text, has_vectors);
            assert!(found.len() == 1 && found[0].starts_with("main: "), "{found:?}");
        }
        let vectors = text.replace("vmul.f32", "vmul.i32");
        assert!(float_instructions(&vectors, true).is_empty());
    }

    #[test]
    fn float_routines_are_told_from_those_of_integers() {
        for name in ["__aeabi_fmul", "__mulsf3", "__fixunsdfsi", "__extendsfdf2"] {
            assert!(is_float_routine(name), "{name}");
        }
        for name in ["__aeabi_uldivmod", "__muldi3", "__udivmodsi4", "is_self", "__sdata"] {
            assert!(!is_float_routine(name), "{name}");
        }
    }

    #[test]
    fn heap_symbols_are_found_by_part_of_their_name() {
        let symbols = ["main".to_owned(), "__rustc::__rust_alloc".to_owned()];
        assert_eq!(with_parts(&symbols, &HEAP), ["__rustc::__rust_alloc"]);
    }
}
