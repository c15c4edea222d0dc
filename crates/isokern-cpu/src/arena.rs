//! The memory a model runs in, lent or its own.

#[cfg(feature = "std")]
use std::boxed::Box;

#[cfg(feature = "std")]
use bytemuck::{Pod, Zeroable};
use isokern_core::InferenceError;
#[cfg(feature = "std")]
use isokern_core::InferenceErrorKind;

#[derive(Debug)]
pub(crate) enum Arena<'m> {
    /// As long as the model needs.
    Lent(&'m mut [u8]),
    #[cfg(feature = "std")]
    Owned(Box<[Line]>),
}

/// A cache line: vector loads of an owned arena start on whole ones.
#[cfg(feature = "std")]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; 64]);

impl Arena<'_> {
    /// Returns an owned arena before [`prepare`](Self::prepare).
    #[cfg(feature = "std")]
    pub(crate) fn unallocated() -> Self {
        Self::Owned(Box::new([]))
    }

    /// Zeroes a lent arena, allocates an owned one; an error when there is no memory for it.
    #[cfg_attr(
        not(feature = "std"),
        expect(clippy::unnecessary_wraps, reason = "nothing is allocated")
    )]
    pub(crate) fn prepare(&mut self, arena_bytes: usize) -> Result<(), InferenceError> {
        match self {
            Self::Lent(arena) => arena.get_mut(..arena_bytes).unwrap_or_default().fill(0),
            #[cfg(feature = "std")]
            Self::Owned(arena) => {
                let lines = bytemuck::allocation::try_zeroed_slice_box(arena_bytes.div_ceil(64));
                *arena = lines.map_err(|()| InferenceErrorKind::ResourceUnavailable)?;
            }
        }
        Ok(())
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        match self {
            Self::Lent(arena) => arena,
            #[cfg(feature = "std")]
            Self::Owned(arena) => bytemuck::must_cast_slice_mut(arena),
        }
    }
}
