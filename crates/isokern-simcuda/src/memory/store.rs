//! The bytes of an allocation, for accesses from several threads.
//!
//! Kernels and host threads touch the same bytes at the same time, so every access is atomic and
//! relaxed; whoever needs order adds fences. Accesses of different sizes may meet in one place,
//! as they may on a device: each is one machine access, so what is read was written.
#![allow(unsafe_code)]

use core::alloc::Layout;
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::alloc::{alloc, dealloc};

use super::written::Written;

/// Bytes with a fixed place in the host's memory.
#[derive(Debug)]
pub struct Store {
    start: *mut u8,
    len: usize,
    /// How to free the bytes; `None` for those of somebody else.
    layout: Option<Layout>,
    /// Which bytes were written, where that is tracked.
    written: Option<Written>,
}

// SAFETY: the bytes are reached through atomic accesses alone, which any thread may make.
unsafe impl Send for Store {}
// SAFETY: as above.
unsafe impl Sync for Store {}

/// Bytes are aligned to a page, as pinned memory is.
const ALIGNMENT: usize = 4096;

impl Store {
    /// Returns `len` bytes of `pattern`; `None` where the host has no room, or for no bytes.
    #[must_use]
    pub fn new(len: usize, pattern: u8) -> Option<Self> {
        // Rounded up, so that whole words may be read at the end.
        let size = len.checked_next_multiple_of(8)?;
        let layout = Layout::from_size_align(size, ALIGNMENT).ok()?;
        if size == 0 {
            return None;
        }
        // SAFETY: the layout has a size above zero.
        let start = unsafe { alloc(layout) };
        if start.is_null() {
            return None;
        }
        // SAFETY: `size` bytes were just allocated, and nobody else knows of them.
        unsafe { start.write_bytes(pattern, size) };
        Some(Self { start, len, layout: Some(layout), written: None })
    }

    /// Returns the host's own memory.
    ///
    /// # Safety
    ///
    /// `len` bytes from `start` are readable and writable until the store is dropped, and the host
    /// touches them meanwhile only where it orders its accesses with the device's, or atomically.
    #[must_use]
    pub unsafe fn borrowed(start: *mut u8, len: usize) -> Self {
        Self { start, len, layout: None, written: None }
    }

    /// Remembers from now on which bytes were written: none so far.
    #[must_use]
    pub fn tracked(mut self) -> Self {
        self.written = Some(Written::new(self.len));
        self
    }

    /// Returns whether all of some bytes were written; true where that is not tracked.
    #[inline]
    #[must_use]
    pub fn is_written(&self, offset: usize, size: u32) -> bool {
        self.written.as_ref().is_none_or(|written| written.all(offset, size as usize))
    }

    #[inline]
    fn note_written(&self, offset: usize, size: usize) {
        if let Some(written) = &self.written {
            written.note(offset, size);
        }
    }

    /// Returns the number of bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the address the host knows the first byte by.
    #[must_use]
    pub fn host_address(&self) -> u64 {
        self.start.expose_provenance() as u64
    }

    /// Reads 1, 2, 4 or 8 bytes; any other size, and bytes that are not inside or not aligned to
    /// their size, give zero.
    #[inline]
    #[must_use]
    pub fn load(&self, offset: usize, size: u32) -> u64 {
        match size {
            1 => self.word8(offset).map_or(0, |word| word.load(Ordering::Relaxed).into()),
            2 => self.word16(offset).map_or(0, |word| word.load(Ordering::Relaxed).into()),
            4 => self.word32(offset).map_or(0, |word| word.load(Ordering::Relaxed).into()),
            8 => self.word64(offset).map_or(0, |word| word.load(Ordering::Relaxed)),
            _ => 0,
        }
    }

    /// Writes the low 1, 2, 4 or 8 bytes of a value; nothing happens for any other size, and for
    /// bytes that are not inside or not aligned to their size.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low bytes are meant")]
    pub fn store(&self, offset: usize, size: u32, value: u64) {
        self.note_written(offset, size as usize);
        match size {
            1 => drop(self.word8(offset).map(|word| word.store(value as u8, Ordering::Relaxed))),
            2 => drop(self.word16(offset).map(|word| word.store(value as u16, Ordering::Relaxed))),
            4 => drop(self.word32(offset).map(|word| word.store(value as u32, Ordering::Relaxed))),
            8 => drop(self.word64(offset).map(|word| word.store(value, Ordering::Relaxed))),
            _ => {}
        }
    }

    /// Replaces the value of 2, 4 or 8 bytes in one step and gives the old one; zero and no change
    /// as for [`load`](Self::load).
    #[expect(clippy::cast_possible_truncation, reason = "the low bytes are meant")]
    pub fn update(&self, offset: usize, size: u32, change: impl Fn(u64) -> u64) -> u64 {
        const ORDER: Ordering = Ordering::AcqRel;
        const LOAD: Ordering = Ordering::Acquire;
        self.note_written(offset, size as usize);
        // The closure never declines, so `fetch_update` cannot fail.
        match size {
            2 => self.word16(offset).map_or(0, |word| {
                let step = |old: u16| Some(change(old.into()) as u16);
                word.fetch_update(ORDER, LOAD, step).unwrap_or_default().into()
            }),
            4 => self.word32(offset).map_or(0, |word| {
                let step = |old: u32| Some(change(old.into()) as u32);
                word.fetch_update(ORDER, LOAD, step).unwrap_or_default().into()
            }),
            8 => self.word64(offset).map_or(0, |word| {
                word.fetch_update(ORDER, LOAD, |old| Some(change(old))).unwrap_or_default()
            }),
            _ => 0,
        }
    }

    /// Copies bytes out; what is not inside stays untouched.
    pub fn read(&self, offset: usize, target: &mut [u8]) {
        for (index, byte) in target.iter_mut().enumerate() {
            if let Some(word) = self.word8(offset + index) {
                *byte = word.load(Ordering::Relaxed);
            }
        }
    }

    /// Copies bytes in; what is not inside is left out.
    pub fn write(&self, offset: usize, source: &[u8]) {
        self.note_written(offset, source.len());
        for (index, byte) in source.iter().enumerate() {
            if let Some(word) = self.word8(offset + index) {
                word.store(*byte, Ordering::Relaxed);
            }
        }
    }

    #[inline]
    fn at<T>(&self, offset: usize) -> Option<*mut T> {
        let size = size_of::<T>();
        if offset.checked_add(size)? > self.len {
            return None;
        }
        let address = self.start.wrapping_add(offset).cast::<T>();
        address.addr().is_multiple_of(size).then_some(address)
    }

    #[inline]
    fn word8(&self, offset: usize) -> Option<&AtomicU8> {
        let address = self.at(offset)?;
        // SAFETY: inside the store and aligned (`at`), alive as long as `self`, and reached
        // through atomics alone.
        Some(unsafe { AtomicU8::from_ptr(address) })
    }

    #[inline]
    fn word16(&self, offset: usize) -> Option<&AtomicU16> {
        let address = self.at(offset)?;
        // SAFETY: as in `word8`.
        Some(unsafe { AtomicU16::from_ptr(address) })
    }

    #[inline]
    fn word32(&self, offset: usize) -> Option<&AtomicU32> {
        let address = self.at(offset)?;
        // SAFETY: as in `word8`.
        Some(unsafe { AtomicU32::from_ptr(address) })
    }

    #[inline]
    fn word64(&self, offset: usize) -> Option<&AtomicU64> {
        let address = self.at(offset)?;
        // SAFETY: as in `word8`.
        Some(unsafe { AtomicU64::from_ptr(address) })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(layout) = self.layout {
            // SAFETY: allocated in `new` with this layout, freed here once.
            unsafe { dealloc(self.start, layout) };
        }
    }
}
