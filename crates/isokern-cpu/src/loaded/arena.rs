//! The memory a loaded model runs in, lent or its own.

#[cfg(feature = "std")]
use std::boxed::Box;
#[cfg(feature = "std")]
use std::vec;

#[cfg(feature = "std")]
use bytemuck::{Pod, Zeroable};

#[derive(Debug)]
pub(super) enum Arena<'m> {
    /// As long as the model needs.
    Lent(&'m mut [u8]),
    #[cfg(feature = "std")]
    Owned(Box<[Line]>),
}

/// A cache line: vector loads of an owned arena start on whole ones.
#[cfg(feature = "std")]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub(super) struct Line([u8; 64]);

impl Arena<'_> {
    /// An owned arena before [`prepare`](Self::prepare).
    #[cfg(feature = "std")]
    pub(super) fn unallocated() -> Self {
        Self::Owned(Box::new([]))
    }

    /// Zeroes a lent arena, allocates an owned one.
    pub(super) fn prepare(&mut self, arena_bytes: usize) {
        match self {
            Self::Lent(arena) => arena.get_mut(..arena_bytes).unwrap_or_default().fill(0),
            #[cfg(feature = "std")]
            Self::Owned(arena) => {
                *arena = vec![Line::zeroed(); arena_bytes.div_ceil(64)].into_boxed_slice();
            }
        }
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        match self {
            Self::Lent(arena) => arena,
            #[cfg(feature = "std")]
            Self::Owned(arena) => bytemuck::must_cast_slice_mut(arena),
        }
    }
}
