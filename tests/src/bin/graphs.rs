//! Compares random graphs with TFLite Micro: `graphs FOLDER [SEED] [--device]`.
//!
//! `tests/models/random_graphs.py` writes the folder. Prints how many graphs have each kind of
//! operator, how many are refused and why, and the first byte of each that differs; ends with
//! status 1 if any differs. `--device` runs the shipped PTX on the stand-in's machine instead.

use std::path::Path;
use std::process::ExitCode;
use std::thread;

use isokern_tests::device::{Device, ptx};
use isokern_tests::graphs::{Graphs, Record, Tally, Verdict, check, check_on_device};

const TARGET: u32 = 90;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let named: Vec<&String> = arguments.iter().filter(|text| !text.starts_with("--")).collect();
    let Some(folder) = named.first() else {
        eprintln!("error: no folder. Fix: graphs FOLDER [SEED] [--device]");
        return ExitCode::from(2);
    };
    let on_device = arguments.iter().any(|text| text == "--device");
    let seed = named.get(1).and_then(|text| text.parse().ok());
    let graphs = Graphs::read(Path::new(folder));
    let wanted = |record: &&Record| seed.is_none_or(|seed: u64| record.seed == seed);
    let records: Vec<&Record> = graphs.records.iter().filter(wanted).collect();
    let tally = run(&graphs, &records, on_device);
    println!("{tally}");
    if tally.wrong() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks all graphs, on as many threads as there are processors.
fn run(graphs: &Graphs, records: &[&Record], on_device: bool) -> Tally {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = |rank: usize| {
        let device = on_device.then(|| Device::new(&ptx(TARGET), TARGET));
        let mut tally = Tally::default();
        for record in records.iter().skip(rank).step_by(threads) {
            let verdict = match &device {
                Some(device) => check_on_device(device, graphs, record, 2),
                None => check(graphs, record),
            };
            if records.len() == 1
                && let Verdict::Refused(text) | Verdict::Failed(text) = &verdict
            {
                println!("{text}");
            }
            tally.add(graphs, record, &verdict);
        }
        tally
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|rank| scope.spawn(move || share(rank))).collect();
        let mut all = Tally::default();
        for worker in workers {
            all.merge(worker.join().expect("a check catches what panics"));
        }
        all
    })
}
