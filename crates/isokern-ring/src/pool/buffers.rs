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
#![allow(unsafe_code)]

use core::cell::UnsafeCell;
use core::fmt;

use isokern_core::ring::{HostWord, LendingWords};

/// Buffers and the words that say whose each is.
pub(super) struct Buffers<const BYTES: usize, const COUNT: usize> {
    words: [LendingWords<HostWord>; COUNT],
    bytes: [Buffer<BYTES>; COUNT],
}

/// Aligned for anything that a model reads in vectors.
#[repr(C, align(64))]
struct Buffer<const BYTES: usize>(UnsafeCell<[u8; BYTES]>);

// SAFETY: the bytes are reached through the two sides alone, one at a time by the invariant
// above, and the words are atomics.
unsafe impl<const BYTES: usize, const COUNT: usize> Sync for Buffers<BYTES, COUNT> {}

/// The side that owns what is not lent. There is one at a time.
pub(super) struct LenderSide<'a, const BYTES: usize, const COUNT: usize> {
    buffers: &'a Buffers<BYTES, COUNT>,
}

/// The side that owns what is lent. There is one at a time.
pub(super) struct BorrowerSide<'a, const BYTES: usize, const COUNT: usize> {
    buffers: &'a Buffers<BYTES, COUNT>,
}

impl<const BYTES: usize, const COUNT: usize> Buffers<BYTES, COUNT> {
    pub(super) const fn new() -> Self {
        Self {
            words: [const { LendingWords::new(HostWord::new(0), HostWord::new(0)) }; COUNT],
            bytes: [const { Buffer(UnsafeCell::new([0; BYTES])) }; COUNT],
        }
    }

    /// Takes every buffer home and makes the two sides; `&mut` says that no others exist.
    pub(super) fn split(
        &mut self,
    ) -> (LenderSide<'_, BYTES, COUNT>, BorrowerSide<'_, BYTES, COUNT>) {
        for words in &self.words {
            // False when it is home already.
            let _ = words.give_back(words.generation());
        }
        (LenderSide { buffers: self }, BorrowerSide { buffers: self })
    }
}

impl<const BYTES: usize, const COUNT: usize> LenderSide<'_, BYTES, COUNT> {
    /// Whether a buffer is here; `false` also where there is none.
    pub(super) fn is_home(&self, index: usize) -> bool {
        self.buffers.words.get(index).is_some_and(LendingWords::is_home)
    }

    /// The generation of the last lending, 0 before the first.
    pub(super) fn generation(&self, index: usize) -> u32 {
        self.buffers.words.get(index).map_or(0, LendingWords::generation)
    }

    /// The bytes of a buffer that is here.
    pub(super) fn bytes(&mut self, index: usize) -> Option<&mut [u8; BYTES]> {
        let Buffer(bytes) = self.buffers.bytes.get(index)?;
        // SAFETY: the words are equal and stay so while this side is borrowed (`lend` takes
        // `&mut self`), so this is the only reference.
        self.is_home(index).then(|| unsafe { &mut *bytes.get() })
    }

    /// The bytes of a buffer that is here, to read.
    pub(super) fn peek(&self, index: usize) -> Option<&[u8; BYTES]> {
        let Buffer(bytes) = self.buffers.bytes.get(index)?;
        // SAFETY: as in `bytes`; a shared borrow of this side keeps out exclusive ones.
        self.is_home(index).then(|| unsafe { &*bytes.get() })
    }

    /// Hands a buffer over; `None` when it is not here.
    pub(super) fn lend(&mut self, index: usize) -> Option<u32> {
        self.buffers.words.get(index)?.lend()
    }
}

impl<const BYTES: usize, const COUNT: usize> BorrowerSide<'_, BYTES, COUNT> {
    /// The bytes of a buffer that is here under this generation.
    pub(super) fn bytes(&mut self, index: usize, generation: u32) -> Option<&mut [u8; BYTES]> {
        let Buffer(bytes) = self.buffers.bytes.get(index)?;
        let is_here = self.buffers.words.get(index)?.is_borrowed(generation);
        // SAFETY: the words differ and stay so while this side is borrowed (`give_back` takes
        // `&mut self`), so this is the only reference.
        is_here.then(|| unsafe { &mut *bytes.get() })
    }

    /// Hands a buffer back; `false` when it is not here under this generation.
    pub(super) fn give_back(&mut self, index: usize, generation: u32) -> bool {
        self.buffers.words.get(index).is_some_and(|words| words.give_back(generation))
    }
}

impl<const BYTES: usize, const COUNT: usize> fmt::Debug for Buffers<BYTES, COUNT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the bytes: another thread may be writing them.
        f.debug_struct("Buffers").field("words", &self.words).finish_non_exhaustive()
    }
}
