//! Values of one cell or two on a control line, each with its turn.

use super::control::ControlLine;
use super::tickets::next_turn;
use super::words::{CellValue, SharedCell};

/// A value of a control line and the turn of its last change; turn 0 is *never written*.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Timed<T> {
    /// The value, zero when never written.
    pub value: T,
    /// Moves on at every change, by one and around 0.
    pub turn: u32,
}

/// Writes `words` to neighbouring cells under the next turn, which it returns.
pub(super) fn write<L: ControlLine, const CELLS: usize>(
    line: &L,
    start: usize,
    turn: u32,
    words: [u32; CELLS],
) -> u32 {
    let turn = next_turn(turn);
    for (offset, word) in words.into_iter().enumerate() {
        line.cell(start + offset).replace(word, turn);
    }
    turn
}

/// Reads neighbouring cells; `None` while their turns differ.
pub(super) fn read<L: ControlLine, const CELLS: usize>(
    line: &L,
    start: usize,
) -> Option<Timed<[u32; CELLS]>> {
    let mut value = [0; CELLS];
    let mut turn = None;
    for (offset, word) in value.iter_mut().enumerate() {
        let cell: CellValue = line.cell(start + offset).read()?;
        if *turn.get_or_insert(cell.turn) != cell.turn {
            return None;
        }
        *word = cell.data;
    }
    Some(Timed { value, turn: turn.unwrap_or_default() })
}

/// Reads two cells as one number.
pub(super) fn read_u64<L: ControlLine>(line: &L, start: usize) -> Option<Timed<u64>> {
    let Timed { value: [low, high], turn } = read(line, start)?;
    Some(Timed { value: u64::from(high) << 32 | u64::from(low), turn })
}

/// Reads one cell.
pub(super) fn read_u32<L: ControlLine>(line: &L, start: usize) -> Option<Timed<u32>> {
    let Timed { value: [value], turn } = read(line, start)?;
    Some(Timed { value, turn })
}

/// Returns the two words of a number, lower first.
pub(super) const fn halves(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}
