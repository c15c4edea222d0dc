//! Litmus tests: hand-offs between blocks, the barrier, cells that are never torn.
#![allow(unsafe_code)]

use isokern_core::device::{PingPongLines, ProbeRecord};
use isokern_cuda::{DeviceBuffer, LaunchShape};
use serde_json::json;

use crate::device::{Gpu, Parameter};
use crate::samples::Samples;
use crate::{Effort, Failure};

/// Runs all; what the memory model rules out, and work that was not done, is reported in `wrong`.
pub(crate) fn measure(gpu: &Gpu, effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    for words in [0, 1, 30] {
        ping_pong(gpu, words, effort, wrong)?;
    }
    barrier(gpu, effort, wrong)?;
    cells(gpu, effort, wrong)
}

/// Runs two blocks that hand `words` words to each other.
fn ping_pong(
    gpu: &Gpu,
    words: u32,
    effort: Effort,
    wrong: &mut Vec<String>,
) -> Result<(), Failure> {
    let rounds = effort.of(20_000, 100);
    let variant = format!("ping-pong, {words} words");
    let shape = LaunchShape::new(2, 1);
    let mut times = Samples::new();
    let (runs, mut violations) = (effort.of(20, 2), 0);
    for number in 0..2 * runs {
        let lines = zeroed(gpu, size_of::<PingPongLines>())?;
        let parameters = |record| {
            let [rounds, words, tries] = [rounds, words, 10_000_000].map(Parameter::Word);
            vec![Parameter::Long(lines.address()), rounds, words, tries, Parameter::Long(record)]
        };
        // SAFETY: these are the entry's parameters, the lines are zeroed and of their size.
        let record = unsafe { gpu.probe("isokern_probe_ping_pong", shape, parameters) }?;
        judge(&variant, &record, rounds, wrong);
        violations += record.violations;
        if number >= runs {
            // There and back is one round.
            times.add_ns(record.nanoseconds as f64 / (2.0 * f64::from(rounds)));
        }
    }
    let path = "one hand-off, block to block, timed on the device";
    let more = json!({"rounds": rounds, "violations": violations});
    times.print("litmus", &variant, path, effort, &more);
    Ok(())
}

/// Runs a block whose threads write, meet and read another's word.
fn barrier(gpu: &Gpu, effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    for threads in [96, 256, 1024] {
        let rounds = effort.of(20_000, 20);
        let variant = format!("barrier, {threads} threads");
        let shape = LaunchShape::new(1, threads).with_shared_bytes(4 * threads);
        let parameters =
            |record| vec![Parameter::Word(rounds), Parameter::Long(record), Parameter::Long(0)];
        // SAFETY: these are the entry's parameters, and the launch gives the memory it asks for.
        let record = unsafe { gpu.probe("isokern_probe_barrier", shape, parameters) }?;
        judge(&variant, &record, rounds, wrong);
        let expected = u64::from(rounds) * u64::from(threads);
        if record.observed != expected {
            wrong.push(format!("{variant}: {} words were read, not {expected}", record.observed));
        }
        let mut times = Samples::new();
        times.add_ns(record.nanoseconds as f64 / f64::from(rounds));
        let more = json!({"rounds": rounds, "violations": record.violations});
        let path = "write, barrier, read, barrier: one round of a block, timed on the device";
        times.print("litmus", &variant, path, effort, &more);
    }
    Ok(())
}

/// Lets one block write cells and the others read them: a cell is seen whole, and never goes back.
fn cells(gpu: &Gpu, effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    let (count, rounds) = (64, effort.of(100_000, 100));
    let (mut races, mut violations) = (0, 0);
    let runs = effort.of(10, 2);
    for _ in 0..runs {
        let cells = zeroed(gpu, 8 * count as usize)?;
        let shape = LaunchShape::new(effort.of(9, 3), count);
        let tries = effort.of(1_000_000, 5_000);
        let parameters = |record| {
            let [count, rounds, tries, writer] = [count, rounds, tries, 1].map(Parameter::Word);
            let cells = Parameter::Long(cells.address());
            vec![cells, count, rounds, tries, writer, Parameter::Long(record)]
        };
        // SAFETY: these are the entry's parameters, the cells are zeroed and so many.
        let record = unsafe { gpu.probe("isokern_probe_cells", shape, parameters) }?;
        judge("cells", &record, rounds, wrong);
        races += record.observed;
        violations += record.violations;
    }
    // Without a race there was nothing to see.
    if races == 0 {
        wrong.push("cells: no reader saw a cell change".to_owned());
    }
    let line = json!({
        "id": "litmus", "variant": "cells", "run": effort.run, "rounds": rounds,
        "launches": runs, "changes_seen": races, "violations": violations,
    });
    println!("{line}");
    Ok(())
}

/// Checks that there is no violation, and that all rounds were played.
fn judge(variant: &str, record: &ProbeRecord, rounds: u32, wrong: &mut Vec<String>) {
    if record.violations != 0 {
        wrong.push(format!("{variant}: {} violations", record.violations));
    }
    if record.completed != u64::from(rounds) {
        wrong.push(format!("{variant}: {} of {rounds} rounds came to an end", record.completed));
    }
}

fn zeroed(gpu: &Gpu, bytes: usize) -> Result<DeviceBuffer, Failure> {
    let mut buffer = DeviceBuffer::new(gpu.context(), bytes)?;
    buffer.upload(&vec![0; bytes], gpu.stream())?;
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use isokern_core::device::ProbeRecord;

    use super::judge;

    #[test]
    fn violations_and_missing_rounds_are_told() {
        let mut wrong = Vec::new();
        let good = ProbeRecord { completed: 5, ..ProbeRecord::default() };
        judge("a", &good, 5, &mut wrong);
        assert!(wrong.is_empty());
        judge("b", &good, 6, &mut wrong);
        judge("c", &ProbeRecord { violations: 2, ..good }, 5, &mut wrong);
        assert_eq!(wrong, ["b: 5 of 6 rounds came to an end", "c: 2 violations"]);
    }
}
