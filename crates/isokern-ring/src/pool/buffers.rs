//! The bytes of a pool, and the proof of whose they are at each moment.
//!
//! This file is the crate's door for `unsafe` (`docs/safety.md`). Its invariant: a reference to
//! the bytes of buffer `i` is made
//!
//! * by the one [`LenderSide`] while the words of `i` are equal or the other side is gone, or
//! * by the one [`BorrowerSide`] while they differ,
//!
//! and it borrows that side exclusively. A side that is dropped says so after the last of its
//! references. Only the lender makes the words differ and only the
//! borrower makes them equal, each through `&mut` of its side, so no reference of that side
//! lives when the buffer changes hands. The words order the accesses
//! (`isokern_core::ring::LendingWords`).
//!
//! Three memories, [`Buffers`] in an array, `HeapBuffers` and `RegionBuffers` of a device, give the
//! address of a buffer; the same for one index at all times, and apart from those of all others.
#![allow(unsafe_code)]

use core::cell::UnsafeCell;
use core::fmt;
#[cfg(feature = "std")]
use std::boxed::Box;
#[cfg(feature = "std")]
use std::sync::Arc;

#[cfg(feature = "std")]
use bytemuck::Zeroable;
use isokern_core::ring::{HostWord, LendingWords, SharedWord};

use super::side_words::SideWords;

/// The memory of a pool's buffers.
///
/// Sealed: the module's invariant rests on it, so it is implemented in this crate alone.
///
/// ```compile_fail,E0277
/// use isokern_core::ring::{HostWord, LendingWords};
///
/// struct Mine;
///
/// impl isokern_ring::PoolMemory for Mine {
///     type Marks = [bool; 1];
///     fn count(&self) -> usize { 1 }
///     fn buffer_bytes(&self) -> usize { 1 }
///     fn words(&self, _: usize) -> Option<LendingWords<&HostWord>> { None }
///     fn address(&self, _: usize) -> Option<*mut [u8]> { None }
///     fn sides(&self) -> isokern_ring::SideWords<&HostWord> { unreachable!() }
/// }
/// ```
pub trait PoolMemory: sealed::Sealed {
    /// A mark for each buffer, for the lender's own notes.
    type Marks: AsRef<[bool]> + AsMut<[bool]>;

    /// Returns how many buffers there are.
    fn count(&self) -> usize;

    /// Returns bytes of a buffer.
    fn buffer_bytes(&self) -> usize;

    /// Returns the words of a buffer; `None` where there is none.
    fn words(&self, index: usize) -> Option<LendingWords<&HostWord>>;

    /// Returns the words that say which side is gone.
    fn sides(&self) -> SideWords<&HostWord>;

    /// Returns the bytes of a buffer; `None` where there is none.
    fn address(&self, index: usize) -> Option<*mut [u8]>;
}

pub(super) mod sealed {
    //! Keeps the memories to those of this module.

    /// Implemented for the memories of this module.
    pub trait Sealed {}
}

/// Buffers and the words that say whose each is.
pub struct Buffers<const BYTES: usize, const COUNT: usize> {
    sides: SideWords,
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
            sides: SideWords::new(),
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
        self.sides = SideWords::new();
        (LenderSide { memory: self }, BorrowerSide { memory: self })
    }
}

impl<const BYTES: usize, const COUNT: usize> sealed::Sealed for &Buffers<BYTES, COUNT> {}

impl<const BYTES: usize, const COUNT: usize> PoolMemory for &Buffers<BYTES, COUNT> {
    type Marks = [bool; COUNT];

    fn count(&self) -> usize {
        COUNT
    }

    fn buffer_bytes(&self) -> usize {
        BYTES
    }

    fn words(&self, index: usize) -> Option<LendingWords<&HostWord>> {
        self.words.get(index).map(LendingWords::by_ref)
    }

    fn sides(&self) -> SideWords<&HostWord> {
        self.sides.by_ref()
    }

    fn address(&self, index: usize) -> Option<*mut [u8]> {
        self.bytes.get(index).map(|Buffer(bytes)| bytes.get() as *mut [u8])
    }
}

/// Buffers on the heap, of a size that is known when they are made.
#[cfg(feature = "std")]
pub struct HeapBuffers {
    sides: SideWords,
    words: Box<[Words]>,
    lines: Box<[Line]>,
    buffer_bytes: usize,
}

#[cfg(feature = "std")]
#[repr(C, align(64))]
struct Line(UnsafeCell<[u8; 64]>);

#[cfg(feature = "std")]
#[derive(Debug)]
#[repr(transparent)]
struct Words(LendingWords<HostWord>);

// SAFETY: as for `Buffers`.
#[cfg(feature = "std")]
unsafe impl Sync for HeapBuffers {}

// SAFETY: bytes may be zero.
#[cfg(feature = "std")]
unsafe impl Zeroable for Line {}

// SAFETY: two atomics of 32 bits, which may be zero; a buffer that was never lent is home.
#[cfg(feature = "std")]
unsafe impl Zeroable for Words {}

#[cfg(feature = "std")]
impl HeapBuffers {
    /// Returns the two sides of new buffers, which live until both are gone, and the lender's
    /// marks; `None` when they do not fit into memory. Pages that nobody writes to are not touched.
    pub(super) fn try_sides(buffer_bytes: usize, count: usize) -> Option<HeapSides> {
        let line_count = buffer_bytes.div_ceil(64).checked_mul(count)?;
        let memory = Arc::new(Self {
            sides: SideWords::new(),
            words: try_zeroed(count)?,
            lines: try_zeroed(line_count)?,
            buffer_bytes,
        });
        let marks = try_zeroed(count)?;
        Some((LenderSide { memory: Arc::clone(&memory) }, BorrowerSide { memory }, marks))
    }
}

/// The sides of a pool on the heap, and the lender's marks.
#[cfg(feature = "std")]
type HeapSides = (LenderSide<Arc<HeapBuffers>>, BorrowerSide<Arc<HeapBuffers>>, Box<[bool]>);

#[cfg(feature = "std")]
fn try_zeroed<T: Zeroable>(count: usize) -> Option<Box<[T]>> {
    bytemuck::allocation::try_zeroed_slice_box(count).ok()
}

#[cfg(feature = "std")]
impl sealed::Sealed for Arc<HeapBuffers> {}

#[cfg(feature = "std")]
impl PoolMemory for Arc<HeapBuffers> {
    type Marks = Box<[bool]>;

    fn count(&self) -> usize {
        self.words.len()
    }

    fn buffer_bytes(&self) -> usize {
        self.buffer_bytes
    }

    fn words(&self, index: usize) -> Option<LendingWords<&HostWord>> {
        self.words.get(index).map(|Words(words)| words.by_ref())
    }

    fn sides(&self) -> SideWords<&HostWord> {
        self.sides.by_ref()
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
pub(super) struct LenderSide<M: PoolMemory> {
    memory: M,
}

/// The side that owns what is lent. There is one at a time.
pub(super) struct BorrowerSide<M: PoolMemory> {
    memory: M,
}

impl<M: PoolMemory> LenderSide<M> {
    /// Returns the lender's side of memory that has no other.
    #[cfg(feature = "std")]
    pub(super) const fn new(memory: M) -> Self {
        Self { memory }
    }

    pub(super) const fn memory(&self) -> &M {
        &self.memory
    }

    /// Returns whether the other side is gone, and every buffer here for good.
    pub(super) fn is_alone(&self) -> bool {
        self.memory.sides().borrower.load_acquire() != 0
    }

    /// Returns whether a buffer is here; `false` also where there is none.
    pub(super) fn is_home(&self, index: usize) -> bool {
        let words = self.memory.words(index);
        words.is_some_and(|words| words.is_home() || self.is_alone())
    }

    /// Returns the generation of the last lending, 0 before the first.
    pub(super) fn generation(&self, index: usize) -> u32 {
        self.memory.words(index).map_or(0, |words| words.generation())
    }

    /// Returns the bytes of a buffer that is here.
    pub(super) fn bytes(&mut self, index: usize) -> Option<&mut [u8]> {
        let address = self.memory.address(index)?;
        // SAFETY: the words are equal and stay so while this side is borrowed (`lend` takes
        // `&mut self`), or the other side is gone for good; so this is the only reference.
        self.is_home(index).then(|| unsafe { &mut *address })
    }

    /// Returns the bytes of a buffer that is here, to read.
    pub(super) fn peek(&self, index: usize) -> Option<&[u8]> {
        let address = self.memory.address(index)?;
        // SAFETY: as in `bytes`; a shared borrow of this side keeps out exclusive ones.
        self.is_home(index).then(|| unsafe { &*address })
    }

    /// Hands a buffer over; `None` when it is not here.
    pub(super) fn lend(&mut self, index: usize) -> Option<u32> {
        self.memory.words(index)?.lend()
    }
}

impl<M: PoolMemory> BorrowerSide<M> {
    /// Returns the borrower's side of memory that has no other.
    #[cfg(all(test, feature = "std"))]
    pub(super) const fn new(memory: M) -> Self {
        Self { memory }
    }

    pub(super) const fn memory(&self) -> &M {
        &self.memory
    }

    /// Returns whether the other side is gone, and waits for nothing.
    pub(super) fn is_alone(&self) -> bool {
        self.memory.sides().lender.load_acquire() != 0
    }

    /// Returns the bytes of a buffer that is here under this generation.
    pub(super) fn bytes(&mut self, index: usize, generation: u32) -> Option<&mut [u8]> {
        let address = self.memory.address(index)?;
        let is_here = self.memory.words(index)?.is_borrowed(generation);
        // SAFETY: the words differ and stay so while this side is borrowed (`give_back` takes
        // `&mut self`), so this is the only reference.
        is_here.then(|| unsafe { &mut *address })
    }

    /// Hands a buffer back; `false` when it is not here under this generation.
    pub(super) fn give_back(&mut self, index: usize, generation: u32) -> bool {
        self.memory.words(index).is_some_and(|words| words.give_back(generation))
    }
}

impl<M: PoolMemory> Drop for LenderSide<M> {
    fn drop(&mut self) {
        self.memory.sides().lender.store_release(1);
    }
}

impl<M: PoolMemory> Drop for BorrowerSide<M> {
    fn drop(&mut self) {
        // Release: who sees it sees what was done in the buffers.
        self.memory.sides().borrower.store_release(1);
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
