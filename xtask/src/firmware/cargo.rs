//! A model and inputs as the programs that carry them want them (`tests/firmware/src/cargo.rs`).

use super::board::Board;
use super::host::read;
use super::models;
use crate::failure::Failure;
use core::ops::Range;
use std::path::{Path, PathBuf};

/// What a program holds before a model is put into it.
const MARK: &[u8; 16] = b"isokern: carried";
const STEP: usize = 64;

/// What a board has room for: bytes of the cargo, of activations, of state.
struct Room {
    cargo: usize,
    arena: usize,
    state: usize,
}

const LARGE: Room = Room { cargo: 2 << 20, arena: 3 << 20, state: 64 << 10 };
const SMALL: Room = Room { cargo: 64 << 10, arena: 2 << 10, state: 128 };

/// A built program into which models are put.
pub(super) struct Carrier {
    elf: PathBuf,
    program: Vec<u8>,
    place: usize,
    room: &'static Room,
}

impl Carrier {
    /// Finds the place for a model in a program that was built for this board.
    pub(super) fn new(board: &Board, elf: PathBuf) -> Result<Self, Failure> {
        let program = read(&elf)?;
        let place = program.windows(MARK.len()).position(|bytes| bytes == MARK);
        let place = place.ok_or(Failure::Blind("the program has no place for a model"))?;
        let room = if board.is_small() { &SMALL } else { &LARGE };
        Ok(Self { elf, program, place, room })
    }

    /// Puts a model and its inputs into the program, and returns where that is; what is short
    /// where they do not fit.
    pub(super) fn fill(
        &self,
        blob: &[u8],
        count: usize,
        inputs: &[u8],
    ) -> Result<Result<PathBuf, String>, Failure> {
        let start = STEP + blob.len().next_multiple_of(STEP);
        let needs = [
            ("model and inputs", start + inputs.len(), self.room.cargo),
            ("activations", size(blob, models::ARENA_BYTES), self.room.arena),
            ("state", size(blob, models::STATE_BYTES), self.room.state),
        ];
        if let Some((what, need, have)) = needs.into_iter().find(|(_, need, have)| need > have) {
            return Ok(Err(format!("needs {need} bytes for {what}, has {have}")));
        }
        let mut filled = self.program.clone();
        let cargo = &mut filled[self.place..];
        cargo[..4].copy_from_slice(&(blob.len() as u32).to_le_bytes());
        cargo[4..8].copy_from_slice(&(count as u32).to_le_bytes());
        cargo[8..MARK.len()].fill(0);
        cargo[STEP..STEP + blob.len()].copy_from_slice(blob);
        cargo[start..start + inputs.len()].copy_from_slice(inputs);
        let carried = self.elf.with_file_name("carried-filled");
        write(&carried, &filled)?;
        Ok(Ok(carried))
    }
}

/// Returns a size in the header of a packed model.
pub(super) fn size(blob: &[u8], range: Range<usize>) -> usize {
    let bytes = blob.get(range).and_then(|bytes| bytes.try_into().ok());
    u32::from_le_bytes(bytes.unwrap_or([0xFF; 4])) as usize
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    super::host::write(path, bytes)
}
