//! A block: its warps, its shared memory, its barriers.

use super::barrier::Barriers;
use super::warp::Warp;
use crate::program::Program;
use crate::registers::LANES;

/// A block that runs.
#[derive(Debug)]
pub(crate) struct Block {
    /// Its index in the grid.
    pub(crate) index: [u32; 3],
    /// A number no other block has, in any grid.
    pub(crate) serial: u64,
    /// The multiprocessor it is on.
    pub(crate) multiprocessor: u32,
    pub(crate) warps: Vec<Warp>,
    pub(crate) shared: Shared,
    pub(crate) barriers: Barriers,
    /// Threads that have not ended.
    pub(crate) live: u32,
}

/// Shared memory: what the kernel declares, and what was asked for at launch after it.
#[derive(Debug)]
pub(crate) struct Shared {
    bytes: Vec<u8>,
    /// Where what is declared ends.
    fixed_end: usize,
    /// Where what was asked for starts.
    open_start: usize,
}

impl Block {
    /// Returns a block of which no thread has run.
    pub(crate) fn new(
        program: &Program,
        entry: usize,
        threads: u32,
        shared: Shared,
        index: [u32; 3],
        serial: u64,
    ) -> Self {
        let warps = (0..threads).step_by(LANES).map(|first| {
            let count = (threads - first).min(32);
            let lanes = u32::MAX >> (32 - count);
            Warp::new(program, entry, first, lanes)
        });
        Self {
            index,
            serial,
            multiprocessor: 0,
            warps: warps.collect(),
            shared,
            barriers: Barriers::default(),
            live: threads,
        }
    }
}

impl Shared {
    /// Returns memory for what a kernel declares and `dynamic` bytes, with a pattern in it.
    pub(crate) fn new(program: &Program, entry: usize, dynamic: u32) -> Self {
        let fixed_end = program.function(entry).map_or(0, |entry| entry.static_shared) as usize;
        let open_start = program.dynamic_shared() as usize;
        let len = if dynamic == 0 { fixed_end } else { open_start + dynamic as usize };
        Self { bytes: vec![0xA5; len], fixed_end, open_start }
    }

    /// Returns bytes the kernel may use.
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns bytes; `None` unless all of them are the kernel's.
    #[inline]
    pub(crate) fn get(&self, offset: u64, bytes: u32) -> Option<&[u8]> {
        let range = self.range(offset, bytes)?;
        self.bytes.get(range)
    }

    /// Works as [`get`](Self::get), to write.
    #[inline]
    pub(crate) fn get_mut(&mut self, offset: u64, bytes: u32) -> Option<&mut [u8]> {
        let range = self.range(offset, bytes)?;
        self.bytes.get_mut(range)
    }

    #[inline]
    fn range(&self, offset: u64, bytes: u32) -> Option<core::ops::Range<usize>> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(bytes as usize)?;
        (end <= self.fixed_end || start >= self.open_start).then_some(start..end)
    }
}
