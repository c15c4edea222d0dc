//! How fast the stand-in's machine executes the shipped PTX: one inference of every model.
//!
//! `cargo bench -p isokern-tests --bench standin`, with words after `--` for the models whose
//! names have one of them. With the word `replay` it compares replays of some models in place of
//! free runs: stores that wait, and loads of old values as well. Times are those of an interpreter
//! and say nothing about a GPU. A row is the median of some runs on one thread.

use std::time::Instant;

use isokern_model::Model;
use isokern_model::layout::Layout;
use isokern_simcuda::replay::Replay;
use isokern_tests::device::{Device, ptx};
use isokern_tests::vectors::all_cases;

const TARGET: u32 = 90;
const RUNS: usize = 7;

fn main() {
    // `cargo test --benches` builds this and asks it to run nothing.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    if std::env::args().any(|argument| argument == "replay") {
        return replays();
    }
    println!("| model | M thread-instructions | warps, % full | ms | M thread-instructions/s |");
    println!("|---|--:|--:|--:|--:|");
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    for case in all_cases().into_iter().filter(|case| is_wanted(&case.name)) {
        let artifact = case.convert(Layout::Packed);
        let model = Model::parse(artifact.bytes()).expect("it was just converted");
        let input = &case.inputs[..model.input().len()];
        let mut seconds = Vec::new();
        let mut counters = None;
        for _ in 0..RUNS {
            let device = Device::new(&ptx(TARGET), TARGET);
            let start = Instant::now();
            let run = device.batch(&artifact, input, |_| {});
            seconds.push(start.elapsed().as_secs_f64());
            let run = run.unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
            assert!(run.outputs == case.outputs[..run.outputs.len()], "{} differs", case.name);
            counters = Some(run.counters);
        }
        seconds.sort_by(f64::total_cmp);
        let (median, counters) = (seconds[RUNS / 2], counters.expect("there were runs"));
        let (threads, warps) = (counters.thread_instructions, counters.warp_instructions);
        println!(
            "| {} | {:.6} | {:.0} | {:.1} | {:.0} |",
            case.name,
            threads as f64 / 1e6,
            threads as f64 / warps as f64 / 0.32,
            median * 1e3,
            threads as f64 / 1e6 / median
        );
    }
}

/// Models whose replays take seconds and no more.
const REPLAYED: [&str; 4] = ["digits", "conv_", "ad01", "kws"];

fn replays() {
    println!("| model | stores wait, ms | loads too, ms | ratio |");
    println!("|---|--:|--:|--:|");
    let is_wanted = |name: &str| REPLAYED.iter().any(|word| name.contains(word));
    for case in all_cases().into_iter().filter(|case| is_wanted(&case.name)) {
        let artifact = case.convert(Layout::Packed);
        let model = Model::parse(artifact.bytes()).expect("it was just converted");
        let input = &case.inputs[..model.input().len()];
        let device = Device::new(&ptx(TARGET), TARGET);
        let time = |mut replay: Replay| {
            let start = Instant::now();
            let outputs = device.batch_in(&mut replay, &artifact, input);
            let seconds = start.elapsed().as_secs_f64();
            let outputs = outputs.unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
            assert!(outputs == case.outputs[..outputs.len()], "{} differs", case.name);
            seconds
        };
        // In turns, so that what else the machine does meets both.
        let (mut waiting, mut weak) = (Vec::new(), Vec::new());
        for seed in 0..5 {
            waiting.push(time(Replay::new(&device.memory, seed)));
            weak.push(time(Replay::weak(&device.memory, seed)));
        }
        waiting.sort_by(f64::total_cmp);
        weak.sort_by(f64::total_cmp);
        let (waiting, weak) = (waiting[2] * 1e3, weak[2] * 1e3);
        println!("| {} | {waiting:.1} | {weak:.1} | {:.2} |", case.name, weak / waiting);
    }
}
