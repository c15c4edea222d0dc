//! `gpu-probes`: what a device and its driver cost, measured with the shipped PTX.
//!
//! Prints one JSON line for each measurement, to be kept; the table of one or more kept files is
//! made by `gpu-probes table FOLDER`. Ends with a failure when a probe saw what must not be.

mod chase;
mod device;
mod enqueue;
mod failure;
mod host_litmus;
mod launched;
mod launches;
mod links;
mod litmus;
mod published;
mod resident;
mod samples;
mod table;
mod task_peers;
mod task_table;
mod task_times;
mod tasks;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use device::Gpu;
pub(crate) use failure::Failure;
use samples::Samples;
use serde_json::json;

const USAGE: &str = "\
Usage: gpu-probes [--quick] [--run N] [--actors FOLDER]
                                         measure; one JSON line for each measurement
       gpu-probes table FOLDER           the table of a folder with *.jsonl and bench-*.json
--quick takes few samples: for a simulated device, or to see that all works.
--actors names the device code of actors that send to each other, and of tasks of any length;
without it they are skipped.";

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Few samples of everything.
    pub(crate) quick: bool,
    /// The number of this run among several, from 1.
    pub(crate) run: u32,
}

impl Effort {
    /// Returns `full`, or `quick` where few samples are wanted.
    pub(crate) const fn of(self, full: u32, quick: u32) -> u32 {
        if self.quick { quick } else { full }
    }
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wish {
    Measure { quick: bool, run: u32, actors: Option<PathBuf> },
    Table { folder: String },
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(wish) = wish(&words) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let done = match wish {
        Wish::Measure { quick, run, actors } => measure(Effort { quick, run }, actors.as_deref()),
        Wish::Table { folder } => table::print(folder.as_ref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gpu-probes: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wish(words: &[String]) -> Option<Wish> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["table", folder] = words[..] {
        return Some(Wish::Table { folder: folder.to_owned() });
    }
    let (mut quick, mut run, mut actors) = (false, 1, None);
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word {
            "--quick" => quick = true,
            "--run" => run = words.next()?.parse().ok()?,
            "--actors" => actors = Some(words.next()?.into()),
            _ => return None,
        }
    }
    Some(Wish::Measure { quick, run, actors })
}

/// Measures everything; what must not be is reported at the end, when all was printed.
fn measure(effort: Effort, actors: Option<&Path>) -> Result<(), Failure> {
    let gpu = Gpu::new()?;
    let pinned_core = pin();
    let device = json!({
        "id": "device", "run": effort.run, "quick": effort.quick,
        "name": gpu.name(), "simulated": gpu.is_simulated(),
        "compute_capability": gpu.context().device().compute_capability()?,
        "multiprocessors": gpu.context().device().multiprocessors()?,
        "driver": gpu.context().device().driver().version(),
        "pinned_core": pinned_core, "timer_ns": timer().quantile(0.5),
    });
    println!("{device}");
    let mut wrong = Vec::new();
    chase::measure(&gpu, effort, &mut wrong)?;
    litmus::measure(&gpu, effort, &mut wrong)?;
    host_litmus::measure(&gpu, effort, &mut wrong)?;
    launches::measure(&gpu, effort)?;
    enqueue::measure(&gpu, effort, &mut wrong)?;
    resident::measure(&gpu, effort, &mut wrong)?;
    match actors {
        Some(folder) => {
            links::measure(&gpu, effort, folder, &mut wrong)?;
            tasks::measure(&gpu, effort, folder, &mut wrong)?;
        }
        None => {
            for (what, whom) in [("the way over a link", "an actor"), ("the cost", "a task")] {
                let why = "--actors names no folder";
                println!("{}", json!({"id": "skipped", "peer": what, "model": whom, "why": why}));
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::Wrong(wrong.join("; ")))
}

/// Keeps this thread on one processor, the last one it may use, and says which.
fn pin() -> Option<usize> {
    let core = core_affinity::get_core_ids()?.pop()?;
    core_affinity::set_for_current(core).then_some(core.id)
}

/// Returns what two looks at the clock take.
fn timer() -> Samples {
    let mut samples = Samples::new();
    for _ in 0..100_000 {
        let start = Instant::now();
        samples.add(start.elapsed());
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::{Wish, wish};

    fn of(words: &[&str]) -> Option<Wish> {
        wish(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_command_line_is_read_or_refused() {
        assert_eq!(of(&[]), Some(Wish::Measure { quick: false, run: 1, actors: None }));
        let third = Wish::Measure { quick: true, run: 3, actors: Some("a".into()) };
        assert_eq!(of(&["--run", "3", "--quick", "--actors", "a"]), Some(third));
        assert_eq!(of(&["table", "x"]), Some(Wish::Table { folder: "x".to_owned() }));
        for wrong in [&["--slow"][..], &["--run"], &["--actors"], &["--run", "x"], &["table"]] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }
}
