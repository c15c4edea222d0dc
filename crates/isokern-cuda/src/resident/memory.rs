//! Mapped memory of a resident kernel, as lines that both sides use as atomics.
//!
//! This file is a door for `unsafe` (`docs/safety.md`). All of the memory is seen as control
//! lines, whose cells are atomics; parts of it also as an actor's memory, which is atomics too, and
//! as single words of pools. So no access races, whatever the device does.
#![allow(unsafe_code)]

use core::ptr::NonNull;
use core::slice;

use isokern_core::actor::{ActorCells, MailboxShape, Silent};
use isokern_core::device::FaultRecord;
use isokern_core::megakernel::{GateLine, HostNote, SharedTaskSlot, Sidecar, WorkerLine};
use isokern_core::ring::{
    CellValue, ControlLine, HostLine, HostWord, LINE_BYTES, LINE_CELLS, SharedCell,
};

use crate::driver::{Context, MappedBuffer};
use crate::error::CudaError;

const LINE: u64 = LINE_BYTES as u64;
/// Bytes of a cell.
const CELL: usize = 8;

/// Mapped memory, all zero at first.
#[derive(Debug)]
pub(super) struct Mapped {
    buffer: MappedBuffer,
    lines: usize,
}

impl Mapped {
    /// Allocates so many bytes, a multiple of 128.
    pub(super) fn new(context: &Context, bytes: u64) -> Result<Self, CudaError> {
        let lines = usize::try_from(bytes / LINE).unwrap_or(usize::MAX / LINE_BYTES);
        let buffer = MappedBuffer::new(context, lines.saturating_mul(LINE_BYTES))?;
        Ok(Self { buffer, lines })
    }

    /// Returns the device's address of an offset.
    pub(super) const fn address(&self, at: u64) -> u64 {
        self.buffer.address() + at
    }

    /// Returns all lines.
    fn lines(&self) -> &[HostLine] {
        let start = self.buffer.start().cast::<HostLine>();
        // SAFETY: so many lines were allocated, zeroed and aligned to a page; a line is atomics
        // that may be zero, and everybody uses the memory as atomics while this is borrowed.
        unsafe { slice::from_raw_parts(start, self.lines) }
    }

    /// Returns the line at an offset of the layout.
    pub(super) fn line(&self, at: u64) -> &HostLine {
        // The layout's offsets are inside; the first line is there always.
        let lines = self.lines();
        lines.get((at / LINE) as usize).unwrap_or(&lines[0])
    }

    fn part(&self, at: u64, bytes: u64) -> &[HostLine] {
        let (first, count) = ((at / LINE) as usize, bytes.div_ceil(LINE) as usize);
        let lines = first.checked_add(count).and_then(|end| self.lines().get(first..end));
        lines.unwrap_or_default()
    }

    /// Makes so many bytes zero, up to the end of the last line.
    pub(super) fn clear(&self, at: u64, bytes: u64) {
        for line in self.part(at, bytes) {
            (0..LINE_CELLS).for_each(|index| line.cell(index).publish(0, 0));
        }
    }

    /// Copies bytes to an offset.
    pub(super) fn write(&self, at: u64, bytes: &[u8]) {
        let lines = self.part(at, bytes.len() as u64);
        for (line, bytes) in lines.iter().zip(bytes.chunks(LINE_BYTES)) {
            for (index, bytes) in bytes.chunks(CELL).enumerate() {
                let mut cell = [0; CELL];
                cell[..bytes.len()].copy_from_slice(bytes);
                let both = u64::from_le_bytes(cell);
                line.cell(index).publish(both as u32, (both >> 32) as u32);
            }
        }
    }

    /// Copies bytes from an offset, which is a multiple of 8 or not.
    pub(super) fn read(&self, at: u64, target: &mut [u8]) {
        let (first, skip) = (at / LINE * LINE, (at % LINE) as usize);
        let lines = self.part(first, skip as u64 + target.len() as u64);
        let cells = lines.iter().flat_map(|line| (0..LINE_CELLS).map(|index| line.cell(index)));
        let bytes = cells.flat_map(|cell| {
            let CellValue { data, turn } = cell.poll();
            (u64::from(turn) << 32 | u64::from(data)).to_le_bytes()
        });
        target.iter_mut().zip(bytes.skip(skip)).for_each(|(place, byte)| *place = byte);
    }

    /// Returns the fault record at an offset.
    pub(super) fn fault_record(&self, at: u64) -> FaultRecord {
        let line = self.line(at);
        let cells: [u64; size_of::<FaultRecord>() / CELL] = core::array::from_fn(|index| {
            let CellValue { data, turn } = line.cell(index).poll_acquire();
            u64::from(turn) << 32 | u64::from(data)
        });
        bytemuck::cast(cells)
    }

    /// Returns the memory of an actor at an offset; `None` where it does not end inside.
    pub(super) fn actor<S: MailboxShape>(&self, at: u64) -> Option<&ActorCells<S, Silent>> {
        let start = self.start(at, size_of::<ActorCells<S, Silent>>() as u64)?;
        // SAFETY: the bytes are inside, aligned to 128 and borrowed; shapes are sealed, so the
        // cells are the atomics of lines and rings alone, which may have any value.
        Some(unsafe { start.cast().as_ref() })
    }

    /// Returns where a part of whole lines begins; `None` where it does not end inside.
    pub(super) fn start(&self, at: u64, bytes: u64) -> Option<NonNull<u8>> {
        let is_inside = !self.part(at, bytes).is_empty();
        let start = self.buffer.start().wrapping_add(at as usize).cast_mut();
        NonNull::new(start).filter(|_| is_inside)
    }

    /// Returns a part of a megakernel at an offset; `None` where it does not end inside.
    pub(super) fn placed<T: Words>(&self, at: u64) -> Option<&T> {
        let start = self.start(at, size_of::<T>() as u64)?.cast::<T>();
        if !start.is_aligned() {
            return None;
        }
        // SAFETY: the bytes are inside and borrowed, and `T` is atomics that may have any value.
        Some(unsafe { start.as_ref() })
    }

    /// Returns the word at the start of a line, for memory whose words are used one by one; `None`
    /// where there is no such line.
    pub(super) fn word(&self, at: u64) -> Option<&HostWord> {
        let start = self.start(at, LINE)?;
        // SAFETY: a line begins with it; it is an atomic that may have any value.
        Some(unsafe { start.cast().as_ref() })
    }
}

/// What is made of words alone, in one line.
///
/// # Safety
///
/// A type of this kind consists of [`HostWord`]s, and is aligned to its size or to 64 bytes.
pub(super) unsafe trait Words {}

// SAFETY: words alone, by its definition.
unsafe impl Words for GateLine<HostWord> {}
// SAFETY: as above.
unsafe impl Words for WorkerLine<HostWord> {}
// SAFETY: as above.
unsafe impl Words for SharedTaskSlot<HostWord> {}
// SAFETY: as above.
unsafe impl Words for Sidecar<HostWord> {}
// SAFETY: as above.
unsafe impl Words for HostNote<HostWord> {}
