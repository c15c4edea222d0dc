//! `cargo xtask count`: what the shipped PTX executes for one inference of each model, by function,
//! written to `tests/counts.md` or compared with it.
//!
//! Counts are exact and repeat in every build and on every machine, so the table is compared to the
//! last digit; a failure names the functions that moved, and by how much.

use crate::failure::Failure;
use crate::{process, repository};
use isokern_ptx::count::{Found, Row, Table, compare_or_write, share_rows};

/// The committed file.
const PATH: &str = "tests/counts.md";

const TABLE: Table = Table {
    head: HEAD,
    whole: "model",
    part: "function",
    facts: &["threads", "registers", "blocks", "chain", "cycles from", "cycles to"],
};

const HEAD: &str = "\
# What the device code executes

Written by `cargo xtask count --bless`, compared by `cargo xtask count` and in CI. One inference of
one sample by one block, the PTX of sm_90 on the stand-in's machine (`docs/simcuda.md`): exact
counts, the same in every run. Nothing here was run on a GPU.

* *requests* are loads, stores and read-modify-writes of a warp; *sectors* the 32-byte pieces of
  global memory that they touch, *passes* those over the banks of shared memory.
* *registers* are those that `cargo xtask ptx` compares with the assembler's, *blocks* how many a
  multiprocessor holds with them, *chain* the longest chain of loads of global memory, each at an
  address that follows from what the one before gave.
* *cycles* are a prediction of one block alone on a multiprocessor of an H100, **not measured** and
  validated by nothing: the table of `isokern_simcuda::machine::prediction`, and a range of two.

";

/// What `cargo xtask count` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write the table instead of comparing it.
    #[arg(long)]
    bless: bool,
    /// Count with a release build: the counts are the same.
    #[arg(long)]
    release: bool,
}

/// Counts, and writes or compares.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut command = process::cargo();
    command.args(["run", "--quiet", "--package", "isokern-tests", "--bin", "counts"]);
    if arguments.release {
        command.arg("--release");
    }
    let found = read(&process::output(&mut command)?);
    let path = repository::root().join(PATH);
    Ok(compare_or_write(&TABLE, &found, &path, arguments.bless, "cargo xtask count")?)
}

/// Reads what the counting program printed; functions of one name, and small ones, are summed.
fn read(printed: &str) -> Found {
    let (mut models, mut functions) = (Vec::new(), Vec::new());
    for line in printed.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let numbers = |words: &[&str]| words.iter().filter_map(|word| word.parse().ok()).collect();
        match words.as_slice() {
            ["model", model, rest @ ..] => {
                models.push(Row { key: vec![(*model).to_owned()], numbers: numbers(rest) });
            }
            ["function", model, name, rest @ ..] => {
                let key = vec![(*model).to_owned(), (*name).to_owned()];
                Row::add(&mut functions, Row { key, numbers: numbers(rest) }.demangled());
            }
            _ => {}
        }
    }
    share_rows(models, &functions, TABLE.facts.len())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_the_program_prints_is_read() {
        let ten = |first: u64| format!("{first}{}", "\t1".repeat(9));
        let printed = format!(
            "model\tm\t1\t2\t3\t4\t5\t6\t{}\nfunction\tm\ta\t{}\nfunction\tm\tb\t{}\n",
            ten(1000),
            ten(5),
            ten(995)
        );
        let found = read(&printed);
        assert_eq!(found.wholes[0].numbers[..7], [1, 2, 3, 4, 5, 6, 1000]);
        let rows: Vec<_> =
            found.parts.iter().map(|row| (row.key[1].as_str(), row.numbers[0])).collect();
        assert_eq!(rows, [("b", 995), ("(others)", 5)]);
    }
}
