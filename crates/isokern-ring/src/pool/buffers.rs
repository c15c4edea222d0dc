//! The bytes of a pool, and the proof of whose they are at each moment.
//!
//! This file is the crate's door for `unsafe` (`docs/safety.md`). Its invariant: a reference to
//! the bytes of buffer `i` is made
//!
//! * by the one [`LenderSide`] while the words of `i` are equal, or
//! * by the one [`BorrowerSide`] while they differ,
//!
//! and it borrows that side exclusively. Only the lender makes the words differ and only the
//! borrower makes them equal, each through `&mut` of its side, so no reference of that side
//! lives when the buffer changes hands. The words order the accesses
//! (`isokern_core::ring::LendingWords`).
//!
//! Two memories, [`Buffers`] in an array and `HeapBuffers`, give the address of a buffer; the
//! same for one index at all times, and apart from those of all others.
#![allow(unsafe_code)]

use core::cell::UnsafeCell;
use core::fmt;
#[cfg(feature = "std")]
use std::boxed::Box;
#[cfg(feature = "std")]
use std::sync::Arc;
#[cfg(feature = "std")]
use std::vec::Vec;

use isokern_core::ring::{HostWord, LendingWords};

/// Where the buffers of a pool live. Sealed: the module's invariant rests on it.
pub trait PoolMemory {
    /// A mark for each buffer, for the lender's own notes.
    type Marks: AsRef<[bool]> + AsMut<[bool]>;

    /// Marks that are not set.
    fn marks(&self) -> Self::Marks;

    /// Bytes of a buffer.
    fn buffer_bytes(&self) -> usize;

    /// The words of each buffer.
    fn words(&self) -> &[LendingWords<HostWord>];

    /// The bytes of a buffer; `None` where there is none.
    fn address(&self, index: usize) -> Option<*mut [u8]>;
}

/// Buffers and the words that say whose each is.
pub struct Buffers<const BYTES: usize, const COUNT: usize> {
    words: [LendingWords<HostWord>; COUNT],
    bytes: [Buffer<BYTES>; COUNT],
}

/// Aligned for anything that a model reads in vectors.
#[repr(C, align(64))]
struct Buffer<const BYTES: usize>(UnsafeCell<[u8; BYTES]>);

// SAFETY: the bytes are reached through the two sides alone, one at a time by the invariant
// above, and the words are atomics.
unsafe impl<const BYTES: usize, const COUNT: usize> Sync for Buffers<BYTES, COUNT> {}

impl<const BYTES: usize, const COUNT: usize> Buffers<BYTES, COUNT> {
    pub(super) const fn new() -> Self {
        Self {
            words: [const { LendingWords::new(HostWord::new(0), HostWord::new(0)) }; COUNT],
            bytes: [const { Buffer(UnsafeCell::new([0; BYTES])) }; COUNT],
        }
    }

    /// Takes every buffer home and makes the two sides; `&mut` says that no others exist.
    pub(super) fn split(&mut self) -> (LenderSide<&Self>, BorrowerSide<&Self>) {
        for words in &self.words {
            // False when it is home already.
            let _ = words.give_back(words.generation());
        }
        (LenderSide { memory: self }, BorrowerSide { memory: self })
    }
}

impl<const BYTES: usize, const COUNT: usize> PoolMemory for &Buffers<BYTES, COUNT> {
    type Marks = [bool; COUNT];

    fn marks(&self) -> [bool; COUNT] {
        [false; COUNT]
    }

    fn buffer_bytes(&self) -> usize {
        BYTES
    }

    fn words(&self) -> &[LendingWords<HostWord>] {
        &self.words
    }

    fn address(&self, index: usize) -> Option<*mut [u8]> {
        self.bytes.get(index).map(|Buffer(bytes)| bytes.get() as *mut [u8])
    }
}

/// Buffers on the heap, of a size that is known when they are made.
#[cfg(feature = "std")]
pub struct HeapBuffers {
    words: Box<[LendingWords<HostWord>]>,
    lines: Box<[Line]>,
    buffer_bytes: usize,
}

#[cfg(feature = "std")]
#[repr(C, align(64))]
struct Line(UnsafeCell<[u8; 64]>);

// SAFETY: as for `Buffers`.
#[cfg(feature = "std")]
unsafe impl Sync for HeapBuffers {}

#[cfg(feature = "std")]
impl HeapBuffers {
    /// The two sides of new buffers, which live until both are gone.
    pub(super) fn sides(
        buffer_bytes: usize,
        count: usize,
    ) -> (LenderSide<Arc<Self>>, BorrowerSide<Arc<Self>>) {
        let line_count = buffer_bytes.div_ceil(64) * count;
        let words = (0..count).map(|_| LendingWords::default()).collect();
        let lines: Vec<Line> = (0..line_count).map(|_| Line(UnsafeCell::new([0; 64]))).collect();
        let memory = Arc::new(Self { words, lines: lines.into(), buffer_bytes });
        (LenderSide { memory: Arc::clone(&memory) }, BorrowerSide { memory })
    }
}

#[cfg(feature = "std")]
impl PoolMemory for Arc<HeapBuffers> {
    type Marks = Vec<bool>;

    fn marks(&self) -> Vec<bool> {
        self.words.iter().map(|_| false).collect()
    }

    fn buffer_bytes(&self) -> usize {
        self.buffer_bytes
    }

    fn words(&self) -> &[LendingWords<HostWord>] {
        &self.words
    }

    fn address(&self, index: usize) -> Option<*mut [u8]> {
        let line_count = self.buffer_bytes.div_ceil(64);
        let start = index.checked_mul(line_count)?;
        let lines = self.lines.get(start..start.checked_add(line_count)?)?;
        // `Line` is its `UnsafeCell`, so writing through an address of it is allowed.
        let first = lines.as_ptr().cast::<u8>().cast_mut();
        Some(core::ptr::slice_from_raw_parts_mut(first, self.buffer_bytes))
    }
}

/// The side that owns what is not lent. There is one at a time.
pub(super) struct LenderSide<M> {
    memory: M,
}

/// The side that owns what is lent. There is one at a time.
pub(super) struct BorrowerSide<M> {
    memory: M,
}

impl<M: PoolMemory> LenderSide<M> {
    pub(super) const fn memory(&self) -> &M {
        &self.memory
    }

    /// Whether a buffer is here; `false` also where there is none.
    pub(super) fn is_home(&self, index: usize) -> bool {
        self.memory.words().get(index).is_some_and(LendingWords::is_home)
    }

    /// The generation of the last lending, 0 before the first.
    pub(super) fn generation(&self, index: usize) -> u32 {
        self.memory.words().get(index).map_or(0, LendingWords::generation)
    }

    /// The bytes of a buffer that is here.
    pub(super) fn bytes(&mut self, index: usize) -> Option<&mut [u8]> {
        let address = self.memory.address(index)?;
        // SAFETY: the words are equal and stay so while this side is borrowed (`lend` takes
        // `&mut self`), so this is the only reference.
        self.is_home(index).then(|| unsafe { &mut *address })
    }

    /// The bytes of a buffer that is here, to read.
    pub(super) fn peek(&self, index: usize) -> Option<&[u8]> {
        let address = self.memory.address(index)?;
        // SAFETY: as in `bytes`; a shared borrow of this side keeps out exclusive ones.
        self.is_home(index).then(|| unsafe { &*address })
    }

    /// Hands a buffer over; `None` when it is not here.
    pub(super) fn lend(&mut self, index: usize) -> Option<u32> {
        self.memory.words().get(index)?.lend()
    }
}

impl<M: PoolMemory> BorrowerSide<M> {
    pub(super) const fn memory(&self) -> &M {
        &self.memory
    }

    /// The bytes of a buffer that is here under this generation.
    pub(super) fn bytes(&mut self, index: usize, generation: u32) -> Option<&mut [u8]> {
        let address = self.memory.address(index)?;
        let is_here = self.memory.words().get(index)?.is_borrowed(generation);
        // SAFETY: the words differ and stay so while this side is borrowed (`give_back` takes
        // `&mut self`), so this is the only reference.
        is_here.then(|| unsafe { &mut *address })
    }

    /// Hands a buffer back; `false` when it is not here under this generation.
    pub(super) fn give_back(&mut self, index: usize, generation: u32) -> bool {
        self.memory.words().get(index).is_some_and(|words| words.give_back(generation))
    }
}

impl<const BYTES: usize, const COUNT: usize> fmt::Debug for Buffers<BYTES, COUNT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the bytes: another thread may be writing them.
        f.debug_struct("Buffers").field("words", &self.words).finish_non_exhaustive()
    }
}

#[cfg(feature = "std")]
impl fmt::Debug for HeapBuffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeapBuffers").field("words", &self.words).finish_non_exhaustive()
    }
}
