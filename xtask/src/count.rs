//! `cargo xtask count`: what the shipped PTX executes for one inference of each model, and for
//! steps of the resident kernel, by function, written to `tests/counts.md` or compared with it.
//!
//! Counts are exact and repeat in every build and on every machine, so the table is compared to the
//! last digit; a failure names the functions that moved, and by how much.

use std::fs;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::ptx::actors;
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

const STEPS: Table = Table {
    head: STEPS_HEAD,
    whole: "resident step",
    part: "resident function",
    facts: &["threads"],
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

const STEPS_HEAD: &str = "\
# What a block of the resident kernel executes

All warps of one block, in a replay with the real requester on the host's side: from one entry of a
function by the thread that leads to its next or, where all warps work, from the barrier after it to
the next such barrier. It has to be the same twice; no order of warps changes it.

* *64 looks in vain*: what a block that has nothing to do does again and again: its first warp loads
  the lines of grid and actor and the next slot 64 times, with a `nanosleep` in between, and the
  leader polls the actor's life once.
* *a question to ...*: one of a row: the leader handles the message, for a model with all warps, and
  writes the reply; one look finds the next message, and the leader takes it. The host has written
  it before.
* *an echo* adds a number to its state and answers the sum. It is the script of `tests/actors`, with
  two mailboxes and a block of 64 threads; its device code is built for this (sm_90, the compiler of
  `rust-toolchain.toml`) and not committed. With another compiler it is not counted.
* *16 empty tasks* are of a row in the queue of one class, in the same device code. For each the
  leader's worker looks whether something was submitted, takes the task, claims it, calls a handler
  that ends it, and says so; the other lanes of its warp wait for what it found. After 16 they look
  together whether the grid is to stop, which is in the row, too.

";

/// The target whose PTX is counted.
const TARGET: &str = "sm_90";

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
    let scripts = match build_scripts() {
        Err(failure) if !arguments.bless => {
            println!("echo and empty task are not counted: {failure}");
            None
        }
        scripts => Some(scripts?),
    };
    let mut command = process::cargo();
    command.args(["run", "--quiet", "--package", "isokern-tests", "--bin", "counts"]);
    if arguments.release {
        command.arg("--release");
    }
    if let Some(folder) = scripts {
        command.env(actors::SUITE_VARIABLE, folder);
    }
    let printed = process::output(&mut command)?;
    let tables = [
        (TABLE, read(&printed, ["model", "function"], &TABLE)),
        (STEPS, read(&printed, ["step", "step function"], &STEPS)),
    ];
    let path = repository::root().join(PATH);
    Ok(compare_or_write(&tables, &path, arguments.bless, "cargo xtask count")?)
}

/// Builds the device code of echo and empty task, by the compiler that the table is of; returns its
/// folder.
fn build_scripts() -> Result<PathBuf, Failure> {
    let folder = actors::build_suite("counted-actors", &["--unchecked", "--target", TARGET])?;
    let path = folder.join("record.toml");
    let record = fs::read_to_string(&path).map_err(|source| Failure::Path { path, source })?;
    let pinned = include_str!("../../rust-toolchain.toml").lines();
    let channel = pinned.filter_map(|line| line.strip_prefix("channel = ")).next();
    let channel = channel.unwrap_or_default().trim_matches('"');
    if record.contains(&format!("\nversion = \"rustc {channel} ")) {
        return Ok(folder);
    }
    Err(Failure::Check(format!("its compiler is not rustc {channel}. Fix: add its `rust-src`")))
}

/// Reads what the counting program printed of wholes and parts with these first words; functions of
/// one name, and small ones, are summed.
fn read(printed: &str, [whole, part]: [&str; 2], table: &Table) -> Found {
    let (mut wholes, mut functions) = (Vec::new(), Vec::new());
    for line in printed.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let numbers = |words: &[&str]| words.iter().filter_map(|word| word.parse().ok()).collect();
        match words.as_slice() {
            [kind, name, rest @ ..] if *kind == whole => {
                wholes.push(Row { key: vec![(*name).to_owned()], numbers: numbers(rest) });
            }
            [kind, of, name, rest @ ..] if *kind == part => {
                let key = vec![(*of).to_owned(), (*name).to_owned()];
                Row::add(&mut functions, Row { key, numbers: numbers(rest) }.demangled());
            }
            _ => {}
        }
    }
    share_rows(wholes, &functions, table.facts.len())
}

#[cfg(test)]
mod tests {
    use super::{STEPS, TABLE, read};

    #[test]
    fn what_the_program_prints_is_read() {
        let ten = |first: u64| format!("{first}{}", "\t1".repeat(9));
        let printed = format!(
            "model\tm\t1\t2\t3\t4\t5\t6\t{}\nfunction\tm\ta\t{}\nfunction\tm\tb\t{}\n",
            ten(1000),
            ten(5),
            ten(995)
        );
        let printed = printed + &format!("step\ts\t288\t{}\nstep function\ts\ta\t{0}\n", ten(7));
        let found = read(&printed, ["step", "step function"], &STEPS);
        assert_eq!(found.wholes[0].numbers[..2], [288, 7]);
        assert_eq!(found.parts[0].key, ["s", "a"]);
        let found = read(&printed, ["model", "function"], &TABLE);
        assert_eq!(found.wholes[0].numbers[..7], [1, 2, 3, 4, 5, 6, 1000]);
        let rows: Vec<_> =
            found.parts.iter().map(|row| (row.key[1].as_str(), row.numbers[0])).collect();
        assert_eq!(rows, [("b", 995), ("(others)", 5)]);
    }
}
