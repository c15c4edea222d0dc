//! The stage `capi`: models from C on a Cortex-M4F in the emulator, as `docs/firmware.md` says.
//!
//! The commands of that page are run as they are there: they build the library, write a model as C,
//! link the example and run it. Then another program gives the digests of
//! `tests/firmware/figures.md`, in images that hold no kind of operator that the model has not, no
//! heap, no float routine and no way to panic. Then come other processors (`board`) and programs
//! with an interrupt (`boards`), every model that fits each (`digests`), the packages of CMake and
//! Zephyr (`packages`), and beside them the library of the host under valgrind and the address
//! sanitizer (`host`).

mod board;
mod boards;
mod costs;
mod digests;
mod figures;
mod host;
mod image;
mod packages;

use crate::failure::Failure;
use crate::firmware::packed;
use crate::{process, repository};
use core::time::Duration;
use figures::Row;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler, and the package of Debian that has it.
const COMPILER: &str = "arm-none-eabi-gcc";
const PACKAGE: &str = "gcc-arm-none-eabi";

/// The page with the commands, and the heading that they follow.
const PAGE: &str = "docs/firmware.md";
const HEADING: &str = "## From C";

/// What the commands write to.
const FOLDER: &str = "target/capi";

/// What the first images of the test set show.
const DIGITS: [u32; 10] = [1, 8, 7, 9, 1, 5, 3, 7, 3, 7];

/// Models whose digest is compared: one of the kinds of a keyword network, one of a residual
/// network, one with state, one with several inputs.
const MODELS: [&str; 4] =
    ["models/digits", "models/residual", "streams/keyword", "models/two_inputs"];

/// A model of others, compared where it is.
const KEYWORDS: &str = "models/kws_dscnn_int8.tflite";

/// How long a program may run in the emulator.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs the commands of the page, then the other programs.
pub(crate) fn run() -> Result<(), Failure> {
    let found = process::output(Command::new(COMPILER).arg("--version"));
    found.map_err(|_| Failure::Missing { what: COMPILER, how: how_to_install() })?;
    let page = read(&repository::root().join(PAGE))?;
    let commands = commands(&page)?;
    println!("{commands}");
    let printed = digits(&bash(&commands)?);
    if printed != DIGITS {
        return Err(Failure::Check(format!("the example read {printed:?}, not {DIGITS:?}")));
    }
    let link = command_with(&commands, COMPILER)?;
    image::check(&folder().join("digits.elf"), &folder().join("digits.map"), &folder())?;
    let table = figures::read()?;
    for model in MODELS {
        let file = repository::root().join(format!("tests/models/{model}.tflite"));
        answers(&file, &table, &link)?;
    }
    let keywords = repository::root().join("../shared").join(KEYWORDS);
    if keywords.is_file() {
        answers(&keywords, &table, &link)?;
    } else {
        println!("no {KEYWORDS}: not compared");
    }
    let models = packed::all(&format!("{FOLDER}/host").replace("target/", ""))?;
    let packed = host::pack(&MODELS)?;
    // The host's library is built beside the others.
    std::thread::scope(|scope| {
        let host = scope.spawn(|| host::run(&packed, &table));
        let others = boards::run(&page, &table, &models).and_then(|()| packages::run());
        let host = host.join().unwrap_or(Err(Failure::Blind("the check of the host broke off")));
        others.and(host)
    })
}

/// Returns how to get the compiler.
pub(crate) fn how_to_install() -> String {
    format!("on Debian `apt-get install --no-install-recommends {PACKAGE}`")
}

/// Links a model with the program that prints the digest of its answers, runs it, and compares that
/// and its size with the row of the table.
fn answers(model: &Path, table: &[Row], link: &str) -> Result<(), Failure> {
    let name = model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let row = table.iter().find(|row| row.model == name);
    let row = row.ok_or_else(|| Failure::Check(format!("no row of {name} in the figures")))?;
    let mut convert = convert();
    convert.arg(model).args(["--emit", "c", "-o"]).arg(folder().join("model.c"));
    process::output_or_message(&mut convert)?;
    // The command of the page, for the other program and its model.
    let link = link.replacen("digits.c", "answers.c", 1).replace("digits.c", "model.c");
    let link = link.replace("digits.", "answers.");
    let script = format!("cd crates/isokern-capi/examples\n{link}\n");
    bash(&script)?;
    let elf = folder().join("answers.elf");
    let (status, text) = process::output_within(&mut emulator(&elf), LIMIT)?;
    if !status.is_some_and(|status| status.success()) {
        return Err(Failure::Check(format!("{name} in C failed:\n{text}")));
    }
    let digest = digest_of(&text)?;
    if digest != row.digest {
        let host = &row.digest;
        return Err(Failure::Check(format!("{name} in C gives {digest}, the host {host}")));
    }
    image::check(&elf, &folder().join("answers.map"), &folder())?;
    let size = image::program_bytes(&elf, row.model_bytes)?;
    println!(
        "{name}: {digest}, as the host; {size} bytes of program, in Rust {}: {:+.1} %",
        row.program,
        (size as f64 / row.program as f64 - 1.0) * 100.0
    );
    image::check_size(&name, size, row.program)
}

/// Returns the command line's conversion, about to get a model.
fn convert() -> Command {
    let mut convert = process::cargo();
    convert.args(["run", "--quiet", "--release", "--package", "isokern-cli", "--", "convert"]);
    convert
}

fn folder() -> PathBuf {
    repository::root().join(FOLDER)
}

/// Returns the emulator, about to run a program.
fn emulator(elf: &Path) -> Command {
    let mut command = Command::new("qemu-system-arm");
    command.args(["-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none"]);
    command.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(elf);
    command
}

/// Runs commands as a reader of the page would, and returns what they print.
fn bash(commands: &str) -> Result<String, Failure> {
    let mut bash = Command::new("bash");
    bash.current_dir(repository::root()).args(["-euo", "pipefail", "-c", commands]);
    // The page says where things are built.
    bash.env_remove("CARGO_TARGET_DIR");
    process::output_or_message(&mut bash)
}

/// Returns the commands after the heading of the page.
fn commands(page: &str) -> Result<String, Failure> {
    let section = page.split_once(&format!("\n{HEADING}")).map(|(_, section)| section);
    let block = section.and_then(|section| section.split_once("```sh\n")?.1.split_once("```"));
    let (commands, _) = block.ok_or(Failure::Blind("the page has no commands for C"))?;
    Ok(commands.to_owned())
}

/// Returns the command that starts with a program, with the lines that it goes on in.
fn command_with(commands: &str, program: &str) -> Result<String, Failure> {
    let joined = commands.replace("\\\n", " ");
    let line = joined.lines().find(|line| line.starts_with(program));
    line.map(str::to_owned).ok_or(Failure::Blind("the page does not call the compiler"))
}

/// Returns the digits that the example printed.
fn digits(text: &str) -> Vec<u32> {
    let values = text.lines().filter_map(|line| line.strip_prefix("digit "));
    values.filter_map(|value| value.parse().ok()).collect()
}

/// Returns the digest that a program printed in two halves.
fn digest_of(text: &str) -> Result<String, Failure> {
    let [high, low] = ["digest_high", "digest_low"].map(|key| number(text, key));
    Ok(format!("{:08x}{:08x}", high?, low?))
}

/// Returns the number that a program printed under a name.
fn number(text: &str, name: &str) -> Result<u32, Failure> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.ok_or_else(|| Failure::Check(format!("the program did not print `{name}`")))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|source| Failure::Path { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::{COMPILER, command_with, commands, digits, number};

    #[test]
    fn commands_follow_their_heading() {
        let page =
            "```sh\nno\n```\n\n## From C\n\ntext\n\n```sh\nb \\\n  c\nd\n```\n```sh\ne\n```\n";
        let commands = commands(page).expect("there are some");
        assert_eq!(commands, "b \\\n  c\nd\n");
        assert_eq!(command_with(&commands, "b").expect("there is one"), "b    c");
        assert!(command_with(&commands, COMPILER).is_err());
        assert!(super::commands("## From C\n").is_err());
    }

    #[test]
    fn printed_numbers_are_read() {
        assert_eq!(digits("digit 1\nother 2\ndigit 30\n"), [1, 30]);
        assert_eq!(number("a 1\ndigest_low 4294967295\n", "digest_low").ok(), Some(u32::MAX));
        assert!(number("a 1\n", "b").is_err());
    }
}
