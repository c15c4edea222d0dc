//! Rings of a megakernel in mapped memory.
#![allow(unsafe_code)]

use core::ptr::NonNull;

use isokern_core::ring::{AddressSpace, CellValue, HostCell, HostWord, SharedCell, SharedWord};

use super::memory::Mapped;

/// A part of mapped memory; addresses are bytes from its start.
#[derive(Debug, Clone, Copy)]
pub struct MappedSpace {
    start: NonNull<u8>,
    bytes: u64,
}

// SAFETY: what is reached through it is atomics.
unsafe impl Send for MappedSpace {}
// SAFETY: as above.
unsafe impl Sync for MappedSpace {}

impl MappedSpace {
    /// Returns the part of so many bytes, whole lines; `None` where it does not end inside.
    ///
    /// # Safety
    ///
    /// The memory is kept as long as the space, or a cell or word of it, is used.
    pub(super) unsafe fn new(mapped: &Mapped, at: u64, bytes: u64) -> Option<Self> {
        mapped.start(at, bytes).map(|start| Self { start, bytes })
    }

    /// Returns where a part of so many bytes is; the start for one that is not inside.
    const fn part(self, address: u64, bytes: u64) -> NonNull<u8> {
        let is_inside =
            address <= self.bytes.saturating_sub(bytes) && address.is_multiple_of(bytes);
        let offset = if is_inside { address as usize } else { 0 };
        // SAFETY: inside of the part, by `new`.
        unsafe { self.start.add(offset) }
    }
}

impl AddressSpace for MappedSpace {
    type Cell = MappedCell;
    type Word = MappedWord;

    #[inline]
    fn cell(&self, address: u64) -> MappedCell {
        MappedCell(self.part(address, size_of::<HostCell>() as u64).cast())
    }

    #[inline]
    fn word(&self, address: u64) -> MappedWord {
        MappedWord(self.part(address, size_of::<HostWord>() as u64).cast())
    }
}

/// A cell of mapped memory.
#[derive(Debug, Clone, Copy)]
pub struct MappedCell(NonNull<HostCell>);

impl MappedCell {
    #[inline]
    const fn get(&self) -> &HostCell {
        // SAFETY: a cell inside of the part, an atomic that may have any value; it is kept, by the
        // contract of `MappedSpace::new`.
        unsafe { self.0.as_ref() }
    }
}

impl SharedCell for MappedCell {
    #[inline]
    fn poll(&self) -> CellValue {
        self.get().poll()
    }

    #[inline]
    fn poll_acquire(&self) -> CellValue {
        self.get().poll_acquire()
    }

    #[inline]
    fn publish(&self, data: u32, turn: u32) {
        self.get().publish(data, turn);
    }

    #[inline]
    fn publish_release(&self, data: u32, turn: u32) {
        self.get().publish_release(data, turn);
    }

    #[inline]
    fn read(&self) -> Option<CellValue> {
        self.get().read()
    }

    #[inline]
    fn replace(&self, data: u32, turn: u32) {
        self.get().replace(data, turn);
    }
}

/// A word of mapped memory.
#[derive(Debug, Clone, Copy)]
pub struct MappedWord(NonNull<HostWord>);

impl MappedWord {
    #[inline]
    const fn get(&self) -> &HostWord {
        // SAFETY: as for a cell.
        unsafe { self.0.as_ref() }
    }
}

impl SharedWord for MappedWord {
    #[inline]
    fn load_relaxed(&self) -> u32 {
        self.get().load_relaxed()
    }

    #[inline]
    fn load_acquire(&self) -> u32 {
        self.get().load_acquire()
    }

    #[inline]
    fn store_relaxed(&self, value: u32) {
        self.get().store_relaxed(value);
    }

    #[inline]
    fn store_release(&self, value: u32) {
        self.get().store_release(value);
    }
}
