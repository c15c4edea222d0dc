//! Litmus tests between host and device: cells in mapped memory, while a kernel runs.
#![allow(unsafe_code)]

use core::slice;
use core::time::Duration;
use std::time::Instant;

use isokern_core::device::cell_data;
use isokern_core::ring::{HostCell, SharedCell};
use isokern_cuda::{LaunchShape, MappedBuffer};
use serde_json::json;

use crate::device::{Gpu, Parameter};
use crate::{Effort, Failure};

/// Cells of a run, one for each thread of a block.
const CELLS: u32 = 64;
/// How long the host waits for a change that does not come.
const HOST_LIMIT: Duration = Duration::from_secs(60);

/// What one side saw.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    changes: u64,
    violations: u64,
}

/// Runs both directions; what must not be is reported in `wrong`.
pub(crate) fn measure(gpu: &Gpu, effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    let rounds = effort.of(100_000, 100);
    let runs = effort.of(5, 2);
    type Direction = fn(&Gpu, u32, Effort) -> Result<Seen, Failure>;
    let directions: [(&str, Direction); 2] =
        [("cells, device to host", device_to_host), ("cells, host to device", host_to_device)];
    for (variant, direction) in directions {
        let mut all = Seen::default();
        for _ in 0..runs {
            let seen = direction(gpu, rounds, effort)?;
            all.changes += seen.changes;
            all.violations += seen.violations;
        }
        if all.violations != 0 {
            wrong.push(format!("{variant}: {} violations", all.violations));
        }
        // Every cell changes once at least, in every run.
        if all.changes < u64::from(runs * CELLS) {
            wrong.push(format!("{variant}: only {} changes were seen", all.changes));
        }
        let line = json!({
            "id": "litmus", "variant": variant, "run": effort.run, "rounds": rounds,
            "launches": runs, "changes_seen": all.changes, "violations": all.violations,
        });
        println!("{line}");
    }
    Ok(())
}

/// Returns a block writes, this thread reads.
fn device_to_host(gpu: &Gpu, rounds: u32, _: Effort) -> Result<Seen, Failure> {
    let mut memory = MappedBuffer::new(gpu.context(), 8 * CELLS as usize)?;
    let address = memory.address();
    let cells = cells(&mut memory);
    let mut seen = Seen::default();
    let shape = LaunchShape::new(1, CELLS);
    let parameters = |record| words(address, [rounds, 0, 1], record);
    let read = || seen = read(cells, rounds);
    // SAFETY: these are the entry's parameters; the cells are zeroed, and alive until the end.
    let record = unsafe { gpu.probe_beside("isokern_probe_cells", shape, parameters, read) }?;
    seen.violations += record.violations;
    Ok(seen)
}

/// Lets this thread write, and blocks read.
fn host_to_device(gpu: &Gpu, rounds: u32, effort: Effort) -> Result<Seen, Failure> {
    let mut memory = MappedBuffer::new(gpu.context(), 8 * CELLS as usize)?;
    let address = memory.address();
    let cells = cells(&mut memory);
    let shape = LaunchShape::new(effort.of(8, 2), CELLS);
    let parameters = |record| words(address, [rounds, 1_000_000, 0], record);
    let write = || {
        for turn in 1..=rounds {
            cells.iter().for_each(|cell| cell.publish(cell_data(turn), turn));
        }
    };
    // SAFETY: as above.
    let record = unsafe { gpu.probe_beside("isokern_probe_cells", shape, parameters, write) }?;
    Ok(Seen { changes: record.observed, violations: record.violations })
}

/// Returns the parameters of the entry: `[rounds, tries, writer]`.
fn words(cells: u64, [rounds, tries, writer]: [u32; 3], record: u64) -> Vec<Parameter> {
    let [count, rounds, tries, writer] = [CELLS, rounds, tries, writer].map(Parameter::Word);
    vec![Parameter::Long(cells), count, rounds, tries, writer, Parameter::Long(record)]
}

/// Returns the host's view of the cells. While it lives the memory is reached through it alone.
fn cells(memory: &mut MappedBuffer) -> &[HostCell] {
    let start = memory.as_mut_slice().as_mut_ptr().cast::<HostCell>();
    // SAFETY: the memory has so many cells, is zeroed and aligned to a page; cells are atomics,
    // so the device may write them meanwhile; the buffer is borrowed for as long.
    unsafe { slice::from_raw_parts(start, CELLS as usize) }
}

/// Reads until every cell has its last turn: a cell is whole and never goes back.
fn read(cells: &[HostCell], rounds: u32) -> Seen {
    let mut seen = Seen::default();
    let mut last = vec![0; cells.len()];
    let start = Instant::now();
    while last.iter().any(|turn| *turn < rounds) && start.elapsed() < HOST_LIMIT {
        for (cell, last) in cells.iter().zip(&mut last) {
            let value = cell.poll();
            let is_whole = value.data == cell_data(value.turn) && value.turn >= *last;
            seen.violations += u64::from(!is_whole);
            seen.changes += u64::from(value.turn != *last);
            *last = value.turn;
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use isokern_core::device::cell_data;
    use isokern_core::ring::{HostCell, SharedCell};

    use super::read;

    #[test]
    fn a_torn_cell_is_a_violation() {
        let cells = [HostCell::default(), HostCell::default()];
        cells[0].publish(cell_data(3), 3);
        cells[1].publish(cell_data(2), 3);
        let seen = read(&cells, 3);
        assert_eq!((seen.changes, seen.violations), (2, 1));
    }
}
