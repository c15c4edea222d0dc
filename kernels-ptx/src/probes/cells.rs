//! A litmus test of cells: does anyone ever see half of one?
#![allow(unsafe_code)]

use isokern_core::device::cell_data;
use isokern_core::ring::SharedCell;

use super::{Instant, Output};
use isokern_device::registers;
use isokern_device::words::SystemCell;

/// Writes `rounds` values to each of `count` cells in block 0, and reads them in all other blocks.
///
/// Thread `i` of a block has cells `i`, `i + threads`, ... A value is a turn and the data that
/// belongs to it; a reader that sees any other pair counts a violation, one that sees a turn
/// older than the last counts one too. `observed` is the number of times a reader saw a new
/// turn: 0 means there was no race to lose. Readers stop at the last turn, or after `tries`
/// reads of a cell. The host may be the writer or a reader: then it launches readers alone
/// (`writer` 0), or the writer alone (one block).
///
/// # Safety
///
/// `cells` are `count` cells of 8 bytes, zeroed, and `output` is a record.
// SAFETY: the name is this crate's.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn isokern_probe_cells(
    cells: u64,
    count: u32,
    rounds: u32,
    tries: u32,
    writer: u32,
    output: u64,
) {
    // SAFETY: by this function's contract.
    let output = unsafe { Output::at(output) };
    let start = Instant::now();
    let writes = writer != 0 && registers::block() == 0;
    let mut index = registers::thread();
    while index < count {
        // SAFETY: by this function's contract.
        let cell = unsafe { SystemCell::at(cells + u64::from(index) * 8) };
        if writes {
            write(cell, rounds);
        } else {
            read(cell, rounds, tries, output);
        }
        index += registers::threads();
    }
    if registers::thread() == 0 && registers::block() == 0 {
        output.completed(rounds.into(), start);
    }
}

fn write(cell: SystemCell, rounds: u32) {
    for turn in 1..=rounds {
        cell.publish(cell_data(turn), turn);
    }
}

fn read(cell: SystemCell, rounds: u32, tries: u32, output: Output) {
    let (mut last, mut violations, mut changes) = (0, 0_u64, 0_u64);
    for _ in 0..tries {
        let value = cell.poll();
        if value.data != cell_data(value.turn) || value.turn < last {
            violations += 1;
        }
        changes += u64::from(value.turn != last);
        last = value.turn;
        if last >= rounds {
            break;
        }
    }
    output.add_violations(violations);
    output.add_observed(changes);
}
